//! The parameters of a request to `/exec` and `/exp`.

use std::ops::Range;

/// The decoded parameters of a query string, in its order.
#[derive(Debug)]
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(super) fn parse(query: &str) -> Parameters {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        Parameters(pairs.map(|(key, value)| (decoded(key), decoded(value))).collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn is_true(&self, name: &str) -> bool {
        self.get(name) == Some("true")
    }

    /// Returns which rows of a result `limit` keeps: the first ones, or those from a first to a last number. For `/exec` these
    /// count from 1, and at least one row is given; for `/exp` the first one counts from 0. What is no number is ignored.
    pub(super) fn limit(&self, exec: bool) -> Option<Range<usize>> {
        let text = self.get("limit")?;
        let number = |text: &str| {
            let number = text.trim().parse::<i64>().ok()?;
            Some(usize::try_from(number).unwrap_or(0))
        };
        let (from, to) = match text.split_once(',') {
            Some((low, high)) => (number(low)?, number(high)?),
            None => (0, number(text)?),
        };
        let from = if exec { from.saturating_sub(1) } else { from };
        Some(from..to.max(from + usize::from(exec)))
    }
}

/// Decodes `%41` and `+`. What is no such form stays as it is.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        match (first, behind) {
            (b'+', _) => bytes.push(b' '),
            (b'%', [high, low, after @ ..]) if hex(*high).is_some() && hex(*low).is_some() => {
                bytes.push(hex(*high).unwrap_or(0) << 4 | hex(*low).unwrap_or(0));
                rest = after;
            }
            (byte, _) => bytes.push(*byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|d| u8::try_from(d).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded() {
        let p = Parameters::parse("query=select+1%2C%27%C3%A9%27&x=%zz%4&nm=true&query=2&y&=");
        assert_eq!(p.get("query"), Some("select 1,'é'"));
        assert_eq!(p.get("x"), Some("%zz%4"));
        assert_eq!(p.get("y"), None);
        assert!(p.is_true("nm") && !p.is_true("x"));
    }

    #[test]
    fn limits_in_the_address() {
        let limit = |text: &str, first| Parameters::parse(&format!("limit={text}")).limit(first);
        assert_eq!(limit("2", true), Some(0..2));
        assert_eq!(limit("1,3", true), Some(0..3));
        assert_eq!(limit("2,3", true), Some(1..3));
        assert_eq!(limit("2,4", false), Some(2..4));
        assert_eq!(limit("3,1", true), Some(2..3));
        assert_eq!(limit("3,1", false), Some(3..3));
        assert_eq!(limit("0", true), Some(0..1));
        assert_eq!(limit("0", false), Some(0..0));
        assert_eq!(limit("-2", true), Some(0..1));
        assert_eq!(limit("foo", true), None);
        assert_eq!(limit("99999999999999999999", true), None);
        assert_eq!(Parameters::parse("").limit(true), None);
    }
}
