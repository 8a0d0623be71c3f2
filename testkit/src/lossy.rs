//! A road to a real server on which answers get lost.

use std::io::{BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use crate::questdb::http::read_response;

/// Passes each request on whole, waits for the server's answer, and closes the connection instead of passing that on, for a
/// number of requests; afterwards answers get through. One request per connection.
#[derive(Debug)]
pub struct AnswerLoser {
    pub port: u16,
}

impl AnswerLoser {
    pub fn start(server_port: u16, mut to_lose: u64) -> AnswerLoser {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        // Ends with the process; a test has no use for its end.
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let lose = to_lose > 0;
                if pass(&client.unwrap(), server_port, lose) && lose {
                    to_lose -= 1;
                }
            }
        });
        AnswerLoser { port }
    }
}

/// Whether the server answered.
fn pass(client: &TcpStream, server_port: u16, lose: bool) -> bool {
    let server = TcpStream::connect(("127.0.0.1", server_port)).unwrap();
    let (mut from_client, mut to_server) = (BufReader::new(client), &server);
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if from_client.read(&mut byte).unwrap_or(0) == 0 {
            return false;
        }
        head.push(byte[0]);
    }
    let text = String::from_utf8_lossy(&head).to_ascii_lowercase();
    let length = text.split_once("content-length:").map_or("0", |(_, rest)| rest);
    let length: usize = length.lines().next().unwrap().trim().parse().unwrap();
    let mut body = vec![0; length];
    if from_client.read_exact(&mut body).is_err() {
        return false;
    }
    to_server.write_all(&head).unwrap();
    to_server.write_all(&body).unwrap();
    let answer = read_response(&mut BufReader::new(&server)).unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    if !lose {
        let mut to_client = client;
        let _ = to_client.write_all(b"HTTP/1.1 204 OK\r\nServer: questDB/1.0\r\n\r\n");
    }
    true
}
