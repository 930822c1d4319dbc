//! How steps end, in the words of every service.
//!
//! In: a cleaned line. Out: the [`Ending`] that it announces, where it does.

use std::sync::LazyLock;

use regex::Regex;

use super::Cleaned;
use crate::evidence::Level;

/// How a step ended, as far as the log says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ending {
    /// It does not say.
    #[default]
    Unknown,
    /// It ended well.
    Passed,
    /// It failed.
    Failed {
        /// The exit code, where the log names it.
        code: Option<i32>,
    },
    /// It was cancelled.
    Cancelled,
    /// The service stopped it for lasting too long.
    TimedOut,
}

static ENDED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?x)^(?:
            (?:Error:\s)?Process\ completed\ with\ exit\ code\ (\d+)
          | ERROR:\ Job\ failed:\ (?:exit\ (?:code|status)\ (\d+)|execution\ took\ longer|.*)
          | .{0,40}script\ returned\ exit\ code\ (\d+)
          | Exited\ with\ code\ (?:exit\ status\ )?(\d+)
          | .{0,8}Error:\ The\ command\ exited\ with\ status\ (\d+)
          | The\ command\ ".*"\ (?:failed\ and\ )?exited\ with\ (\d+)
          | Done\.\ Your\ build\ exited\ with\ (\d+)
          | (?:Bash|PowerShell|Cmd\.exe)\ exited\ with\ code\ '(\d+)'
          | Build\ step\ '.*'\ marked\ build\ as\ failure()
          | \[taskcluster[^\]]*\]\ (?:Exit\ Code:\ (\d+)|.*exit\ code\ (\d+))
        )"#,
    )
    .expect("the pattern is constant and tested")
});

static TIMED_OUT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^(?:The action '.*' has timed out after|The job running on runner .* has exceeded the maximum execution time|ERROR: Job failed: execution took longer than|No output has been received in the last|Too long with no output|Timeout has been exceeded|# Received cancellation signal, interrupting|The job exceeded the maximum (?:time limit|log length)|Sending interrupt signal to process|\[taskcluster.*[Tt]ask timeout)",
    )
    .expect("the pattern is constant and tested")
});

/// The ending that a line announces.
pub(super) fn of_line(line: &Cleaned<'_>) -> Option<Ending> {
    let text = line.text;
    // The first bytes tell most lines apart from an ending without the regular expression.
    let first = *text.as_bytes().first()?;
    let may_end = line.level == Level::Error
        || matches!(first, b'E' | b'T' | b'D' | b'B' | b'P' | b'C' | b's' | b'[' | b'N' | b'#' | b'S' | 0x80..)
            && ["exit", "time", "No output", "marked build", "cancel", "interrupt", "Job failed"]
                .iter()
                .any(|word| text.contains(word));
    if !may_end || text.len() > 2000 {
        return None;
    }
    if TIMED_OUT.is_match(text) {
        return Some(Ending::TimedOut);
    }
    if line.level == Level::Error
        && (text.starts_with("The operation was cancel") || text.starts_with("The run was cancel"))
    {
        return Some(Ending::Cancelled);
    }
    if let Some(found) = ENDED.captures(text) {
        let code = found.iter().skip(1).flatten().find_map(|code| code.as_str().parse().ok());
        return Some(if code == Some(0) { Ending::Passed } else { Ending::Failed { code } });
    }
    (line.level == Level::Error
        && (text.starts_with("buildx failed") || text.starts_with("Docker ") && text.contains("failed with exit code")))
    .then_some(Ending::Failed { code: None })
}
