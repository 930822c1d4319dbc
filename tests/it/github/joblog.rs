//! A job's log in GitHub's form: every line with its time, groups, commands in colour.

use super::clock;
use super::workflow::StepSpec;

/// A log that grows, step by step.
#[derive(Debug, Default)]
pub struct JobLog {
    /// Name and text of each step.
    pub steps: Vec<(String, String)>,
}

impl JobLog {
    /// Opens a step.
    pub fn step(&mut self, name: &str) {
        self.steps.push((name.to_owned(), String::new()));
    }

    /// Writes lines into the open step.
    pub fn write(&mut self, text: &str) {
        let Some((_, log)) = self.steps.last_mut() else { return };
        for line in text.lines() {
            log.push_str(&format!("{} {line}\n", clock::stamp()));
        }
    }

    /// What stands above every job's log.
    pub fn set_up(&mut self) {
        self.step("Set up job");
        self.write("Current runner version: '2.317.0'\n##[group]Operating System\nUbuntu\n22.04.4\nLTS\n##[endgroup]");
        self.write("##[group]GITHUB_TOKEN Permissions\nContents: read\nMetadata: read\n##[endgroup]\nPrepare all required actions");
    }

    /// The head of a `run:` step.
    pub fn command(&mut self, script: &str, step: &StepSpec) {
        let first = script.lines().next().unwrap_or_default();
        self.write(&format!("##[group]Run {first}"));
        for line in script.lines() {
            self.write(&format!("\u{1b}[36;1m{line}\u{1b}[0m"));
        }
        self.write("shell: /usr/bin/bash -e {0}");
        if !step.env.is_empty() {
            self.write("env:");
            for (name, value) in &step.env {
                self.write(&format!("  {name}: {value}"));
            }
        }
        self.write("##[endgroup]");
    }

    /// The head of a `uses:` step.
    pub fn action(&mut self, uses: &str) {
        self.write(&format!("##[group]Run {uses}\n##[endgroup]"));
    }
}

/// The whole log of a job, as the API gives it.
pub fn whole(steps: &[(String, String)]) -> String {
    let mut text = String::from("\u{feff}");
    for (_, step) in steps {
        text.push_str(step);
    }
    text
}
