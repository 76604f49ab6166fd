//! Images of real PySpark: what they are made of, and how they are built.
//!
//! The program holds all that goes into the build, so an image can be made wherever the program is. The digest of these
//! files is a label of the image: one that was built from others is not taken.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

use super::super::folder::Folder;
use super::super::spark::RUNNER_FILES;
use super::super::{SparkPatch, TargetError};
use super::{ENGINE_REMEDY, target_name};

/// The label with the digest of the files that an image was built from.
pub const CONTEXT_LABEL: &str = "seatrial.context";
/// Names a base image other than the Dockerfile's.
pub const BASE_IMAGE_VARIABLE: &str = "SEATRIAL_BASE_IMAGE";
/// Names the certificates that the builder's network needs.
pub const CERTIFICATES_VARIABLE: &str = "SEATRIAL_CERTIFICATES";

/// The files of `ci/images/pyspark`, as the build's context holds them.
const FILES: [(&str, &str); 3] = [
    ("Dockerfile", include_str!("../../../../ci/images/pyspark/Dockerfile")),
    ("requirements.txt", include_str!("../../../../ci/images/pyspark/requirements.txt")),
    ("constraints.txt", include_str!("../../../../ci/images/pyspark/constraints.txt")),
];

/// What a build may be told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuildOptions {
    /// Another base image than the Dockerfile's.
    pub base_image: Option<String>,
    /// The certificates (PEM) that pip is to trust while it downloads. They do not get into the image.
    pub certificates: Option<PathBuf>,
}

/// The name of a version's image.
pub fn name(version: &SparkPatch) -> String {
    format!("seatrial-pyspark:{version}")
}

/// How to get a version's image.
pub fn remedy(version: &SparkPatch) -> String {
    format!("build it (some minutes, 1.2 GB): seatrial targets build {}", target_name(version))
}

/// The digest of all that a build is made from, besides the base image and the version.
pub fn context_digest() -> String {
    let mut digest = Sha256::new();
    for (path, text) in FILES.iter().chain(&RUNNER_FILES) {
        for part in [path, text] {
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part);
        }
    }
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Builds a version's image and returns its id. What Docker says meanwhile goes to stderr.
pub fn build(version: &SparkPatch, options: &BuildOptions) -> Result<String, TargetError> {
    let not_ready =
        |missing: String, remedy: String| TargetError::NotReady { target: target_name(version), missing, remedy };
    let no_command = |error: io::Error| {
        not_ready(
            format!("the command `docker`, which builds images (failed to run it: {error})"),
            "install it (Debian: apt-get install docker.io)".to_owned(),
        )
    };
    // It speaks to the engine, if there is one.
    let engine = Command::new("docker").arg("version").stdin(Stdio::null()).output().map_err(no_command)?;
    if !engine.status.success() {
        let said = String::from_utf8_lossy(&engine.stderr);
        return Err(not_ready(format!("a Docker engine ({})", said.trim()), ENGINE_REMEDY.to_owned()));
    }
    let folder = Folder::try_new()?;
    let context = folder.path().join("context");
    write_context(&context, options.certificates.as_deref())?;
    let id_file = folder.path().join("id");
    let mut docker = Command::new("docker");
    docker.arg("build").args(["--tag", &name(version)]).arg("--iidfile").arg(&id_file);
    let arguments = [
        Some(("SPARK_VERSION", version.to_string())),
        Some(("CONTEXT_DIGEST", context_digest())),
        options.base_image.clone().map(|image| ("BASE_IMAGE", image)),
    ];
    for (name, value) in arguments.into_iter().flatten() {
        docker.args(["--build-arg", &format!("{name}={value}")]);
    }
    docker.arg(&context).stdin(Stdio::null()).stdout(io::stderr());
    let status = docker.status().map_err(no_command)?;
    if !status.success() {
        return Err(not_ready(
            format!("its image: `docker build` ended with {status}, and what it said stands above"),
            build_remedies(options),
        ));
    }
    let id = fs::read_to_string(&id_file).map_err(TargetError::io(format!("read {}", id_file.display())))?;
    Ok(id.trim().to_owned())
}

/// What helps against the usual failures of a build.
fn build_remedies(options: &BuildOptions) -> String {
    let mut remedies = vec!["mend what it says and run this again: it goes on where it stopped".to_owned()];
    if options.base_image.is_none() {
        remedies.push(format!(
            "if no registry is reachable: make a base image with `ci/images/base/build`, and name it with \
             --base-image seatrial-base:bookworm (or {BASE_IMAGE_VARIABLE})"
        ));
    }
    if options.certificates.is_none() {
        remedies.push(format!(
            "if pip does not trust the network's certificates: --certificates FILE (or {CERTIFICATES_VARIABLE})"
        ));
    }
    remedies.join("\n")
}

fn write_context(context: &Path, certificates: Option<&Path>) -> Result<(), TargetError> {
    let write = |path: &str, text: &[u8]| {
        let file = context.join(path);
        let made = file.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&file, text));
        made.map_err(TargetError::io(format!("write {}", file.display())))
    };
    for (path, text) in FILES {
        write(path, text.as_bytes())?;
    }
    for (path, text) in RUNNER_FILES {
        write(&format!("modules/{path}"), text.as_bytes())?;
    }
    // A folder that is not there cannot be copied, so there is always one.
    write("certificates/README", b"bundle.pem lies here when the builder's network needs certificates of its own.\n")?;
    let Some(certificates) = certificates else { return Ok(()) };
    let read = || TargetError::io(format!("read the certificates {}", certificates.display()));
    write("certificates/bundle.pem", &fs::read(certificates).map_err(read())?)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::super::super::TargetId;
    use super::*;

    #[test]
    fn the_context_holds_all_that_the_dockerfile_copies() {
        let folder = tempfile::tempdir().unwrap();
        let bundle = folder.path().join("mine.pem");
        fs::write(&bundle, "PEM").unwrap();
        write_context(&folder.path().join("context"), Some(&bundle)).unwrap();
        let there = |path: &str| folder.path().join("context").join(path).exists();
        for line in FILES[0].1.lines().filter(|line| line.starts_with("COPY ") && !line.contains("--from")) {
            let words: Vec<&str> = line.split_whitespace().collect();
            assert!(words[1..words.len() - 1].iter().all(|path| there(path)), "{line}");
        }
        assert_eq!(fs::read(folder.path().join("context/certificates/bundle.pem")).unwrap(), b"PEM");
        assert!(there("modules/seatrial/runner.py"));
    }

    #[test]
    fn certificates_that_are_not_there_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = write_context(folder.path(), Some(Path::new("/nowhere/x.pem"))).unwrap_err();
        assert_eq!(error.to_string(), "failed to read the certificates /nowhere/x.pem");
    }

    #[test]
    fn an_image_is_named_after_its_version() {
        let TargetId::Docker(version) = "docker:4.3".parse().unwrap() else { unreachable!() };
        assert_eq!(name(&version), "seatrial-pyspark:4.3.0");
        assert!(remedy(&version).ends_with("seatrial targets build docker:4.3.0"));
        assert_eq!(context_digest().len(), 64);
    }
}
