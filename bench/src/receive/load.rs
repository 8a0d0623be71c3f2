//! Rows that were encoded before, and the connections that send them.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::time::{Duration, Instant};

use super::servers::Target;
use crate::encoders::Ours;
use crate::shapes::{Encoder, Names, Random, Shape};

/// The rows of a piece of TCP, and of an HTTP request.
const BLOCK: usize = 1000;

/// The rows of one shape as blocks of bytes.
pub struct Load {
    pub name: &'static str,
    pub table: String,
    pub rows: usize,
    blocks: Vec<Vec<u8>>,
}

/// Returns rows of a shape in a protocol version.
pub fn load<S: Shape>(name: &'static str, version: u8, blocks: usize) -> Load {
    let (mut random, names) = (Random::new(), Names::new(S::TABLE, S::COLUMNS));
    let mut encoder = Ours::<false>::new(version);
    let block = |block: usize| {
        encoder.clear();
        for row in block * BLOCK..(block + 1) * BLOCK {
            let row = S::make(row, &mut random);
            row.write(&mut encoder, &names).unwrap_or_else(|error| panic!("{error}"));
        }
        encoder.bytes().to_vec()
    };
    let blocks: Vec<_> = (0..blocks).map(block).collect();
    Load { name, table: S::TABLE.to_owned(), rows: blocks.len() * BLOCK, blocks }
}

impl Load {
    /// Returns the same rows in a table with another name. Only lines that hold no binary values can be changed so.
    pub fn renamed(&self, table: &str) -> Load {
        let renamed = |block: &Vec<u8>| {
            let lines = block.split_inclusive(|b| *b == b'\n');
            lines.flat_map(|line| [table.as_bytes(), &line[self.table.len()..]].concat()).collect()
        };
        let blocks = self.blocks.iter().map(renamed).collect();
        Load { table: table.to_owned(), blocks, ..*self }
    }

    /// Sends all rows over so many connections.
    pub fn send(&self, target: &Target, over_http: bool, connections: usize) {
        std::thread::scope(|scope| {
            for connection in 0..connections {
                let blocks = self.blocks.iter().skip(connection).step_by(connections);
                let blocks: Vec<&[u8]> = blocks.map(|block| &block[..]).collect();
                scope.spawn(move || send(target, over_http, &blocks));
            }
        });
    }

    /// Waits until all rows can be read.
    pub fn wait(&self, target: &Target) {
        let deadline = Instant::now() + Duration::from_secs(120);
        while target.rows(&self.table) < self.rows {
            let rows = target.rows(&self.table);
            assert!(Instant::now() < deadline, "{} has {rows}", target.name);
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Sends the blocks over one connection, and waits until the server has taken them.
fn send(target: &Target, over_http: bool, blocks: &[&[u8]]) {
    let port = if over_http { target.http } else { target.tcp };
    let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("a connection");
    socket.set_nodelay(true).expect("an option");
    for block in blocks {
        if over_http {
            let head = format!(
                "POST /write?precision=n HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n",
                block.len()
            );
            socket.write_all(head.as_bytes()).expect("a head was sent");
        }
        socket.write_all(block).expect("rows were sent");
        if over_http {
            read_answer(&mut socket);
        }
    }
    let _ = socket.shutdown(Shutdown::Write);
    let _ = socket.read(&mut [0]);
}

/// Reads an answer without a body, which is that of rows that were taken.
pub fn read_answer(socket: &mut TcpStream) {
    let mut answer = Vec::new();
    let mut part = [0; 512];
    while !answer.ends_with(b"\r\n\r\n") {
        let len = socket.read(&mut part).expect("an answer");
        assert!(len > 0, "no answer: {}", answer.escape_ascii());
        answer.extend_from_slice(&part[..len]);
    }
    assert!(answer.starts_with(b"HTTP/1.1 204"), "{}", answer.escape_ascii());
}
