//! Where the files of a journal are: one folder, behind traits small enough to fake.
//!
//! [`Folder`] is a real one. [`MemoryDisk`] is for tests: it runs full, fails, and loses what was
//! not synced.

mod folder;
mod memory;

pub use folder::Folder;
pub use memory::MemoryDisk;

use std::fmt::Debug;
use std::io;

/// A flat folder of files.
///
/// What is created, renamed or removed is durable only after [`Disk::sync_folder`].
pub trait Disk: Send + Sync + Debug {
    /// The names of all files, sorted.
    ///
    /// # Errors
    ///
    /// If the folder cannot be read.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Opens a file that is there, to read and write it.
    ///
    /// # Errors
    ///
    /// If it is not there or cannot be opened.
    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;

    /// Creates an empty file, in place of one of that name if there is one.
    ///
    /// # Errors
    ///
    /// If it cannot be created.
    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;

    /// Gives a file another name, in place of one of that name if there is one.
    ///
    /// # Errors
    ///
    /// If it cannot be renamed.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    ///
    /// If it cannot be removed.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes durable which files there are.
    ///
    /// # Errors
    ///
    /// If that fails.
    fn sync_folder(&self) -> io::Result<()>;
}

/// An open file.
pub trait DiskFile: Send + Sync + Debug {
    /// Its length in bytes.
    ///
    /// # Errors
    ///
    /// If it cannot be told.
    fn length(&self) -> io::Result<u64>;

    /// Reads bytes from `offset` on, as many as there are at once; 0 at the end.
    ///
    /// # Errors
    ///
    /// If they cannot be read.
    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> io::Result<usize>;

    /// Writes bytes from `offset` on, perhaps only the first of them, and says how many.
    ///
    /// # Errors
    ///
    /// If none can be written.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<usize>;

    /// Cuts the file off.
    ///
    /// # Errors
    ///
    /// If that fails.
    fn truncate(&mut self, length: u64) -> io::Result<()>;

    /// Makes its content durable.
    ///
    /// # Errors
    ///
    /// If that fails; what is durable then is unknown.
    fn sync(&mut self) -> io::Result<()>;
}

/// Writes all of the bytes.
pub(crate) fn write_all(
    file: &mut dyn DiskFile,
    mut offset: u64,
    mut bytes: &[u8],
) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.write_at(offset, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                bytes = bytes.get(written..).ok_or(io::ErrorKind::InvalidData)?;
                offset += written as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Fills as much of `into` as the file has from `offset` on, and says how much.
pub(crate) fn read_full(
    file: &mut dyn DiskFile,
    offset: u64,
    into: &mut [u8],
) -> io::Result<usize> {
    let mut filled = 0;
    while filled < into.len() {
        match file.read_at(offset + filled as u64, &mut into[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// All of a file, if it is not longer than `length_max`.
pub(crate) fn read_whole(disk: &dyn Disk, name: &str, length_max: u64) -> io::Result<Vec<u8>> {
    let mut file = disk.open(name)?;
    let length = file.length()?;
    if length > length_max {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut bytes = vec![0; usize::try_from(length).map_err(|_| io::ErrorKind::FileTooLarge)?];
    let read = read_full(file.as_mut(), 0, &mut bytes)?;
    bytes.truncate(read);
    Ok(bytes)
}

/// Makes a file of these bytes appear under its name whole and durable, or not at all.
pub(crate) fn put_whole(disk: &dyn Disk, name: &str, parts: &[&[u8]]) -> io::Result<()> {
    let temporary = format!("{name}{TEMPORARY}");
    let written = (|| {
        let mut file = disk.create(&temporary)?;
        let mut offset = 0;
        for part in parts {
            write_all(file.as_mut(), offset, part)?;
            offset += part.len() as u64;
        }
        file.sync()?;
        disk.rename(&temporary, name)?;
        disk.sync_folder()
    })();
    if written.is_err() {
        // It is found and removed at the next start otherwise.
        let _ = disk.remove(&temporary);
    }
    written
}

/// Removes files that a crash left half written.
pub(crate) fn remove_temporary(disk: &dyn Disk, names: &[String], prefix: &str) -> io::Result<()> {
    let left = names.iter().filter(|name| name.starts_with(prefix) && name.ends_with(TEMPORARY));
    left.into_iter().try_for_each(|name| disk.remove(name))
}

/// How the name of a file ends that is still being written.
pub(crate) const TEMPORARY: &str = ".new";
