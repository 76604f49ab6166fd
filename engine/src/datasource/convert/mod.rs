//! From what `reader.read(partition)` returned to Arrow record batches.
