//! What transport reads out of foreign words: refusals, failed connections, the API's address.

use super::error::GithubError;

/// GitHub's words about a refusal: the message and the first details.
pub(super) fn words_of(body: &[u8]) -> String {
    let Ok(json) = serde_json::from_slice::<serde_json::Value>(body) else {
        return String::from_utf8_lossy(&body[..body.len().min(1024)]).into_owned();
    };
    let message = json["message"].as_str().unwrap_or("").to_owned();
    let details = json["errors"].as_array().into_iter().flatten().take(3);
    let details: Vec<&str> =
        details.filter_map(|error| error["message"].as_str().or(error["code"].as_str()).or(error.as_str())).collect();
    if details.is_empty() { message } else { format!("{message}: {}", details.join("; ")) }
}

/// Whether the connection could not even be made. hyper-util's error type is not known here, so its
/// words are asked; when they change, a POST is merely not repeated.
pub(super) fn never_sent(error: &octocrab::Error) -> bool {
    let mut current: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = current {
        if error.to_string().starts_with("client error (Connect)") {
            return true;
        }
        current = error.source();
    }
    false
}

/// The API's address, if it is one that requests can be built on.
pub(super) fn checked_address(url: &str) -> Result<String, GithubError> {
    let wrong = |message: &str| GithubError::Configuration { setting: "GitHub API", message: message.to_owned() };
    let parsed = reqwest::Url::parse(url.trim()).map_err(|_| wrong("not a URL"))?;
    if !matches!(parsed.scheme(), "http" | "https") || parsed.host_str().is_none() {
        return Err(wrong("not an http or https URL"));
    }
    if !parsed.username().is_empty() || parsed.password().is_some() || parsed.query().is_some() {
        return Err(wrong("the URL may hold neither credentials nor a query"));
    }
    Ok(parsed.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_may_have_a_path_but_no_secrets() {
        assert_eq!(checked_address("https://ghe.test/api/v3/").unwrap(), "https://ghe.test/api/v3");
        for bad in ["ghe.test", "ftp://ghe.test", "https://user@ghe.test", "https://ghe.test?token=1"] {
            assert!(checked_address(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn details_of_a_refusal_are_kept() {
        let body = br#"{"message":"Validation Failed","errors":[{"message":"A pull request already exists"}]}"#;
        assert_eq!(words_of(body), "Validation Failed: A pull request already exists");
        assert_eq!(words_of(b"<html>"), "<html>");
    }
}
