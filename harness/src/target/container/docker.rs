//! The client of Docker's engine: one per process, with the threads that its asynchronous calls need.

use std::sync::OnceLock;

use testcontainers::bollard;
use testcontainers::bollard::errors::Error;
use tokio::runtime::{Builder, Runtime};

use super::super::{SparkPatch, TargetError};
use super::{ENGINE_REMEDY, image, leftovers, target_name};

static DOCKER: OnceLock<Result<Docker, String>> = OnceLock::new();

/// A Docker engine that answers.
#[derive(Debug)]
pub(super) struct Docker {
    pub(super) runtime: Runtime,
    pub(super) client: bollard::Docker,
}

impl Docker {
    /// The engine that `DOCKER_HOST` names, or that of this machine. What killed runs left there is removed at the first call.
    pub(super) fn require(target: &str) -> Result<&'static Self, TargetError> {
        let docker = DOCKER.get_or_init(|| Self::connect().inspect(leftovers::remove_abandoned));
        docker.as_ref().map_err(|reason| TargetError::NotReady {
            target: target.to_owned(),
            missing: format!("a Docker engine ({reason})"),
            remedy: ENGINE_REMEDY.to_owned(),
        })
    }

    /// The engine, if it was asked for before.
    pub(super) fn known() -> Option<&'static Self> {
        DOCKER.get()?.as_ref().ok()
    }

    fn connect() -> Result<Self, String> {
        let runtime = Builder::new_multi_thread().worker_threads(2).thread_name("docker").enable_all().build();
        let runtime = runtime.map_err(|error| format!("failed to start threads for its client: {error}"))?;
        let client = runtime.block_on(async {
            let client = testcontainers::core::client::docker_client_instance().await.map_err(|error| chain(&error))?;
            client.ping().await.map_err(|error| chain(&error))?;
            Ok::<_, String>(client)
        })?;
        Ok(Self { runtime, client })
    }

    /// The id of a version's image; it must have been built from the files of this program.
    pub(super) fn image(&self, version: &SparkPatch) -> Result<String, TargetError> {
        let not_ready = |missing: String| TargetError::NotReady {
            target: target_name(version),
            missing,
            remedy: image::remedy(version),
        };
        let name = image::name(version);
        match self.runtime.block_on(self.client.inspect_image(&name)) {
            Ok(found) => {
                let labels = found.config.and_then(|config| config.labels).unwrap_or_default();
                if labels.get(image::CONTEXT_LABEL) != Some(&image::context_digest()) {
                    return Err(not_ready(format!("an image of this seatrial ({name} was built from other files)")));
                }
                found.id.ok_or_else(|| not_ready(format!("the id of its image {name}")))
            }
            Err(Error::DockerResponseServerError { status_code: 404, .. }) => {
                Err(not_ready(format!("its image {name}")))
            }
            Err(error) => Err(not_ready(format!("its image {name} ({})", chain(&error)))),
        }
    }
}

/// An error with its causes; the outermost one alone often says nothing.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text += &format!(": {cause_text}");
        }
        source = cause.source();
    }
    text
}
