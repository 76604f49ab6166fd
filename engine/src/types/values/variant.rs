//! The JSON text of a variant.

/// The JSON text of a variant's two binaries; none while this is not decoded.
pub(super) fn json_text(_value: &[u8], _metadata: &[u8]) -> Option<String> {
    None
}
