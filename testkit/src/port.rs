//! Ports that do not answer.

use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Socket, Type};

/// A port of 127.0.0.1 on which nobody listens: connecting to it is refused for as long as this lives.
#[derive(Debug)]
pub struct RefusingPort(Socket);

impl RefusingPort {
    /// Takes a free port.
    ///
    /// # Panics
    ///
    /// Panics where there is none.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "takes something from the machine")]
    pub fn new() -> RefusingPort {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        RefusingPort(socket)
    }

    /// Returns its address.
    ///
    /// # Panics
    ///
    /// Panics where the kernel does not tell it.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.0.local_addr().unwrap().as_socket().unwrap()
    }

    /// Begins to listen on it.
    ///
    /// # Panics
    ///
    /// Panics where the kernel refuses.
    #[must_use]
    pub fn listen(self) -> TcpListener {
        self.0.listen(16).unwrap();
        TcpListener::from(self.0)
    }
}

/// A port whose queue is full, so that further connects are never answered.
#[derive(Debug)]
pub struct FullPort {
    listener: Socket,
    _waiting: Vec<Socket>,
}

impl FullPort {
    /// Takes a free port and fills its queue.
    ///
    /// # Panics
    ///
    /// Panics where there is none.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "takes something from the machine")]
    pub fn new() -> FullPort {
        let listener = RefusingPort::new().0;
        listener.listen(0).unwrap();
        let addr = listener.local_addr().unwrap();
        let waiting = (0..4).map(|_| {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            socket.set_nonblocking(true).unwrap();
            // This connect stays in progress for ever.
            let _ = socket.connect(&addr);
            socket
        });
        FullPort { _waiting: waiting.collect(), listener }
    }

    /// Returns its address.
    ///
    /// # Panics
    ///
    /// Panics where the kernel does not tell it.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.listener.local_addr().unwrap().as_socket().unwrap()
    }
}
