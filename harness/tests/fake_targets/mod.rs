//! Fake targets for the tests of the program: the fake runner as a command line, and as the Python of an installed Spark.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use seatrial::target::TargetId;
use seatrial::target::environment::Installation;

const PYTHON: &str = env!("SEATRIAL_BUILD_PYTHON");

fn runner() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fake_targets/fake_runner.py")
}

/// The fake runner as a target, with options of its own.
pub(crate) fn target(options: &str) -> String {
    format!("cmd:'{PYTHON}' -I -S '{}' {options}", runner().display()).trim_end().to_owned()
}

/// Writes an executable file.
pub(crate) fn script(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Makes an environment that looks installed, below `cache/`, whose Python is the fake runner; and a Java below `java/`.
pub(crate) fn install_spark(root: &Path, version: &str, options: &str) {
    script(&root.join("java/bin/java"), "#!/bin/sh\necho 'openjdk version \"17.0.1\" 2026-01-01' >&2\n");
    let environment = root.join(format!("cache/spark-{version}"));
    let TargetId::Spark(patch) = format!("spark:{version}").parse().unwrap() else { unreachable!() };
    for requirement in Installation::spark(&patch).requirements() {
        let package = requirement.replace('-', "_").replace("==", "-");
        let metadata = environment.join(format!("lib/python3.11/site-packages/{package}.dist-info"));
        fs::create_dir_all(&metadata).unwrap();
        fs::write(metadata.join("RECORD"), "").unwrap();
    }
    let runner = runner();
    let command = format!("exec '{PYTHON}' -I -S '{}' --target spark --spark {version} {options}", runner.display());
    script(&environment.join("bin/python"), &format!("#!/bin/sh\n{command}\n"));
}
