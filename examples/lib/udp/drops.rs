//! How many datagrams the kernel dropped since a socket's buffer was full.
//!
//! On Linux this is the last column of the socket's line in `/proc/net/udp` or `udp6`, found by its
//! inode. The control message `SO_RXQ_OVFL` would tell the same, but only beside a datagram that is
//! received after the drop, so that drops at the end of a flood would never be told. Elsewhere
//! nothing is known.

use std::net::UdpSocket;

/// Knows the socket whose drops it counts.
pub struct Drops {
    #[cfg(target_os = "linux")]
    inode: Option<u64>,
}

#[cfg(target_os = "linux")]
impl Drops {
    /// Of this socket.
    pub fn of(socket: &UdpSocket) -> Self {
        use std::os::fd::AsRawFd;
        let link = std::fs::read_link(format!("/proc/self/fd/{}", socket.as_raw_fd())).ok();
        let name = link.as_ref().and_then(|link| link.to_str());
        let inode = name.and_then(|name| name.strip_prefix("socket:[")?.strip_suffix(']'));
        Self { inode: inode.and_then(|inode| inode.parse().ok()) }
    }

    /// How many it dropped so far; nothing where that cannot be known.
    pub fn count(&self) -> Option<u64> {
        let inode = self.inode?;
        let tables = ["/proc/net/udp", "/proc/net/udp6"];
        tables.iter().find_map(|table| drops_in(&std::fs::read_to_string(table).ok()?, inode))
    }
}

#[cfg(not(target_os = "linux"))]
impl Drops {
    /// Of this socket.
    pub fn of(_: &UdpSocket) -> Self {
        Self {}
    }

    /// How many it dropped so far; nothing where that cannot be known.
    pub fn count(&self) -> Option<u64> {
        None
    }
}

/// The drops in the line of this inode: the tenth and the last of its columns.
#[cfg(target_os = "linux")]
fn drops_in(table: &str, inode: u64) -> Option<u64> {
    table.lines().skip(1).find_map(|line| {
        let mut columns = line.split_ascii_whitespace().skip(9);
        let is_it = columns.next()?.parse() == Ok(inode);
        columns.last().filter(|_| is_it)?.parse().ok()
    })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_full_buffer_is_counted() -> std::io::Result<()> {
        let receiver = UdpSocket::bind("127.0.0.1:0")?;
        socket2::SockRef::from(&receiver).set_recv_buffer_size(4_096)?;
        let drops = Drops::of(&receiver);
        assert_eq!(drops.count(), Some(0));
        let sender = UdpSocket::bind("127.0.0.1:0")?;
        let sent = 1_000;
        for _ in 0..sent {
            sender.send_to(&[0; 64], receiver.local_addr()?)?;
        }
        receiver.set_nonblocking(true)?;
        let dropped = drops.count().expect("Linux knows");
        let received = std::iter::from_fn(|| receiver.recv(&mut [0; 64]).ok()).count() as u64;
        assert!(dropped > 0 && received > 0);
        assert_eq!(received + dropped, sent);
        Ok(())
    }
}
