//! ILP over TCP: lines, broken lines, the signed challenge, TLS.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use questdb_ingress::receiver::{Builder, Receiver, Value};

use super::PATIENCE;
use super::client::connect;

fn start(builder: Builder) -> (Receiver, TcpStream) {
    let receiver = builder.start().unwrap();
    let client = connect(receiver.tcp_addr());
    (receiver, client)
}

/// Everything until the receiver closes.
fn rest(stream: &mut impl Read) -> String {
    let mut text = Vec::new();
    // Closing with unread bytes resets the connection, which is as good as an end.
    let _ = stream.read_to_end(&mut text);
    String::from_utf8(text).unwrap()
}

#[test]
fn lines_before_a_bad_one_stay_and_the_connection_closes() {
    for (replies, expected) in [
        (false, ""),
        (
            true,
            "ERROR: Could not parse entire line, field value is invalid. Field: x; value: bad\n",
        ),
    ] {
        let (receiver, mut client) = start(Receiver::builder().error_replies(replies));
        client.write_all(b"t x=1i\nt x=2i\nt x=bad\nt x=4i\n").unwrap();
        assert_eq!(rest(&mut client), expected);
        let table = receiver.wait_for_rows("t", 2, PATIENCE).unwrap();
        assert_eq!(table.value(1, "x"), Some(Value::Long(2)));
        assert_eq!((table.row_count(), receiver.stats().rejected), (2, 1));
    }
}

#[test]
fn an_unfinished_last_line_is_dropped() {
    let (receiver, mut client) = start(Receiver::builder());
    client.write_all(b"t x=1i\nt x=2").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(rest(&mut client), "");
    assert_eq!(receiver.table("t").unwrap().row_count(), 1);
    assert_eq!(receiver.stats().rejected, 0);
}
