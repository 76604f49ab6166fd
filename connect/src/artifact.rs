//! Files that a client sends along: modules for its sources, data, and the rows of local relations.
//!
//! Files live in a folder of the session, rows in memory; both end with it. Modules are found by the one interpreter that all
//! sessions share, so a module of one session can be imported by another while both are there, and of two of one name the first
//! wins. What is installed always comes first.

mod python_path;
mod transfer;

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use prost::bytes::Bytes;
use seatrial_engine::error::condition::ARTIFACT_ALREADY_EXISTS;
use seatrial_engine::error::{ExceptionClass, SparkError};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::failure::Failure;

pub(crate) use transfer::Transfer;

/// How many bytes the artifacts of a session may have.
const LIMIT: usize = 2 << 30;

/// Where rows of local relations are kept; what follows is their SHA-256.
const CACHE: &str = "cache/";

/// The artifacts of a session.
#[derive(Debug, Default)]
pub(crate) struct Artifacts(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// Made when the first file comes.
    folder: Option<TempDir>,
    /// The digests of the files by their names.
    files: BTreeMap<String, [u8; 32]>,
    /// The rows of local relations by their hash.
    cached: BTreeMap<String, Bytes>,
    bytes: usize,
}

/// What became of an artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Added {
    Kept,
    /// It is not what its name says.
    Broken,
}

/// What the name of an artifact says of its use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use<'n> {
    Cache(&'n str),
    /// A module, or an archive of some.
    Python(&'n str),
    /// An archive to unpack, and the name of the folder for it.
    Archive(&'n str, &'n str),
    File(&'n str),
}

impl Artifacts {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rows of a local relation that were sent before.
    pub(crate) fn cached(&self, hash: &str) -> Option<Bytes> {
        self.lock().cached.get(hash).cloned()
    }

    /// Whether an artifact is there.
    pub(crate) fn has(&self, name: &str) -> bool {
        let kept = self.lock();
        name.strip_prefix(CACHE).is_some_and(|hash| kept.cached.contains_key(hash)) || kept.files.contains_key(name)
    }

    /// Keeps an artifact. What is there already stays.
    fn add(&self, name: &str, data: Bytes) -> Result<Added, Failure> {
        let wanted = wanted(name)?;
        let digest: [u8; 32] = Sha256::digest(&data).into();
        let mut kept = self.lock();
        if kept.bytes.saturating_add(data.len()) > LIMIT {
            return Err(Failure::exhausted(format!("the artifacts of a session may have {LIMIT} bytes at most")));
        }
        if let Use::Cache(hash) = wanted {
            if !hash.eq_ignore_ascii_case(&hex(&digest)) {
                return Ok(Added::Broken);
            }
            if !kept.cached.contains_key(hash) {
                kept.bytes += data.len();
                // The message that it came in is larger.
                kept.cached.insert(hash.to_owned(), Bytes::copy_from_slice(&data));
            }
            return Ok(Added::Kept);
        }
        match kept.files.get(name) {
            Some(known) if *known == digest => return Ok(Added::Kept),
            Some(_) => {
                let parameters = [("normalizedRemoteRelativePath", name.to_owned())];
                return Err(ARTIFACT_ALREADY_EXISTS.error(parameters).into());
            }
            None => {}
        }
        let folder = kept.folder().map_err(|error| cannot_keep(name, &error))?;
        keep(&folder, wanted, &data).map_err(|error| cannot_keep(name, &error))?;
        kept.bytes += data.len();
        kept.files.insert(name.to_owned(), digest);
        Ok(Added::Kept)
    }

    /// Removes everything, also from the interpreter's path.
    pub(crate) fn clear(&self) {
        let kept = std::mem::take(&mut *self.lock());
        let Some(folder) = kept.folder else { return };
        python_path::forget(folder.path());
        if let Err(error) = folder.close() {
            tracing::warn!("the files of a session stay: {error}");
        }
    }
}

impl Drop for Artifacts {
    fn drop(&mut self) {
        self.clear();
    }
}

impl Kept {
    fn folder(&mut self) -> std::io::Result<PathBuf> {
        let folder = match self.folder.take() {
            Some(folder) => folder,
            None => tempfile::Builder::new().prefix("seatrial-session-").tempdir()?,
        };
        let path = folder.path().to_owned();
        self.folder = Some(folder);
        Ok(path)
    }
}

/// Writes a file where its use demands.
fn keep(folder: &Path, wanted: Use<'_>, data: &[u8]) -> std::io::Result<()> {
    let write = |kind: &str, name: &str| {
        let path = folder.join(kind).join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(&path, data)?;
        Ok::<_, std::io::Error>(path)
    };
    match wanted {
        Use::Cache(_) => Ok(()),
        Use::Python(name) => {
            let path = write("pyfiles", name)?;
            let is_module = path.extension().is_some_and(|extension| extension == "py");
            // Archives of modules are places to look in by themselves.
            python_path::add(if is_module { path.parent().unwrap_or(folder) } else { &path })
        }
        Use::File(name) => {
            write("files", name)?;
            python_path::set_files(&folder.join("files"))
        }
        Use::Archive(name, unpacked) => {
            let path = write("archives", name)?;
            python_path::unpack(&path, &folder.join("files").join(unpacked))?;
            python_path::set_files(&folder.join("files"))
        }
    }
}

/// What an artifact is for, by its name.
fn wanted(name: &str) -> Result<Use<'_>, Failure> {
    let plain = |name: &str| {
        let mut parts = Path::new(name).components().peekable();
        parts.peek().is_some() && parts.all(|part| matches!(part, Component::Normal(_))) && !name.contains('\0')
    };
    if !plain(name) {
        return Err(Failure::invalid(format!("The artifact name `{name}` is no relative path.")));
    }
    let (kind, rest) = name.split_once('/').unwrap_or((name, ""));
    match kind {
        _ if rest.is_empty() => Err(Failure::unsupported("artifact", name)),
        "cache" => Ok(Use::Cache(rest)),
        "pyfiles" => Ok(Use::Python(rest)),
        "files" => Ok(Use::File(rest)),
        "archives" => {
            let (file, folder) = rest.split_once('#').unwrap_or((rest, rest));
            if plain(file) && plain(folder) {
                Ok(Use::Archive(file, folder))
            } else {
                Err(Failure::invalid(format!("The artifact name `{name}` is no relative path.")))
            }
        }
        // Classes of a JVM, and files to be put wherever a client wants.
        _ => Err(Failure::unsupported("artifact", name)),
    }
}

fn cannot_keep(name: &str, error: &std::io::Error) -> Failure {
    SparkError::plain(ExceptionClass::Spark, format!("the artifact {name} cannot be used: {error}")).into()
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("cache/abc", Some(Use::Cache("abc")))]
    #[case("pyfiles/a.py", Some(Use::Python("a.py")))]
    #[case("archives/a.zip#b", Some(Use::Archive("a.zip", "b")))]
    #[case("archives/a.zip", Some(Use::Archive("a.zip", "a.zip")))]
    #[case("files/a/b", Some(Use::File("a/b")))]
    #[case("files/../b", None)]
    #[case("/etc/passwd", None)]
    #[case("archives/a.zip#../b", None)]
    #[case("archives/a.zip#/b", None)]
    #[case("forward_to_fs/etc/passwd", None)]
    #[case("jars/a.jar", None)]
    #[case("files/", None)]
    #[case("", None)]
    fn names_say_the_use_and_stay_in_the_folder(#[case] name: &str, #[case] expected: Option<Use<'_>>) {
        assert_eq!(wanted(name).ok(), expected);
    }
}
