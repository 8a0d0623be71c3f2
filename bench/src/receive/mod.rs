//! The receiver: lines to committed rows, alone and next to a real QuestDB.

pub mod servers;
pub mod session;
