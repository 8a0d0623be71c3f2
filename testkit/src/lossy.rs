//! A connection to a real server on which answers get lost.

use std::io::{BufReader, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::fault_server::{FaultServer, Request, script};
use crate::questdb::http::read_response;

/// Starts a server that forwards each request completely and waits for the real server's answer. For the first `to_lose`
/// requests it then closes the connection instead of forwarding the answer. It takes one request per connection.
pub fn answer_loser(server_port: u16, to_lose: u64) -> FaultServer {
    let left = AtomicU64::new(to_lose);
    FaultServer::start(
        None,
        script(move |peer| {
            let Some(request) = peer.request() else { return };
            pass_on(&request, server_port);
            let one_less = |left: u64| left.checked_sub(1);
            if left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_err() {
                peer.say("HTTP/1.1 204 OK\r\nServer: questDB/1.0\r\n\r\n");
            }
        }),
    )
}

/// Sends a request to the real server, which must store its rows.
fn pass_on(request: &Request, server_port: u16) {
    let server = TcpStream::connect(("127.0.0.1", server_port)).unwrap();
    (&server).write_all(request.head.as_bytes()).unwrap();
    (&server).write_all(&request.body).unwrap();
    let answer = read_response(&mut BufReader::new(&server)).unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
}
