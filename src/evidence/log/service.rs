//! Which CI service wrote a log.

use super::Cleaned;
use crate::evidence::Level;

/// A CI service, by the form of its logs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Service {
    /// The output of a tool, or of a service that leaves no trace.
    #[default]
    Plain,
    /// GitHub Actions.
    GitHub,
    /// Azure Pipelines.
    Azure,
    /// GitLab CI.
    GitLab,
    /// Travis CI.
    Travis,
    /// CircleCI.
    CircleCi,
    /// Jenkins.
    Jenkins,
    /// Buildkite.
    Buildkite,
    /// Taskcluster.
    Taskcluster,
}

impl Service {
    /// What a line gives away; `raw` is the line before it was cleaned.
    pub(super) fn of_line(line: &Cleaned<'_>, raw: &[u8]) -> Option<Service> {
        if line.origin.is_some() {
            return Some(Service::GitHub);
        }
        if !line.folds.is_empty() {
            return Some(if line.folds.starts_with("travis") { Service::Travis } else { Service::GitLab });
        }
        match line.level {
            Level::Group if line.text.starts_with("Starting: ") => return Some(Service::Azure),
            Level::Group | Level::EndGroup | Level::Error => return Some(Service::GitHub),
            _ => {}
        }
        let text = line.text;
        match text.as_bytes().first()? {
            b'C' if text.starts_with("Current runner version: ") => Some(Service::GitHub),
            b'R' if text.starts_with("Running with gitlab-runner") => Some(Service::GitLab),
            b'[' if text.starts_with("[Pipeline] ") => Some(Service::Jenkins),
            b'[' if text.starts_with("[taskcluster") => Some(Service::Taskcluster),
            b'S' if text.starts_with("Started by ") => Some(Service::Jenkins),
            b'~' if text.starts_with("~~~ ") => Some(Service::Buildkite),
            b'#' if text.starts_with("#!/bin/bash -eo pipefail") => Some(Service::CircleCi),
            b'B' if text.starts_with("Build was triggered by") => Some(Service::CircleCi),
            _ if raw.starts_with(b"\x1b_bk;t=") => Some(Service::Buildkite),
            _ => None,
        }
    }
}
