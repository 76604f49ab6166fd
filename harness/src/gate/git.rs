//! What the gate asks of git: which commit a revision is, what was released last, and the files that a commit holds.
//!
//! The program `git` is asked, as it is there wherever a repository is, and knows every kind of one.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The repository that a folder lies in.
#[derive(Debug, Clone)]
pub struct Repository {
    folder: PathBuf,
    /// Where the folder lies in the repository: empty, or `conformance/`.
    prefix: String,
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its whole hash.
    pub hash: String,
    /// As a person would call it: `v0.1.0`, `the merge base with origin/main`.
    pub name: String,
}

impl Commit {
    /// The first digits of the hash.
    pub fn short(&self) -> &str {
        self.hash.get(..10).unwrap_or(&self.hash)
    }
}

/// Why git gave no baseline.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// There is no git.
    #[error(
        "failed to run git ({0}); install it, or name a scoreboard or a result of `seatrial check --format json` with --baseline"
    )]
    NoGit(std::io::Error),
    /// The folder is not under version control.
    #[error(
        "{0} lies in no git repository; name a scoreboard or a result of `seatrial check --format json` with --baseline"
    )]
    NoRepository(PathBuf),
    /// The revision is unknown.
    #[error("`{revision}` is neither a file nor a revision that git knows here{}", shallow_help(*shallow))]
    UnknownRevision {
        /// What was asked for.
        revision: String,
        /// Whether the history is cut off.
        shallow: bool,
    },
    /// Nobody can tell what was released.
    #[error("the history is cut off, so that what was released last can't be found{}", shallow_help(true))]
    Shallow,
    /// There is nothing to compare with.
    #[error("there is no commit yet to compare with; name a baseline with --baseline")]
    NoCommit,
    /// A command failed that should not.
    #[error("failed to {action}: {message}")]
    Failed {
        /// `read the files of v0.1.0`.
        action: String,
        /// What git said.
        message: String,
    },
}

fn shallow_help(shallow: bool) -> &'static str {
    if shallow {
        "; the clone is shallow: fetch the history with `git fetch --unshallow --tags` \
         (in GitHub Actions: `fetch-depth: 0` for actions/checkout)"
    } else {
        ""
    }
}

impl Repository {
    /// The repository of a folder.
    ///
    /// # Errors
    ///
    /// There is no git, or no repository.
    pub fn of(folder: &Path) -> Result<Self, GitError> {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let mut repository = Self { folder: folder.to_owned(), prefix: String::new() };
        let found = repository.git(["rev-parse", "--show-prefix"])?;
        if !found.status.success() {
            let message = String::from_utf8_lossy(&found.stderr);
            // A repository of another owner is refused by git, which says what to do.
            return Err(match message.contains("dubious ownership") {
                true => failed("use the repository", &found),
                false => GitError::NoRepository(folder.canonicalize().unwrap_or_else(|_| folder.to_owned())),
            });
        }
        repository.prefix = line(&found);
        Ok(repository)
    }

    /// Where the folder lies in the repository: empty, or `conformance/`.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The commit that a revision names.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn commit(&self, revision: &str) -> Result<Commit, GitError> {
        match self.find(revision)? {
            Some(hash) => Ok(Commit { hash, name: revision.to_owned() }),
            None => Err(GitError::UnknownRevision { revision: revision.to_owned(), shallow: self.is_shallow()? }),
        }
    }

    /// What a release manager compares with when nothing is named. On a branch: where it left the main branch. On the
    /// main branch and on a release: the latest tag before. Before the first tag: the commit before.
    ///
    /// # Errors
    ///
    /// The history is cut off, or there is none.
    pub fn released(&self) -> Result<Commit, GitError> {
        let head = self.find("HEAD")?.ok_or(GitError::NoCommit)?;
        if self.is_shallow()? {
            return Err(GitError::Shallow);
        }
        let tagged = !self.text(["tag", "--points-at", "HEAD"])?.is_empty();
        if !tagged
            && let Some((branch, base)) = self.merge_base()?
            && base != head
        {
            return Ok(Commit { hash: base, name: format!("the merge base with {branch}") });
        }
        // A release is compared with the one before it.
        let from = if tagged { "HEAD^" } else { "HEAD" };
        let described = self.git(["describe", "--tags", "--abbrev=0", from])?;
        let tag = line(&described);
        if described.status.success()
            && let Some(hash) = self.find(&tag)?
        {
            return Ok(Commit { hash, name: tag });
        }
        match self.find("HEAD^")? {
            Some(hash) => Ok(Commit { hash, name: "HEAD^ (there is no tag yet)".to_owned() }),
            None => Ok(Commit { hash: head, name: "HEAD, the only commit".to_owned() }),
        }
    }

    /// The main branch and where the present one left it.
    fn merge_base(&self) -> Result<Option<(String, String)>, GitError> {
        let default = self.text(["symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD"])?;
        for branch in [default.as_str(), "origin/main", "origin/master", "main", "master"] {
            if branch.is_empty() || self.find(branch)?.is_none() {
                continue;
            }
            let base = self.text(["merge-base", "HEAD", branch])?;
            return Ok((!base.is_empty()).then(|| (branch.to_owned(), base)));
        }
        Ok(None)
    }

    /// Writes the files of a commit that lie below some paths of this repository's folder to `target`.
    ///
    /// # Errors
    ///
    /// What git or the file system says.
    pub fn extract(&self, commit: &Commit, paths: &[&str], target: &Path) -> Result<(), GitError> {
        let action = || format!("read the files of {}", commit.name);
        let list = ["ls-tree", "-r", "-z", "--name-only", "--full-tree", &commit.hash, "--"];
        let below: Vec<String> = paths.iter().map(|path| format!("{}{path}", self.prefix)).collect();
        let listed = self.git(list.into_iter().map(str::to_owned).chain(below))?;
        if !listed.status.success() {
            return Err(failed(&action(), &listed));
        }
        let names = String::from_utf8_lossy(&listed.stdout).into_owned();
        // `cat-file --batch` takes a name a line.
        let names: Vec<&str> = names.split('\0').filter(|name| !name.is_empty() && !name.contains('\n')).collect();
        let wrong = |message: String| GitError::Failed { action: action(), message };
        let contents = self.contents(&commit.hash, &names).map_err(|error| wrong(error.to_string()))?;
        let mut rest = contents.as_slice();
        for name in names {
            let file = next_file(&mut rest).ok_or_else(|| wrong(format!("git did not hand over {name}")))?;
            let path = target.join(name.strip_prefix(&self.prefix).unwrap_or(name));
            let written =
                path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(&path, file));
            written.map_err(|error| wrong(format!("{}: {error}", path.display())))?;
        }
        Ok(())
    }

    /// The output of `git cat-file --batch`.
    fn contents(&self, hash: &str, names: &[&str]) -> std::io::Result<Vec<u8>> {
        let mut command = self.command(["cat-file", "--batch"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let wanted: String = names.iter().map(|name| format!("{hash}:{name}\n")).collect();
        let input = child.stdin.take();
        // Both pipes are small: git may wait for its reader before it has read all names.
        let writer = std::thread::spawn(move || input.map_or(Ok(()), |mut input| input.write_all(wanted.as_bytes())));
        let output = child.wait_with_output()?;
        // A broken pipe shows as missing files.
        drop(writer.join());
        Ok(output.stdout)
    }

    /// The hash of the commit that a revision names.
    fn find(&self, revision: &str) -> Result<Option<String>, GitError> {
        let found =
            self.git(["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{revision}^{{commit}}")])?;
        let hash = line(&found);
        Ok((found.status.success() && !hash.is_empty()).then_some(hash))
    }

    fn is_shallow(&self) -> Result<bool, GitError> {
        Ok(self.text(["rev-parse", "--is-shallow-repository"])? == "true")
    }

    /// What a command prints; nothing where it fails.
    fn text<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Result<String, GitError> {
        let output = self.git(arguments)?;
        Ok(if output.status.success() { line(&output) } else { String::new() })
    }

    fn git(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Result<Output, GitError> {
        self.command(arguments).output().map_err(GitError::NoGit)
    }

    fn command(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = Command::new("git");
        command.arg("-C").arg(&self.folder).args(arguments).stdin(Stdio::null()).env("LC_ALL", "C");
        command
    }
}

/// The next file of `git cat-file --batch`: `<hash> blob <size>`, the bytes, a line end.
fn next_file<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let head = std::str::from_utf8(rest.get(..end)?).ok()?;
    let (before, size) = head.rsplit_once(' ')?;
    if !before.ends_with(" blob") {
        return None;
    }
    let start = end + 1;
    let size: usize = size.parse().ok()?;
    let file = rest.get(start..start + size)?;
    *rest = rest.get(start + size + 1..)?;
    Some(file)
}

fn line(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned()
}

fn failed(action: &str, output: &Output) -> GitError {
    let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    GitError::Failed { action: action.to_owned(), message }
}

#[cfg(test)]
mod tests;
