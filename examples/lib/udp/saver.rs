//! Writes snapshots now and then, so that a start need not judge the whole journal again.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use wardline::journal::Attached;
use wardline::pipeline::Pipeline;

const LOOK_EACH: Duration = Duration::from_millis(200);
/// Evidence that is behind for so long is on a disk with other troubles.
const PATIENCE: Duration = Duration::from_secs(30);

/// The thread that does.
pub struct Saver {
    thread: JoinHandle<()>,
    stop: Arc<AtomicBool>,
}

impl Saver {
    /// Starts it; it writes a snapshot after so many inputs.
    pub fn start(pipeline: Arc<Pipeline>, journal: Arc<Attached>, inputs: u64) -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stops = stop.clone();
        let run = move || {
            let mut last = journal.written().durable;
            while !stops.load(Ordering::SeqCst) {
                thread::park_timeout(LOOK_EACH);
                let durable = journal.written().durable;
                if durable - last >= inputs {
                    last = durable;
                    save(&pipeline, &journal);
                }
            }
        };
        let thread = thread::Builder::new().name("snapshots".into()).spawn(run)?;
        Ok(Self { thread, stop })
    }

    /// Ends it.
    pub fn stop(self) {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.thread().unpark();
        // A thread that panicked has said so.
        let _ = self.thread.join();
    }
}

/// The logs have everything, so that a failure costs time at the next start and nothing else.
fn save(pipeline: &Pipeline, journal: &Attached) {
    let Ok(snapshots) = pipeline.snapshots() else {
        return eprintln!("no snapshot: a shard is lost");
    };
    match journal.save(&snapshots, PATIENCE) {
        Ok(Some(_)) => {}
        Ok(None) => eprintln!("no snapshot: the logs are behind"),
        Err(error) => eprintln!("no snapshot: {error}"),
    }
}
