//! Journals that nobody wrote: raw bytes, or entries from the bytes with frames, checksums and
//! hashes put round them as `docs/journal.md` says.

use sha2::{Digest, Sha256};
use std::sync::Arc;
use wardline_core::input::{Input, Record};
use wardline_core::time::Timestamp;
use wardline_core::{Config, Engine};
use wardline_journal::checkpoint::Signer;
use wardline_journal::disk::MemoryDisk;
use wardline_journal::{
    Entropy, EvidenceLog, EvidenceOptions, EvidenceReader, Hash, InputLog, InputOptions,
    InputReader, LogKind, SnapshotStore, rewritten, verify,
};
use wardline_sim::{Options, scenario};
use wardline_wire::jsonl;

const NOW: Timestamp = Timestamp::from_ms(1_780_000_000_000);
const LOG: [u8; 16] = [7; 16];

/// An entry: it is refused, or written again as the same bytes.
pub fn journal_entry(data: &[u8]) {
    if let Ok(again) = rewritten(data) {
        assert_eq!(again, data, "an entry has two forms");
    }
}

/// A log of inputs: it is read up to its damage; if a writer opens it, it goes on, and what it
/// appends can be read.
pub fn journal_inputs(data: &[u8]) {
    let disk = disk(LogKind::Input, data);
    let verified = verify(Arc::new(disk.clone()), LogKind::Input, Vec::new(), |_| {});
    let mut read = Vec::new();
    let mut reader = InputReader::open(Arc::new(disk.clone()), 0);
    while let Ok(reader) = &mut reader
        && let Ok(true) = reader.next_frame(&mut read)
    {}
    let options = InputOptions::default();
    let Ok((mut log, recovery)) = InputLog::open(Arc::new(disk.clone()), options, entropy(), NOW)
    else {
        return;
    };
    if let Ok(verified) = verified {
        assert_eq!((verified.next, verified.torn_bytes > 0), (log.next(), recovery.cut.is_some()));
    }
    let (next, tick) = (log.next(), Record { at: Some(NOW), input: Input::Tick });
    log.append(NOW, [(next, &tick)]).expect("it was opened");
    assert_eq!(log.commit(NOW).expect("there is room").next, next.saturating_add(1));
    let reader = InputReader::open(Arc::new(disk), next);
    let _ = reader.map(|mut reader| reader.next_frame(&mut read));
}

/// A log of evidence: as for inputs; and its head is the same to all who read it.
pub fn journal_evidence(data: &[u8]) {
    let disk = disk(LogKind::Evidence, data);
    let verified = verify(Arc::new(disk.clone()), LogKind::Evidence, Vec::new(), |_| {});
    let mut leaves = Vec::new();
    if let Ok(mut reader) = EvidenceReader::open(Arc::new(disk.clone()), Vec::new()) {
        while let Ok(true) = reader.next_frame(&mut leaves) {}
    }
    let signer = Signer::new("fuzz.example", &[1; 32]).expect("a name and a key");
    let options = EvidenceOptions::default();
    let opened = EvidenceLog::open(Arc::new(disk), options, signer, entropy(), NOW);
    if let (Ok((log, _)), Ok(verified)) = (opened, verified) {
        assert_eq!(Some(log.head().1), verified.root, "two heads of one log");
    }
}

/// A file of a snapshot: it is refused, or it is what its hash says.
pub fn journal_snapshot(data: &[u8]) {
    let Some((first, data)) = data.split_first() else { return };
    let mut file = data.to_vec();
    if first & 1 == 1 {
        file.extend_from_slice(&Sha256::digest(data));
    }
    let disk = MemoryDisk::with_file("snapshot-00000000000000000005.state", &file);
    let store = SnapshotStore::open(Arc::new(disk), 2).expect("a disk");
    let newest = store.newest(|_, _| true, &mut Vec::new()).expect("a disk");
    if let Some(snapshot) = newest {
        assert_eq!((snapshot.next, snapshot.state.len() + 88), (5, file.len()));
    }
}

/// Inputs of the targets: the target, a name, the bytes.
pub fn journal_seeds() -> Vec<(&'static str, String, Vec<u8>)> {
    let disk = MemoryDisk::new();
    let records: Vec<_> = (1..)
        .zip(scenario(1, &Options::all_rules()).lines())
        .map(|(number, line)| jsonl::parse_line(line, number))
        .take(120)
        .collect();
    let shared = || Arc::new(disk.clone());
    let opened = InputLog::open(shared(), InputOptions::default(), entropy(), NOW);
    let (mut inputs, _) = opened.expect("an empty disk");
    for (first, batch) in (1..).step_by(30).zip(records.chunks(30)) {
        inputs.append(NOW, (first..).zip(batch)).expect("they are numbered");
        inputs.commit(NOW).expect("there is room");
    }
    let signer = Signer::new("fuzz.example", &[1; 32]).expect("a name and a key");
    let opened = EvidenceLog::open(shared(), EvidenceOptions::default(), signer, entropy(), NOW);
    let (mut evidence, _) = opened.expect("an empty disk");
    let mut engine = Engine::new(Config::default());
    for record in &records {
        engine.apply(record, &mut |event| {
            evidence.append_event(NOW, &event).expect("there is room");
        });
    }
    evidence.beat(NOW, inputs.durable()).expect("there is room");
    evidence.checkpoint(NOW).expect("there is room");
    let file = |name| disk.file(name).expect("it was written");
    let (inputs, evidence) = (file("input-0000000001.log"), file("evidence-0000000001.log"));
    let mut seeds = Vec::new();
    for (target, segment) in [("journal_inputs", inputs), ("journal_evidence", evidence)] {
        let payloads = payloads(&segment);
        let mut framed = vec![1];
        for payload in &payloads {
            let payload = &payload[..payload.len().min(4_000)];
            framed.extend_from_slice(&(payload.len() as u16).to_le_bytes());
            framed.extend_from_slice(payload);
        }
        seeds.push((target, "framed".to_owned(), framed));
        for (index, entry) in payloads.iter().flat_map(|p| entries(p)).enumerate().step_by(7) {
            seeds.push(("journal_entry", format!("{target}-{index}"), entry.to_vec()));
        }
        seeds.push((target, "segment".to_owned(), segment));
    }
    let store = SnapshotStore::open(shared(), 1).expect("a disk");
    store.put(5, [3; 32], b"state").expect("there is room");
    let whole = file("snapshot-00000000000000000005.state");
    seeds.push(("journal_snapshot", "whole".to_owned(), [&[0], &whole[..]].concat()));
    let body = &whole[..whole.len() - 32];
    seeds.push(("journal_snapshot", "body".to_owned(), [&[1], body].concat()));
    seeds
}

/// The payloads of a segment.
fn payloads(segment: &[u8]) -> Vec<&[u8]> {
    let (mut payloads, mut rest) = (Vec::new(), &segment[92..]);
    while let Some(length) = rest.get(4..8).and_then(|bytes| bytes.first_chunk()) {
        let length = u32::from_le_bytes(*length) as usize;
        payloads.push(&rest[52..52 + length]);
        rest = &rest[52 + length + 36..];
    }
    payloads
}

/// The entries of a payload.
fn entries(mut payload: &[u8]) -> Vec<&[u8]> {
    let mut entries = Vec::new();
    while let Some(last) = payload.iter().position(|byte| byte & 0x80 == 0) {
        let bits = payload[..=last].iter().rev();
        let length = bits.fold(0, |length, byte| length << 7 | usize::from(byte & 0x7F));
        let (entry, rest) = payload[last + 1..].split_at(length);
        entries.push(entry);
        payload = rest;
    }
    entries
}

/// The first byte says what the others are: a segment as it is, or the payloads of frames, each
/// after its length in two bytes.
fn disk(kind: LogKind, data: &[u8]) -> MemoryDisk {
    let (name, number) = match kind {
        LogKind::Input => ("input-0000000001.log", 1),
        LogKind::Evidence => ("evidence-0000000001.log", 2),
    };
    match data.split_first() {
        Some((first, rest)) if first & 1 == 1 => {
            MemoryDisk::with_file(name, &segment(number, rest))
        }
        _ => MemoryDisk::with_file(name, data),
    }
}

fn segment(kind: u32, mut data: &[u8]) -> Vec<u8> {
    let first: u64 = if kind == 1 { 1 } else { 0 };
    let mut bytes = b"WARDLOG1".to_vec();
    [1, kind].iter().for_each(|number: &u32| bytes.extend_from_slice(&number.to_le_bytes()));
    bytes.extend_from_slice(&LOG);
    [1, first, 0].iter().for_each(|number: &u64| bytes.extend_from_slice(&number.to_le_bytes()));
    let mut chain: Hash = Sha256::digest(&bytes).into();
    bytes.extend_from_slice(&chain);
    bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_le_bytes());
    let mut next = first;
    while let Some(([low, high], rest)) = data.split_first_chunk() {
        let length = usize::from(*low) | usize::from(*high) << 8;
        let (payload, rest) = rest.split_at(length.min(rest.len()));
        data = rest;
        let (entries, notes) = count(payload);
        let numbered = if kind == 1 { entries - notes } else { entries };
        chain = frame(&mut bytes, &chain, payload, [next, numbered, entries]);
        next += numbered;
    }
    bytes
}

fn frame(bytes: &mut Vec<u8>, chain: &Hash, payload: &[u8], counts: [u64; 3]) -> Hash {
    let [first, numbered, entries] = counts;
    let start = bytes.len();
    bytes.extend_from_slice(b"WFRM");
    bytes.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&first.to_le_bytes());
    bytes.extend_from_slice(&(numbered as u32).to_le_bytes());
    bytes.extend_from_slice(&(entries as u32).to_le_bytes());
    for number in [NOW.ms() as u64, start as u64, 0] {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    let sum = checksum(&bytes[start..]);
    bytes.extend_from_slice(&sum.to_le_bytes());
    bytes.extend_from_slice(payload);
    let next = Sha256::new().chain_update(chain).chain_update(&bytes[start..]).finalize();
    bytes.extend_from_slice(&next);
    let sum = checksum(&bytes[start..]);
    bytes.extend_from_slice(&sum.to_le_bytes());
    next.into()
}

fn checksum(bytes: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&LOG), bytes)
}

/// How many entries a payload has, and how many of them are notes, as far as it can be read.
fn count(payload: &[u8]) -> (u64, u64) {
    let (mut entries, mut notes, mut at) = (0, 0, 0);
    while let Some(length) = payload.get(at).filter(|length| **length < 128 && **length > 0) {
        notes += u64::from(matches!(payload.get(at + 1), Some(32..=34)));
        entries += 1;
        at += 1 + usize::from(*length);
    }
    (entries, notes)
}

fn entropy() -> Box<dyn Entropy> {
    let mut drawn = 0;
    Box::new(move |bytes: &mut [u8]| {
        drawn += 1;
        bytes.fill(drawn);
        Ok(())
    })
}
