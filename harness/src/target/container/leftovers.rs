//! Containers go away on every path out of the program: a vessel removes its own, Ctrl-C removes all, and what a killed
//! run left is removed by the next run, which knows it by its labels.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use testcontainers::bollard::query_parameters::{ListContainersOptionsBuilder, RemoveContainerOptionsBuilder};

use super::super::session;
use super::docker::Docker;

const HOST_LABEL: &str = "seatrial.owner.host";
const PROCESS_LABEL: &str = "seatrial.owner.process";

/// How long the removal of containers may hold up the end of the program.
const PATIENCE: Duration = Duration::from_secs(10);

/// The names of the containers that are there, or about to be.
static PRESENT: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// The containers of this process. Whoever starts one holds the lock meanwhile, so that Ctrl-C either comes before the
/// container exists or finds it.
pub(super) fn present() -> MutexGuard<'static, BTreeSet<String>> {
    PRESENT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The labels that say whose a container is: this process, on this machine.
pub(super) fn labels() -> BTreeMap<&'static str, String> {
    let process = session::ProcessName::own();
    [(HOST_LABEL, host()), (PROCESS_LABEL, process.to_string())].into()
}

/// Where process ids mean what they mean here. In a container it is the container's own name, as its processes are its own.
fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "this machine".to_owned() } else { name.to_owned() }
}

/// Removes one container with all that runs in it. One that is gone already is no error.
pub(super) async fn remove(docker: &Docker, container: &str) {
    let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
    let removal = docker.client.remove_container(container, Some(options));
    // What cannot be removed now is found by its labels at the next start.
    if let Ok(Err(error)) = tokio::time::timeout(PATIENCE, removal).await {
        tracing::debug!("container {container} was not removed: {error}");
    }
}

/// Removes all containers of this process. None can be started from here on: the program is about to end.
pub(crate) fn remove_all() {
    let present = present();
    if let Some(docker) = Docker::known().filter(|_| !present.is_empty()) {
        docker.runtime.block_on(join_all(present.iter().map(|container| remove(docker, container))));
    }
    std::mem::forget(present);
}

/// Removes the containers of processes of this machine that have ended without removing them.
pub(super) fn remove_abandoned(docker: &Docker) {
    let mine: HashMap<&str, Vec<String>> = [("label", vec![format!("{HOST_LABEL}={}", host())])].into();
    let options = ListContainersOptionsBuilder::new().all(true).filters(&mine).build();
    docker.runtime.block_on(async {
        let listed = tokio::time::timeout(PATIENCE, docker.client.list_containers(Some(options))).await;
        let Ok(Ok(containers)) = listed else { return };
        let abandoned = containers.into_iter().filter_map(|container| {
            let owner = container.labels?.remove(PROCESS_LABEL)?;
            let owner: session::ProcessName = owner.parse().ok()?;
            if owner.is_alive() { None } else { container.id }
        });
        join_all(abandoned.collect::<Vec<_>>().iter().map(|container| remove(docker, container))).await;
    });
}
