//! What a case asks of the process that answers it, beyond its Python text.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::diagnostic::Problems;
use super::file::FileCase;
use super::yaml::Span;

/// Variables and modules of a target's process. Cases with other than the plain ones get runners of their own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Surroundings {
    /// Variables that are set, such as `TZ`.
    pub environment: BTreeMap<String, String>,
    /// Top-level modules on Python's path: name, text.
    pub modules: BTreeMap<String, String>,
}

/// Variables that the harness needs for itself.
const RESERVED: [&str; 4] = ["PYTHONPATH", "PYTHONHOME", "SEATRIAL_PYTHON", "TMPDIR"];

impl Surroundings {
    /// Whether nothing is asked: any runner will do.
    pub fn is_plain(&self) -> bool {
        self.environment.is_empty() && self.modules.is_empty()
    }

    /// Checks and takes what a case asks.
    pub(super) fn of(case: &FileCase, problems: &mut Problems<'_>) -> Self {
        let mut surroundings = Self::default();
        for (name, value) in &case.environment.0 {
            environment_problem(name, &value.value, value.span, problems);
            surroundings.environment.insert(name.clone(), value.value.clone());
        }
        for (name, text) in &case.modules.0 {
            let word = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if !word || name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
                let help = Some("a top-level module: a word such as `pyspark_harbour`".to_owned());
                problems.push(text.span, format!("`{name}` is not the name of a module"), help);
            }
            surroundings.modules.insert(name.clone(), text.value.clone());
        }
        surroundings
    }

    /// What a case's hash covers of it; nothing where nothing is asked.
    pub(super) fn add_to(&self, value: &mut Value) {
        for (key, entries) in [("environment", &self.environment), ("modules", &self.modules)] {
            if !entries.is_empty() {
                value[key] = json!(entries);
            }
        }
    }
}

fn environment_problem(name: &str, value: &str, span: Span, problems: &mut Problems<'_>) {
    if name.is_empty() || name.contains(['=', '\0']) || value.contains('\0') {
        problems.push(span, format!("no process can have a variable `{name}` with this value"), None);
    } else if RESERVED.contains(&name) {
        let help = (name == "PYTHONPATH").then(|| "modules of the case stand under `modules`".to_owned());
        problems.push(span, format!("`{name}` is the runner's own"), help);
    }
}
