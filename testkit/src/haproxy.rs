//! Runs TLS in front of a QuestDB, which has none of its own: haproxy with certificates made for the test.

use std::fs;
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::certificates::authority;
use crate::questdb::QuestDb;
use crate::questdb::process::{self, Scratch};

/// Two ports that speak TLS and forward everything to the server.
#[derive(Debug)]
pub struct TlsProxy {
    pub https_port: u16,
    pub tcps_port: u16,
    child: Child,
    scratch: Scratch,
}

impl TlsProxy {
    /// Starts a proxy with a certificate for 127.0.0.1 from the authority that tests trust.
    pub fn start(server: &QuestDb) -> TlsProxy {
        let scratch = Scratch::create();
        let leaf = authority().server();
        fs::write(scratch.path().join("leaf.pem"), leaf.cert + &leaf.key).unwrap();
        let [https_port, tcps_port] = process::free_ports();
        let mut text = "global\n  maxconn 200\ndefaults\n  mode tcp\n  timeout connect 30s\n  \
                        timeout client 300s\n  timeout server 300s\n"
            .to_owned();
        for (name, from, to) in
            [("https", https_port, server.http_port()), ("tcps", tcps_port, server.tcp_port())]
        {
            let pem = scratch.path().join("leaf.pem");
            text.push_str(&format!(
                "listen {name}\n  bind 127.0.0.1:{from} ssl crt {}\n  server questdb 127.0.0.1:{to}\n",
                pem.display()
            ));
        }
        let config = scratch.path().join("haproxy.cfg");
        fs::write(&config, text).unwrap();
        let out = fs::File::create(scratch.path().join("out")).unwrap();
        let mut command = process::tied_to_us("haproxy".as_ref());
        command.arg("-db").arg("-f").arg(&config).stdin(Stdio::null());
        command.stdout(out.try_clone().unwrap()).stderr(out);
        let child = process::spawn(command);
        let mut proxy = TlsProxy { https_port, tcps_port, child, scratch };
        proxy.wait_until_ready();
        proxy
    }

    fn wait_until_ready(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while [self.https_port, self.tcps_port]
            .iter()
            .any(|port| TcpStream::connect(("127.0.0.1", *port)).is_err())
        {
            let said = || fs::read_to_string(self.scratch.path().join("out")).unwrap_or_default();
            assert!(self.child.try_wait().unwrap().is_none(), "haproxy ended: {}", said());
            assert!(Instant::now() < deadline, "haproxy is not ready: {}", said());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for TlsProxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
