//! [`Json`]: what a server says about itself and about errors. It keeps only what this client reads: the shared library would
//! be larger by 10 kB if it kept, compared and printed every kind of value.

use std::fmt;

use serde_core::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// A JSON value. Numbers that are not natural, booleans and `null` are all [`Json::Other`].
#[derive(PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(super) enum Json {
    Natural(u64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
    Other,
}

impl Json {
    /// Reads a whole text. Nesting is bounded by serde_json.
    pub(super) fn parse(text: &[u8]) -> serde_json::Result<Json> {
        serde_json::from_slice(text)
    }

    /// Returns a member of an object. Of several with the same key the last one counts.
    pub(super) fn get(&self, key: &str) -> Option<&Json> {
        let Json::Object(members) = self else { return None };
        members.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    pub(super) fn as_u64(&self) -> Option<u64> {
        if let Json::Natural(number) = self { Some(*number) } else { None }
    }

    pub(super) fn as_str(&self) -> Option<&str> {
        if let Json::Text(text) = self { Some(text) } else { None }
    }

    pub(super) fn as_list(&self) -> Option<&[Json]> {
        if let Json::List(items) = self { Some(items) } else { None }
    }

    pub(super) fn is_object(&self) -> bool {
        matches!(self, Json::Object(_))
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Json, D::Error> {
        from.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
        Ok(Json::Natural(number))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = from.next_element()? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Json, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = from.next_entry()? {
            members.push(member);
        }
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_client_reads_is_kept_and_the_rest_only_skipped() {
        let json = Json::parse(
            br#"{"a":[1,-1,1.5,1e3,true,null],"b":{"c":"\u00e9\n"},"a2":18446744073709551615}"#,
        )
        .unwrap();
        let other = || Json::Other;
        let list = [Json::Natural(1), other(), other(), other(), other(), other()];
        assert_eq!(json.get("a").and_then(Json::as_list), Some(list.as_slice()));
        assert_eq!(json.get("b").and_then(|b| b.get("c")?.as_str()), Some("\u{e9}\n"));
        assert_eq!(json.get("a2").and_then(Json::as_u64), Some(u64::MAX));
        assert!(json.is_object() && json.get("c").is_none() && json.as_str().is_none());
        assert!(Json::parse(b"3").unwrap().get("a").is_none());
    }

    #[test]
    fn the_last_of_equal_keys_counts() {
        let json = Json::parse(br#"{"a":1,"a":"x"}"#).unwrap();
        assert_eq!(json.get("a"), Some(&Json::Text("x".into())));
    }

    #[test]
    fn what_is_not_json_is_refused() {
        let deep = "[".repeat(100_000);
        for bad in ["", "<html>", "{\"a\":1", "{\"a\":1} x", "\"\\x\"", "[1,]", "\"\u{1}\"", &deep]
        {
            assert!(Json::parse(bad.as_bytes()).is_err(), "{}", bad.len());
        }
        assert!(Json::parse(b"\"\xff\"").is_err());
    }
}
