//! A case as a file: JSON Lines, enough to be verified without the journal it comes from.
//!
//! The first line says what it is about, and has the checkpoint and the key that checks it. Then
//! come leaves of the evidence as they are stored, each with its proof; the keys that open them;
//! and the inputs that the orders are judged by, in the binary form of `docs/journal.md`. Bytes
//! are in Base64. `docs/journal.md` describes it for readers in other languages.

use super::proof::CaseError;
use super::scope::Scope;
use crate::files::{self, Failure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io::{BufRead, Write};
use std::path::Path;
use wardline_core::input::Record;
use wardline_journal::merkle::Inclusion;
use wardline_journal::{Disclosure, Evidence, Hash, input_from_bytes, input_to_bytes};

/// A case.
#[derive(Clone)]
pub struct Case {
    /// What it is about.
    pub scope: Scope,
    /// The key that checks the checkpoint, as its maker says: `name+hash+key`.
    pub public_key: String,
    /// The signed note of the tree that the leaves are in.
    pub checkpoint: String,
    /// Its number of leaves.
    pub size: u64,
    /// The leaves, in their order.
    pub leaves: Vec<CaseLeaf>,
    /// The keys that open them.
    pub keys: Disclosure,
    /// The inputs with their numbers. What others sent, and what made time pass for these orders,
    /// stands here as a tick.
    pub inputs: Vec<(u64, Record)>,
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Inputs have positions in them.
        let Self { scope, public_key, size, leaves, keys, inputs, .. } = self;
        let mut shown = f.debug_struct("Case");
        shown.field("scope", scope).field("public_key", public_key).field("size", size);
        shown.field("leaves", &leaves.len()).field("keys", keys).field("inputs", &inputs.len());
        shown.finish_non_exhaustive()
    }
}

/// A leaf with its proof.
#[derive(Clone, Debug)]
pub struct CaseLeaf {
    /// The leaf as it is stored.
    pub stored: Vec<u8>,
    /// The salt of its frame.
    pub salt: u64,
    /// Its number in the frame.
    pub entry: u32,
    /// Where it is in the tree.
    pub proof: Inclusion,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Case { version: u32, public_key: String, checkpoint: String, size: u64, scope: Scope },
    Leaf { number: u64, salt: u64, entry: u32, stored: String, path: Vec<String> },
    Key { number: u64, key: String },
    Input { number: u64, entry: String },
}

impl Case {
    /// What the leaves say, in their order.
    ///
    /// # Errors
    ///
    /// If one is no leaf.
    pub fn read_leaves(&self) -> Result<Vec<Evidence>, Failure> {
        let read = |leaf: &CaseLeaf| self.keys.read_leaf(&leaf.stored, leaf.salt, leaf.entry);
        let leaves: Result<_, _> = self.leaves.iter().map(read).collect();
        leaves.map_err(|e| Failure::new("cannot read", Path::new("a leaf of the case"), e))
    }

    /// Writes the case.
    ///
    /// # Errors
    ///
    /// If writing fails.
    pub fn write(&self, out: &mut impl Write) -> std::io::Result<()> {
        let mut put = |line: &Line| writeln!(out, "{}", serde_json::to_string(line)?);
        put(&Line::Case {
            version: VERSION,
            public_key: self.public_key.clone(),
            checkpoint: self.checkpoint.clone(),
            size: self.size,
            scope: self.scope.clone(),
        })?;
        for CaseLeaf { stored, salt, entry, proof } in &self.leaves {
            let path = proof.path.iter().map(|hash| BASE64.encode(hash)).collect();
            let (number, stored) = (proof.leaf, BASE64.encode(stored));
            put(&Line::Leaf { number, salt: *salt, entry: *entry, stored, path })?;
        }
        for (number, key) in self.keys.keys() {
            put(&Line::Key { number, key: BASE64.encode(key) })?;
        }
        for (number, record) in &self.inputs {
            let entry = BASE64.encode(input_to_bytes(record));
            put(&Line::Input { number: *number, entry })?;
        }
        out.flush()
    }

    /// Whether a file begins like a case.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub fn begins(file: &Path) -> Result<bool, Failure> {
        let mut reader = files::open(file)?;
        let begin = reader.fill_buf().map_err(|e| Failure::new("cannot read", file, e))?;
        Ok(begin.starts_with(b"{"))
    }

    /// Reads a case from a file. Nothing of it is verified yet.
    ///
    /// # Errors
    ///
    /// If it cannot be read or is no case.
    pub fn read(file: &Path) -> Result<Self, Failure> {
        let failed = |number: usize, error: CaseError| {
            Failure::new("cannot read", file, format!("line {}: {error}", number + 1))
        };
        let mut case: Option<Self> = None;
        for (number, line) in files::open(file)?.lines().enumerate() {
            let line = line.map_err(|e| Failure::new("cannot read", file, e))?;
            let line: Line =
                serde_json::from_str(&line).map_err(|_| failed(number, CaseError::Line))?;
            match (&mut case, line) {
                (None, Line::Case { version: VERSION, public_key, checkpoint, size, scope }) => {
                    case = Some(Self {
                        scope,
                        public_key,
                        checkpoint,
                        size,
                        leaves: Vec::new(),
                        keys: Disclosure::none(),
                        inputs: Vec::new(),
                    });
                }
                (Some(case), line) => case.take(line).map_err(|e| failed(number, e))?,
                (None, _) => return Err(failed(number, CaseError::Line)),
            }
        }
        case.ok_or_else(|| failed(0, CaseError::Line))
    }

    fn take(&mut self, line: Line) -> Result<(), CaseError> {
        match line {
            Line::Case { .. } => return Err(CaseError::Line),
            Line::Leaf { number, salt, entry, stored, path } => {
                let hash = |text: String| bytes(&text)?.try_into().map_err(|_| CaseError::Line);
                let path = path.into_iter().map(hash).collect::<Result<Vec<Hash>, _>>()?;
                let proof = Inclusion { leaf: number, size: self.size, path };
                self.leaves.push(CaseLeaf { stored: bytes(&stored)?, salt, entry, proof });
            }
            Line::Key { number, key } => {
                self.keys.add(number, bytes(&key)?.try_into().map_err(|_| CaseError::Line)?);
            }
            Line::Input { number, entry } => {
                let record = input_from_bytes(&bytes(&entry)?).map_err(CaseError::Malformed)?;
                self.inputs.push((number, record));
            }
        }
        Ok(())
    }
}

fn bytes(text: &str) -> Result<Vec<u8>, CaseError> {
    BASE64.decode(text).map_err(|_| CaseError::Line)
}

const VERSION: u32 = 1;
/// The name of a case in a folder.
pub const NAME: &str = "case.jsonl";
