//! A port on loopback that is kept from everybody else.

use tokio::net::TcpSocket;

/// As long as this stands, nobody is given the port who asks for any, and whoever connects to it is refused; a server that
/// asks for this very port gets it.
pub struct Port {
    pub number: u16,
    _bound: TcpSocket,
}

impl Port {
    pub fn closed() -> Port {
        let bound = TcpSocket::new_v4().unwrap();
        bound.set_reuseaddr(true).unwrap();
        bound.bind(([127, 0, 0, 1], 0).into()).unwrap();
        let number = bound.local_addr().unwrap().port();
        Port { number, _bound: bound }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.number)
    }
}
