//! Which call may follow which while a row is built. A state is the set of the calls that it allows and, in the bits above
//! them, the byte that comes before a column.

use crate::error::{Error, Result, err};

const TABLE: u16 = 1;
const SYMBOL: u16 = 2;
const COLUMN: u16 = 4;
const AT: u16 = 8;
const FLUSH: u16 = 16;
const SPACE: u16 = (b' ' as u16) << 8;
const COMMA: u16 = (b',' as u16) << 8;

/// The state of the row under construction.
#[repr(u16)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowState {
    /// No row is open.
    Between = TABLE | FLUSH,
    /// The row has its table and nothing else.
    Table = SPACE | SYMBOL | COLUMN,
    /// The row has symbols and no column.
    Symbol = SPACE | SYMBOL | COLUMN | AT,
    /// The row has a column.
    Column = COMMA | COLUMN | AT,
    /// No row is open and none may begin: the sender that owns the buffer is closed.
    Closed = FLUSH,
}

/// A kind of call on a buffer.
#[repr(u16)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Table = TABLE,
    Symbol = SYMBOL,
    Column = COLUMN,
    /// Ends the row.
    At = AT,
    /// Sends, or remembers a place to go back to.
    Flush = FLUSH,
}

impl RowState {
    #[inline]
    pub(crate) fn allows(self, call: Call) -> bool {
        self as u16 & call as u16 != 0
    }

    #[inline]
    pub(crate) fn require(self, call: Call) -> Result<()> {
        if self.allows(call) { Ok(()) } else { Err(self.refusal(call)) }
    }

    /// Returns the byte that comes before a symbol or before a column.
    #[inline(always)]
    pub(crate) fn separator(self, call: Call) -> u8 {
        let [_, separator] = (self as u16).to_le_bytes();
        if matches!(call, Call::Symbol) { b',' } else { separator }
    }

    /// Returns the state after an allowed call.
    #[inline(always)]
    pub(crate) fn after(call: Call) -> RowState {
        match call {
            Call::Table => RowState::Table,
            Call::Symbol => RowState::Symbol,
            Call::Column => RowState::Column,
            Call::At | Call::Flush => RowState::Between,
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
            RowState::Between => ("no row is open", "table"),
            RowState::Table => (
                "the row has no symbol or column yet",
                "symbol or column, or drop_row to drop the row",
            ),
            RowState::Symbol => {
                ("the row has symbols", "symbol, column or at, or drop_row to drop the row")
            }
            RowState::Column => {
                ("the row has columns", "column or at, or drop_row to drop the row")
            }
            RowState::Closed => {
                return err!(InvalidState, "{wanted} cannot be called here: the sender is closed");
            }
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
            (S::Between, [true, false, false, false, true]),
            (S::Table, [false, true, true, false, false]),
            (S::Symbol, [false, true, true, true, false]),
            (S::Column, [false, false, true, true, false]),
            (S::Closed, [false, false, false, false, true]),
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
        let e = S::Column.require(C::Symbol).unwrap_err();
        assert_eq!(
            e.message(),
            "symbol cannot be called here: the row has columns, call column or at, or drop_row to drop the row"
        );
    }
}
