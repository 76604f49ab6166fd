//! Record batches that the source made.
