//! Artifacts as they come: several in a message, or one in several.

use prost::bytes::{Bytes, BytesMut};
use spark_connect_proto::add_artifacts_request::{ArtifactChunk, BeginChunkedArtifact, Payload, SingleChunkArtifact};
use spark_connect_proto::add_artifacts_response::ArtifactSummary;

use super::{Added, Artifacts, LIMIT};
use crate::failure::Failure;

/// One call of `AddArtifacts`.
#[derive(Debug, Default)]
pub(crate) struct Transfer {
    begun: Option<Begun>,
    done: Vec<ArtifactSummary>,
}

/// An artifact of which chunks are missing.
#[derive(Debug)]
struct Begun {
    name: String,
    data: BytesMut,
    total: usize,
    chunks: i64,
    intact: bool,
}

impl Transfer {
    /// Takes what a message brings.
    ///
    /// # Errors
    /// When it does not fit what came before, or an artifact cannot be kept.
    pub(crate) fn take(&mut self, artifacts: &Artifacts, payload: Option<Payload>) -> Result<(), Failure> {
        match (payload, &mut self.begun) {
            (Some(Payload::Batch(batch)), None) => {
                batch.artifacts.into_iter().try_for_each(|artifact| self.single(artifacts, artifact))
            }
            (Some(Payload::BeginChunk(begin)), None) => self.begin(artifacts, begin),
            (Some(Payload::Chunk(chunk)), Some(begun)) => {
                begun.append(&chunk)?;
                self.finish_if_complete(artifacts)
            }
            (Some(Payload::Chunk(_)), None) => Err(Failure::invalid("A chunk belongs to no artifact.")),
            (Some(_), Some(begun)) => {
                Err(Failure::invalid(format!("Another artifact begins before all chunks of {} came.", begun.name)))
            }
            (None, _) => Err(Failure::unsupported("artifact", "unknown")),
        }
    }

    /// What was kept, and what was not since it was damaged.
    ///
    /// # Errors
    /// When chunks are missing.
    pub(crate) fn end(self) -> Result<Vec<ArtifactSummary>, Failure> {
        match self.begun {
            None => Ok(self.done),
            Some(begun) => Err(Failure::invalid(format!("Chunks of the artifact {} are missing.", begun.name))),
        }
    }

    fn single(&mut self, artifacts: &Artifacts, artifact: SingleChunkArtifact) -> Result<(), Failure> {
        let chunk = artifact.data.unwrap_or_default();
        let intact = is_intact(&chunk);
        self.keep(artifacts, artifact.name, chunk.data, intact)
    }

    fn begin(&mut self, artifacts: &Artifacts, begin: BeginChunkedArtifact) -> Result<(), Failure> {
        let total = usize::try_from(begin.total_bytes).ok().filter(|total| *total <= LIMIT);
        let total = total.ok_or_else(|| Failure::exhausted(format!("an artifact may have {LIMIT} bytes at most")))?;
        let (name, chunks) = (begin.name, begin.num_chunks);
        // Room is made as the data comes, not because somebody says that it will.
        let mut begun = Begun { name, data: BytesMut::new(), total, chunks, intact: true };
        begun.append(&begin.initial_chunk.unwrap_or_default())?;
        self.begun = Some(begun);
        self.finish_if_complete(artifacts)
    }

    fn finish_if_complete(&mut self, artifacts: &Artifacts) -> Result<(), Failure> {
        let Some(begun) = self.begun.take_if(|begun| begun.chunks <= 0) else { return Ok(()) };
        let intact = begun.intact && begun.data.len() == begun.total;
        self.keep(artifacts, begun.name, begun.data.freeze(), intact)
    }

    fn keep(&mut self, artifacts: &Artifacts, name: String, data: Bytes, intact: bool) -> Result<(), Failure> {
        let is_crc_successful = intact && artifacts.add(&name, data)? == Added::Kept;
        self.done.push(ArtifactSummary { name, is_crc_successful });
        Ok(())
    }
}

impl Begun {
    fn append(&mut self, chunk: &ArtifactChunk) -> Result<(), Failure> {
        if self.data.len() + chunk.data.len() > self.total {
            return Err(Failure::invalid(format!("The artifact {} is larger than it said.", self.name)));
        }
        self.intact &= is_intact(chunk);
        self.data.extend_from_slice(&chunk.data);
        self.chunks -= 1;
        Ok(())
    }
}

fn is_intact(chunk: &ArtifactChunk) -> bool {
    i64::from(crc32fast::hash(&chunk.data)) == chunk.crc
}
