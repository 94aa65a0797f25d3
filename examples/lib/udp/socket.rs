//! Opening a socket for datagrams.

use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{SocketAddr, UdpSocket};

/// What is asked for as the size of the receive buffer, in bytes: 8 MiB, about 10,000 small
/// datagrams, half a second at 20,000 a second.
pub const RECEIVE_BUFFER_BYTES: usize = 8 << 20;

/// A socket that is bound and does not block.
pub struct Bound {
    /// The socket.
    pub socket: UdpSocket,
    /// What the kernel granted of [`RECEIVE_BUFFER_BYTES`].
    pub granted_bytes: usize,
}

/// Binds a socket with a large receive buffer.
///
/// # Errors
///
/// If the address cannot be bound.
pub fn bind(address: SocketAddr) -> io::Result<Bound> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    // Less is no error: what was granted is told, and drops are counted.
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES);
    let _ = socket.set_send_buffer_size(RECEIVE_BUFFER_BYTES);
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    // Linux says twice what was granted, since it counts its own bookkeeping.
    let doubled = if cfg!(target_os = "linux") { 2 } else { 1 };
    let granted_bytes = socket.recv_buffer_size()? / doubled;
    Ok(Bound { socket: socket.into(), granted_bytes })
}
