//! Who owns the changed file, by the repository's CODEOWNERS.
//!
//! The last pattern that fits wins (<https://docs.github.com/articles/about-code-owners>). Teams and mail
//! addresses are passed over: a review is asked of people by login.

use super::case::Case;
use super::services::StepError;
use crate::deliver::story::Story;

/// Where GitHub looks, in this order.
const FILES: [&str; 3] = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"];

/// How many people are asked.
const REVIEWERS: usize = 2;

/// The owners of the first changed file.
pub async fn of(case: &Case<'_>, story: &Story<'_>) -> Result<Vec<String>, StepError> {
    let Some(file) = story.proven.and_then(|tried| tried.files.first()) else { return Ok(Vec::new()) };
    let file = file.to_string_lossy().into_owned();
    for path in FILES {
        if let Some(bytes) = case.github.file(path, case.know.repository.default_branch.as_str()).await? {
            return Ok(owners(&String::from_utf8_lossy(&bytes), &file));
        }
    }
    Ok(Vec::new())
}

fn owners(text: &str, file: &str) -> Vec<String> {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or("").trim());
    let mut fits = lines.filter_map(|line| {
        let mut words = line.split_whitespace();
        let pattern = words.next()?;
        matches(pattern, file).then(|| words.collect::<Vec<_>>())
    });
    let last = fits.next_back().unwrap_or_default();
    let people = last.into_iter().filter_map(|owner| owner.strip_prefix('@')).filter(|owner| !owner.contains('/'));
    people.map(str::to_owned).take(REVIEWERS).collect()
}

/// gitignore-like: a leading `/` anchors, a trailing `/` means everything below, no slash fits at any depth.
fn matches(pattern: &str, file: &str) -> bool {
    let anchored = pattern.trim_end_matches('/').contains('/');
    let bare = pattern.trim_start_matches('/');
    let mut globs = Vec::new();
    let below = bare.trim_end_matches('/');
    if !bare.ends_with('/') {
        globs.push(bare.to_owned());
    }
    // `docs/*` owns the files of the folder only, `docs` and `docs/` everything below.
    if !below.ends_with('*') {
        globs.push(format!("{below}/**"));
    }
    if !anchored {
        globs.extend(globs.clone().into_iter().map(|glob| format!("**/{glob}")));
    }
    globs.iter().any(|glob| {
        let built = globset::GlobBuilder::new(glob).literal_separator(true).build();
        built.is_ok_and(|glob| glob.compile_matcher().is_match(file))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_pattern_that_fits_names_the_owners() {
        let text = "# comment\n* @all\n*.js @web\n/src/shop/ @ana @org/team @ben # why\ndocs/* docs@example.org\n";
        for (file, expected) in [
            ("README.md", &["all"][..]),
            ("lib/a.js", &["web"]),
            ("src/shop/cart/total.js", &["ana", "ben"]),
            ("other/src/shop/x.py", &["all"]),
            ("docs/guide.md", &[]),
            ("docs/deep/guide.md", &["all"]),
        ] {
            assert_eq!(owners(text, file), expected, "{file}");
        }
    }
}
