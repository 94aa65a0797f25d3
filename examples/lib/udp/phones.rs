//! OwnTracks by HTTP: phones post one message a request.
//!
//! User and device are the headers `X-Limit-U` and `X-Limit-D`, or the parameters `u` and `d`, as
//! they are written. The answer is given once the position is durable. TLS is not done here: put
//! a proxy that does in front.

use super::counts::Counts;
use super::durable::{self, Inbox};
use super::http::{Request, respond};
use super::listener::Common;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use wardline_core::input::Record;
use wardline_wire::owntracks::{MESSAGE_BYTES_MAX, OwnTracks, frame};
use wardline_wire::protocol::DeviceProtocol;

/// Connections that are served at once; each may take some seconds, not more.
pub const WORKERS: usize = 4;
const POLL: Duration = Duration::from_millis(20);
const DURABLE_WAIT: Duration = Duration::from_secs(10);
const JSON: &str = "application/json";

/// One of the threads that serve phones.
pub struct Worker {
    /// Where connections come from.
    pub listener: TcpListener,
    /// The phones.
    pub protocol: Arc<Mutex<OwnTracks>>,
    /// How it learns what is durable.
    pub place: (u8, Inbox),
    /// What all listeners share.
    pub common: Common,
    /// What is counted; a message counts as a datagram.
    pub counts: Arc<Counts>,
    /// The receipt before.
    pub last_ns: u64,
}

impl Worker {
    /// Serves until it is to stop.
    pub fn run(mut self) -> io::Result<()> {
        while !self.common.stop.load(Ordering::SeqCst) {
            match self.listener.accept() {
                // Who breaks off will post again.
                Ok((stream, _)) => drop(self.serve(stream)),
                Err(_) => thread::sleep(POLL),
            }
        }
        Ok(())
    }

    fn serve(&mut self, mut stream: TcpStream) -> io::Result<()> {
        let request = match Request::read(&mut stream, MESSAGE_BYTES_MAX)? {
            Ok(request) if request.method() == "POST" => request,
            Ok(_) => return respond(&mut stream, "405 Method Not Allowed", JSON, b""),
            Err(status) => return respond(&mut stream, status, JSON, b""),
        };
        let of = |header, parameter| request.header(header).or(request.parameter(parameter));
        let (user, device) = (of("x-limit-u", "u"), of("x-limit-d", "d"));
        let (user, device) = (user.unwrap_or_default(), device.unwrap_or_default());
        let topic = format!("owntracks/{user}/{device}");
        match self.take(&mut frame(&topic, &request.body)) {
            Some(answer) => respond(&mut stream, "200 OK", JSON, &answer),
            None => respond(&mut stream, "403 Forbidden", JSON, b""),
        }
    }

    /// Opens a message, submits it and waits until it is durable. Gives the answer; nothing if the
    /// message was refused, or could not be made durable in time.
    fn take(&mut self, message: &mut [u8]) -> Option<Vec<u8>> {
        self.counts.received.add(1);
        let now = self.common.clock.now();
        let mut batch = self.common.pipeline.batch();
        let mut protocol = self.protocol.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sink = |_, input| batch.push(Record { at: Some(now), input });
        let opened = match protocol.open(message, now, &mut sink) {
            Ok(opened) => opened,
            Err(refused) => {
                self.counts.refuse(refused.reason);
                return None;
            }
        };
        let inputs = batch.len();
        let count = if inputs > 0 { &self.counts.accepted } else { &self.counts.repeated };
        count.add(1);
        self.counts.records.add(inputs as u64);
        self.last_ns = self.common.clock.elapsed_ns().max(self.last_ns + 1);
        let tag = durable::tag(self.place.0, self.last_ns);
        batch.set_tag(tag);
        // Submitted under the lock, so that two messages of a phone stay in their order.
        self.common.pipeline.submit(batch).ok()?;
        let mut answer = [0; 64];
        let bytes = protocol.ack(&opened, now, &mut answer);
        drop(protocol);
        if !self.is_durable(tag, inputs) {
            self.counts.acks_failed.add(1);
            return None;
        }
        self.counts.acks.add(1);
        Some(answer[..bytes].to_vec())
    }

    fn is_durable(&self, tag: u64, mut inputs: usize) -> bool {
        let until = Instant::now() + DURABLE_WAIT;
        while inputs > 0 && !self.common.failed.load(Ordering::SeqCst) {
            match self.place.1.wait(until.saturating_duration_since(Instant::now())) {
                // One that was given up earlier may still come.
                Some(settled) if settled.tag == tag => inputs -= settled.inputs.min(inputs),
                Some(_) => {}
                None => return false,
            }
        }
        inputs == 0
    }
}
