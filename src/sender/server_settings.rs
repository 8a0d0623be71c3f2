//! Reads the protocol version and the name limit from what a server says about itself.

use super::json::Json;
use crate::error::{Result, err};
use crate::ilp::ProtocolVersion;
use crate::net::Secrets;

/// What a server said in `/settings`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ServerSettings {
    pub(super) version: ProtocolVersion,
    pub(super) max_name_len: Option<usize>,
}

/// A server that has no `/settings` speaks version 1.
pub(super) const OLD_SERVER: ServerSettings =
    ServerSettings { version: ProtocolVersion::V1, max_name_len: None };

/// Reads the body of `/settings`. The first releases that had it put the keys at the top level.
pub(super) fn parse(body: &[u8], secrets: &Secrets) -> Result<ServerSettings> {
    let json = Json::parse(body)
        .map_err(|e| err!(NotQuestdb, "/settings is not the JSON of a QuestDB server: {e}"))?;
    if !json.is_object() {
        return Err(err!(NotQuestdb, "/settings is not the JSON object of a QuestDB server"));
    }
    let config = json.get("config").filter(|config| config.is_object()).unwrap_or(&json);
    let max_name_len = config
        .get("cairo.max.file.name.length")
        .and_then(Json::as_u64)
        .and_then(|n| usize::try_from(n).ok())
        .filter(|n| *n > 0);
    let Some(versions) = config.get("line.proto.support.versions").and_then(Json::as_list) else {
        return Ok(ServerSettings { max_name_len, ..OLD_SERVER });
    };
    let has = |version: u64| versions.iter().any(|v| v.as_u64() == Some(version));
    let known = [(3, ProtocolVersion::V3), (2, ProtocolVersion::V2), (1, ProtocolVersion::V1)];
    let Some((_, version)) = known.into_iter().find(|(number, _)| has(*number)) else {
        let offered: Vec<_> = versions.iter().filter_map(Json::as_u64).collect();
        return Err(err!(
            ProtocolVersion,
            "server offers protocol versions {}, this client speaks 1, 2 and 3",
            secrets.foreign(format!("{offered:?}").as_bytes(), false, 64)
        ));
    };
    Ok(ServerSettings { version, max_name_len })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_settings_is_understood() {
        use ProtocolVersion::{V1, V2, V3};
        let ok = |body: &str| parse(body.as_bytes(), &Secrets::default()).unwrap();
        let nested = r#"{"config":{"line.proto.support.versions":[1,2,3],"cairo.max.file.name.length":200}}"#;
        assert_eq!(ok(nested), ServerSettings { version: V3, max_name_len: Some(200) });
        let flat = r#"{"line.proto.support.versions":[1,2],"cairo.max.file.name.length":127}"#;
        assert_eq!(ok(flat), ServerSettings { version: V2, max_name_len: Some(127) });
        assert_eq!(ok("{}"), OLD_SERVER);
        assert_eq!(ok(r#"{"line.proto.support.versions":[1,9]}"#).version, V1);
        for (body, code) in [
            (r#"{"line.proto.support.versions":[4]}"#, crate::ErrorCode::ProtocolVersion),
            ("<html>", crate::ErrorCode::NotQuestdb),
            ("[1]", crate::ErrorCode::NotQuestdb),
        ] {
            assert_eq!(
                parse(body.as_bytes(), &Secrets::default()).unwrap_err().code(),
                code,
                "{body}"
            );
        }
    }
}
