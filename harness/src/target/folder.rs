//! Temporary folders that go away on every path out of the program: at the end of their use, and on Ctrl-C.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::TempDir;

use super::TargetError;

/// The folders that are there, for the handler of Ctrl-C.
static PRESENT: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn present() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    PRESENT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A temporary folder; dropping it removes it with all that is in it.
#[derive(Debug)]
pub struct Folder(TempDir);

impl Folder {
    /// A new, empty folder.
    pub fn try_new() -> Result<Self, TargetError> {
        // The lock is held meanwhile, so that Ctrl-C either comes before the folder exists or finds it.
        let mut present = present();
        let folder = tempfile::Builder::new().prefix("seatrial-").tempdir();
        let folder = folder.map_err(TargetError::io("make a directory for the runner"))?;
        present.insert(folder.path().to_owned());
        Ok(Self(folder))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        present().remove(self.0.path());
    }
}

/// Removes all folders. None can be made from here on: the program is about to end.
pub(crate) fn remove_all() {
    let present = present();
    for folder in present.iter() {
        // Nobody is left to tell.
        drop(std::fs::remove_dir_all(folder));
    }
    std::mem::forget(present);
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    #[test]
    fn a_folder_is_there_until_it_is_dropped() {
        let folder = Folder::try_new().unwrap();
        let path = folder.path().to_owned();
        std::fs::write(path.join("x"), "").unwrap();
        assert!(present().contains(&path));
        drop(folder);
        assert!(!path.exists() && !present().contains(&path));
    }
}
