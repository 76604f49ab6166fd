//! Finds the Java that real Spark runs on. Goldens are recorded with Java 17; nothing here installs it.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::TargetError;

/// The major version that the goldens are recorded with.
pub const REQUIRED_MAJOR: u32 = 17;

/// Fails with the remedy unless a Java of the required version is what Spark would start.
pub fn require() -> Result<(), TargetError> {
    let home = std::env::var_os("JAVA_HOME").filter(|home| !home.is_empty());
    check(&program(home.map(PathBuf::from).as_deref())).map_err(|missing| TargetError::NotReady {
        target: "spark".to_owned(),
        missing,
        remedy: remedy(),
    })
}

/// How to get the required Java.
pub fn remedy() -> String {
    format!(
        "install it (Debian: apt-get install openjdk-{REQUIRED_MAJOR}-jre-headless) or set JAVA_HOME to a Java {REQUIRED_MAJOR}"
    )
}

/// What Spark's launcher takes: `$JAVA_HOME/bin/java`, or `java` of the PATH.
fn program(home: Option<&Path>) -> PathBuf {
    home.map_or_else(|| PathBuf::from("java"), |home| home.join("bin/java"))
}

fn check(program: &Path) -> Result<(), String> {
    let shown = program.display();
    let output = Command::new(program)
        .arg("-version")
        .output()
        .map_err(|error| format!("Java {REQUIRED_MAJOR} (failed to run `{shown}`: {error})"))?;
    // `java -version` writes to stderr.
    let text = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    match major_version(&text) {
        Some(REQUIRED_MAJOR) => Ok(()),
        Some(other) => Err(format!("Java {REQUIRED_MAJOR} (`{shown}` is Java {other})")),
        None => Err(format!("Java {REQUIRED_MAJOR} (`{shown} -version` does not name a version)")),
    }
}

/// Reads `openjdk version "17.0.15" …`; `"1.8.0_292"` is version 8.
fn major_version(text: &str) -> Option<u32> {
    let (_, rest) = text.split_once(" version \"")?;
    let mut parts = rest.split(['.', '"', '-', '+']);
    match parts.next()?.parse().ok()? {
        1 => parts.next()?.parse().ok(),
        major => Some(major),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use std::os::unix::fs::PermissionsExt;

    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("openjdk version \"17.0.15\" 2025-04-15\nOpenJDK Runtime Environment", Some(17))]
    #[case("java version \"1.8.0_292\"", Some(8))]
    #[case("openjdk version \"21\" 2023-09-19", Some(21))]
    #[case("openjdk version \"25-ea\" 2025-09-16", Some(25))]
    #[case("The operation couldn't be completed. Unable to locate a Java Runtime.", None)]
    fn versions_are_read(#[case] text: &str, #[case] major: Option<u32>) {
        assert_eq!(major_version(text), major);
    }

    #[test]
    fn another_java_is_named() {
        let home = tempfile::tempdir().unwrap();
        let java = program(Some(home.path()));
        std::fs::create_dir(home.path().join("bin")).unwrap();
        std::fs::write(&java, "#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n").unwrap();
        std::fs::set_permissions(&java, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert!(check(&java).unwrap_err().ends_with("is Java 11)"));
        let absent = check(&home.path().join("nowhere")).unwrap_err();
        assert!(absent.starts_with("Java 17 (failed to run"), "{absent}");
    }
}
