//! ILP over HTTP: answers, bodies, limits, credentials.

use questdb_ingress::receiver::{Builder, Protocol, Receiver, Stats, Value};
use serde_json::json;

use super::client::{Http, connect};

fn start(builder: Builder) -> (Receiver, Http<std::net::TcpStream>) {
    let receiver = builder.start().unwrap();
    let client = Http::over(connect(receiver.http_addr()));
    (receiver, client)
}

#[test]
fn rows_arrive_and_the_connection_stays() {
    let (receiver, mut client) = start(Receiver::builder());
    let addr = receiver.http_addr();
    assert_eq!(receiver.conf(Protocol::Http), format!("http::addr={addr};"));
    assert_eq!(client.write("t,s=a x=1i,d=0.5 5000\n").status, 204);
    assert_eq!(client.write("t,s=b x=2i 6000").status, 204);
    assert_eq!(client.write("").status, 204);
    let table = receiver.table("T").unwrap();
    assert_eq!(
        table.row(0),
        [Value::Symbol("a"), Value::Long(1), Value::Double(0.5), Value::TimestampMicros(5)]
    );
    assert_eq!(
        table.row(1),
        [Value::Symbol("b"), Value::Long(2), Value::Null, Value::TimestampMicros(6)]
    );
    let expected = Stats { connections: 1, requests: 3, rows: 2, bytes: 37, rejected: 0 };
    assert_eq!(receiver.stats(), expected);
    // The snapshot stays as it was.
    receiver.clear();
    assert_eq!((table.row_count(), receiver.table_names().len()), (2, 0));
}

#[test]
fn a_bad_line_refuses_the_whole_request() {
    let (receiver, mut client) = start(Receiver::builder());
    assert_eq!(client.write("a x=1i\n").status, 204);
    let refused = client.write("a x=2i\n\nb y=1i\na x=\"text\"\na x=3i\n");
    assert_eq!(refused.status, 400);
    assert!(refused.head.contains("\r\nContent-Type: application/json\r\n"), "{}", refused.head);
    assert!(refused.head.contains("\r\nTransfer-Encoding: chunked\r\n"), "{}", refused.head);
    let mut body: serde_json::Value = serde_json::from_str(&refused.body).unwrap();
    let id = body["errorId"].take();
    let (receiver_id, number) = id.as_str().unwrap().split_once('-').unwrap();
    assert_eq!((receiver_id.len(), number), (12, "1"));
    let message = "failed to parse line protocol:errors encountered on line(s):\nerror in line 3: \
                   table: a, column: x; cast error from protocol type: STRING to column type: LONG";
    assert_eq!(body, json!({"code": "invalid", "message": message, "line": 3, "errorId": null}));
    assert!(refused.body.starts_with("{\"code\":"), "{}", refused.body);
    assert_eq!(receiver.table("a").unwrap().row_count(), 1);
    // What was created on the way stays.
    assert_eq!(receiver.table("b").unwrap().row_count(), 0);
    assert_eq!(client.write("b y=2i\n").status, 204);
    assert_eq!(receiver.stats().rejected, 1);
}
