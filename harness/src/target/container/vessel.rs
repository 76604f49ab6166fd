//! A container that runs: what comes out of it, how it ends, and its removal.

use std::fmt;
use std::io::{self, PipeReader, PipeWriter, Write};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use futures::{Stream, StreamExt};
use testcontainers::bollard::container::LogOutput;
use testcontainers::bollard::errors::Error;
use testcontainers::bollard::query_parameters::LogsOptionsBuilder;
use testcontainers::{ContainerAsync, GenericImage};

use super::super::SparkPatch;
use super::super::environment::Environments;
use super::super::session::describe_code;
use super::super::vessel::{Ending, Vessel};
use super::docker::Docker;
use super::{MEMORY_GIB, leftovers};

/// How long Docker may take to say how a container ended whose output has ended.
const END_PATIENCE: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(20);
/// How many logs of runners that failed are kept.
const KEPT_LOGS: usize = 20;

type Output = Pin<Box<dyn Stream<Item = Result<LogOutput, Error>> + Send>>;

/// A container with a runner; dropping it removes the container.
pub(super) struct ContainerVessel {
    docker: &'static Docker,
    name: String,
    version: SparkPatch,
    /// Until it is removed.
    container: Option<ContainerAsync<GenericImage>>,
    state: Arc<State>,
}

/// How the container ended, once it has.
#[derive(Debug, Default)]
struct State {
    ending: Mutex<Option<Ending>>,
    ended: Condvar,
}

impl State {
    fn get(&self) -> Option<Ending> {
        self.ending.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, ending: Ending) {
        self.ending.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(ending);
        self.ended.notify_all();
    }

    fn wait(&self, patience: Duration) -> bool {
        let ending = self.ending.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.ended.wait_timeout_while(ending, patience, |ending| ending.is_none());
        waited.unwrap_or_else(PoisonError::into_inner).0.is_some()
    }
}

impl ContainerVessel {
    /// Takes a container that was started and its output, and parts the output into stdout and stderr.
    pub(super) fn new(
        docker: &'static Docker,
        version: &SparkPatch,
        name: String,
        container: ContainerAsync<GenericImage>,
        output: Output,
    ) -> io::Result<(Self, PipeReader, PipeReader)> {
        let state = Arc::new(State::default());
        let told = Arc::clone(&state);
        let watched = name.clone();
        let vessel = Self { docker, name, version: version.clone(), container: Some(container), state };
        let (stdout, stdout_end) = io::pipe()?;
        let (stderr, stderr_end) = io::pipe()?;
        thread::Builder::new().name("container".into()).spawn(move || {
            let mut ends = (stdout_end, stderr_end);
            docker.runtime.block_on(part(output, &mut ends));
            told.set(docker.runtime.block_on(ending(docker, &watched)));
        })?;
        Ok((vessel, stdout, stderr))
    }
}

impl Vessel for ContainerVessel {
    fn has_ended(&self) -> bool {
        self.state.get().is_some()
    }

    fn ends_within(&self, patience: Duration) -> bool {
        self.state.wait(patience)
    }

    fn stop_patience(&self) -> Duration {
        // A container is taken apart after its process has exited, and a busy machine takes its time.
        Duration::from_secs(20)
    }

    fn end(&mut self) -> io::Result<Ending> {
        if let Some(container) = self.container.take() {
            // A container that ended by itself has told how; the removal ends the others.
            self.state.set(Ending { text: "removal of its container".to_owned(), success: false });
            let removed = self.docker.runtime.block_on(container.rm());
            leftovers::present().remove(&self.name);
            removed.map_err(io::Error::other)?;
        }
        self.state.get().ok_or_else(|| io::Error::other("nobody knows how it ended"))
    }

    fn keep_log(&self) -> Option<PathBuf> {
        let folder = Environments::of_user().ok()?.logs();
        std::fs::create_dir_all(&folder).ok()?;
        let path = folder.join(format!("docker-{}-{}.log", self.version, self.name));
        let mut file = std::fs::File::create(&path).ok()?;
        let options = LogsOptionsBuilder::new().stdout(true).stderr(true).build();
        self.docker.runtime.block_on(async {
            let mut log = self.docker.client.logs(&self.name, Some(options));
            while let Some(Ok(part)) = log.next().await {
                file.write_all(part.as_ref()).ok()?;
            }
            Some(())
        })?;
        keep_newest(&folder);
        Some(path)
    }
}

impl Drop for ContainerVessel {
    fn drop(&mut self) {
        // Nobody is left to tell: what cannot be removed now is found by its labels at the next start.
        drop(self.end());
    }
}

impl fmt::Debug for ContainerVessel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContainerVessel").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Writes what comes out of the container to the two pipes, until it ends. A pipe that nobody reads any more is passed over.
async fn part(mut output: Output, (stdout, stderr): &mut (PipeWriter, PipeWriter)) {
    while let Some(Ok(part)) = output.next().await {
        let pipe = match &part {
            LogOutput::StdErr { .. } => &mut *stderr,
            _ => &mut *stdout,
        };
        // This thread has nothing else to do, so it may block.
        drop(pipe.write_all(part.as_ref()));
    }
}

/// How a container ended whose output has ended.
async fn ending(docker: &Docker, name: &str) -> Ending {
    let failed = |text: String| Ending { text, success: false };
    let begin = tokio::time::Instant::now();
    loop {
        let state = match docker.client.inspect_container(name, None).await {
            Ok(found) => found.state.unwrap_or_default(),
            Err(error) => return failed(format!("Docker does not say how: {error}")),
        };
        if state.running != Some(true) {
            let code = state.exit_code.unwrap_or(-1);
            let memory = match state.oom_killed {
                Some(true) => format!("; its container had used up its {MEMORY_GIB} GiB of memory"),
                _ => String::new(),
            };
            return Ending { text: format!("{}{memory}", describe_code(code)), success: code == 0 };
        }
        if begin.elapsed() > END_PATIENCE {
            return failed("the connection to its container was lost".to_owned());
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Removes all but the newest logs.
fn keep_newest(folder: &std::path::Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut logs: Vec<_> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let modified = path.metadata().and_then(|metadata| metadata.modified()).ok()?;
            path.extension().is_some_and(|ending| ending == "log").then_some((modified, path))
        })
        .collect();
    logs.sort();
    let surplus = logs.len().saturating_sub(KEPT_LOGS);
    for (_, path) in &logs[..surplus] {
        // Another run may have removed it already.
        drop(std::fs::remove_file(path));
    }
}
