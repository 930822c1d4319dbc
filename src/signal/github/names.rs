//! Names that must not be mixed up, each checked once: hashes, branches, repositories, accounts.
//!
//! They come out of payloads and go into URLs, git commands, branch names and texts, so each type
//! promises what its text can hold. The problem with a name is a fixed sentence that never repeats it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a text can't be such a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadName(pub(crate) &'static str);

/// A type around a checked text.
macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $check:path) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks the text.
            ///
            /// # Errors
            /// When it can't be such a name; the error says why, without the text.
            pub fn new(text: &str) -> Result<Self, BadName> {
                $check(text).map(Self)
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadName;

            fn try_from(text: String) -> Result<Self, BadName> {
                Self::new(&text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
    };
}

/// A type around a number that GitHub gives out.
macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(out)
            }
        }
    };
}

number! {
    /// One installation of the App on an account.
    InstallationId
}

number! {
    /// A repository, which keeps its number when it is renamed.
    RepositoryId
}

checked_text! {
    /// A commit: 40 or 64 hexadecimal digits in lower case, not all of them zero.
    CommitSha, check_sha
}

impl CommitSha {
    /// The first eight digits, for names and texts.
    pub fn short(&self) -> &str {
        &self.0[..8]
    }
}

checked_text! {
    /// A branch without `refs/heads/`, as git allows it; at most [`BranchName::MAX_BYTES`] long.
    BranchName, check_branch
}

impl BranchName {
    /// The longest name of a branch; file systems and GitHub end here too.
    pub const MAX_BYTES: usize = 255;
}

checked_text! {
    /// A repository as `owner/name`, each of `[A-Za-z0-9._-]`.
    RepositoryName, check_repository
}

impl RepositoryName {
    /// The longest part; GitHub allows 39 for an owner and 100 for a name.
    pub const MAX_PART: usize = 100;

    /// The account that owns it.
    pub fn owner(&self) -> &str {
        self.parts().0
    }

    /// Its name below the owner.
    pub fn name(&self) -> &str {
        self.parts().1
    }

    /// Whether both mean the same repository; GitHub does not tell upper from lower case.
    pub fn is(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }

    fn parts(&self) -> (&str, &str) {
        // Checked when it was made; the fallback is never taken.
        self.0.split_once('/').unwrap_or((&self.0, ""))
    }
}

checked_text! {
    /// An account: letters, digits, `-`, `_` and `.`, and `[bot]` at the end of an App's.
    Login, check_login
}

fn check_sha(text: &str) -> Result<String, BadName> {
    if !matches!(text.len(), 40 | 64) || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(BadName("not 40 or 64 hexadecimal digits"));
    }
    if text.bytes().all(|byte| byte == b'0') {
        return Err(BadName("the hash of no commit"));
    }
    Ok(text.to_ascii_lowercase())
}

/// The rules of `git check-ref-format --branch`, and those of GitHub for length.
fn check_branch(text: &str) -> Result<String, BadName> {
    if text.is_empty() {
        return Err(BadName("an empty name of a branch"));
    }
    if text.len() > BranchName::MAX_BYTES {
        return Err(BadName("longer than a name of a branch can be"));
    }
    if text.chars().any(char::is_control) {
        return Err(BadName("a name of a branch with control characters"));
    }
    let forbidden = |character: char| " ~^:?*[\\".contains(character);
    let bad_part = |part: &str| part.is_empty() || part.starts_with('.') || part.ends_with(".lock");
    let bad = text.contains(forbidden)
        || text.contains("..")
        || text.contains("@{")
        || text.ends_with('.')
        || text.starts_with('-')
        || text == "@"
        || text == "HEAD"
        || text.split('/').any(bad_part);
    if bad { Err(BadName("git does not allow this name of a branch")) } else { Ok(text.to_owned()) }
}

fn check_repository(text: &str) -> Result<String, BadName> {
    let part = |part: &str| {
        !part.is_empty()
            && part.len() <= RepositoryName::MAX_PART
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
            && part != "."
            && part != ".."
    };
    match text.split_once('/') {
        Some((owner, name)) if part(owner) && part(name) => Ok(text.to_owned()),
        _ => Err(BadName("not owner/name of letters, digits, '.', '_' and '-'")),
    }
}

fn check_login(text: &str) -> Result<String, BadName> {
    let bare = text.strip_suffix("[bot]").unwrap_or(text);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if bare.is_empty() || bare.len() > RepositoryName::MAX_PART || !bare.bytes().all(plain) {
        return Err(BadName("not the login of an account"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_follow_gits_rules() {
        let longest = "b".repeat(255);
        for good in ["main", "feature/größe", "release-1.2", "a@b", "heal/x-1234abcd-1", "x#1", "emoji-🎉", &longest]
        {
            assert_eq!(BranchName::new(good).map(|name| name.as_str().to_owned()), Ok(good.to_owned()));
        }
        let too_long = "b".repeat(256);
        for bad in [
            "", "@", "HEAD", "-x", "a b", "a..b", "a~1", "a^", "a:b", "a?", "a*", "a[0]", "a\\b", "a@{1}", "/a", "a/",
            "a//b", ".a", "a/.b", "a.lock", "a.lock/b", "a.", "a\nb", "a\u{7f}", "a\u{85}", "a\0", &too_long,
        ] {
            assert!(BranchName::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn hashes_are_hexadecimal_and_not_zero() {
        let sha = CommitSha::new("EC26C3E57CA3A959CA5AAD62DE7213C562F8C821").unwrap();
        assert_eq!(sha.as_str(), "ec26c3e57ca3a959ca5aad62de7213c562f8c821");
        assert_eq!(sha.short(), "ec26c3e5");
        assert!(CommitSha::new(&"a1".repeat(32)).is_ok());
        for bad in ["", "main", &"a".repeat(39), &"a".repeat(41), &"g".repeat(40), &"0".repeat(40), &"é".repeat(20)] {
            assert!(CommitSha::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn repositories_have_an_owner_and_a_name() {
        let name = RepositoryName::new("Octo-Org/hello.world_2").unwrap();
        assert_eq!((name.owner(), name.name()), ("Octo-Org", "hello.world_2"));
        assert!(name.is(&RepositoryName::new("octo-org/Hello.World_2").unwrap()));
        let long = format!("a/{}", "b".repeat(101));
        for bad in ["", "a", "/", "a/", "/b", "a/b/c", "../b", "a/..", "a/.", "a b/c", "a/b?x", "a/b\n", "ä/b", &long]
        {
            assert!(RepositoryName::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn logins_may_be_an_apps() {
        for good in ["octocat", "heal[bot]", "some-user_corp", "Codertocat"] {
            assert!(Login::new(good).is_ok(), "{good}");
        }
        for bad in ["", "[bot]", "a[bot]b", "a b", "a\u{1b}[31m", "a/b", "@a", &"a".repeat(101)] {
            assert!(Login::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn names_are_checked_when_they_come_back_from_the_store() {
        let name: RepositoryName = serde_json::from_str("\"a/b\"").unwrap();
        assert_eq!(serde_json::to_string(&name).unwrap(), "\"a/b\"");
        assert!(serde_json::from_str::<RepositoryName>("\"a\"").is_err());
        assert_eq!(serde_json::to_string(&InstallationId(7)).unwrap(), "7");
    }
}
