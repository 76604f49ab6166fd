//! Which cases a command is about: `cases/read`, `cases/read/tuples.yaml`, `read/tuples::short`, `--filter tuples`.

use std::path::{Path, PathBuf};

use crate::case::{Case, Diagnostic, SparkMinor, Suite};

use super::Project;

/// A choice of cases. Without selectors and filter, all of them.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    selectors: Vec<Selector>,
    filter: Option<String>,
    cases: PathBuf,
}

/// One PATH of the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Selector {
    /// The file's topic or the folder, relative to `cases/`; empty for all.
    place: String,
    /// Whether `place` is a file.
    file: bool,
    /// What follows `::`: a name, or a part of one.
    name: Option<String>,
}

/// A PATH that leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// There is no such file or folder.
    #[error(
        "there is no case file or folder `{0}`; give a path, or FILE::NAME, or choose by a part of the id with --filter {0}"
    )]
    NoSuchPath(String),
    /// The path is not one of cases.
    #[error("`{path}` does not lie in {cases}")]
    Elsewhere {
        /// The path.
        path: String,
        /// The folder of cases.
        cases: PathBuf,
    },
}

/// The cases that were selected for a Spark version.
#[derive(Debug, Clone, Default)]
pub struct Picked<'a> {
    /// Those that the version has, in the order of their ids.
    pub cases: Vec<&'a Case>,
    /// How many more were selected but test what only a later version has.
    pub later: usize,
}

impl Selection {
    /// Understands the PATHs and the filter of a command line.
    pub fn resolve(project: &Project, paths: &[String], filter: Option<String>) -> Result<Self, SelectionError> {
        let cases = canonical(&project.cases());
        let selectors = paths.iter().map(|text| Selector::resolve(project, &cases, text)).collect::<Result<_, _>>()?;
        Ok(Self { selectors, filter, cases })
    }

    /// The selected cases.
    pub fn pick<'a>(&self, suite: &'a Suite, spark: SparkMinor) -> Picked<'a> {
        let (cases, later): (Vec<&Case>, Vec<&Case>) =
            self.pick_all(suite).into_iter().partition(|case| case.since <= spark);
        Picked { cases, later: later.len() }
    }

    /// The selected cases of all versions.
    pub fn pick_all<'a>(&self, suite: &'a Suite) -> Vec<&'a Case> {
        let chosen = |case: &Case| {
            self.selectors.is_empty() || self.selectors.iter().any(|selector| selector.chooses(case, suite))
        };
        let passes = |case: &Case| self.filter.as_ref().is_none_or(|part| case.id.to_string().contains(part.as_str()));
        suite.cases.iter().filter(|case| passes(case) && chosen(case)).collect()
    }

    /// Whether a problem lies in a file that was selected. A filter cannot tell for a file that does not load.
    pub fn concerns(&self, diagnostic: &Diagnostic) -> bool {
        self.selectors.is_empty()
            || match topic_of(&self.cases, &canonical(&diagnostic.file)) {
                Some(topic) => self.selectors.iter().any(|selector| selector.covers(&topic)),
                None => true,
            }
    }
}

impl Selector {
    fn resolve(project: &Project, cases: &Path, text: &str) -> Result<Self, SelectionError> {
        let (path, name) = match text.split_once("::") {
            Some((path, name)) => (path, Some(name.to_owned())),
            None => (text, None),
        };
        let candidates = [PathBuf::from(path), project.join(path), project.cases().join(path)];
        let existing: Vec<PathBuf> = candidates
            .iter()
            .flat_map(|path| [path.clone(), PathBuf::from(format!("{}.yaml", path.display()))])
            .filter(|candidate| !path.is_empty() && candidate.exists())
            .collect();
        let below = |path: &PathBuf| Some((topic_of(cases, &canonical(path))?, path.is_file()));
        match existing.iter().find_map(below) {
            Some((place, file)) => Ok(Self { place, file, name }),
            None if existing.is_empty() => Err(SelectionError::NoSuchPath(text.to_owned())),
            None => Err(SelectionError::Elsewhere { path: text.to_owned(), cases: project.cases() }),
        }
    }

    fn covers(&self, topic: &str) -> bool {
        if self.file {
            return topic == self.place;
        }
        self.place.is_empty() || topic.strip_prefix(&self.place).is_some_and(|rest| rest.starts_with('/'))
    }

    fn chooses(&self, case: &Case, suite: &Suite) -> bool {
        if !self.covers(case.id.topic()) {
            return false;
        }
        let Some(name) = &self.name else { return true };
        // A whole name means that case alone, so that a rerun command runs one case.
        let is_whole = suite.cases.iter().any(|other| other.id.name() == name && self.covers(other.id.topic()));
        if is_whole { case.id.name() == name } else { case.id.name().contains(name.as_str()) }
    }
}

fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// The path below `cases`, without the ending of a case file.
fn topic_of(cases: &Path, path: &Path) -> Option<String> {
    let below = path.strip_prefix(cases).ok()?.to_string_lossy().into_owned();
    Some(below.strip_suffix(".yaml").map(str::to_owned).unwrap_or(below))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use std::fs;

    use rstest::rstest;
    use tempfile::TempDir;

    use super::*;
    use crate::case;

    /// Cases `read/one::a`, `read/one::a b`, `read/two::c`, `reads/three::c` (since 4.2).
    fn project() -> (TempDir, Project) {
        let folder = tempfile::tempdir().unwrap();
        let write = |topic: &str, cases: &[(&str, &str)]| {
            let mut text = "feature: f\ncases:\n".to_owned();
            for (name, since) in cases {
                text += &format!("  - name: {name}\n    since: \"{since}\"\n    python: |\n      pass\n");
            }
            let file = folder.path().join(format!("cases/{topic}.yaml"));
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        };
        write("read/one", &[("a", "4.0"), ("a b", "4.0")]);
        write("read/two", &[("c", "4.0")]);
        write("reads/three", &[("c", "4.2")]);
        let project = Project::find(Some(folder.path())).unwrap();
        (folder, project)
    }

    #[rstest]
    #[case(&[], None, "read/one::a, read/one::a b, read/two::c, reads/three::c")]
    #[case(&["read"], None, "read/one::a, read/one::a b, read/two::c")]
    #[case(&["cases/read/one.yaml"], None, "read/one::a, read/one::a b")]
    #[case(&["read/one", "reads"], None, "read/one::a, read/one::a b, reads/three::c")]
    #[case(&["read/one::a"], None, "read/one::a")]
    #[case(&["read/one::b"], None, "read/one::a b")]
    #[case(&["cases::c"], None, "read/two::c, reads/three::c")]
    #[case(&["read/one::nothing"], None, "")]
    #[case(&[], Some("one::a "), "read/one::a b")]
    #[case(&["reads"], Some("one"), "")]
    fn cases_are_chosen(#[case] paths: &[&str], #[case] filter: Option<&str>, #[case] chosen: &str) {
        let (_folder, project) = project();
        let suite = case::load(&project.cases());
        assert_eq!(suite.diagnostics, []);
        let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        let selection = Selection::resolve(&project, &paths, filter.map(str::to_owned)).unwrap();
        let ids: Vec<String> = selection.pick_all(&suite).iter().map(|case| case.id.to_string()).collect();
        assert_eq!(ids.join(", "), chosen);
    }

    #[test]
    fn a_version_has_only_what_it_has() {
        let (_folder, project) = project();
        let suite = case::load(&project.cases());
        let picked = Selection::default().pick(&suite, SparkMinor::new(4, 0));
        assert_eq!((picked.cases.len(), picked.later), (3, 1));
    }

    #[test]
    fn a_path_that_leads_nowhere_is_refused() {
        let (folder, project) = project();
        let resolve = |path: &str| Selection::resolve(&project, &[path.to_owned()], None).map(|_| ()).unwrap_err();
        assert_eq!(resolve("nowhere"), SelectionError::NoSuchPath("nowhere".into()));
        assert_eq!(resolve(""), SelectionError::NoSuchPath(String::new()));
        let outside = folder.path().to_string_lossy().into_owned();
        assert_eq!(resolve(&outside), SelectionError::Elsewhere { path: outside, cases: project.cases() });
    }

    #[test]
    fn problems_of_files_that_were_not_selected_do_not_concern() {
        let (_folder, project) = project();
        fs::write(project.join("cases/read/broken.yaml"), "feature: f\ncases: 1\n").unwrap();
        let suite = case::load(&project.cases());
        let concerns = |path: &str| {
            let selection = Selection::resolve(&project, &[path.to_owned()], None).unwrap();
            suite.diagnostics.iter().any(|diagnostic| selection.concerns(diagnostic))
        };
        assert_eq!((concerns("read"), concerns("read/broken"), concerns("reads")), (true, true, false));
    }
}
