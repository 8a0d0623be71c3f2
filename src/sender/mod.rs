//! (under construction)
/// Sender.
#[derive(Debug)]
pub struct Sender;
/// Stats.
#[derive(Debug)]
pub struct Stats;
/// Transaction.
#[derive(Debug)]
pub struct Transaction;
