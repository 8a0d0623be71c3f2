//! The file of public keys that QuestDB calls the authentication database.

/// Reads lines of `KEY_ID ec-p-256-sha256 X Y`, with X and Y in base64url. The error names the line.
pub(super) fn parse(content: &[u8]) -> Result<Vec<(String, String, String)>, String> {
    let text = std::str::from_utf8(content).map_err(|_| "it is not UTF-8".to_owned())?;
    let mut keys: Vec<(String, String, String)> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default();
        let words: Vec<&str> = line.split_whitespace().collect();
        let number = index + 1;
        match words[..] {
            [] => {}
            [id, "ec-p-256-sha256", x, y] => {
                if keys.iter().any(|(known, ..)| known == id) {
                    return Err(format!("line {number}: this key id stands there already"));
                }
                keys.push((id.to_owned(), x.to_owned(), y.to_owned()));
            }
            _ => return Err(format!("line {number} is not KEY_ID ec-p-256-sha256 X Y")),
        }
    }
    if keys.is_empty() { Err("there is no key in it".to_owned()) } else { Ok(keys) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_and_bad_lines_named() {
        let content =
            b"# users\nalice ec-p-256-sha256 ab cd\r\n\n  bob\tec-p-256-sha256 e-f g_h # x\n";
        let keys = parse(content).unwrap();
        let key = |id: &str, x: &str, y: &str| (id.to_owned(), x.to_owned(), y.to_owned());
        assert_eq!(keys, [key("alice", "ab", "cd"), key("bob", "e-f", "g_h")]);
        for (content, said) in [
            (&b""[..], "there is no key in it"),
            (b"\xff", "it is not UTF-8"),
            (b"\na rsa b c", "line 2 is not KEY_ID ec-p-256-sha256 X Y"),
            (b"a ec-p-256-sha256 b", "line 1 is not KEY_ID ec-p-256-sha256 X Y"),
            (
                b"a ec-p-256-sha256 b c\na ec-p-256-sha256 b c",
                "line 2: this key id stands there already",
            ),
        ] {
            assert_eq!(parse(content), Err(said.to_owned()));
        }
    }
}
