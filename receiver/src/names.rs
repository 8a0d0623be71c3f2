//! The names that QuestDB accepts.

/// Returns whether a table may have this name. `max_len` is in UTF-16 units.
pub(crate) fn is_table_name(name: &str, max_len: usize) -> bool {
    let dots_fit = !name.starts_with('.') && !name.ends_with('.') && !name.contains("..");
    let spaces_fit = !name.starts_with(' ') && !name.ends_with(' ');
    fits(name, max_len) && dots_fit && spaces_fit && !name.chars().any(is_forbidden)
}

/// Returns whether a column may have this name. `max_len` is in UTF-16 units.
pub(crate) fn is_column_name(name: &str, max_len: usize) -> bool {
    fits(name, max_len) && !name.chars().any(|c| is_forbidden(c) || matches!(c, '.' | '-'))
}

fn fits(name: &str, max_len: usize) -> bool {
    // QuestDB is written in Java, so it counts UTF-16 units.
    !name.is_empty() && (name.len() <= max_len || name.encode_utf16().count() <= max_len)
}

fn is_forbidden(c: char) -> bool {
    matches!(
        c,
        '?' | ',' | '\'' | '"' | '\\' | '/' | ':' | ')' | '(' | '+' | '*' | '%' | '~' | '\0'
            ..='\x0F' | '\x7F' | '\u{FEFF}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_by_kind() {
        // The name, whether a table may have it, whether a column may have it.
        let cases: &[(&str, bool, bool)] = &[
            ("a", true, true),
            ("", false, false),
            ("a.b", true, false),
            (".a", false, false),
            ("a.", false, false),
            ("a..b", false, false),
            ("a-b", true, false),
            (" a", false, true),
            ("a b=c", true, true),
            ("a\u{10}", true, true),
            ("a\u{0f}", false, false),
            ("a\n", false, false),
            ("a\u{feff}", false, false),
            ("таблица🙂", true, true),
        ];
        for (name, table, column) in cases {
            assert_eq!(is_table_name(name, 127), *table, "table {name:?}");
            assert_eq!(is_column_name(name, 127), *column, "column {name:?}");
        }
        for c in "?,'\"\\/:()+*%~\u{7f}".chars() {
            let name = format!("a{c}b");
            assert!(!is_table_name(&name, 127) && !is_column_name(&name, 127), "{name:?}");
        }
        let name = "é".repeat(8) + "🙂";
        assert!(is_table_name(&name, 10) && !is_table_name(&name, 9));
    }
}
