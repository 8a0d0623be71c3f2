//! Which call may follow which while a row is built, and which byte comes before the next column.

use crate::error::{Error, Result, err};

/// A kind of call on a buffer. Each is a bit of its own, so that a state can hold the set of the calls that it allows.
#[repr(u8)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Table = 1,
    Symbol = 2,
    Column = 4,
    /// Ends the row.
    At = 8,
    /// Sends, or remembers a place to go back to.
    Flush = 16,
}

/// The state of the row under construction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RowState {
    allowed: u8,
    /// The byte that comes before a column.
    separator: u8,
}

const fn state(allowed: &[Call], separator: u8) -> RowState {
    let (mut set, mut i) = (0, 0);
    while i < allowed.len() {
        set |= allowed[i] as u8;
        i += 1;
    }
    RowState { allowed: set, separator }
}

impl RowState {
    /// No row is open.
    pub(crate) const BETWEEN: RowState = state(&[Call::Table, Call::Flush], 0);
    /// The row has its table and nothing else.
    pub(crate) const TABLE: RowState = state(&[Call::Symbol, Call::Column], b' ');
    /// The row has symbols and no column.
    pub(crate) const SYMBOL: RowState = state(&[Call::Symbol, Call::Column, Call::At], b' ');
    /// The row has a column.
    pub(crate) const COLUMN: RowState = state(&[Call::Column, Call::At], b',');
    /// No row is open and none may begin: the sender that owns the buffer is closed.
    pub(crate) const CLOSED: RowState = state(&[Call::Flush], 0);

    #[inline]
    pub(crate) fn allows(self, call: Call) -> bool {
        self.allowed & call as u8 != 0
    }

    #[inline]
    pub(crate) fn require(self, call: Call) -> Result<()> {
        if self.allows(call) { Ok(()) } else { Err(self.refusal(call)) }
    }

    /// Returns the byte that comes before a symbol or before a column.
    #[inline(always)]
    pub(crate) fn separator(self, call: Call) -> u8 {
        if matches!(call, Call::Symbol) { b',' } else { self.separator }
    }

    /// Returns the state after an allowed call.
    #[inline(always)]
    pub(crate) fn after(call: Call) -> RowState {
        match call {
            Call::Table => RowState::TABLE,
            Call::Symbol => RowState::SYMBOL,
            Call::Column => RowState::COLUMN,
            Call::At | Call::Flush => RowState::BETWEEN,
        }
    }

    #[cold]
    #[inline(never)]
    fn refusal(self, call: Call) -> Error {
        let wanted = match call {
            Call::Table => "table",
            Call::Symbol => "symbol",
            Call::Column => "column",
            Call::At => "at",
            Call::Flush => {
                return err!(
                    InvalidState,
                    "a row is open: end it with at, or drop it with drop_row"
                );
            }
        };
        let (place, allowed) = match self {
            RowState::BETWEEN => ("no row is open", "table"),
            RowState::TABLE => (
                "the row has no symbol or column yet",
                "symbol or column, or drop_row to drop the row",
            ),
            RowState::SYMBOL => {
                ("the row has symbols", "symbol, column or at, or drop_row to drop the row")
            }
            RowState::CLOSED => {
                return err!(InvalidState, "{wanted} cannot be called here: the sender is closed");
            }
            _ => ("the row has columns", "column or at, or drop_row to drop the row"),
        };
        err!(InvalidState, "{wanted} cannot be called here: {place}, call {allowed}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;

    #[test]
    fn the_whole_table() {
        use Call as C;
        use RowState as S;
        let calls = [C::Table, C::Symbol, C::Column, C::At, C::Flush];
        let table = [
            (S::BETWEEN, [true, false, false, false, true]),
            (S::TABLE, [false, true, true, false, false]),
            (S::SYMBOL, [false, true, true, true, false]),
            (S::COLUMN, [false, false, true, true, false]),
            (S::CLOSED, [false, false, false, false, true]),
        ];
        for (state, row) in table {
            for (call, allowed) in calls.into_iter().zip(row) {
                match state.require(call) {
                    Ok(()) => assert!(allowed, "{state:?} {call:?}"),
                    Err(e) => {
                        assert!(!allowed, "{state:?} {call:?}");
                        assert_eq!(e.code(), ErrorCode::InvalidState);
                    }
                }
            }
        }
        let e = S::COLUMN.require(C::Symbol).unwrap_err();
        assert_eq!(
            e.message(),
            "symbol cannot be called here: the row has columns, call column or at, or drop_row to drop the row"
        );
    }
}
