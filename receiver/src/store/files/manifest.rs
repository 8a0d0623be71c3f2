//! The file that names everything else: a line with a checksum, and JSON.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use serde_json::{Value as Json, json};

use super::catalog::{Catalog, StoredTable};
use super::disk::{Disk, Step};
use super::error::{FileError, Result};
use super::part::{self, Part};
use super::schema::StoredSchema;

const FORM: &str = "questdb-receiver-manifest 1";

/// What a manifest says.
#[derive(Debug)]
pub(crate) struct Manifest {
    pub(crate) catalog: Catalog,
    /// The first log file that is not in Parquet files yet.
    pub(crate) log_from: u64,
    pub(crate) next_part: u64,
}

/// Returns what the manifest says about a part.
pub(crate) fn part_json(part: &Part) -> Json {
    json!({
        "number": part.number,
        "order": part.order,
        "partition": part.partition,
        "rows": part.rows,
        "bytes": part.bytes,
        "first": part.times.0,
        "last": part.times.1,
    })
}

/// Returns what the manifest says about a table with these parts.
pub(crate) fn table_json(table: &StoredTable, parts: Vec<Json>) -> Json {
    json!({"id": table.id, "schema": table.schema.to_json(), "parts": parts})
}

/// Returns the text of a manifest.
pub(crate) fn text(tables: Vec<Json>, last_id: u64, log_from: u64, next_part: u64) -> String {
    let json =
        json!({"lastId": last_id, "logFrom": log_from, "nextPart": next_part, "tables": tables});
    let json = json.to_string();
    format!("{FORM} {:08x}\n{json}\n", crc32fast::hash(json.as_bytes()))
}

/// Replaces the manifest of a folder. An error comes with whether the new one may be there all the same.
pub(crate) fn write(disk: &Disk, folder: &Path, text: &str) -> Result<(), (FileError, bool)> {
    let (path, temporary) = (folder.join("manifest"), folder.join("manifest.tmp"));
    let sure = |e| (e, false);
    let mut file = disk.create(Step::ManifestCreate, &temporary).map_err(sure)?;
    let steps = (Step::ManifestWrite, Step::ManifestHalf);
    let written = disk.write(steps, &mut file, text.as_bytes());
    written.map_err(|e| (FileError::io("write", &temporary, e), false))?;
    disk.sync(Step::ManifestSync, &file, &temporary).map_err(sure)?;
    drop(file);
    disk.rename(Step::ManifestRename, &temporary, &path).map_err(sure)?;
    let durable = disk.reach(Step::ManifestRenamed, "rename", &path);
    durable.and_then(|()| disk.sync_folder(folder)).map_err(|e| (e, true))
}

impl Manifest {
    /// Reads the manifest of a folder, if it has one.
    pub(crate) fn read(folder: &Path) -> Result<Option<Manifest>> {
        let path = folder.join("manifest");
        let bytes = match fs::read(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            bytes => bytes.map_err(|e| FileError::io("read", &path, e))?,
        };
        let damaged = |what: &str| FileError::damaged(&path, 0, what);
        let text = std::str::from_utf8(&bytes)
            .map_err(|e| FileError::damaged(&path, e.valid_up_to() as u64, "it is not UTF-8"))?;
        let (head, json) = text.split_once('\n').ok_or_else(|| damaged("it has no second line"))?;
        let sum =
            head.strip_prefix(FORM).ok_or_else(|| damaged("it is of a form of another version"))?;
        let json = json.strip_suffix('\n').unwrap_or(json);
        if u32::from_str_radix(sum.trim(), 16) != Ok(crc32fast::hash(json.as_bytes())) {
            return Err(damaged("its checksum is not that of its text"));
        }
        let json = serde_json::from_str(json).ok();
        let found = json.as_ref().and_then(|json| Manifest::from_json(folder, json));
        found.map(Some).ok_or_else(|| damaged("it does not say what a manifest says"))
    }

    fn from_json(folder: &Path, json: &Json) -> Option<Manifest> {
        let mut catalog = Catalog::default();
        for table in json["tables"].as_array()? {
            let schema = Arc::new(StoredSchema::from_json(&table["schema"])?);
            let mut stored = StoredTable::new(table["id"].as_u64()?, schema);
            for part in table["parts"].as_array()? {
                stored.parts.push(Arc::new(part_from(folder, &stored.folder, part)?));
            }
            catalog.insert(stored);
        }
        catalog.last_id = catalog.last_id.max(json["lastId"].as_u64()?);
        let log_from = json["logFrom"].as_u64()?;
        Some(Manifest { catalog, log_from, next_part: json["nextPart"].as_u64()? })
    }
}

fn part_from(folder: &Path, table_folder: &str, json: &Json) -> Option<Part> {
    let (number, partition) = (json["number"].as_u64()?, json["partition"].as_str()?);
    Some(Part {
        number,
        order: json["order"].as_u64()?,
        partition: partition.to_owned(),
        rows: json["rows"].as_u64()?,
        bytes: json["bytes"].as_u64()?,
        times: (json["first"].as_i64()?, json["last"].as_i64()?),
        path: part::path_of(folder, table_folder, partition, number),
        retired: AtomicBool::new(false),
    })
}
