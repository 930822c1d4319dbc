//! A diagnosis as workflow commands of GitHub Actions, which become annotations on the lines.
//!
//! Format: <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>.

use crate::diagnosis::Diagnosis;
use crate::evidence::Failure;

/// GitHub shows at most ten annotations of a kind for a step.
const SHOWN: usize = 10;

/// One `::error` line for each of the first failures, then one `::notice` with the class.
pub fn github(diagnosis: &Diagnosis) -> String {
    let mut text: String = diagnosis.failures.iter().take(SHOWN).map(error).collect();
    let percent = (diagnosis.confidence * 100.0).round();
    let message = format!("{} ({percent} % sure): {}", diagnosis.class, diagnosis.reason);
    text.push_str(&format!("::notice title=heal::{}\n", data(&message)));
    text
}

fn error(failure: &Failure) -> String {
    let mut properties = Vec::new();
    if let Some(file) = &failure.file {
        properties.push(format!("file={}", property(&file.display().to_string())));
        properties.extend(failure.line.map(|line| format!("line={line}")));
        properties.extend(failure.column.map(|column| format!("col={column}")));
    }
    let title = failure.test.as_deref().or(failure.kind.as_deref()).unwrap_or("failure");
    properties.push(format!("title={}", property(title)));
    format!("::error {}::{}\n", properties.join(","), data(failure.message.as_deref().unwrap_or(title)))
}

/// The escapes of a command's data.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The escapes of a command's property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
