//! Random schemas and rows.
