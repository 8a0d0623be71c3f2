//! Tests of the program on a terminal, which is a real one as far as the program can tell.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Stdio};

use questdb_ingress_testkit::raw_client::connect;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// Opens a terminal: the side that reads what is shown, and the side of the program.
fn terminal() -> (File, File) {
    let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&screen).unwrap();
    unlockpt(&screen).unwrap();
    let name = ptsname(&screen, Vec::new()).unwrap();
    let name = std::ffi::OsStr::from_bytes(name.as_bytes());
    (File::from(screen), OpenOptions::new().read(true).write(true).open(name).unwrap())
}

/// Reads until the screen shows the text, and returns everything that it has shown.
fn read_until(screen: &mut File, shown: &mut String, text: &str) {
    while !shown.contains(text) {
        let mut piece = [0; 4096];
        // The end of a terminal whose program has ended is an error on Linux.
        let len = screen.read(&mut piece).unwrap_or(0);
        assert!(len > 0, "{text:?} is not in {shown:?}");
        shown.push_str(&String::from_utf8_lossy(&piece[..len]));
    }
}

#[test]
fn the_live_line_stands_below_rows_and_log_and_goes_at_the_end() {
    let (mut screen, program_side) = terminal();
    let mut child = Command::new(env!("CARGO_BIN_EXE_questdb-receiver"))
        .args(["--http", "0", "--tcp", "0", "--show", "5", "--exit-after", "3"])
        .stdin(Stdio::null())
        .stdout(program_side.try_clone().unwrap())
        .stderr(program_side)
        .spawn()
        .unwrap();
    let mut shown = String::new();
    read_until(&mut screen, &mut shown, "0 rows, 0 rows/s, 0 refused");
    let addr = shown.lines().find_map(|line| line.split_once("tcp::addr=")).unwrap().1;
    let addr: SocketAddr = addr.trim_end_matches(';').parse().unwrap();
    connect(addr).write_all(b"t x=1i 1000\nt x=2i 2000\n").unwrap();
    read_until(&mut screen, &mut shown, "\r\x1b[2K2 rows, ");
    // Rows come in place of the line, and the line comes back below them.
    assert!(shown.contains("0 refused\r\x1b[2K\r\nt: 2 rows\r\n"), "{shown:?}");
    connect(addr).write_all(b"t x=\"a\"\n").unwrap();
    read_until(&mut screen, &mut shown, ", 1 refused");
    let log = shown.split_once(" WARN refused transport=\"tcp\"").unwrap().0;
    assert!(log.contains(" rows/s, 0 refused\r\x1b[2K"), "{log:?}");
    connect(addr).write_all(b"t x=3i 3000\n").unwrap();
    read_until(&mut screen, &mut shown, "\r\n3 rows, 44 bytes, 1 refused\r\n");
    assert!(child.wait().unwrap().success());
    let last = shown.rsplit_once("rows/s, ").unwrap().1;
    assert!(last.starts_with("1 refused\r\x1b[2K"), "{last:?}");
}
