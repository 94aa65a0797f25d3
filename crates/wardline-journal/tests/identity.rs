//! The keys of checkpoints that lie beside a log.

use wardline_journal::disk::{Disk, Folder, MemoryDisk};
use wardline_journal::{IdentityError, SystemEntropy, stored_signer, stored_verifier};

#[test]
fn a_signer_is_made_once_and_found_again() {
    let (disk, mut entropy) = (MemoryDisk::new(), SystemEntropy::default());
    assert!(stored_verifier(&disk).expect("readable").is_none());
    let first = stored_signer(&disk, "example.org/one", &mut entropy).expect("made");
    let again = stored_signer(&disk, "example.org/two", &mut entropy).expect("found");
    assert_eq!(first.verifier(), again.verifier());
    assert_eq!(again.name(), "example.org/one");
    assert_eq!(stored_verifier(&disk).expect("readable"), Some(first.verifier()));
}

#[test]
fn a_bad_name_leaves_no_file() {
    let disk = MemoryDisk::new();
    let made = stored_signer(&disk, "two words", &mut SystemEntropy::default());
    assert!(matches!(made, Err(IdentityError::Name(_))));
    assert!(disk.list().expect("listed").is_empty());
}

#[test]
fn what_is_no_key_is_refused() {
    for (name, content) in [("evidence.public", "nothing"), ("evidence.secret", "xy")] {
        let disk = MemoryDisk::new();
        disk.create(name).expect("made").write_at(0, content.as_bytes()).expect("written");
        let made = stored_signer(&disk, "example.org/one", &mut SystemEntropy::default());
        assert!(matches!(made, Err(IdentityError::Content { file }) if file == name));
    }
}

#[test]
#[cfg(unix)]
fn nobody_else_may_read_the_private_key() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let disk = Folder::open(folder.path()).expect("opened");
    stored_signer(&disk, "example.org/one", &mut SystemEntropy::default()).expect("made");
    let file = std::fs::metadata(folder.path().join("evidence.secret")).expect("there");
    assert_eq!(file.permissions().mode() & 0o077, 0);
}
