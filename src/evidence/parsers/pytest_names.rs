//! pytest's ids: those of the short summary and the progress, put to the sections that they name.
//!
//! In: failures whose test is a section's heading (`Class.test[param]`), and ids (`path::Class::test[param]`). Out: the
//! same failures with whole ids.

use super::MOST_FAILURES;
use crate::evidence::stack::{is_foreign, python, repository_path};
use crate::evidence::{Failure, Nature};

/// Without `[0.3790s] ` before an id, as `--durations` plugins print it.
pub(super) fn without_time(id: &str) -> &str {
    match id.strip_prefix('[').and_then(|rest| rest.split_once("s] ")) {
        Some((time, id)) if time.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') => id,
        _ => id,
    }
}

/// An id of the summary or the progress: the section that it names gets it, else it is a failure itself.
pub(super) fn add_named(failures: &mut Vec<Failure>, id: &str, reason: Option<String>, line: usize, nature: Nature) {
    let (file, name) = match id.split_once("::") {
        Some((file, name)) => (file, name.replace("::", ".")),
        None => (id, id.to_owned()),
    };
    let is_same = |failure: &Failure| {
        let Some(test) = failure.test.as_deref() else { return false };
        test == id || (id.contains("::") && (test == name || test.ends_with(&format!(".{name}"))))
    };
    // Of sections with the same name the first that has no id yet; a repeated id is not a new failure.
    if failures.iter().any(|failure| failure.test.as_deref() == Some(id)) {
        return;
    }
    let in_file = |failure: &&mut Failure| {
        failure.stack.iter().any(|frame| frame.file.ends_with(file)) || failure.stack.is_empty()
    };
    let best = failures.iter_mut().filter(|failure| is_same(failure)).find(in_file);
    if let Some(failure) = best {
        failure.test = Some(id.to_owned());
        if failure.message.is_none() {
            failure.message = reason;
        }
        // An absolute path of an unknown checkout is the one that the id names.
        if failure.file.as_ref().is_none_or(|known| known.is_absolute() && known.ends_with(file)) {
            failure.file = Some(repository_path(file));
        }
    } else if failures.len() < MOST_FAILURES {
        let kind = reason.as_deref().and_then(python::exception).map(|(kind, _)| kind);
        failures.push(Failure {
            test: Some(id.to_owned()),
            file: Some(repository_path(file)),
            kind,
            message: reason,
            log_lines: Some((line, line)),
            nature,
            ..Failure::default()
        });
    }
}

/// Old versions print no ids: the outermost test file of the stack and the heading make one.
pub(super) fn complete_id(failure: &mut Failure) {
    let Some(test) = &failure.test else { return };
    let is_doctest =
        failure.stack.iter().any(|frame| frame.function.as_deref() == Some("<module>")) && !test.contains("test");
    if test.contains("::") || test.contains(".py") || failure.nature != Nature::Test || is_doctest {
        return;
    }
    if let Some(frame) = failure.stack.iter().find(|frame| is_test_file(&frame.file.to_string_lossy())) {
        let (base, parameters) =
            test.split_once('[').map_or((test.as_str(), String::new()), |(base, rest)| (base, format!("[{rest}")));
        failure.test = Some(format!("{}::{}{parameters}", frame.file.display(), base.replace('.', "::")));
    }
}

/// By pytest's own conventions, and whatever lies in a folder of tests.
fn is_test_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let by_name = name.starts_with("test") || name.ends_with("_test.py") || name.ends_with("_tests.py");
    path.ends_with(".py") && !is_foreign(path) && by_name
}
