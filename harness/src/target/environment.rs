//! Managed virtual environments: one directory per installation of PySpark, with pinned packages, made once and then kept.
//!
//! A marker file is written last and names what was installed, so an environment that was half made, or made for
//! other pins, is made again. A lock file keeps two makers apart. Environments that were made by hand are taken when
//! they hold the pinned packages.

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::{SparkPatch, TargetError};

/// The packages beside PySpark, whose versions decide values and messages. Images are made from the same list.
const PINS: &str = include_str!("../../../ci/images/pyspark/requirements.txt");
/// What those packages bring along.
const CONSTRAINTS: &str = include_str!("../../../ci/images/pyspark/constraints.txt");
/// What a client of Spark Connect needs besides; as in `python/requirements.txt`.
const CLIENT_PINS: [(&str, &str); 4] = [
    ("grpcio", "1.85.1"),
    ("grpcio-status", "1.85.1"),
    ("googleapis-common-protos", "1.76.0"),
    ("zstandard", "0.25.0"),
];
/// The name of the marker file.
const MARKER: &str = "seatrial-environment";

/// The Python version that this program links, `3.11`.
pub const LINKED_PYTHON: &str = env!("SEATRIAL_BUILD_PYTHON_VERSION");

/// A PySpark with the packages beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// What it is for, in messages: `spark:4.2.1`.
    target: String,
    /// The name of its directory.
    directory: String,
    packages: Vec<(&'static str, String)>,
    size: &'static str,
}

impl Installation {
    /// The whole PySpark, with Spark's own JARs, classic and over Spark Connect.
    pub fn spark(version: &SparkPatch) -> Self {
        Self::new(format!("spark:{version}"), format!("spark-{version}"), ("pyspark", version.as_str()), "450 MB")
    }

    /// PySpark without a JVM, for the engine.
    pub fn client(version: &str) -> Self {
        let target = format!("engine with PySpark {version}");
        Self::new(target, format!("client-{version}"), ("pyspark-client", version), "150 MB")
    }

    fn new(target: String, directory: String, (name, version): (&'static str, &str), size: &'static str) -> Self {
        let pins = PINS.lines().filter_map(|line| line.split_once("==")).filter(|(name, _)| !name.starts_with('#'));
        let pins = pins.chain(CLIENT_PINS).map(|(name, version)| (name, version.to_owned()));
        let packages = std::iter::once((name, version.to_owned())).chain(pins).collect();
        Self { target, directory, packages, size }
    }

    /// As pip takes them.
    pub fn requirements(&self) -> Vec<String> {
        self.packages.iter().map(|(name, version)| format!("{name}=={version}")).collect()
    }

    /// Those of them that PySpark needs in classic mode, for people who run it themselves.
    pub fn classic_requirements(&self) -> Vec<String> {
        let classic = |(name, _): &&(&str, String)| CLIENT_PINS.iter().all(|(pin, _)| pin != name);
        self.packages.iter().filter(classic).map(|(name, version)| format!("{name}=={version}")).collect()
    }

    fn marker_text(&self) -> String {
        format!("format 1\n{}\n", self.requirements().join("\n"))
    }

    /// Whether the metadata of all packages lies in the environment.
    fn lies_in(&self, directory: &Path) -> bool {
        let Ok(libraries) = fs::read_dir(directory.join("lib")) else {
            return false;
        };
        libraries.filter_map(Result::ok).any(|library| {
            let packages = library.path().join("site-packages");
            self.packages.iter().all(|(name, version)| {
                let name = name.replace('-', "_");
                packages.join(format!("{name}-{version}.dist-info/RECORD")).exists()
            })
        })
    }
}

impl fmt::Display for Installation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.target)
    }
}

/// Where environments are kept, and what makes them.
#[derive(Debug, Clone)]
pub struct Environments {
    cache: PathBuf,
    python: PathBuf,
}

impl Environments {
    /// Those of the user: in `SEATRIAL_CACHE`, or `seatrial` in the cache directory; made with `SEATRIAL_PYTHON`, or the Python
    /// that this program was built with, or `python3`.
    pub fn of_user() -> Result<Self, TargetError> {
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let cache = variable("SEATRIAL_CACHE")
            .or_else(|| variable("XDG_CACHE_HOME").map(|cache| cache.join("seatrial")))
            .or_else(|| variable("HOME").map(|home| home.join(".cache/seatrial")))
            .ok_or_else(|| TargetError::NotReady {
                target: "spark".to_owned(),
                missing: "a directory for virtual environments (HOME is not set)".to_owned(),
                remedy: "set SEATRIAL_CACHE to a directory that may grow to some hundred megabytes per Spark version"
                    .to_owned(),
            })?;
        let built = option_env!("SEATRIAL_BUILD_PYTHON").map(PathBuf::from).filter(|python| python.exists());
        let python = variable("SEATRIAL_PYTHON").or(built).unwrap_or_else(|| "python3".into());
        Ok(Self { cache, python })
    }

    /// The directory of an installation's environment.
    pub fn directory(&self, installation: &Installation) -> PathBuf {
        self.cache.join(&installation.directory)
    }

    #[cfg(feature = "docker")]
    /// The folder for what runners wrote that failed.
    pub(crate) fn logs(&self) -> PathBuf {
        self.cache.join("logs")
    }

    /// Whether the environment is there and whole.
    pub fn is_ready(&self, installation: &Installation) -> bool {
        let directory = self.directory(installation);
        let python = interpreter(&directory);
        match fs::read_to_string(directory.join(MARKER)) {
            Ok(marker) => marker == installation.marker_text() && python.exists(),
            Err(_) => python.exists() && installation.lies_in(&directory),
        }
    }

    /// The interpreter of the environment, which is made first when it is not there or not whole.
    pub fn require(&self, installation: &Installation) -> Result<PathBuf, TargetError> {
        let directory = self.directory(installation);
        if self.is_ready(installation) {
            return Ok(interpreter(&directory));
        }
        fs::create_dir_all(&self.cache).map_err(TargetError::io(format!("make {}", self.cache.display())))?;
        let _lock = self.lock(installation).map_err(TargetError::io(format!("lock {}", directory.display())))?;
        if !self.is_ready(installation) {
            self.make(installation)?;
        }
        Ok(interpreter(&directory))
    }

    fn lock(&self, installation: &Installation) -> io::Result<File> {
        let file = File::create(self.cache.join(format!("{}.lock", installation.directory)))?;
        if file.try_lock().is_err() {
            eprintln!("waiting for another seatrial that sets up {installation}");
            file.lock()?;
        }
        Ok(file)
    }

    fn make(&self, installation: &Installation) -> Result<(), TargetError> {
        let directory = self.directory(installation);
        let not_ready = |missing: String| TargetError::NotReady {
            target: installation.to_string(),
            missing,
            remedy: format!(
                "see that {} is a Python {LINKED_PYTHON} with the venv module, and that pip reaches a package index; then try again\n\
                 (or make {} yourself: a virtual environment with {})",
                self.python.display(),
                directory.display(),
                installation.requirements().join(" ")
            ),
        };
        eprintln!("setting up {installation} in {} ({}, once)", directory.display(), installation.size);
        if directory.exists() {
            fs::remove_dir_all(&directory).map_err(TargetError::io(format!("remove {}", directory.display())))?;
        }
        let mut venv = Command::new(&self.python);
        venv.args(["-m", "venv"]).arg(&directory);
        run("make a virtual environment", venv).map_err(not_ready)?;
        let constraints = directory.join("constraints.txt");
        fs::write(&constraints, CONSTRAINTS).map_err(TargetError::io(format!("write {}", constraints.display())))?;
        let mut pip = Command::new(interpreter(&directory));
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--constraint"]);
        pip.arg(&constraints);
        pip.args(installation.requirements());
        run("install PySpark", pip).map_err(not_ready)?;
        fs::write(directory.join(MARKER), installation.marker_text())
            .map_err(TargetError::io(format!("write {MARKER} into {}", directory.display())))?;
        eprintln!("{installation} is ready");
        Ok(())
    }
}

fn interpreter(directory: &Path) -> PathBuf {
    directory.join("bin/python")
}

/// Runs a command to its end; the error is what was to be done and the end of what the command said.
fn run(action: &str, mut command: Command) -> Result<(), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let Output { status, stdout, stderr } =
        command.output().map_err(|error| format!("failed to {action}: failed to run {program}: {error}"))?;
    if status.success() {
        return Ok(());
    }
    let said = [stdout, stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let lines: Vec<&str> = said.lines().collect();
    let end = &lines[lines.len().saturating_sub(10)..];
    Err(format!("failed to {action} ({program}: {status}):\n{}", end.join("\n")))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use std::os::unix::fs::PermissionsExt;

    use super::super::TargetId;
    use super::*;

    fn version() -> Installation {
        match "spark:4.2.1".parse().unwrap() {
            TargetId::Spark(version) => Installation::spark(&version),
            other => unreachable!("{other}"),
        }
    }

    /// A Python that only knows `-m venv DIR`, which copies the Python to DIR, and `-m pip install …`; it logs what it is asked.
    fn environments(pip_status: i32) -> (tempfile::TempDir, Environments) {
        let cache = tempfile::tempdir().unwrap();
        let python = cache.path().join("fake-python");
        let log = cache.path().join("log");
        let script = format!(
            "#!/bin/sh\necho \"$@\" >> {log}\ncase $2 in\n\
             venv) mkdir -p \"$3/bin\"; cp \"$0\" \"$3/bin/python\";;\n\
             pip) sleep 0.1; echo 'no such package' >&2; exit {pip_status};;\nesac\n",
            log = log.display()
        );
        fs::write(&python, script).unwrap();
        fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).unwrap();
        let environments = Environments { cache: cache.path().to_owned(), python };
        (cache, environments)
    }

    fn log(cache: &tempfile::TempDir) -> String {
        fs::read_to_string(cache.path().join("log")).unwrap_or_default()
    }

    #[test]
    fn an_environment_is_made_once() {
        let (cache, environments) = environments(0);
        assert!(!environments.is_ready(&version()));
        let python = environments.require(&version()).unwrap();
        assert_eq!(python, cache.path().join("spark-4.2.1/bin/python"));
        assert!(environments.is_ready(&version()));
        environments.require(&version()).unwrap();
        let constraints = cache.path().join("spark-4.2.1/constraints.txt");
        let expected = format!(
            "-m pip install --quiet --disable-pip-version-check --no-input --constraint {} \
             pyspark==4.2.1 pandas==2.3.3 pyarrow==26.0.1 numpy==2.4.6 grpcio==1.85.1 grpcio-status==1.85.1 \
             googleapis-common-protos==1.76.0 zstandard==0.25.0\n",
            constraints.display()
        );
        assert!(log(&cache).ends_with(&expected), "{}", log(&cache));
        assert_eq!(fs::read_to_string(constraints).unwrap(), CONSTRAINTS);
        assert_eq!(log(&cache).lines().count(), 2);
    }

    #[test]
    fn a_half_made_environment_is_made_again() {
        let (cache, environments) = environments(0);
        let leftover = environments.directory(&version()).join("bin/leftover");
        fs::create_dir_all(leftover.parent().unwrap()).unwrap();
        fs::write(environments.directory(&version()).join("bin/python"), "").unwrap();
        fs::write(&leftover, "").unwrap();
        environments.require(&version()).unwrap();
        assert!(!leftover.exists());
        assert_eq!(log(&cache).lines().count(), 2);
    }

    #[test]
    fn an_environment_with_other_pins_is_made_again() {
        let (cache, environments) = environments(0);
        environments.require(&version()).unwrap();
        fs::write(environments.directory(&version()).join(MARKER), "format 1\npyspark==4.2.1\n").unwrap();
        environments.require(&version()).unwrap();
        assert_eq!(log(&cache).lines().count(), 4);
    }

    #[test]
    fn an_environment_made_by_hand_is_taken() {
        let (cache, environments) = environments(0);
        let directory = environments.directory(&version());
        let packages = directory.join("lib/python3.11/site-packages");
        for requirement in version().requirements() {
            let name = requirement.replace('-', "_").replace("==", "-");
            let metadata = packages.join(format!("{name}.dist-info"));
            fs::create_dir_all(&metadata).unwrap();
            fs::write(metadata.join("RECORD"), "").unwrap();
        }
        fs::create_dir_all(directory.join("bin")).unwrap();
        fs::write(directory.join("bin/python"), "").unwrap();
        environments.require(&version()).unwrap();
        assert_eq!(log(&cache), "");
    }

    #[test]
    fn a_client_has_a_directory_and_packages_of_its_own() {
        let (cache, environments) = environments(0);
        let python = environments.require(&Installation::client("4.0.4")).unwrap();
        assert_eq!(python, cache.path().join("client-4.0.4/bin/python"));
        assert!(log(&cache).contains(" pyspark-client==4.0.4 pandas==2.3.3 "), "{}", log(&cache));
        assert!(
            log(&cache).ends_with(
                " grpcio==1.85.1 grpcio-status==1.85.1 googleapis-common-protos==1.76.0 zstandard==0.25.0\n"
            )
        );
        assert!(!environments.is_ready(&version()));
    }

    #[test]
    fn a_failure_tells_what_pip_said_and_what_to_do() {
        let (_cache, environments) = environments(1);
        let message = environments.require(&version()).unwrap_err().to_string();
        assert!(message.starts_with("target `spark:4.2.1` is not ready: failed to install PySpark"), "{message}");
        assert!(message.contains("no such package") && message.contains("package index"), "{message}");
        assert!(!environments.is_ready(&version()));
    }

    #[test]
    fn two_makers_do_not_meet() {
        let (cache, environments) = environments(0);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| environments.require(&version()).unwrap());
            }
        });
        assert_eq!(log(&cache).lines().count(), 2);
    }
}
