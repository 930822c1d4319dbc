//! Secrets out of text that leaves heal: known token shapes, credentials by name, words of high entropy,
//! and what stands beside a secret that the CI service masked.
//!
//! In: text. Out: the same text with `[redacted]` for each secret. What looks like a commit, a digest, a
//! UUID or a path stays: a diagnosis needs them.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// What stands for a secret.
pub const MASK: &str = "[redacted]";

/// Token shapes that their issuers document (GitHub secret scanning patterns, and each vendor's own pages).
/// The word boundaries are ASCII's: Unicode's make text that is not ASCII forty times slower.
static TOKENS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?x)
          (?-u:\b)gh[pousr]_[A-Za-z0-9]{20,} | (?-u:\b)github_pat_[A-Za-z0-9_]{20,} | (?-u:\b)glpat-[A-Za-z0-9_-]{20,} | (?-u:\b)gl(?:dt|cbt|rt|ft|soat)-[A-Za-z0-9_-]{20,}
        | (?-u:\b)(?:AKIA|ASIA|AGPA|AIDA|AROA)[A-Z0-9]{16}(?-u:\b) | (?-u:\b)AIza[A-Za-z0-9_-]{35} | (?-u:\b)ya29\.[A-Za-z0-9_-]{20,}
        | (?-u:\b)xox[abeoprs]-[A-Za-z0-9-]{10,} | (?-u:\b)xapp-\d-[A-Za-z0-9-]{10,} | hooks\.slack\.com/services/[A-Za-z0-9/]+
        | (?-u:\b)sk-(?:ant-|proj-|or-)?[A-Za-z0-9_-]{20,} | (?-u:\b)[rsp]k_(?:live|test)_[A-Za-z0-9]{16,} | (?-u:\b)whsec_[A-Za-z0-9]{16,}
        | (?-u:\b)npm_[A-Za-z0-9]{36} | (?-u:\b)pypi-[A-Za-z0-9_-]{30,} | (?-u:\b)dop_v1_[a-f0-9]{64} | (?-u:\b)hf_[A-Za-z0-9]{30,} | (?-u:\b)dckr_pat_[A-Za-z0-9_-]{20,}
        | (?-u:\b)SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,} | (?-u:\b)key-[0-9a-f]{32}(?-u:\b) | (?-u:\b)shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32} | (?-u:\b)EAA[A-Za-z0-9]{40,}
        | (?-u:\b)eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)? | (?-u:\b)\d{8,10}:AA[A-Za-z0-9_-]{33}
        | -----BEGIN\ [A-Z\ ]*PRIVATE\ KEY-----(?:[\s\S]*?-----END\ [A-Z\ ]*PRIVATE\ KEY-----|[\s\S]*)
        | (?-u:\b)age-secret-key-1[a-z0-9]{58} | (?-u:\b)vault:v\d:[A-Za-z0-9+/=]{20,} | (?-u:\b)hvs\.[A-Za-z0-9_-]{20,}
        ",
    )
    .expect("the pattern is constant and tested")
});

/// `password=…`, `"api_key": "…"`, `Authorization: Bearer …`, `https://user:…@host`.
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?xi)
          (?P<url>(?-u:\b)[a-z][a-z0-9+.-]*://[^\s:/@]{0,64}:)(?P<a>[^\s@/]{1,256})(?P<at>@)
        | (?P<user>(?-u:\b)(?:curl|wget)\s[^\n]{0,200}?(?:-u|--user)[\s=]["']?[^\s:"']{1,64}:)(?P<d>[^\s"']{3,})
        | (?P<basic>(?-u:\b)basic\s+)(?P<e>[A-Za-z0-9+/]{12,}={0,2})(?P<end>$|[\s"',;])
        | (?P<auth>(?-u:\b)authorization["']?\s*[:=]\s*["']?(?:bearer|basic|token)\s+)(?P<b>[^\s"',;]{4,})
        | (?P<name>(?:(?-u:\b)|_|pg)(?:pass(?:word|wd|phrase)?|account_?key|shared_?access_?key|private_?key_?id|secret(?:_?key)?|api_?key|access_?(?:key|token)|auth_?token|client_?secret|private_?key|token|credential)s?["']?\s*(?:=|:\s)\s*["']?)(?P<c>[^\s"',;&)]{6,})
        "#,
    )
    .expect("the pattern is constant and tested")
});

/// A word that touches the service's mask: what is left of a secret.
static BESIDE_MASK: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[A-Za-z0-9_.+/=~-]+\*{3,}[A-Za-z0-9_.+/=~-]*|\*{3,}[A-Za-z0-9_.+/=~-]+")
        .expect("the pattern is constant and tested")
});

/// Words that are long enough to be keys.
static WORD: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[A-Za-z0-9+/_=-]{24,}").expect("the pattern is constant and tested"));

/// Shannon entropy, in bits per character, from which a mixed word counts as random. English words have
/// some 3.5 at that length, random base64 of 24 characters some 4.2 and more.
const ENTROPY: f64 = 4.1;

/// Without secrets.
pub fn text(text: &str) -> Cow<'_, str> {
    // Short, plain text can't hold any of them.
    if text.len() < 7 {
        return Cow::Borrowed(text);
    }
    let text = replace(Cow::Borrowed(text), &TOKENS, |_| MASK.to_owned());
    let text = replace(text, &NAMED, named);
    let text = replace(text, &BESIDE_MASK, |_| MASK.to_owned());
    replace(text, &WORD, |found| if is_random(&found[0]) { MASK.to_owned() } else { found[0].to_owned() })
}

/// Without secrets, in place.
pub fn string(secret: &mut String) {
    if let Cow::Owned(clean) = text(secret) {
        *secret = clean;
    }
}

/// A JSON document whose every string is clean.
pub fn json(document: &serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match document {
        Value::String(secret) => Value::String(text(secret).into_owned()),
        Value::Array(items) => Value::Array(items.iter().map(json).collect()),
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), json(value))).collect(),
        plain => plain.clone(),
    }
}

fn replace<'a>(text: Cow<'a, str>, pattern: &Regex, with: impl Fn(&Captures<'_>) -> String) -> Cow<'a, str> {
    match pattern.replace_all(&text, with) {
        Cow::Owned(replaced) if replaced != *text => Cow::Owned(replaced),
        _ => text,
    }
}

fn named(found: &Captures<'_>) -> String {
    let part = |name: &str| found.name(name).map_or("", |part| part.as_str());
    let value = [part("a"), part("b"), part("c"), part("d"), part("e")].concat();
    // `token = get_token()`, `password: null`, `secret: ***` are not secrets.
    let is_plain = value.starts_with(['$', '<', '{', '[', '(', '*', '%', '`'])
        || value.contains(['(', '{', '['])
        || ["null", "none", "undefined", "true", "false", "required", "missing", "expected", "invalid", "not"]
            .contains(&value.to_ascii_lowercase().as_str());
    let is_word =
        !part("name").is_empty() && value.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte == b'.');
    if is_plain || is_word && !part("name").to_ascii_lowercase().contains("pass") {
        return found[0].to_owned();
    }
    let before = [part("url"), part("auth"), part("name"), part("user"), part("basic")].concat();
    format!("{before}{MASK}{}{}", part("at"), part("end"))
}

/// Whether a word looks like a key: mixed classes of characters, no path, no digest, high entropy.
fn is_random(word: &str) -> bool {
    let has = |class: fn(&u8) -> bool| word.bytes().filter(class).count();
    let digits = has(u8::is_ascii_digit);
    let (upper, lower) = (has(u8::is_ascii_uppercase), has(u8::is_ascii_lowercase));
    let is_digest = word.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let parts = word.split(['/', '_', '-', '=']).filter(|part| !part.is_empty()).count();
    let is_path_or_name = parts > 3 || word.starts_with('/') || word.starts_with("--");
    if is_digest || is_path_or_name || digits < 3 || upper < 3 || lower < 3 || word.len() > 512 {
        return false;
    }
    entropy(word) >= ENTROPY
}

fn entropy(word: &str) -> f64 {
    let mut counts = [0_u32; 256];
    word.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
    let length = word.len() as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f64::from(*count) / length)
        .map(|share| -share * share.log2())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go() {
        for (secret, clean) in [
            (concat!("token gh", "p_abcdefghijklmnopqrstuvwxyz0123456789 used"), "token [redacted] used"),
            ("https://bot:s3cr3t-pw@git.example/a", "https://bot:[redacted]@git.example/a"),
            ("PASSWORD=hunter2000", "PASSWORD=[redacted]"),
            ("\"api_key\": \"Zx81abQ7\"", "\"api_key\": \"[redacted]\""),
            ("Authorization: Bearer abc.def", "Authorization: Bearer [redacted]"),
            ("PGPASSWORD=pgpw123456 psql", "PGPASSWORD=[redacted] psql"),
            ("curl -s -u bob:CurlPw1234 https://x.example", "curl -s -u bob:[redacted] https://x.example"),
            ("> Basic dXNlcjpwYXNzd29yZA==", "> Basic [redacted]"),
            ("AccountName=x;AccountKey=abcdefgh1234==;", "AccountName=x;AccountKey=[redacted];"),
            ("prefix-***suffix here", "[redacted] here"),
            ("got aGVhbC1pcy1hLWJvdDEyMzQ1Njc4OTBYWVo9Qz end", "got [redacted] end"),
            (concat!("AK", "IAIOSFODNN7EXAMPLE"), "[redacted]"),
        ] {
            assert_eq!(text(secret), clean);
        }
    }

    #[test]
    fn what_a_diagnosis_needs_stays() {
        for plain in [
            "commit 1f7d1fda0001e35a945299dcdf574ccf60fcba28",
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "/home/runner/work/project/project/src/main/java/com/example/FooBarBazTest1234.java",
            "tests/test_core.py::test_sys_entities_normalized_token_span[ok 2:30pm now-valid_spans10-sys_time]",
            "id 6f9619ff-8b86-d011-b42d-00cf4fc964ff",
            "AssertionError: token = get_token(user)",
            "Unexpected token: expected ';'",
            "GITHUB_TOKEN: ***",
            "shouldReturnTheTokenOfTheCurrentUserWhenLoggedIn FAILED",
        ] {
            assert_eq!(text(plain), plain);
        }
    }
}
