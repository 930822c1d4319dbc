//! What can go wrong between heal and GitHub, and what kind of trouble it is.
//!
//! Texts from outside are bounded and hold no control characters; they may still hold anything else,
//! so whoever stores or shows them redacts them first. Tokens are never in them: requests are not
//! quoted.

/// The longest text of somebody else's that an error holds, in characters.
const MESSAGE_CHARS: usize = 300;

/// The kind of trouble, which decides what happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// It does not exist, or the App may not know of it.
    NotFound,
    /// It existed; its time is over (logs after their retention).
    Gone,
    /// The credentials are not accepted, even after renewing them.
    Unauthorized,
    /// The App lacks a permission, or the repository is closed to it.
    Forbidden,
    /// It exists already, or it has changed in the meantime.
    Conflict,
    /// Too much was asked; [`GithubError::retry_at`] says when to go on.
    RateLimited,
    /// Trying again later may help. Of a POST it is not known whether it was carried out.
    Transient,
    /// The answer is larger than heal takes.
    TooLarge,
    /// The answer is not what was expected.
    Malformed,
    /// A setting is wrong.
    Configuration,
}

/// Why GitHub could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum GithubError {
    /// GitHub said no.
    #[error("{operation}: refused with status {status}: {message}{}", request_note(request_id))]
    Refused {
        /// What was asked.
        operation: &'static str,
        /// The HTTP status.
        status: u16,
        /// GitHub's words, bounded.
        message: String,
        /// GitHub's name for the request.
        request_id: Option<String>,
    },
    /// The rate limit is reached, and waiting for its end would take longer than the budget.
    #[error("{operation}: the rate limit is reached; it ends at {until} (seconds since 1970)")]
    RateLimited {
        /// What was asked.
        operation: &'static str,
        /// When it may be asked again, in seconds since 1970.
        until: i64,
    },
    /// No whole answer came.
    #[error("{operation}: no answer: {message}")]
    Unreachable {
        /// What was asked.
        operation: &'static str,
        /// What happened instead.
        message: String,
    },
    /// The answer exceeds the limit.
    #[error("{operation}: the answer is larger than {limit} bytes")]
    TooLarge {
        /// What was asked.
        operation: &'static str,
        /// The limit.
        limit: u64,
    },
    /// The answer makes no sense.
    #[error("{operation}: unexpected answer: {message}{}", request_note(request_id))]
    Malformed {
        /// What was asked.
        operation: &'static str,
        /// What is wrong with it.
        message: String,
        /// GitHub's name for the request.
        request_id: Option<String>,
    },
    /// A setting is wrong.
    #[error("{setting}: {message}")]
    Configuration {
        /// Which.
        setting: &'static str,
        /// What is wrong with it.
        message: String,
    },
    /// A download could not be written to this machine's disk.
    #[error("{operation}: can't be stored")]
    Storage {
        /// What was asked.
        operation: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
}

impl GithubError {
    /// The kind of trouble.
    pub fn kind(&self) -> ErrorKind {
        match self {
            GithubError::Refused { status, .. } => kind_of_status(*status),
            GithubError::RateLimited { .. } => ErrorKind::RateLimited,
            GithubError::Unreachable { .. } | GithubError::Storage { .. } => ErrorKind::Transient,
            GithubError::TooLarge { .. } => ErrorKind::TooLarge,
            GithubError::Malformed { .. } => ErrorKind::Malformed,
            GithubError::Configuration { .. } => ErrorKind::Configuration,
        }
    }

    /// When to try again, in seconds since 1970, where GitHub said so.
    pub fn retry_at(&self) -> Option<i64> {
        match self {
            GithubError::RateLimited { until, .. } => Some(*until),
            _ => None,
        }
    }

    /// Whether this is about something that does not exist.
    pub(super) fn is_missing(&self) -> bool {
        matches!(self.kind(), ErrorKind::NotFound)
    }
}

fn kind_of_status(status: u16) -> ErrorKind {
    match status {
        401 => ErrorKind::Unauthorized,
        403 | 451 => ErrorKind::Forbidden,
        // A redirection that was not followed leads to a repository of another name.
        300..=399 | 404 => ErrorKind::NotFound,
        // 405: a pull request that can't be merged as it is; 412: it is not what it was.
        405 | 409 | 412 | 422 => ErrorKind::Conflict,
        410 => ErrorKind::Gone,
        413 => ErrorKind::TooLarge,
        429 => ErrorKind::RateLimited,
        408 | 425 | 500..=599 => ErrorKind::Transient,
        _ => ErrorKind::Malformed,
    }
}

fn request_note(request_id: &Option<String>) -> String {
    request_id.as_ref().map(|id| format!(" (request {id})")).unwrap_or_default()
}

/// Somebody else's words, made short and free of control characters.
pub(super) fn bounded(text: &str) -> String {
    let mut words: String = text.trim().chars().take(MESSAGE_CHARS + 1).collect();
    if words.chars().count() > MESSAGE_CHARS {
        words.pop();
        words.push('…');
    }
    words.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// An error with its causes, in one bounded line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut current = Some(error);
    while let Some(error) = current {
        let text = first_line(&error.to_string());
        // Many wrappers repeat their cause's words.
        if !words.iter().any(|said| said.contains(&text)) {
            words.push(text);
        }
        current = error.source();
    }
    bounded(&words.join(": "))
}

/// octocrab prints backtraces behind some messages.
fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or("").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_is_cut_and_has_no_control_characters() {
        let text = bounded(&format!("a\u{1b}[31m{}", "ü".repeat(1000)));
        assert_eq!(text.chars().count(), MESSAGE_CHARS + 1);
        assert!(text.starts_with("a [31mü") && text.ends_with('…'));
    }

    #[test]
    fn statuses_have_kinds() {
        let kinds = [(404, ErrorKind::NotFound), (410, ErrorKind::Gone), (422, ErrorKind::Conflict)];
        for (status, kind) in kinds.into_iter().chain([(502, ErrorKind::Transient), (403, ErrorKind::Forbidden)]) {
            let error = GithubError::Refused { operation: "x", status, message: String::new(), request_id: None };
            assert_eq!(error.kind(), kind);
        }
    }
}
