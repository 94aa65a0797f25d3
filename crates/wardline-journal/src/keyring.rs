//! The keys that a writer seals with: one for each subject, made anew now and then.
//!
//! A key is in the file, and the file durable, before a frame that needs it is written. A frame
//! says up to which number keys were named in the log; what the file has beyond that was never
//! used, and is dropped at the next start.

use crate::disk::{Disk, DiskFile, put_whole, write_all};
use crate::error::{OpenError, ReadError};
use crate::keys::{KeyInfo, KeyLine, encode_head, read_lines};
use crate::notes::{Note, commitment};
use crate::seal::{Cipher, Entropy, KEY_BYTES, draw};
use crate::segment::LogId;
use crate::{LogKind, Subject};
use hashbrown::{HashMap, HashSet};
use std::fmt;
use std::io;
use std::sync::Arc;
use wardline_core::time::Timestamp;

/// A key to seal with.
#[derive(Clone, Copy)]
pub(crate) struct KeyPlace {
    /// Where its cipher is.
    pub place: usize,
    /// Its number.
    pub key: u64,
}

/// A key that is in use.
struct Current {
    at: KeyPlace,
    made: Timestamp,
}

/// The keys of a log, to write it.
pub(crate) struct KeyRing {
    disk: Arc<dyn Disk>,
    kind: LogKind,
    log: LogId,
    entropy: Box<dyn Entropy>,
    period_ms: i64,
    file: Box<dyn DiskFile>,
    end: u64,
    /// Those in use, by kind and number of the subject: apart, for fixes need those of devices
    /// only, which are few beside the zones.
    current: [HashMap<u64, Current>; Subject::KINDS],
    ciphers: Vec<Cipher>,
    /// Places that are no longer in use once what is being sealed is sealed.
    retired: Vec<usize>,
    free: Vec<usize>,
    /// Whose keys there are or were.
    known: HashSet<Subject>,
    next: u64,
    /// Made, but not in the file yet.
    fresh: Vec<KeyLine>,
}

impl KeyRing {
    /// Opens the keys of a log in which all below `named` were named.
    pub fn open(
        disk: Arc<dyn Disk>,
        (kind, log, named): (LogKind, LogId, u64),
        entropy: Box<dyn Entropy>,
        period_ms: i64,
    ) -> Result<Self, OpenError> {
        let mut lines = read_lines(disk.as_ref(), kind, &log)?.unwrap_or_default();
        // Those after were made, and never used.
        lines.retain(|line| line.info.key < named);
        let next = lines.len() as u64 + 1;
        if next != named.max(1) || lines.iter().zip(1..).any(|(line, key)| line.info.key != key) {
            return Err(ReadError::Keys.into());
        }
        let bytes = encode_file(&log, &lines);
        // Written anew as a whole, so that nothing torn is left at its end.
        put_whole(disk.as_ref(), &kind.keys_name(), &[&bytes])?;
        let file = disk.open(&kind.keys_name())?;
        let mut ring = Self {
            end: bytes.len() as u64,
            current: Default::default(),
            ciphers: Vec::new(),
            retired: Vec::new(),
            free: Vec::new(),
            known: HashSet::new(),
            fresh: Vec::new(),
            disk,
            kind,
            log,
            entropy,
            period_ms,
            file,
            next,
        };
        for line in &lines {
            ring.known.insert(line.info.subject);
            ring.renew(line.info.subject);
            if !line.info.is_forgotten {
                ring.install(line);
            }
        }
        Ok(ring)
    }

    /// All keys below this number were made.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Notes that a subject is to have keys of its own.
    pub fn know(&mut self, subject: Subject) {
        self.known.insert(subject);
    }

    /// Makes a new key for the subject when it next needs one.
    pub fn renew(&mut self, subject: Subject) {
        let (kind, id) = subject.to_numbers();
        let current = self.current[usize::from(kind)].remove(&id);
        self.retired.extend(current.map(|current| current.at.place));
    }

    /// Says that nothing is to be sealed any more with places given so far.
    pub fn begin(&mut self) {
        self.free.append(&mut self.retired);
    }

    /// The place of the key that the subject uses at an instant, and the note that names it if it
    /// is new. One that is not known to have keys of its own uses the one of [`Subject::Rest`].
    pub fn place(
        &mut self,
        subject: Subject,
        now: Timestamp,
    ) -> io::Result<(KeyPlace, Option<Note>)> {
        let (kind, id) = subject.to_numbers();
        if let Some(current) = self.current[usize::from(kind)].get(&id)
            && now.ms_since(current.made) < self.period_ms
        {
            return Ok((current.at, None));
        }
        if subject != Subject::Rest && !self.known.contains(&subject) {
            return self.place(Subject::Rest, now);
        }
        let key: [u8; KEY_BYTES] = draw(self.entropy.as_mut())?;
        let info = KeyInfo { key: self.next, subject, made: now, is_forgotten: false };
        let line = KeyLine { info, key };
        self.next += 1;
        let at = self.install(&line);
        self.fresh.push(line);
        let note = Note::KeyMade { key: info.key, subject, commitment: commitment(&key) };
        Ok((at, Some(note)))
    }

    fn install(&mut self, line: &KeyLine) -> KeyPlace {
        let KeyInfo { key, subject, made, .. } = line.info;
        self.known.insert(subject);
        self.renew(subject);
        let cipher = Cipher::new(&line.key);
        let place = match self.free.pop() {
            Some(place) => {
                self.ciphers[place] = cipher;
                place
            }
            None => {
                self.ciphers.push(cipher);
                self.ciphers.len() - 1
            }
        };
        let at = KeyPlace { place, key };
        let (kind, id) = subject.to_numbers();
        self.current[usize::from(kind)].insert(id, Current { at, made });
        at
    }

    pub fn cipher(&self, place: usize) -> &Cipher {
        &self.ciphers[place]
    }

    /// Makes new keys durable.
    pub fn flush(&mut self) -> Result<(), KeyError> {
        if self.fresh.is_empty() {
            return Ok(());
        }
        let mut bytes = Vec::new();
        self.fresh.iter().for_each(|line| line.encode(&self.log, &mut bytes));
        write_all(self.file.as_mut(), self.end, &bytes).map_err(KeyError::Write)?;
        self.file.sync().map_err(KeyError::Sync)?;
        self.end += bytes.len() as u64;
        self.fresh.clear();
        Ok(())
    }

    /// Destroys keys, and gives the numbers of those that were there. The subjects keep being
    /// known; when they next need a key, a new one is made.
    pub fn forget(&mut self, which: impl Fn(&KeyInfo) -> bool) -> Result<Vec<u64>, KeyError> {
        self.flush()?;
        let lines = read_lines(self.disk.as_ref(), self.kind, &self.log);
        let lines = lines.map_err(|error| KeyError::Sync(io::Error::other(error)))?;
        let mut lines = lines.unwrap_or_default();
        if lines.len() as u64 + 1 != self.next {
            return Err(KeyError::Sync(io::Error::other("the file of keys is damaged")));
        }
        let mut forgotten = Vec::new();
        for line in lines.iter_mut().filter(|line| !line.info.is_forgotten && which(&line.info)) {
            (line.info.is_forgotten, line.key) = (true, [0; KEY_BYTES]);
            forgotten.push(line.info.key);
        }
        let bytes = encode_file(&self.log, &lines);
        put_whole(self.disk.as_ref(), &self.kind.keys_name(), &[&bytes])
            .map_err(KeyError::Write)?;
        self.file = self.disk.open(&self.kind.keys_name()).map_err(KeyError::Sync)?;
        self.end = bytes.len() as u64;
        let retired = &mut self.retired;
        for current in &mut self.current {
            current.retain(|_, current| {
                let stays = forgotten.binary_search(&current.at.key).is_err();
                if !stays {
                    retired.push(current.at.place);
                }
                stays
            });
        }
        Ok(forgotten)
    }
}

fn encode_file(log: &LogId, lines: &[KeyLine]) -> Vec<u8> {
    let mut bytes = encode_head(log);
    lines.iter().for_each(|line| line.encode(log, &mut bytes));
    bytes
}

/// Why keys are not durable.
pub(crate) enum KeyError {
    /// They could not be written.
    Write(io::Error),
    /// A sync failed, so what is durable is unknown.
    Sync(io::Error),
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").field("keys", &self.ciphers.len()).finish_non_exhaustive()
    }
}
