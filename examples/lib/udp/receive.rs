//! Receiving datagrams in batches: `recvmmsg` on Linux, one by one elsewhere.

use std::io;
use std::net::{SocketAddr, UdpSocket};

/// The most datagrams of a batch.
pub const BATCH: usize = 64;
/// The room for each, in bytes. What is longer is cut off, and too long for every protocol that
/// is received here.
pub const ROOM_BYTES: usize = 2_048;

/// Receives batches into memory of its own: 128 KiB.
pub struct Receiver {
    rooms: Box<[[u8; ROOM_BYTES]]>,
    received: Vec<(usize, SocketAddr)>,
    #[cfg(target_os = "linux")]
    headers: nix::sys::socket::MultiHeaders<nix::sys::socket::SockaddrStorage>,
}

impl Receiver {
    /// A receiver that has received nothing.
    pub fn new() -> Self {
        Self {
            rooms: vec![[0; ROOM_BYTES]; BATCH].into_boxed_slice(),
            received: Vec::with_capacity(BATCH),
            #[cfg(target_os = "linux")]
            headers: nix::sys::socket::MultiHeaders::preallocate(BATCH, None),
        }
    }

    /// Receives what waits, at most [`BATCH`] datagrams, and gives how many; 0 if none waits. What
    /// was received before is gone.
    ///
    /// # Errors
    ///
    /// If the socket fails.
    pub fn receive(&mut self, socket: &UdpSocket) -> io::Result<usize> {
        self.received.clear();
        loop {
            match self.fill(socket) {
                Ok(()) => return Ok(self.received.len()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Ok(self.received.len());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
        }
    }

    #[cfg(target_os = "linux")]
    fn fill(&mut self, socket: &UdpSocket) -> io::Result<()> {
        use nix::sys::socket::{MsgFlags, recvmmsg};
        use std::io::IoSliceMut;
        use std::os::fd::AsRawFd;
        let mut rooms = self.rooms.iter_mut();
        let mut slices: [[IoSliceMut<'_>; 1]; BATCH] = std::array::from_fn(|_| {
            [IoSliceMut::new(rooms.next().map_or(&mut [], |room| &mut room[..]))]
        });
        let flags = MsgFlags::MSG_DONTWAIT;
        let batch = recvmmsg(socket.as_raw_fd(), &mut self.headers, &mut slices, flags, None)?;
        self.received.extend(batch.map(|message| {
            let from = message.address.as_ref().and_then(address);
            // A datagram of no known sender is counted like any other; nobody is answered.
            (message.bytes, from.unwrap_or(SocketAddr::from(([0, 0, 0, 0], 0))))
        }));
        Ok(())
    }

    #[cfg(not(target_os = "linux"))]
    fn fill(&mut self, socket: &UdpSocket) -> io::Result<()> {
        while self.received.len() < BATCH {
            let room = &mut self.rooms[self.received.len()];
            self.received.push(socket.recv_from(room)?);
        }
        Ok(())
    }

    /// The datagram with this place in the batch, from 0, and who sent it.
    pub fn datagram(&mut self, place: usize) -> Option<(&mut [u8], SocketAddr)> {
        let (bytes, from) = *self.received.get(place)?;
        Some((self.rooms.get_mut(place)?.get_mut(..bytes)?, from))
    }

    /// All datagrams of the batch.
    pub fn datagrams(&self) -> impl Iterator<Item = &[u8]> {
        self.received.iter().zip(&self.rooms).map(|((bytes, _), room)| &room[..*bytes])
    }
}

impl Default for Receiver {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(target_os = "linux")]
fn address(storage: &nix::sys::socket::SockaddrStorage) -> Option<SocketAddr> {
    let v4 = storage.as_sockaddr_in().map(|v4| SocketAddr::V4((*v4).into()));
    v4.or_else(|| storage.as_sockaddr_in6().map(|v6| SocketAddr::V6((*v6).into())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_come_whole_with_their_senders() -> io::Result<()> {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(socket) = UdpSocket::bind(address) else {
                continue; // A machine without IPv6.
            };
            socket.set_nonblocking(true)?;
            let mut receiver = Receiver::new();
            assert_eq!(receiver.receive(&socket)?, 0);
            let senders = [UdpSocket::bind(address)?, UdpSocket::bind(address)?];
            // More than two batches, each of another length; the last is cut off.
            for n in 0..150 {
                let length = if n == 149 { ROOM_BYTES + 1 } else { n };
                senders[n % 2].send_to(&vec![n as u8; length], socket.local_addr()?)?;
            }
            let mut n = 0;
            while receiver.receive(&socket)? > 0 {
                assert_eq!(receiver.datagrams().count(), BATCH.min(150 - n));
                for place in 0..BATCH.min(150 - n) {
                    let (bytes, from) = receiver.datagram(place).expect("it was received");
                    let length = if n == 149 { ROOM_BYTES } else { n };
                    assert_eq!(bytes, vec![n as u8; length]);
                    assert_eq!(from, senders[n % 2].local_addr()?);
                    n += 1;
                }
                assert!(receiver.datagram(BATCH).is_none());
            }
            assert_eq!(n, 150);
        }
        Ok(())
    }
}
