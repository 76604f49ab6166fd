//! How messages are read. A plan is as deep as the program that made it is long, so the limit of 100 levels that protobuf
//! libraries have does not do; but a message that is deeper than a thread's stack must be refused before it is read.

use std::marker::PhantomData;

use prost::Message;
use prost::bytes::Buf;
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder};
use tonic_prost::{ProstCodec, ProstEncoder};

/// How deep messages may be nested, as in Spark. A method call on a data frame takes two or three levels.
const DEPTH_LIMIT: usize = 1024;

/// Protobuf, read after its depth was looked at.
#[derive(Debug)]
pub(crate) struct DepthCheckedCodec<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for DepthCheckedCodec<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> Codec for DepthCheckedCodec<T, U>
where
    T: Message + Send + 'static,
    U: Message + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = ProstEncoder<T>;
    type Decoder = DepthCheckedDecoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstCodec::<T, U>::default().encoder()
    }

    fn decoder(&mut self) -> Self::Decoder {
        DepthCheckedDecoder(PhantomData)
    }
}

/// Reads one message.
#[derive(Debug)]
pub(crate) struct DepthCheckedDecoder<U>(PhantomData<U>);

impl<U: Message + Default> Decoder for DepthCheckedDecoder<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        let bytes = buffer.copy_to_bytes(buffer.remaining());
        check_depth(&bytes).map_err(|TooDeep| Status::invalid_argument(TooDeep.to_string()))?;
        let message = U::decode(bytes);
        message.map(Some).map_err(|error| Status::invalid_argument(format!("the message is not protobuf: {error}")))
    }
}

/// A message that would need too much stack.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the message is nested more than {DEPTH_LIMIT} levels deep")]
pub(crate) struct TooDeep;

/// Refuses messages that are nested too deeply.
///
/// The wire does not tell a text from a message, so whatever can be read as a message counts as one. A text that reads as
/// a thousand nested messages is not met by chance.
///
/// # Errors
/// When there are more than [`DEPTH_LIMIT`] levels.
pub(crate) fn check_depth(bytes: &[u8]) -> Result<(), TooDeep> {
    // The ends of the messages around the present place.
    let mut ends = vec![bytes.len()];
    let mut at = 0;
    while let Some(&end) = ends.last() {
        if at >= end {
            ends.pop();
            continue;
        }
        match field(bytes, at, end) {
            Some(Field::Plain { next }) => at = next,
            Some(Field::Nested { start, next }) => {
                if ends.len() > DEPTH_LIMIT {
                    return Err(TooDeep);
                }
                at = start;
                ends.push(next);
            }
            // It was no message after all; what follows it is the next field of the one around it.
            None => {
                at = end;
                ends.pop();
            }
        }
    }
    Ok(())
}

enum Field {
    Plain { next: usize },
    Nested { start: usize, next: usize },
}

/// The field at this place of a message that ends there; none if there is no field.
fn field(bytes: &[u8], at: usize, end: usize) -> Option<Field> {
    let (tag, start) = varint(bytes, at, end)?;
    if tag >> 3 == 0 || tag > u64::from(u32::MAX) {
        return None;
    }
    let until = |next: usize| (next <= end).then_some(next);
    match tag & 7 {
        0 => varint(bytes, start, end).map(|(_, next)| Field::Plain { next }),
        1 => until(start.checked_add(8)?).map(|next| Field::Plain { next }),
        2 => {
            let (length, start) = varint(bytes, start, end)?;
            let next = until(start.checked_add(usize::try_from(length).ok()?)?)?;
            Some(if length < 2 { Field::Plain { next } } else { Field::Nested { start, next } })
        }
        5 => until(start.checked_add(4)?).map(|next| Field::Plain { next }),
        // Groups, which no message of Spark Connect has.
        _ => None,
    }
}

/// A number, and where it ends.
fn varint(bytes: &[u8], at: usize, end: usize) -> Option<(u64, usize)> {
    let mut number = 0_u64;
    for (index, byte) in bytes.get(at..end)?.iter().take(10).enumerate() {
        number |= u64::from(byte & 0x7f).checked_shl(u32::try_from(index * 7).ok()?)?;
        if byte & 0x80 == 0 {
            return Some((number, at + index + 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message of so many levels.
    fn nested(levels: usize) -> Vec<u8> {
        let mut message = vec![0x08, 0x01];
        for _ in 0..levels {
            let mut outer = vec![0x0a];
            prost::encoding::encode_varint(message.len() as u64, &mut outer);
            outer.extend(message);
            message = outer;
        }
        message
    }

    #[test]
    fn what_is_too_deep_is_refused() {
        assert_eq!(check_depth(&nested(DEPTH_LIMIT - 1)), Ok(()));
        assert_eq!(check_depth(&nested(DEPTH_LIMIT + 1)), Err(TooDeep));
        assert_eq!(check_depth(b""), Ok(()));
        assert_eq!(check_depth(&[0xff; 1000]), Ok(()));
        assert_eq!(check_depth(&[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]), Ok(()));
    }
}
