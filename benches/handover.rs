//! What it costs to hand inputs from one thread to another, by the size of the batches they go in:
//! the bare queue that the pipeline is made of, and the whole pipeline with next to nothing to do.
//!
//! `cargo bench --bench handover`. Each figure is for 64 batches, there and judged; the throughput
//! is of inputs. On a machine with fewer cores than threads this measures the scheduler too.

use criterion::{BatchSize, Bencher, Criterion, Throughput, criterion_group, criterion_main};
use crossbeam_queue::ArrayQueue;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use wardline::pipeline::Pipeline;
use wardline_core::Config;
use wardline_core::event::Event;
use wardline_core::input::{Input, Record, Refusal};
use wardline_core::time::Timestamp;

const NOW: Timestamp = Timestamp::from_ms(1_780_000_000_000);
const BATCHES: u64 = 64;
const SIZES: [u64; 3] = [1, 64, 1_000];

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("handover");
    for inputs in SIZES {
        group.throughput(Throughput::Elements(BATCHES * inputs));
        group.bench_function(format!("queue/{inputs}"), |bencher| queue(bencher, inputs));
        group.bench_function(format!("pipeline/{inputs}"), |bencher| pipeline(bencher, inputs));
    }
    group.finish();
}

/// To a thread that only counts.
fn queue(bencher: &mut Bencher<'_>, inputs: u64) {
    let queue: ArrayQueue<Vec<Record>> = ArrayQueue::new(BATCHES as usize);
    let taken = AtomicU64::new(0);
    let count = || {
        loop {
            match queue.pop() {
                Some(batch) if batch.is_empty() => return,
                Some(batch) => _ = taken.fetch_add(batch.len() as u64, Ordering::Release),
                None => std::thread::yield_now(),
            }
        }
    };
    let hand_over = |batches: Vec<Vec<Record>>| {
        let until = taken.load(Ordering::Acquire) + BATCHES * inputs;
        for batch in batches {
            assert!(queue.push(batch).is_ok(), "there is room for all");
        }
        while taken.load(Ordering::Acquire) < until {
            std::thread::yield_now();
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(count);
        bencher.iter_batched(|| made(inputs), hand_over, BatchSize::PerIteration);
        assert!(queue.push(Vec::new()).is_ok(), "it is empty");
    });
}

/// To an engine, by way of the dispatcher; the last input has an event, which comes back.
fn pipeline(bencher: &mut Bencher<'_>, inputs: u64) {
    let (told, hears) = std::sync::mpsc::channel();
    let builder = Pipeline::builder(Config::default());
    let builder = builder.sink(move |event: Event| told.send(event.input).expect("it hears"));
    let pipeline = builder.build().expect("starts");
    let hand_over = |batches: Vec<Vec<Record>>| {
        for batch in batches {
            pipeline.submit(batch).expect("it is open");
        }
        let refused = Input::Invalid(Refusal::new("last", inputs));
        pipeline.submit(vec![Record { at: Some(NOW), input: refused }]).expect("it is open");
        black_box(hears.recv().expect("it tells"));
    };
    bencher.iter_batched(|| made(inputs), hand_over, BatchSize::PerIteration);
}

/// Batches of ticks, which concern nobody.
fn made(inputs: u64) -> Vec<Vec<Record>> {
    let batch = |_| (0..inputs).map(|_| Record { at: Some(NOW), input: Input::Tick }).collect();
    (0..BATCHES).map(batch).collect()
}

criterion_group! {
    name = all;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1));
    targets = benches
}
criterion_main!(all);
