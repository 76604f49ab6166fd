//! The plan of a request, which may be compressed.

use std::io::Read;

use prost::Message;
use spark_connect_proto::plan::OpType;
use spark_connect_proto::plan::compressed_operation::OpType as Compressed;
use spark_connect_proto::{Command, CompressionCodec, Plan, Relation};

use crate::codec::check_depth;
use crate::failure::Failure;

/// What a plan asks for.
#[derive(Debug)]
pub(crate) enum Asked {
    /// Rows.
    Relation(Box<Relation>),
    /// To do something.
    Command(Box<Command>),
}

/// Reads a plan; `limit` bounds the bytes of a compressed one.
///
/// # Errors
/// `CONNECT_INVALID_PLAN`, and a plan of a kind that is not known.
pub(crate) fn read(plan: Option<Plan>, limit: usize) -> Result<Asked, Failure> {
    match plan.and_then(|plan| plan.op_type) {
        Some(OpType::Root(relation)) => Ok(Asked::Relation(Box::new(relation))),
        Some(OpType::Command(command)) => Ok(Asked::Command(Box::new(command))),
        Some(OpType::CompressedOperation(operation)) => {
            if operation.compression_codec() != CompressionCodec::Zstd {
                return Err(Failure::plan_does_not_parse("the codec is not ZSTD"));
            }
            let bytes = decompressed(&operation.data, limit)?;
            check_depth(&bytes).map_err(|error| Failure::plan_does_not_parse(&error.to_string()))?;
            let broken = |error: prost::DecodeError| Failure::plan_does_not_parse(&error.to_string());
            match operation.op_type() {
                Compressed::Relation => Relation::decode(&*bytes).map(|relation| Asked::Relation(relation.into())),
                Compressed::Command => Command::decode(&*bytes).map(|command| Asked::Command(command.into())),
                Compressed::Unspecified => return Err(Failure::plan_does_not_parse("it has no type")),
            }
            .map_err(broken)
        }
        None => Err(Failure::invalid("The plan has neither a relation nor a command that this server knows.")),
    }
}

/// Reads a plan that must be a relation.
///
/// # Errors
/// As [`read`].
pub(crate) fn relation(plan: Option<Plan>, limit: usize) -> Result<Relation, Failure> {
    match read(plan, limit)? {
        Asked::Relation(relation) => Ok(*relation),
        Asked::Command(_) => Err(Failure::invalid("A command cannot be analysed.")),
    }
}

fn decompressed(data: &[u8], limit: usize) -> Result<Vec<u8>, Failure> {
    let broken = |error: std::io::Error| Failure::plan_does_not_parse(&error.to_string());
    let mut bytes = Vec::new();
    // One byte more tells that there is too much.
    let mut reader = zstd::Decoder::new(data).map_err(broken)?.take(limit as u64 + 1);
    reader.read_to_end(&mut bytes).map_err(broken)?;
    if bytes.len() > limit { Err(Failure::plan_too_large(limit)) } else { Ok(bytes) }
}
