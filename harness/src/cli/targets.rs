//! `seatrial targets`: every target, whether it is ready, and what it lacks; and the building of images.

use comfy_table::{Table, presets};

use super::arguments::{BuildImagesOptions, TargetsCommand, TargetsOptions};
use super::context;
use super::exit::{Exit, UsageError};
use crate::case::SparkVersion;
use crate::target::container::{self, image};
use crate::target::engine::{self, OWN_SPARK};
use crate::target::environment::{Environments, Installation};
use crate::target::id::KNOWN_SPARK_VERSIONS;
use crate::target::spark::java;
use crate::target::{TargetError, TargetId};

/// Runs the command.
pub(crate) fn run(options: &TargetsOptions) -> anyhow::Result<Exit> {
    match &options.command {
        None => list(),
        Some(TargetsCommand::Build(options)) => build(options),
    }
}

/// Builds images, one after another; the first that cannot be built ends it.
fn build(options: &BuildImagesOptions) -> anyhow::Result<Exit> {
    let mut versions = Vec::new();
    for target in &options.targets {
        let TargetId::Docker(version) = target else {
            return Err(UsageError(format!("`{target}` has no image; name a target such as docker:4.3.0")).into());
        };
        versions.push(version);
    }
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let build = image::BuildOptions {
        base_image: options.base_image.clone().or_else(|| variable(image::BASE_IMAGE_VARIABLE)),
        certificates: options.certificates.clone().or_else(|| variable(image::CERTIFICATES_VARIABLE).map(Into::into)),
    };
    for version in versions {
        let id = image::build(version, &build)?;
        context::print(&format!("docker:{version} {} {id}\n", image::name(version)))?;
    }
    Ok(Exit::Ok)
}

/// Lists all targets. One that is not ready is no error: the list says how to get it.
fn list() -> anyhow::Result<Exit> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["target", "kind", "ready", "what is missing"]);
    table.add_row(["engine", "this program, as a process of its own", "yes", ""]);
    table.add_row(["engine:connect", "the same behind Spark Connect, asked by the PySpark client", "yes", ""]);
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
        let missing = missing.join("; ");
        table.add_row([&id.to_string(), "real PySpark, classic mode", ready, &missing]);
        table.add_row([&format!("{id}:connect"), "real PySpark over Spark Connect", ready, &missing]);
    }
    for version in KNOWN_SPARK_VERSIONS {
        let id: TargetId = format!("docker:{version}").parse()?;
        let TargetId::Docker(patch) = &id else { continue };
        let missing = container::lacks(patch).map(|error| match error {
            TargetError::NotReady { missing, remedy, .. } => format!("{missing}: {remedy}"),
            other => other.to_string(),
        });
        let ready = if missing.is_none() { "yes" } else { "no" };
        let kind = "real PySpark in a container".to_owned();
        table.add_row([id.to_string(), kind, ready.to_owned(), missing.unwrap_or_default()]);
    }
    table.add_row(["sc://HOST:PORT", "any Spark Connect server, asked by the PySpark client", "yes", ""]);
    table.add_row(["cmd:PROGRAM", "any program that speaks the runner protocol", "yes", ""]);
    let text: String = table.lines().map(|line| format!("{}\n", line.trim())).collect();
    context::print(&text)?;
    Ok(Exit::Ok)
}
