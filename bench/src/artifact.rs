//! What a run shows, printed as it comes and kept in `target/report`, so that no document has to hold it.

use std::fs;
use std::path::Path;

/// The text of one run.
#[derive(Debug, Default)]
pub struct Artifact {
    text: String,
}

impl Artifact {
    /// Prints a line and keeps it.
    pub fn line(&mut self, line: &str) {
        println!("{line}");
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Writes what was shown to the file of this name, in place of an earlier run's.
    pub fn write(&self, name: &str) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/report");
        fs::create_dir_all(&folder).expect("a folder for the report");
        fs::write(folder.join(name), &self.text).expect("the report can be written");
    }
}
