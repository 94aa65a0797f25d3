//! Metrics as text for Prometheus, and the smallest server that gives them out.
//!
//! It answers every request of HTTP with the metrics, one connection after another.

use super::counts::Counts;
use super::http::{Request, respond};
use super::told::Told;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;
use wardline::pipeline::{Exposition, MetricKind, Metrics, prometheus};

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
const POLL: Duration = Duration::from_millis(50);

/// The server's thread.
pub struct MetricsServer {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
    /// Where it listens.
    pub address: SocketAddr,
}

impl MetricsServer {
    /// Gives out what `text` makes, at this address.
    ///
    /// # Errors
    ///
    /// If the address cannot be bound or the thread not be started.
    pub fn start(
        address: SocketAddr,
        text: impl Fn() -> String + Send + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let (address, stop) = (listener.local_addr()?, Arc::new(AtomicBool::new(false)));
        let stops = stop.clone();
        let run = move || {
            while !stops.load(Ordering::SeqCst) {
                match listener.accept() {
                    // Who breaks off has no use for an answer.
                    Ok((stream, _)) => drop(answer(stream, &text)),
                    Err(_) => std::thread::sleep(POLL),
                }
            }
        };
        let thread = Builder::new().name("metrics".into()).spawn(run)?;
        Ok(Self { stop, thread, address })
    }

    /// Ends it.
    pub fn stop(self) {
        self.stop.store(true, Ordering::SeqCst);
        // A thread that panicked has said so.
        let _ = self.thread.join();
    }
}

fn answer(mut stream: TcpStream, text: &impl Fn() -> String) -> io::Result<()> {
    match Request::read(&mut stream, 0)? {
        Ok(_) => respond(&mut stream, "200 OK", TEXT, text().as_bytes()),
        Err(status) => respond(&mut stream, status, TEXT, b""),
    }
}

/// All that is counted, as text.
pub fn text(counts: &[(String, Arc<Counts>)], told: &Told, pipeline: &Metrics) -> String {
    let mut out = Exposition::default();
    for (name, help, of) in BY_SOCKET {
        out.family(name, help, MetricKind::Counter);
        for (socket, counts) in counts {
            out.sample(name, &[("socket", socket)], of(counts) as f64);
        }
    }
    let name = "wardline_datagrams_refused_total";
    out.family(name, "Datagrams refused, by reason.", MetricKind::Counter);
    for (socket, counts) in counts {
        for (reason, count) in counts.refused() {
            out.sample(name, &[("socket", socket), ("reason", reason)], count as f64);
        }
    }
    let name = "wardline_told_total";
    out.family(name, "Events told, by kind.", MetricKind::Counter);
    for (kind, count) in told.by_kind() {
        out.sample(name, &[("kind", kind.word())], count as f64);
    }
    out.into_text() + &prometheus(pipeline)
}

/// A count of each socket: its name, what it is, and how it is read.
type BySocket = (&'static str, &'static str, fn(&Counts) -> u64);

const BY_SOCKET: [BySocket; 6] = [
    ("wardline_datagrams_received_total", "Datagrams that the kernel handed out.", |counts| {
        counts.received.value()
    }),
    ("wardline_datagrams_accepted_total", "Datagrams that brought a new record.", |counts| {
        counts.accepted.value()
    }),
    ("wardline_datagrams_dropped_total", "Datagrams that the kernel had no room for.", |counts| {
        counts.kernel_dropped.value()
    }),
    ("wardline_records_total", "Records handed on.", |counts| counts.records.value()),
    ("wardline_acks_total", "Acknowledgements sent.", |counts| counts.acks.value()),
    ("wardline_acks_failed_total", "Acknowledgements that could not be sent.", |counts| {
        counts.acks_failed.value()
    }),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::Shutdown;

    fn ask(address: SocketAddr, request: &[u8]) -> io::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(request)?;
        stream.shutdown(Shutdown::Write)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    #[test]
    fn a_request_is_answered_and_an_endless_one_is_not() -> io::Result<()> {
        let server = MetricsServer::start(([127, 0, 0, 1], 0).into(), || "up 1\n".to_owned())?;
        let answer = ask(server.address, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")?;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nup 1\n"));
        // All of it is read before the answer, so that the connection is not reset.
        let answer = ask(server.address, &[b'x'; 8 << 10])?;
        assert!(answer.starts_with("HTTP/1.1 431 ") && !answer.contains("up 1"), "{answer}");
        server.stop();
        Ok(())
    }

    #[test]
    fn each_socket_and_reason_has_a_line() {
        let counts = Arc::new(Counts::new());
        counts.received.add(3);
        counts.repeated.add(2);
        counts.refuse(wardline_wire::refusal::Reason::Forged);
        let pipeline = wardline::pipeline::Pipeline::builder(wardline::Config::default());
        let metrics = pipeline.build().expect("threads").finish().metrics;
        let text = text(&[("v1".to_owned(), counts)], &Told::new(), &metrics);
        for line in [
            "wardline_datagrams_received_total{socket=\"v1\"} 3\n",
            "wardline_datagrams_refused_total{socket=\"v1\",reason=\"forged\"} 1\n",
            "wardline_datagrams_refused_total{socket=\"v1\",reason=\"repeated\"} 2\n",
            "# TYPE wardline_submitted_total counter\n",
        ] {
            assert!(text.contains(line), "{line}");
        }
    }
}
