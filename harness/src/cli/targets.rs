//! `seatrial targets`: every target, whether it is ready, and what it lacks.

use comfy_table::{Table, presets};

use super::context;
use super::exit::Exit;
use crate::case::SparkVersion;
use crate::target::engine::{self, OWN_SPARK};
use crate::target::environment::{Environments, Installation};
use crate::target::id::KNOWN_SPARK_VERSIONS;
use crate::target::spark::java;
use crate::target::{TargetError, TargetId};

/// Runs the command. A target that is not ready is no error: the list says how to get it.
pub(crate) fn run() -> anyhow::Result<Exit> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["target", "kind", "ready", "what is missing"]);
    table.add_row(["engine", "this program, as a process of its own", "yes", ""]);
    let environments = Environments::of_user();
    let missing_environment = |installation: &Installation, remedy: &str| match &environments {
        Ok(environments) if environments.is_ready(installation) => None,
        Ok(environments) => {
            Some(format!("its virtual environment {}: {remedy}", environments.directory(installation).display()))
        }
        Err(error) => Some(error.to_string()),
    };
    for version in KNOWN_SPARK_VERSIONS {
        let Some(minor) = version.parse::<SparkVersion>().ok().map(|version| version.minor()) else { continue };
        if minor == OWN_SPARK {
            continue;
        }
        let missing = missing_environment(&engine::installation(minor)?, "`seatrial prepare` makes it");
        let ready = if missing.is_none() { "yes" } else { "no" };
        let name = format!("engine --spark {minor}");
        table.add_row([name.as_str(), "the engine with another PySpark", ready, &missing.unwrap_or_default()]);
    }
    let java = java::require().err().map(|error| match error {
        TargetError::NotReady { missing, .. } => format!("{missing}: {}", java::remedy()),
        other => other.to_string(),
    });
    for version in KNOWN_SPARK_VERSIONS {
        let id: TargetId = format!("spark:{version}").parse()?;
        let TargetId::Spark(patch) = &id else { continue };
        let mut missing: Vec<String> = java.iter().cloned().collect();
        let size = "the first use makes it (some hundred megabytes)";
        missing.extend(missing_environment(&Installation::spark(patch), size));
        let ready = if missing.is_empty() { "yes" } else { "no" };
        table.add_row([id.to_string(), "real PySpark, classic mode".to_owned(), ready.to_owned(), missing.join("; ")]);
    }
    table.add_row(["cmd:PROGRAM", "any program that speaks the runner protocol", "yes", ""]);
    let text: String = table.lines().map(|line| format!("{}\n", line.trim())).collect();
    context::print(&text)?;
    Ok(Exit::Ok)
}
