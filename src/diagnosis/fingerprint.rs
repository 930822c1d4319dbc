//! A name for a failure that stays the same over machines, paths, times and the order of tests.

use std::sync::LazyLock;

use regex::Regex;
use sha2::{Digest, Sha256};

use crate::evidence::Failure;

/// What differs between two runs of the same failure: hashes and addresses, paths, numbers.
static VARIABLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"0x[0-9a-fA-F]+|\b[0-9a-f]{7,64}\b|(?:/[\w.@+-]+)+|\d+(?:\.\d+)?")
        .expect("the pattern is constant and tested")
});

/// The first 16 hexadecimal digits of a SHA-256 over what failed and how, sorted.
pub(super) fn of(failures: &[Failure]) -> String {
    let mut parts: Vec<String> = failures.iter().map(template).collect();
    parts.sort();
    parts.dedup();
    let mut hash = Sha256::new();
    for part in &parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn template(failure: &Failure) -> String {
    let message = failure.message.as_deref().unwrap_or("");
    let first_line = message.lines().next().unwrap_or("");
    format!(
        "{}|{}|{}",
        failure.test.as_deref().unwrap_or(""),
        failure.kind.as_deref().unwrap_or(""),
        VARIABLE.replace_all(first_line, "#")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(test: &str, message: &str) -> Failure {
        Failure { test: Some(test.to_owned()), message: Some(message.to_owned()), ..Failure::default() }
    }

    #[test]
    fn machines_times_and_order_do_not_matter() {
        let here = [failure("a", "no /home/me/x at 0x7f01 in 1.5s"), failure("b", "boom")];
        let there = [failure("b", "boom"), failure("a", "no /build/1/x at 0xab99 in 22.25s")];
        assert_eq!(of(&here), of(&there));
        assert_ne!(of(&here), of(&here[..1]));
    }
}
