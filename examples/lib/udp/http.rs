//! As much of HTTP/1.1 as two small servers need: one request a connection, with limits.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const HEAD_BYTES_MAX: usize = 8 << 10;
/// A request has so long to come, and an answer to go.
const TIME: Duration = Duration::from_secs(2);
/// The end of the head of a request.
const END: &[u8] = b"\r\n\r\n";

/// A request.
pub struct Request {
    /// The request line and the headers, one a line.
    head: String,
    /// What follows the head.
    pub body: Vec<u8>,
}

impl Request {
    /// Reads a request. Gives the status to answer with if it is none or too long.
    ///
    /// # Errors
    ///
    /// If the connection fails or is too slow.
    pub fn read(
        stream: &mut TcpStream,
        body_bytes_max: usize,
    ) -> io::Result<Result<Self, &'static str>> {
        stream.set_nonblocking(false)?;
        stream.set_write_timeout(Some(TIME))?;
        let until = Instant::now() + TIME;
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(end) = bytes.windows(END.len()).position(|end| end == END) {
                break end + END.len();
            }
            if bytes.len() >= HEAD_BYTES_MAX {
                return Ok(Err("431 Request Header Fields Too Large"));
            }
            if read_some(stream, &mut bytes, HEAD_BYTES_MAX, until)? == 0 {
                return Ok(Err("400 Bad Request"));
            }
        };
        let mut body = bytes.split_off(end);
        let Ok(head) = String::from_utf8(bytes) else {
            return Ok(Err("400 Bad Request"));
        };
        let request = Self { head, body: Vec::new() };
        let length = request.header("content-length").map_or(Ok(0), str::parse::<usize>);
        let Some(length) = length.ok().filter(|length| *length <= body_bytes_max) else {
            return Ok(Err("413 Content Too Large"));
        };
        while body.len() < length {
            if read_some(stream, &mut body, length, until)? == 0 {
                return Ok(Err("400 Bad Request"));
            }
        }
        body.truncate(length);
        Ok(Ok(Self { body, ..request }))
    }

    /// The method, such as `GET`.
    pub fn method(&self) -> &str {
        self.head.split(' ').next().unwrap_or_default()
    }

    /// The value of a header; its name in small letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    /// The value of a parameter of the request line, as it is written there.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let target = self.head.lines().next()?.split(' ').nth(1)?;
        let (_, parameters) = target.split_once('?')?;
        parameters.split('&').find_map(|parameter| parameter.strip_prefix(name)?.strip_prefix('='))
    }
}

/// Reads what has come, until there are `bytes_max` bytes; 0 if the other end has closed.
fn read_some(
    stream: &mut TcpStream,
    bytes: &mut Vec<u8>,
    bytes_max: usize,
    until: Instant,
) -> io::Result<usize> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    stream.set_read_timeout(Some(left))?;
    let mut room = [0; 4 << 10];
    let many = room.len().min(bytes_max.saturating_sub(bytes.len()).max(1));
    let read = stream.read(&mut room[..many])?;
    bytes.extend_from_slice(&room[..read]);
    Ok(read)
}

/// Answers, and says that the connection is over.
///
/// # Errors
///
/// If the connection fails or is too slow.
pub fn respond(stream: &mut TcpStream, status: &str, kind: &str, body: &[u8]) -> io::Result<()> {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)
}
