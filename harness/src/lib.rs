//! The harness: loads cases, runs them on targets, compares what the targets answered, and reports.
//!
//! Data flows one way: case → target → observation → comparison → report.

pub mod case;
pub mod cli;
pub mod compare;
pub mod divergence;
pub mod docs;
pub mod engine_runner;
pub mod explain;
pub mod gate;
pub mod golden;
pub mod observation;
mod parallel;
pub mod report;
pub mod repro;
pub mod run;
pub mod scoreboard;
pub mod target;
