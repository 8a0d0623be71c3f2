//! Base64 (RFC 4648) as credentials need it: written with the usual alphabet and padding, and read with the alphabet of URLs
//! without padding. Nothing that it allocates is left behind unwiped, because texts have their full size from the start.

use zeroize::Zeroizing;

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Writes `bytes` with padding.
pub(super) fn encode(bytes: &[u8]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(bytes.len().div_ceil(3) * 4));
    for group in bytes.chunks(3) {
        let [a, b, c] = [0, 1, 2].map(|at| u32::from(group.get(at).copied().unwrap_or(0)));
        let bits = a << 16 | b << 8 | c;
        for at in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * at)) as usize % 64];
            text.push(if at > group.len() { '=' } else { digit.into() });
        }
    }
    text
}

/// Reads base64url without padding into `bytes`, and returns how many there are. `None` if the text is not of that form, or
/// longer than `bytes`.
pub(super) fn decode_url(text: &str, bytes: &mut [u8]) -> Option<usize> {
    let (mut bits, mut count, mut len) = (0_u32, 0, 0);
    for digit in text.bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            *bytes.get_mut(len)? = (bits >> count & 0xff) as u8;
            len += 1;
            bits &= (1 << count) - 1;
        }
    }
    // A single digit at the end says nothing, and the bits that are left must be zero: else several texts would be one value.
    (count < 6 && bits == 0).then_some(len)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Those of RFC 4648, 10, and all digits.
    #[test]
    fn texts_are_those_of_the_rfc() {
        let pairs: [(&[u8], &str); 8] = [
            (b"", ""),
            (b"f", "Zg=="),
            (b"fo", "Zm8="),
            (b"foo", "Zm9v"),
            (b"foob", "Zm9vYg=="),
            (b"fooba", "Zm9vYmE="),
            (b"foobar", "Zm9vYmFy"),
            (b"\xfb\xff\xbf\x00", "+/+/AA=="),
        ];
        for (bytes, text) in pairs {
            assert_eq!(*encode(bytes), text);
            let of_url = text.trim_end_matches('=').replace('+', "-").replace('/', "_");
            let mut room = [0; 6];
            let len = decode_url(&of_url, &mut room).unwrap();
            assert_eq!(&room[..len], bytes, "{text}");
        }
    }

    #[test]
    fn every_length_and_byte_returns() {
        let bytes: Vec<u8> = (0..=255).rev().chain(0..100).collect();
        for len in 0..bytes.len() {
            let text = encode(&bytes[..len]);
            assert_eq!(text.capacity(), text.len());
            let of_url = text.trim_end_matches('=').replace('+', "-").replace('/', "_");
            let mut room = [0; 400];
            assert_eq!(decode_url(&of_url, &mut room), Some(len));
            assert_eq!(room[..len], bytes[..len]);
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for bad in ["A", "AAAAA", "Zg==", "Zh", "Zm9", "+/+/", "A A", "\u{e9}A", "AAAA\n"] {
            assert_eq!(decode_url(bad, &mut [0; 9]), None, "{bad}");
        }
        assert_eq!(decode_url("AAAA", &mut [0; 2]), None);
        assert_eq!(decode_url("AAA", &mut [0; 2]), Some(2));
    }
}
