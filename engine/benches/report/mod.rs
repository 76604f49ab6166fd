//! What the benchmarks share: the generators that they read, and their figures, ratios of two durations, collected in
//! `target/bench.json`.

use std::error::Error;
use std::ffi::CStr;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value, json};

/// Defines `tuples`, `batches` and `drain`.
pub(crate) const GENERATORS: &CStr = {
    match CStr::from_bytes_with_nul(concat!(include_str!("generators.py"), "\0").as_bytes()) {
        Ok(text) => text,
        Err(_) => c"raise ImportError('generators.py holds a NUL byte')",
    }
};

/// `one` ÷ `other`, to three digits.
pub(crate) fn ratio(one: Duration, other: Duration) -> Value {
    json!((one.as_secs_f64() / other.as_secs_f64() * 1000.0).round() / 1000.0)
}

/// Adds the ratios to those that other benchmarks left in `target/bench.json`.
pub(crate) fn merge(ratios: &Map<String, Value>) -> Result<(), Box<dyn Error>> {
    // This executable is target/<profile>/deps/<benchmark>-<hash>.
    let executable = std::env::current_exe()?;
    let path: PathBuf = executable.ancestors().nth(3).ok_or("no target directory")?.join("bench.json");
    let mut all: Map<String, Value> = match fs::read_to_string(&path) {
        Ok(text) => serde_json::from_str(&text)?,
        Err(_) => Map::new(),
    };
    all.extend(ratios.clone());
    fs::write(&path, format!("{}\n", serde_json::to_string_pretty(&all)?))?;
    eprintln!("merged into {}", path.display());
    Ok(())
}
