//! Carrying a whole journal to somebody else, as a tar file.
//!
//! It has both logs, their keys and the checkpoints, but not the key that signs: another operator
//! reads and judges the journal again, and begins one of his own.

use crate::files::Failure;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;
use wardline_journal::disk::Disk;

/// Writes all files of a journal that another operator needs. Gives how many.
///
/// # Errors
///
/// If one cannot be read, or the file cannot be written or is there already.
pub fn export(folder: &Path, disk: &dyn Disk, out: &Path) -> Result<usize, Failure> {
    let names = disk.list().map_err(|e| Failure::new("cannot read", folder, e))?;
    let names: Vec<_> = names.into_iter().filter(|name| is_carried(name)).collect();
    let file = File::create_new(out).map_err(|e| Failure::new("cannot write", out, e))?;
    let written = (|| {
        let mut builder = tar::Builder::new(BufWriter::new(file));
        builder.mode(tar::HeaderMode::Deterministic);
        for name in &names {
            append(&mut builder, &folder.join(name), name)?;
        }
        builder.into_inner()?.flush()
    })();
    written.map(|()| names.len()).map_err(|e| Failure::new("cannot write", out, e))
}

/// Adds a file as long as it is now: one that is being written may grow meanwhile.
fn append(builder: &mut tar::Builder<impl Write>, path: &Path, name: &str) -> io::Result<()> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut header = tar::Header::new_gnu();
    header.set_size(length);
    header.set_mode(0o600);
    header.set_cksum();
    builder.append_data(&mut header, name, file.take(length))
}

/// Unpacks a journal into a folder that does not exist or is empty. Gives how many files.
///
/// # Errors
///
/// If the file holds anything that does not belong to a journal, or cannot be read or unpacked.
pub fn import(file: &Path, folder: &Path) -> Result<usize, Failure> {
    if fs::read_dir(folder).is_ok_and(|mut files| files.next().is_some()) {
        return Err(Failure::new("cannot write", folder, "the folder is not empty"));
    }
    fs::create_dir_all(folder).map_err(|e| Failure::new("cannot write", folder, e))?;
    let opened = File::open(file).map_err(|e| Failure::new("cannot read", file, e))?;
    let unpacked = unpack(BufReader::new(opened), folder);
    unpacked.map_err(|e| Failure::new("cannot import", file, e))
}

fn unpack(reader: impl Read, folder: &Path) -> io::Result<usize> {
    let mut archive = tar::Archive::new(reader);
    let mut files = 0;
    for entry in archive.entries()? {
        let mut entry = entry?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        // Names of journals have no folders in them, so nothing is written elsewhere.
        if !entry.header().entry_type().is_file() || !is_carried(&name) {
            return Err(io::Error::other("it is no journal, nor a case"));
        }
        io::copy(&mut entry, &mut File::create_new(folder.join(name))?)?;
        files += 1;
    }
    match files {
        0 => Err(io::Error::other("it is no journal, nor a case")),
        _ => Ok(files),
    }
}

/// Whether a file belongs to a journal that is carried. Snapshots and the tree follow from it.
fn is_carried(name: &str) -> bool {
    let segment = |kind| name.starts_with(kind) && name.ends_with(".log");
    let cut = name.contains(".log.cut-");
    let others = [
        "input.keys",
        "evidence.keys",
        "evidence.checkpoints",
        "evidence.public",
        super::config::NAME,
    ];
    let plain = !name.contains(['/', '\\']);
    plain && (segment("input-") || segment("evidence-") || cut || others.contains(&name))
}
