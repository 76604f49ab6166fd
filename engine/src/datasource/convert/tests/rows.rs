//! What an element may be, and in which order errors are found.
