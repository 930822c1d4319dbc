//! Links to what a story names; each address is built here and escaped, never taken from foreign text.

use std::path::{Component, Path};

use super::markdown::{code, code_of, shown};
use super::story::{RunLink, Story};

/// Longer addresses are not linked: they can only be meant to fill a page.
const ADDRESS: usize = 600;

/// A SHA as people write it.
pub(super) fn short(sha: &str) -> String {
    sha.chars().take(7).collect()
}

impl Story<'_> {
    /// The repository's page, where the names can be an address.
    fn page(&self) -> Option<String> {
        let web = self.web_url.trim_end_matches('/');
        let host = web.strip_prefix("https://").or_else(|| web.strip_prefix("http://"))?;
        let is_plain =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| is_plain(byte) || b":/[]".contains(&byte));
        (is_plain(host) && self.repository.split('/').count() == 2 && is_plain(self.repository))
            .then(|| format!("{web}/{}", self.repository))
    }

    fn linked(&self, label: &str, path: &str) -> String {
        match self.page() {
            Some(page) if page.len() + path.len() < ADDRESS => format!("[{label}]({page}/{path})"),
            _ => label.to_owned(),
        }
    }

    /// A commit, linked.
    pub(super) fn commit_link(&self, sha: &str) -> String {
        let label = code(&short(sha));
        if is_sha(sha) { self.linked(&label, &format!("commit/{sha}")) } else { label }
    }

    /// A place in the failing commit, linked.
    pub(super) fn place_link(&self, file: &Path, line: Option<u32>) -> String {
        let name = file.display().to_string();
        let (label, anchor) = match line {
            Some(line) => (code_of(&format!("{name}:{line}"), 200), format!("#L{line}")),
            None => (code_of(&name, 200), String::new()),
        };
        let is_own = file.components().all(|part| matches!(part, Component::Normal(_)));
        if !is_own || !is_linkable(&name) || !is_sha(self.head) {
            return label;
        }
        self.linked(&label, &format!("blob/{}/{}{anchor}", self.head, encoded(&name)))
    }

    /// A branch, linked.
    pub(super) fn branch_link(&self, branch: &str) -> String {
        let label = code_of(branch, 120);
        if is_linkable(branch) { self.linked(&label, &format!("tree/{}", encoded(branch))) } else { label }
    }

    /// A run, linked where its page is on the same forge: others' addresses are shown, not made to click.
    pub(super) fn run_link(&self, run: &RunLink) -> String {
        let name = if run.name.is_empty() { "run" } else { &run.name };
        let label = code_of(name, 120);
        let web = format!("{}/", self.web_url.trim_end_matches('/'));
        let is_ours = self.page().is_some() && run.url.strip_prefix(&web).is_some_and(is_address);
        let link = match (is_ours && is_linkable(&run.url), run.url.is_empty()) {
            (true, _) => format!("[{label}]({})", run.url),
            (false, true) => label,
            (false, false) => format!("{label} ({})", code_of(&run.url, 200)),
        };
        let ending = run.conclusion.as_deref().map(|conclusion| format!(" {}", words(conclusion))).unwrap_or_default();
        let attempt = if run.attempt > 1 { format!(", attempt {}", run.attempt) } else { String::new() };
        format!("{link}{ending}{attempt}")
    }

    /// A person to be told, where the forge knows the login; bots are named only.
    pub(super) fn suspect_author(&self, name: &str) -> String {
        match self.suspect_login {
            Some(login) if is_login(login) => format!("@{login}"),
            _ => code_of(name, 80),
        }
    }
}

/// A conclusion such as `timed_out`, as words; anything else is foreign.
fn words(conclusion: &str) -> String {
    let is_word = conclusion.len() < 32 && conclusion.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if is_word { conclusion.replace('_', " ") } else { code_of(conclusion, 32) }
}

/// GitHub's logins: letters, digits and single hyphens, 39 at most.
fn is_login(login: &str) -> bool {
    let is_inner = login.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    is_inner && (1..=39).contains(&login.len()) && !login.starts_with('-') && !login.ends_with('-')
}

fn is_sha(sha: &str) -> bool {
    (7..=64).contains(&sha.len()) && sha.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// Whether a name may stand in an address: short, and nothing in it that would be hidden elsewhere.
fn is_linkable(name: &str) -> bool {
    (1..ADDRESS).contains(&name.len()) && shown(name) == name
}

fn is_address(path: &str) -> bool {
    path.bytes().all(|byte| is_plain(byte) || b"/?=&#%".contains(&byte))
}

/// A path in an address (RFC 3986): what is not unreserved is escaped.
fn encoded(path: &str) -> String {
    let byte = |byte: u8| {
        if is_plain(byte) || byte == b'/' { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    path.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::super::sample::sample;
    use super::*;

    fn run(name: &str, url: &str) -> RunLink {
        RunLink { name: name.to_owned(), url: url.to_owned(), conclusion: Some("timed_out".to_owned()), attempt: 2 }
    }

    #[test]
    fn links_are_built_here() {
        let sample = sample();
        let story = sample.story();
        for (made, link) in [
            (
                story.place_link(Path::new("a b/(x).py"), Some(3)),
                "[` a b/(x).py:3 `](https://github.com/octo/shop/blob/1f7d1fda0001e35a945299dcdf574ccf60fcba28/a%20b/%28x%29.py#L3)",
            ),
            (story.place_link(Path::new("../etc/passwd"), None), "` ../etc/passwd `"),
            (story.place_link(Path::new("/etc/passwd"), Some(1)), "` /etc/passwd:1 `"),
            (story.commit_link("not a sha"), "` not a s `"),
            (
                story.run_link(&run("CI", "https://github.com/octo/shop/actions/runs/1")),
                "[` CI `](https://github.com/octo/shop/actions/runs/1) timed out, attempt 2",
            ),
            (
                story.run_link(&run("](http://x)", "https://evil.example/)")),
                "` ](http://x) ` (` https://evil.example/) `) timed out, attempt 2",
            ),
            (
                story.run_link(&run("CI", "https://github.com/a) @octocat")),
                "` CI ` (` https://github.com/a) @octocat `) timed out, attempt 2",
            ),
        ] {
            assert_eq!(made, link);
        }
    }

    #[test]
    fn only_a_login_is_mentioned() {
        let sample = sample();
        for (login, shown) in [
            (Some("mona-lisa"), "@mona-lisa"),
            (Some("dependabot[bot]"), "` Mona @octocat `"),
            (Some("x @all"), "` Mona @octocat `"),
            (None, "` Mona @octocat `"),
        ] {
            let mut story = sample.story();
            story.suspect_login = login;
            assert_eq!(story.suspect_author("Mona @octocat"), shown);
        }
    }
}
