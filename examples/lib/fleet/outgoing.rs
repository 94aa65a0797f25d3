//! Sending datagrams: several of one length in one call where the kernel cuts them up (UDP GSO, on
//! Linux), one by one elsewhere.

use std::io;
use std::net::UdpSocket;

/// The kernel cuts a buffer into so many datagrams at most.
const SEGMENTS_MAX: usize = 64;
/// The longest buffer that can be sent at once.
const BUFFER_BYTES_MAX: usize = 65_000;

/// Datagrams of one length that wait to be sent.
pub struct Outgoing {
    socket: UdpSocket,
    buffer: Vec<u8>,
    length: usize,
    segments_max: usize,
    /// Datagrams that the kernel took.
    pub sent: u64,
    /// Datagrams that it did not take.
    pub unsent: u64,
}

impl Outgoing {
    /// Sends through a connected socket, so many datagrams at once at most.
    pub fn new(socket: UdpSocket, batch: usize) -> Self {
        let segments_max = batch.clamp(1, SEGMENTS_MAX);
        let buffer = Vec::with_capacity(BUFFER_BYTES_MAX);
        Self { socket, buffer, length: 0, segments_max, sent: 0, unsent: 0 }
    }

    /// Adds a datagram; earlier ones are sent if it does not go with them.
    pub fn push(&mut self, datagram: &[u8]) {
        let fits = self.buffer.len() + datagram.len() <= BUFFER_BYTES_MAX;
        if datagram.len() != self.length || !fits || datagram.is_empty() {
            self.flush();
        }
        self.length = datagram.len();
        if datagram.is_empty() {
            let sent = self.socket.send(datagram);
            return self.count(1, sent.is_ok());
        }
        self.buffer.extend_from_slice(datagram);
        if self.buffer.len() / self.length == self.segments_max {
            self.flush();
        }
    }

    /// Sends what waits.
    pub fn flush(&mut self) {
        let Some(segments) = self.buffer.len().checked_div(self.length).filter(|n| *n > 0) else {
            return;
        };
        if segments > 1 && send_cut(&self.socket, &self.buffer, self.length).is_ok() {
            self.count(segments as u64, true);
        } else {
            for datagram in self.buffer.chunks(self.length) {
                let sent = self.socket.send(datagram).is_ok();
                if sent { self.sent += 1 } else { self.unsent += 1 }
            }
        }
        self.buffer.clear();
    }

    fn count(&mut self, datagrams: u64, sent: bool) {
        if sent { self.sent += datagrams } else { self.unsent += datagrams }
    }
}

#[cfg(target_os = "linux")]
fn send_cut(socket: &UdpSocket, buffer: &[u8], length: usize) -> io::Result<()> {
    use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
    use std::os::fd::AsRawFd;
    let length = u16::try_from(length).map_err(io::Error::other)?;
    let (parts, cut) = ([io::IoSlice::new(buffer)], [ControlMessage::UdpGsoSegments(&length)]);
    sendmsg::<()>(socket.as_raw_fd(), &parts, &cut, MsgFlags::empty(), None)?;
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn send_cut(_: &UdpSocket, _: &[u8], _: usize) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datagrams_arrive_as_they_were_pushed() -> io::Result<()> {
        let receiver = UdpSocket::bind("127.0.0.1:0")?;
        let sender = UdpSocket::bind("127.0.0.1:0")?;
        sender.connect(receiver.local_addr()?)?;
        let mut outgoing = Outgoing::new(sender, 16);
        let lengths = [[64; 40].as_slice(), &[96, 64, 0, 0, 1_500, 1_500, 1]].concat();
        for (n, length) in lengths.iter().enumerate() {
            outgoing.push(&vec![n as u8; *length]);
        }
        outgoing.flush();
        assert_eq!((outgoing.sent, outgoing.unsent), (lengths.len() as u64, 0));
        receiver.set_nonblocking(true)?;
        let mut room = [0; 2_000];
        for (n, length) in lengths.iter().enumerate() {
            let received = receiver.recv(&mut room)?;
            assert_eq!(room[..received], vec![n as u8; *length]);
        }
        assert!(receiver.recv(&mut room).is_err());
        Ok(())
    }
}
