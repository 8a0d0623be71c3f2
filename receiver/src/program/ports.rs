//! The file `DIR/ports`: where the receiver really listens, for whoever let it take free ports.

use std::fs;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use questdb_receiver::{Listener, Receiver};

/// The file while the program runs. Dropping it removes the file.
#[derive(Debug)]
pub(crate) struct PortsFile {
    path: PathBuf,
}

impl PortsFile {
    /// Writes the file, all at once for those who wait for it to appear.
    ///
    /// # Errors
    /// The folder cannot be written to.
    pub(crate) fn write(folder: &Path, receiver: &Receiver) -> io::Result<PortsFile> {
        let path = folder.join("ports");
        let unfinished = folder.join("ports.new");
        let mut file = fs::File::create(&unfinished)?;
        for (name, addr) in listening(receiver) {
            writeln!(file, "{name}={addr}")?;
        }
        file.sync_all()?;
        fs::rename(&unfinished, &path)?;
        Ok(PortsFile { path })
    }
}

impl Drop for PortsFile {
    fn drop(&mut self) {
        // A file that somebody removed already is as good.
        let _ = fs::remove_file(&self.path);
    }
}

/// Returns the name and address of every port.
pub(crate) fn listening(receiver: &Receiver) -> Vec<(&'static str, SocketAddr)> {
    let ports = [Listener::Http, Listener::Tcp]
        .into_iter()
        .filter_map(|listener| Some((listener.name(), receiver.addr(listener)?)));
    ports.chain(receiver.monitor_addr().map(|addr| ("monitoring", addr))).collect()
}
