//! Checks that hold for every error, and for every text that may come from a server.

use questdb_ingress::{Error, ErrorCode};

/// The most bytes of a foreign text that a message shows; one byte may be shown by up to eight (`\u{feff}` for three).
pub const SHOWN: usize = 1024;
/// The longest message: a foreign text with every byte escaped, and our words around it.
pub const LONGEST_MESSAGE: usize = 6 * SHOWN + 1024;

/// Checks that a text is one printable line.
pub fn assert_line(text: &str) {
    let bad = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}');
    assert!(!text.contains(bad), "not one printable line: {text:?}");
}

/// Checks that the error is not that of a defect, and that its message is one line of limited length.
pub fn assert_error(e: &Error) {
    assert_ne!(e.code(), ErrorCode::Internal, "{e}");
    assert_ne!(e.code(), ErrorCode::HandlePoisoned, "{e}");
    assert!(!e.message().is_empty());
    assert!(e.message().len() <= LONGEST_MESSAGE, "{} bytes: {e}", e.message().len());
    assert_line(e.message());
    for text in [e.server_error_id(), e.server_code(), e.table()].into_iter().flatten() {
        assert!(text.len() <= LONGEST_MESSAGE, "{text}");
        assert_line(text);
    }
}
