//! SARIF 2.1.0 (OASIS): results of static analysis.

use serde_json::Value;

use super::{MOST_FAILURES, cut, number};
use crate::evidence::parsers::Parsed;
use crate::evidence::stack::repository_path;
use crate::evidence::{Failure, Nature};

pub(super) fn read(document: &Value) -> Option<Parsed> {
    let runs = document.get("runs")?.as_array()?;
    document.get("version")?.as_str().filter(|version| version.starts_with("2."))?;
    let results = runs.iter().filter_map(|run| run.get("results")?.as_array()).flatten();
    let failing = results.filter(|result| {
        matches!(result["level"].as_str(), None | Some("error" | "warning"))
            && result.get("suppressions").is_none_or(|all| all.as_array().is_none_or(Vec::is_empty))
    });
    Some(Parsed { tool: "sarif".into(), failures: failing.map(failure).take(MOST_FAILURES).collect(), key_lines: None })
}

fn failure(result: &Value) -> Failure {
    let place = &result["locations"][0]["physicalLocation"];
    let region = &place["region"];
    Failure {
        file: place["artifactLocation"]["uri"].as_str().map(repository_path),
        line: number(&region["startLine"]),
        column: number(&region["startColumn"]),
        kind: result["ruleId"].as_str().map(str::to_owned),
        message: result["message"]["text"].as_str().map(cut),
        nature: Nature::Lint,
        ..Failure::default()
    }
}
