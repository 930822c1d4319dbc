//! Whether a workflow runs on pushes to a branch, by its own file.

use crate::code::workflow::{BranchFilter, Workflow};
use crate::policy::Globs;

/// Whether a push to a branch starts a workflow.
pub fn starts_on_push(workflow: &Workflow, branch: &str) -> bool {
    workflow.push.as_ref().is_some_and(|filter| takes(filter, branch))
}

fn takes(filter: &BranchFilter, branch: &str) -> bool {
    let any = |patterns: &[String]| {
        let patterns: Vec<&str> = patterns.iter().map(String::as_str).collect();
        Globs::branches(&patterns).is_ok_and(|globs| globs.matches(branch))
    };
    let wanted = filter.only.is_empty() || any(&filter.only);
    let ignored = !filter.ignore.is_empty() && any(&filter.ignore);
    wanted && !ignored && !filter.tags_only
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_say_which_branches_start_a_workflow() {
        for (on, starts) in [
            ("on: push", true),
            ("on: pull_request", false),
            ("on: {push: {branches: [main]}}", false),
            ("on: {push: {branches: [main, 'heal/**']}}", true),
            ("on: {push: {branches-ignore: ['heal/**']}}", false),
            ("on: {push: {branches-ignore: [docs]}}", true),
            ("on: {push: {tags: ['v*']}}", false),
        ] {
            let workflow = Workflow::parse(format!("{on}\njobs: {{}}").as_bytes()).unwrap();
            assert_eq!(starts_on_push(&workflow, "heal/test-x-abc-1"), starts, "{on}");
        }
    }
}
