//! A disk that is really full: a file system in memory of a few megabytes, in a mount namespace of its own, which takes root.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use questdb_ingress_testkit::raw_client::{Http, connect};

/// A process that does nothing but keep a mount namespace, with a small file system in it.
struct SmallDisk {
    keeper: Child,
    folder: PathBuf,
}

impl SmallDisk {
    /// Mounts it, or tells why this cannot be done here.
    fn new(folder: PathBuf, megabytes: u32) -> Result<SmallDisk, String> {
        std::fs::create_dir_all(&folder).unwrap();
        let script = "mount -t tmpfs -o size=$1m tmpfs \"$0\" && echo mounted && exec cat";
        let mut keeper = Command::new("unshare")
            .args(["--mount", "--propagation", "private", "sh", "-c", script])
            .arg(&folder)
            .arg(megabytes.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| format!("unshare: {e}"))?;
        let mut said = String::new();
        BufReader::new(keeper.stdout.take().unwrap()).read_line(&mut said).unwrap();
        if said != "mounted\n" {
            let _ = keeper.stderr.take().unwrap().read_to_string(&mut said);
            let _ = keeper.wait();
            return Err(said);
        }
        Ok(SmallDisk { keeper, folder })
    }

    /// Returns the path by which a process outside sees a file.
    fn path(&self, name: &str) -> PathBuf {
        let inside = self.folder.strip_prefix("/").unwrap().join(name);
        Path::new("/proc").join(self.keeper.id().to_string()).join("root").join(inside)
    }

    /// Starts the receiver in it, and waits until it listens.
    fn receiver(&self) -> (Running, SocketAddr) {
        let _ = std::fs::remove_file(self.path("ports"));
        let program = Command::new("nsenter")
            .args(["--mount", "--target", &self.keeper.id().to_string(), "--"])
            .arg(env!("CARGO_BIN_EXE_questdb-receiver"))
            .arg("-d")
            .arg(&self.folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let program = Running(program);
        loop {
            let ports = std::fs::read_to_string(self.path("ports")).unwrap_or_default();
            if let Some(addr) = ports.lines().find_map(|line| line.strip_prefix("http=")) {
                return (program, addr.parse().unwrap());
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
}

/// The program, which ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Asks for the number of rows.
fn rows(addr: SocketAddr) -> usize {
    let path = "/exp?nm=true&query=select+count()+from+t";
    let answer = Http::over(connect(addr)).ask(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body.trim().parse().unwrap()
}

#[test]
fn a_full_disk_refuses_requests_loses_nothing_and_goes_on_when_there_is_room() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("receiver-full-disk");
    let disk = match SmallDisk::new(folder, 4) {
        Ok(disk) => disk,
        Err(why) => {
            println!("SKIPPED: no small disk can be mounted here: {why}");
            return;
        }
    };
    let conf = "http.net.bind.to=127.0.0.1:0\nline.tcp.enabled=false\nhttp.min.enabled=false\n\
                receiver.storage=files\n";
    std::fs::create_dir_all(disk.path("conf")).unwrap();
    std::fs::write(disk.path("conf/server.conf"), conf).unwrap();
    std::fs::write(disk.path("ballast"), vec![1; 2 << 20]).unwrap();
    let (program, addr) = disk.receiver();
    let body: String = (0..200).map(|n| format!("t text=\"{n:0500}\" {n}000\n")).collect();
    let mut http = Http::over(connect(addr));
    let mut stored = 0;
    let refused = loop {
        let answer = http.write(&body);
        if answer.status != 204 {
            break answer;
        }
        stored += 200;
        assert!(stored < 10_000, "more than the disk has room for");
    };
    assert_eq!(refused.status, 503, "{}", refused.body);
    assert!(refused.body.contains("no room") || refused.body.contains("space"), "{}", refused.body);
    assert!(stored > 0);
    // As long as there is no room it stays so, and the rows can be read.
    assert_eq!(http.write(&body).status, 503);
    assert_eq!(rows(addr), stored);
    std::fs::remove_file(disk.path("ballast")).unwrap();
    let mut http = Http::over(connect(addr));
    assert_eq!(http.write(&body).status, 204);
    stored += 200;
    assert_eq!(rows(addr), stored);
    // What was refused left nothing behind that a start could mistake for rows.
    drop(program);
    let (_program, addr) = disk.receiver();
    assert_eq!(rows(addr), stored);
}
