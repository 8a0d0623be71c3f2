//! The results of a run. They are printed as they come and kept in `target/report`, so that no document has to hold them.

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
        self.keep(line);
        self.text.push('\n');
    }

    /// Keeps a text that is not for the screen.
    pub fn keep(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Writes the text to the file with this name, which replaces that of an earlier run.
    pub fn write(&self, name: &str) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/report");
        fs::create_dir_all(&folder).expect("a folder for the report");
        fs::write(folder.join(name), &self.text).expect("the report can be written");
    }
}
