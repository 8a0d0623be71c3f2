//! Another thread ends a call on a real socket. `sender::sim::cancel` tests all moments at which it can do so.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use questdb_ingress::{ErrorCode, Outcome, Sender};

use questdb_ingress_testkit::fault_server::{FaultServer, script};
use questdb_ingress_testkit::port::RefusingPort;
use questdb_ingress_testkit::rows;

/// Makes a call, and cancels it again and again once it is `deep` enough, until it has returned. Returns its result, and how
/// long it took from the first cancel.
fn cancelled<T>(
    sender: &mut Sender,
    deep: impl FnOnce() + Send,
    call: impl FnOnce(&mut Sender) -> T,
) -> (T, Duration) {
    let canceller = sender.canceller();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| {
            deep();
            let begin = Instant::now();
            while !over.load(Ordering::SeqCst) {
                canceller.cancel();
                std::thread::sleep(Duration::from_millis(2));
            }
            begin.elapsed()
        });
        let result = call(sender);
        over.store(true, Ordering::SeqCst);
        (result, other.join().unwrap())
    })
}

#[test]
fn a_call_on_a_real_socket() {
    const MINUTE: &str = "protocol_version=1;";
    let check =
        |what: &str, conf: String, megabytes: usize, server: Option<&FaultServer>, outcome| {
            let mut sender = Sender::from_conf(&conf).unwrap();
            let buffer = rows(megabytes << 20);
            let before = buffer.peek().to_vec();
            let (result, took) = cancelled(
                &mut sender,
                || server.into_iter().for_each(|server| server.wait_for_notes("deep", 1)),
                |sender| sender.flush_and_keep(&buffer),
            );
            let e = result.unwrap_err();
            assert_eq!((e.code(), e.outcome()), (ErrorCode::Cancelled, outcome), "{what}: {e}");
            assert!(buffer.peek() == before, "{what}");
            // A busy machine may be late, but a call that was not cancelled would take a minute.
            assert!(took < Duration::from_secs(10), "{what}: {took:?}");
            println!("cancel {what}: {} ms", took.as_millis());
        };
    let http = "request_timeout=60000;retry_timeout=60000;";
    let silent = FaultServer::start(
        None,
        script(|peer| {
            let _ = peer.request();
            peer.note("deep");
            peer.hold();
        }),
    );
    let conf = format!("http::addr={};{MINUTE}{http}", silent.addr());
    check("while an answer is waited for", conf, 0, Some(&silent), Outcome::InDoubt);
    let deaf = || {
        FaultServer::start(
            None,
            script(|peer| {
                if peer.read_exactly(1).is_some() {
                    peer.note("deep");
                    peer.hold();
                }
            }),
        )
    };
    let server = deaf();
    let conf = format!("http::addr={};{MINUTE}{http}", server.addr());
    check("in an upload that is not read", conf, 30, Some(&server), Outcome::NotSent);
    let server = deaf();
    let conf = format!("tcp::addr={};{MINUTE}send_timeout=60000;", server.addr());
    check("in a stream that is not read", conf, 30, Some(&server), Outcome::InDoubt);
    let nobody = RefusingPort::new();
    let conf = format!("http::addr={};{MINUTE}{http}retry_max_backoff=60000;", nobody.addr());
    check("between attempts to connect", conf, 0, None, Outcome::NotSent);
}
