#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;

use tempfile::TempDir;

use super::*;

/// A repository with its project in the folder `sub`.
struct Sandbox(TempDir);

impl Sandbox {
    fn new() -> Self {
        let sandbox = Self(tempfile::tempdir().unwrap());
        sandbox.git(&["init", "--quiet", "--initial-branch=main"]);
        fs::create_dir_all(sandbox.0.path().join("sub/cases")).unwrap();
        sandbox
    }

    fn git(&self, arguments: &[&str]) {
        let mut command = Command::new("git");
        command.arg("-C").arg(self.0.path()).args(["-c", "user.name=t", "-c", "user.email=t@example.org"]);
        let output = command.args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn commit(&self, text: &str) {
        fs::write(self.0.path().join("sub/cases/a b.yaml"), text).unwrap();
        self.git(&["add", "."]);
        self.git(&["commit", "--quiet", "-m", text]);
    }

    fn repository(&self) -> Repository {
        Repository::of(&self.0.path().join("sub")).unwrap()
    }
}

#[test]
fn the_files_of_a_commit_are_those_that_it_holds() {
    let sandbox = Sandbox::new();
    sandbox.commit("one\n");
    sandbox.commit("two\n\nwith lines\n");
    fs::write(sandbox.0.path().join("sub/cases/new.yaml"), "").unwrap();
    let repository = sandbox.repository();
    assert_eq!(repository.prefix(), "sub/");
    for (revision, text) in [("HEAD^", "one\n"), ("HEAD", "two\n\nwith lines\n")] {
        let target = tempfile::tempdir().unwrap();
        repository.extract(&repository.commit(revision).unwrap(), &["cases", "golden/x"], target.path()).unwrap();
        assert_eq!(fs::read_to_string(target.path().join("cases/a b.yaml")).unwrap(), text);
        assert!(!target.path().join("cases/new.yaml").exists());
    }
}

#[test]
fn the_baseline_is_what_a_release_manager_expects() {
    let sandbox = Sandbox::new();
    let repository = sandbox.repository();
    let released = || repository.released().map(|commit| commit.name).map_err(|error| error.to_string());
    assert_eq!(released(), Err("there is no commit yet to compare with; name a baseline with --baseline".into()));
    sandbox.commit("one");
    assert_eq!(released().unwrap(), "HEAD, the only commit");
    sandbox.commit("two");
    assert_eq!(released().unwrap(), "HEAD^ (there is no tag yet)");
    sandbox.git(&["tag", "v1"]);
    sandbox.commit("three");
    assert_eq!(released().unwrap(), "v1");
    // The release itself is compared with the one before.
    sandbox.git(&["tag", "v2"]);
    assert_eq!(released().unwrap(), "v1");
    sandbox.git(&["switch", "--quiet", "-c", "topic"]);
    sandbox.commit("four");
    assert_eq!(released().unwrap(), "the merge base with main");
    assert_eq!(repository.released().unwrap().hash, repository.commit("v2").unwrap().hash);
}

#[test]
fn a_revision_that_is_not_there_is_told_with_its_remedy() {
    let sandbox = Sandbox::new();
    sandbox.commit("one");
    sandbox.commit("two");
    let message = |repository: &Repository, revision: &str| repository.commit(revision).unwrap_err().to_string();
    let unknown = "is neither a file nor a revision that git knows here";
    assert_eq!(message(&sandbox.repository(), "v9"), format!("`v9` {unknown}"));
    // What looks like an option is a revision that does not exist.
    assert_eq!(message(&sandbox.repository(), "--all"), format!("`--all` {unknown}"));

    let shallow = tempfile::tempdir().unwrap();
    let url = format!("file://{}", sandbox.0.path().display());
    let clone = Command::new("git").args(["clone", "--quiet", "--depth=1", &url]).arg(shallow.path()).output().unwrap();
    assert!(clone.status.success());
    let repository = Repository::of(shallow.path()).unwrap();
    let help = shallow_help(true);
    assert!(help.contains("fetch-depth: 0") && help.contains("git fetch --unshallow"));
    assert_eq!(message(&repository, "HEAD^"), format!("`HEAD^` {unknown}{help}"));
    assert!(matches!(repository.released(), Err(GitError::Shallow)));
    assert!(repository.commit("HEAD").is_ok());
}

#[test]
fn a_folder_outside_of_any_repository_is_told() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(Repository::of(folder.path()), Err(GitError::NoRepository(_))));
}
