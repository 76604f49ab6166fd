//! Starts a container and attaches to its runner.

use std::collections::HashMap;
use std::fmt;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};

use testcontainers::bollard::models::{HostConfig, HostConfigLogConfig};
use testcontainers::bollard::query_parameters::AttachContainerOptionsBuilder;
use testcontainers::core::{AccessMode, Mount};
use testcontainers::runners::AsyncRunner;
use testcontainers::{ContainerRequest, GenericImage, ImageExt};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::super::folder::Folder;
use super::super::vessel::{Launch, Launched};
use super::super::{SparkPatch, TargetError};
use super::docker::{Docker, chain};
use super::vessel::ContainerVessel;
use super::{MEMORY_GIB, PROCESSES, PROCESSORS, leftovers};
use crate::case::Surroundings;

/// Where a case's own modules lie in the container.
const CASE_MODULES: &str = "/opt/seatrial/case";
/// Where the image has the runner's modules.
const RUNNER_MODULES: &str = "/opt/seatrial/modules";
/// What a container may write to, in memory: Java loads libraries from there, so they must be executable.
const WRITABLE: [&str; 2] = ["/tmp", "/work"];

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// Containers of one image.
pub(super) struct ContainerLaunch {
    docker: &'static Docker,
    version: SparkPatch,
    image: String,
    environment: Vec<(String, String)>,
    modules: Option<Folder>,
    processors: i64,
}

impl ContainerLaunch {
    /// Containers of an image (its id), with what a case asks of their process.
    pub(super) fn new(
        docker: &'static Docker,
        version: &SparkPatch,
        image: String,
        surroundings: &Surroundings,
    ) -> Result<Self, TargetError> {
        let mut environment: Vec<(String, String)> =
            surroundings.environment.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let modules = match surroundings.modules.is_empty() {
            true => None,
            false => {
                environment.push(("PYTHONPATH".to_owned(), format!("{CASE_MODULES}:{RUNNER_MODULES}")));
                Some(write_modules(surroundings)?)
            }
        };
        let information = docker.runtime.block_on(docker.client.info());
        let processors = information.ok().and_then(|information| information.ncpu).unwrap_or(1).min(PROCESSORS);
        Ok(Self { docker, version: version.clone(), image, environment, modules, processors })
    }

    fn request(&self, name: &str) -> Result<ContainerRequest<GenericImage>, String> {
        let (algorithm, digest) =
            self.image.split_once(':').ok_or_else(|| format!("the image's id `{}` is no digest", self.image))?;
        let processors = self.processors;
        let mut request = GenericImage::new(algorithm, digest)
            .with_container_name(name)
            // Spark and its log ask for the address of the host's name, and there is no network to ask.
            .with_hostname("localhost")
            .with_open_stdin(true)
            .with_readonly_rootfs(true)
            .with_cap_drop("ALL")
            .with_security_opt("no-new-privileges")
            .with_labels(leftovers::labels())
            .with_host_config_modifier(move |host| confine(host, processors));
        for (name, value) in &self.environment {
            request = request.with_env_var(name, value);
        }
        if let Some(modules) = &self.modules {
            let source = modules.path().to_string_lossy();
            request =
                request.with_mount(Mount::bind_mount(source, CASE_MODULES).with_access_mode(AccessMode::ReadOnly));
        }
        Ok(request)
    }
}

impl Launch for ContainerLaunch {
    fn launch(&self) -> Result<Launched, String> {
        let name = format!("seatrial-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let request = self.request(&name)?;
        let docker = self.docker;
        let mut present = leftovers::present();
        let started = docker.runtime.block_on(async {
            let failed = |error: &dyn std::error::Error| format!("failed to start a container: {}", chain(error));
            let container = request.start().await.map_err(|error| failed(&error))?;
            let options =
                AttachContainerOptionsBuilder::new().stdin(true).stdout(true).stderr(true).stream(true).build();
            let attached = docker.client.attach_container(&name, Some(options)).await;
            Ok((container, attached.map_err(|error| failed(&error))?))
        });
        let (container, attached) = match started {
            Ok(started) => started,
            Err(reason) => {
                docker.runtime.block_on(leftovers::remove(docker, &name));
                return Err(reason);
            }
        };
        present.insert(name.clone());
        drop(present);
        let (vessel, stdout, stderr) = ContainerVessel::new(docker, &self.version, name, container, attached.output)
            .map_err(|error| format!("failed to read from a container: {error}"))?;
        Ok(Launched {
            vessel: Box::new(vessel),
            stdin: Box::new(Input { docker, pipe: attached.input }),
            stdout: Box::new(stdout),
            stderr: Box::new(stderr),
            image: Some(self.image.clone()),
        })
    }
}

impl fmt::Debug for ContainerLaunch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContainerLaunch").field("image", &self.image).finish_non_exhaustive()
    }
}

/// What no builder of testcontainers sets.
fn confine(host: &mut HostConfig, processors: i64) {
    let memory = MEMORY_GIB << 30;
    host.network_mode = Some("none".to_owned());
    host.publish_all_ports = Some(false);
    host.memory = Some(memory);
    // The sum of memory and swap.
    host.memory_swap = Some(memory);
    host.nano_cpus = Some(processors * 1_000_000_000);
    host.pids_limit = Some(PROCESSES);
    // A first process that reaps what the runner's children leave, and passes its status on.
    host.init = Some(true);
    let options = "rw,exec,nosuid,nodev,mode=1777,size=1g";
    host.tmpfs = Some(WRITABLE.map(|path| (path.to_owned(), options.to_owned())).into());
    // The log is kept when a runner fails; a runner that floods it must not fill the disk.
    let limits: HashMap<String, String> =
        [("max-size", "8m"), ("max-file", "2")].map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    host.log_config = Some(HostConfigLogConfig { typ: Some("json-file".to_owned()), config: Some(limits) });
}

/// Writes a case's modules where the container's user can read them.
fn write_modules(surroundings: &Surroundings) -> Result<Folder, TargetError> {
    let folder = Folder::try_new()?;
    let write = || -> io::Result<()> {
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755))?;
        for (name, text) in &surroundings.modules {
            let file = folder.path().join(format!("{name}.py"));
            std::fs::write(&file, text)?;
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644))?;
        }
        Ok(())
    };
    write().map_err(TargetError::io("write the case's modules"))?;
    Ok(folder)
}

/// The runner's stdin, for threads that know nothing of asynchronous writing.
struct Input {
    docker: &'static Docker,
    pipe: Pin<Box<dyn AsyncWrite + Send>>,
}

impl Write for Input {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.docker.runtime.block_on(self.pipe.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.docker.runtime.block_on(self.pipe.flush())
    }
}
