//! A name for a failure that stays the same over machines, paths, times and the order of tests.

use sha2::{Digest, Sha256};

use crate::evidence::{Failure, template};

/// The first 16 hexadecimal digits of a SHA-256 over what failed and how, sorted; where no failure is
/// named, over what stands for it.
pub(super) fn of(failures: &[Failure], otherwise: impl FnOnce() -> String) -> String {
    let mut parts: Vec<String> = failures.iter().map(identity).collect();
    if parts.is_empty() {
        parts.push(otherwise());
    }
    parts.sort();
    parts.dedup();
    let mut hash = Sha256::new();
    for part in &parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// What is the same of one failure on every machine.
pub(super) fn identity(failure: &Failure) -> String {
    let message = failure.message.as_deref().unwrap_or("");
    // A compiler's or linter's finding has no test: its file tells it apart from its like.
    let file = failure.file.as_deref().filter(|_| failure.test.is_none()).and_then(|file| file.file_name());
    format!(
        "{}|{}|{}|{}",
        failure.test.as_deref().unwrap_or(""),
        failure.kind.as_deref().unwrap_or(""),
        file.map(|file| file.to_string_lossy()).unwrap_or_default(),
        template::of(message.lines().next().unwrap_or("")),
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
        assert_eq!(of(&here, String::new), of(&there, String::new));
        assert_ne!(of(&here, String::new), of(&here[..1], String::new));
    }
}
