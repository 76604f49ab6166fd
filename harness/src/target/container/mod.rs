//! The targets `docker:<version>`: real PySpark in a container without a network, started through testcontainers.
//!
//! An image holds Java, Python, the pinned packages and the runner's own modules ([`image`]), so its digest says what
//! answered. The container's only process is the runner; the protocol goes over its attached stdin and stdout. Its root is
//! read-only, its memory, processors and processes are limited, and it is removed on every path out ([`leftovers`]).

#[cfg(feature = "docker")]
mod docker;
pub mod image;
#[cfg(feature = "docker")]
mod launch;
#[cfg(feature = "docker")]
mod leftovers;
#[cfg(feature = "docker")]
mod vessel;

#[cfg(feature = "docker")]
pub(super) use leftovers::remove_all;

use super::{SparkPatch, Target, TargetError};
use crate::case::Surroundings;

/// How to get a Docker engine.
const ENGINE_REMEDY: &str = "install one (Debian: apt-get install docker.io) and start it (systemctl start docker, or \
                             dockerd &); DOCKER_HOST names another one than this machine's";
/// The memory of a container, without any swap.
#[cfg(feature = "docker")]
const MEMORY_GIB: i64 = 3;
/// The processors that a container may use; goldens are recorded on two threads.
#[cfg(feature = "docker")]
const PROCESSORS: i64 = 2;
/// The processes and threads that a container may have.
#[cfg(feature = "docker")]
const PROCESSES: i64 = 1024;

/// A target that starts containers of a version's image, which must be there.
#[cfg(feature = "docker")]
pub fn open(version: &SparkPatch, surroundings: &Surroundings) -> Result<Box<dyn Target>, TargetError> {
    let docker = docker::Docker::require(&target_name(version))?;
    let launch = launch::ContainerLaunch::new(docker, version, docker.image(version)?, surroundings)?;
    Ok(Box::new(super::runner::RunnerTarget::new(super::TargetId::Docker(version.clone()), launch)))
}

/// What a version lacks to be used, with the remedy; none if it is ready.
#[cfg(feature = "docker")]
pub fn lacks(version: &SparkPatch) -> Option<TargetError> {
    docker::Docker::require(&target_name(version)).and_then(|docker| docker.image(version)).err()
}

/// Says that this program has no containers.
#[cfg(not(feature = "docker"))]
pub fn open(version: &SparkPatch, _surroundings: &Surroundings) -> Result<Box<dyn Target>, TargetError> {
    Err(without_feature(version))
}

/// Says that this program has no containers.
#[cfg(not(feature = "docker"))]
pub fn lacks(version: &SparkPatch) -> Option<TargetError> {
    Some(without_feature(version))
}

#[cfg(not(feature = "docker"))]
fn without_feature(version: &SparkPatch) -> TargetError {
    TargetError::NotReady {
        target: target_name(version),
        missing: "containers (this seatrial was built without them)".to_owned(),
        remedy: "build it with them: cargo build --workspace --all-targets --features docker".to_owned(),
    }
}

#[cfg(not(feature = "docker"))]
pub(super) fn remove_all() {}

fn target_name(version: &SparkPatch) -> String {
    format!("docker:{version}")
}
