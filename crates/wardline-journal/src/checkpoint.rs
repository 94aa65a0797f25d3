//! Signed heads of the evidence log, as C2SP has them: `tlog-checkpoint` in a `signed-note`.
//!
//! A checkpoint is text: the name of the log, the number of leaves, the head in Base64, an empty
//! line, and the signature. Whoever holds one can tell later whether history was rewritten.

use crate::Hash;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use sha2::{Digest, Sha256};
use std::fmt;

/// The head of a log at some size.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checkpoint {
    /// The name of the log, unique in the world: best a domain and path without a scheme.
    pub origin: String,
    /// The number of leaves.
    pub size: u64,
    /// The head of the tree over them.
    pub root: Hash,
}

impl Checkpoint {
    fn body(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, BASE64.encode(self.root))
    }

    fn parse_body(body: &str) -> Option<Self> {
        let mut lines = body.split_inclusive('\n').map(|line| line.strip_suffix('\n'));
        let (origin, size, root) = (lines.next()??, lines.next()??, lines.next()??);
        // Lines of other logs may follow; they are signed, and mean nothing here.
        if origin.is_empty() || lines.any(|line| line.is_none_or(str::is_empty)) {
            return None;
        }
        let number: u64 = size.parse().ok().filter(|number: &u64| number.to_string() == size)?;
        let root = BASE64.decode(root).ok()?.try_into().ok()?;
        Some(Self { origin: origin.to_owned(), size: number, root })
    }
}

/// Signs checkpoints with an Ed25519 key.
pub struct Signer {
    name: String,
    pair: Ed25519KeyPair,
}

impl Signer {
    /// A signer of this name, with the 32 bytes of a private key.
    ///
    /// # Errors
    ///
    /// If the name is empty or holds a space, `+` or a dash.
    pub fn new(name: &str, private_key: &[u8; 32]) -> Result<Self, NoteError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(private_key);
        match pair {
            Ok(pair) if is_name(name) => Ok(Self { name: name.to_owned(), pair }),
            _ => Err(NoteError::Name),
        }
    }

    /// Its name, which is also the name of the log.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What checks its signatures.
    pub fn verifier(&self) -> Verifier {
        let mut key = [0; 32];
        key.copy_from_slice(self.pair.public_key().as_ref());
        Verifier { name: self.name.clone(), key }
    }

    /// The checkpoint as a signed note.
    pub fn sign(&self, size: u64, root: Hash) -> String {
        let body = Checkpoint { origin: self.name.clone(), size, root }.body();
        let mut signature = self.verifier().id().to_vec();
        signature.extend_from_slice(self.pair.sign(body.as_bytes()).as_ref());
        format!("{body}\n\u{2014} {} {}\n", self.name, BASE64.encode(signature))
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Checks signatures of checkpoints: a name and a public key.
///
/// It is written as C2SP has it: `name+hash+key`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verifier {
    name: String,
    key: [u8; 32],
}

impl Verifier {
    /// Reads what [`Verifier`]'s `Display` writes.
    ///
    /// # Errors
    ///
    /// If it is no such text.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::Key);
        };
        let bytes = BASE64.decode(key).map_err(|_| NoteError::Key)?;
        let Some(([ED25519_TYPE], key)) = bytes.split_first_chunk() else {
            return Err(NoteError::Key);
        };
        let key = key.try_into().map_err(|_| NoteError::Key)?;
        let verifier = Self { name: name.to_owned(), key };
        match is_name(name) && verifier.to_string() == text && id.len() == 8 {
            true => Ok(verifier),
            false => Err(NoteError::Key),
        }
    }

    /// The name of the log.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The public key.
    pub fn key(&self) -> &[u8; 32] {
        &self.key
    }

    fn id(&self) -> [u8; 4] {
        let hash = Sha256::new().chain_update(&self.name).chain_update(*b"\n");
        let hash = hash.chain_update([ED25519_TYPE]).chain_update(self.key).finalize();
        [hash[0], hash[1], hash[2], hash[3]]
    }

    /// Reads a signed note and checks that this key signed it. Signatures of others beside it,
    /// such as those of witnesses, are passed over.
    ///
    /// # Errors
    ///
    /// If it is no checkpoint of this log, or not signed by this key.
    pub fn open(&self, note: &str) -> Result<Checkpoint, NoteError> {
        if note.len() > NOTE_BYTES_MAX {
            return Err(NoteError::Form);
        }
        let (body, signatures) = note.rsplit_once("\n\n").ok_or(NoteError::Form)?;
        let body = format!("{body}\n");
        let signatures = signatures.strip_suffix('\n').ok_or(NoteError::Form)?;
        let mut is_signed = false;
        for line in signatures.split('\n') {
            let (name, signature) = signature_of(line).ok_or(NoteError::Form)?;
            let (id, signature) = signature.split_first_chunk().ok_or(NoteError::Form)?;
            if name != self.name || *id != self.id() {
                continue;
            }
            let key = UnparsedPublicKey::new(&ED25519, &self.key);
            key.verify(body.as_bytes(), signature).map_err(|_| NoteError::Signature)?;
            is_signed = true;
        }
        if !is_signed {
            return Err(NoteError::Unsigned);
        }
        let checkpoint = Checkpoint::parse_body(&body).ok_or(NoteError::Form)?;
        match checkpoint.origin == self.name {
            true => Ok(checkpoint),
            false => Err(NoteError::Origin { origin: checkpoint.origin }),
        }
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = u32::from_be_bytes(self.id());
        let mut key = vec![ED25519_TYPE];
        key.extend_from_slice(&self.key);
        write!(f, "{}+{id:08x}+{}", self.name, BASE64.encode(key))
    }
}

fn signature_of(line: &str) -> Option<(&str, Vec<u8>)> {
    let (name, signature) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
    Some((name, BASE64.decode(signature).ok()?))
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || "+\u{2014}".contains(c))
}

/// Why a text is no checkpoint, or a key no key.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum NoteError {
    /// The name is empty or holds a space, `+` or a dash.
    Name,
    /// The text is no key.
    Key,
    /// The text is no checkpoint.
    Form,
    /// It has no signature of this key.
    Unsigned,
    /// The key did not sign it, though it says so.
    Signature,
    /// It is of another log.
    Origin {
        /// The name of that log.
        origin: String,
    },
}

impl fmt::Display for NoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => f.write_str("a name is not empty and holds no space, '+' or dash"),
            Self::Key => f.write_str("this is no key of the form name+hash+key"),
            Self::Form => f.write_str("this is no checkpoint"),
            Self::Unsigned => f.write_str("the checkpoint has no signature of this key"),
            Self::Signature => f.write_str("the signature of the checkpoint is wrong"),
            Self::Origin { origin } => write!(f, "the checkpoint is of the log '{origin}'"),
        }
    }
}

impl std::error::Error for NoteError {}

/// The algorithm's number in C2SP signed notes.
const ED25519_TYPE: u8 = 1;
/// Ten times a checkpoint with a hundred witnesses.
const NOTE_BYTES_MAX: usize = 100_000;
