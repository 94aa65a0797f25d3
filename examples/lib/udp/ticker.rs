//! Tells the engines that time passes: at each of their deadlines, and at least once a second.

use super::clock::Clock;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use wardline::pipeline::Pipeline;
use wardline_core::input::{Input, Record};

const LONGEST_MS: i64 = 1_000;

/// The thread that ticks.
pub struct Ticker {
    thread: JoinHandle<()>,
    stop: Arc<AtomicBool>,
}

impl Ticker {
    /// Starts it.
    pub fn start(pipeline: Arc<Pipeline>, clock: Arc<Clock>) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stops = stop.clone();
        let run = move || {
            while !stops.load(Ordering::SeqCst) {
                thread::park_timeout(pause(&pipeline, &clock));
                let tick = Record { at: Some(clock.now()), input: Input::Tick };
                if pipeline.submit(tick).is_err() {
                    return; // The pipeline is closed.
                }
            }
        };
        let thread = thread::Builder::new().name("ticker".into()).spawn(run)?;
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

/// Until just after the first deadline of any shard: timers fire when they are passed.
fn pause(pipeline: &Pipeline, clock: &Clock) -> Duration {
    let deadlines = (0..pipeline.shards()).filter_map(|shard| {
        // A shard without an answer is lost, and the pipeline says so.
        pipeline.query(shard, |engine| engine.next_deadline()).ok().flatten()
    });
    let next = deadlines.min().map_or(LONGEST_MS, |next| next.plus_ms(1).ms_since(clock.now()));
    Duration::from_millis(next.clamp(1, LONGEST_MS).unsigned_abs())
}
