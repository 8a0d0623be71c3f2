//! The receiver: lines to committed rows, alone and next to a real QuestDB.

pub mod compare;
mod load;
pub mod readers;
pub mod scale;
pub mod servers;
pub mod session;
