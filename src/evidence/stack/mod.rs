//! Stack traces, one file per language, and whose code a frame is.
//!
//! In: lines of a log. Out: [`super::StackFrame`]s, and paths as the repository names them.

pub mod javascript;
pub mod jvm;
pub mod python;

use std::path::PathBuf;
use std::sync::LazyLock;

use regex::Regex;

/// Where CI services check repositories out; what follows is relative to the repository.
static WORKSPACE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?x)^(?:file://)?(?:
            /home/runner/(?:_?work)/[^/]+/[^/]+/           # GitHub, Linux
          | /Users/runner/(?:_?work)/[^/]+/[^/]+/          # GitHub, macOS
          | [A-Za-z]:[\\/]a[\\/][^\\/]+[\\/][^\\/]+[\\/]   # GitHub, Windows
          | /__w/[^/]+/[^/]+/                              # GitHub, in a container
          | /github/workspace/                             # GitHub, a container action
          | /home/vsts/work/\d+/s/ | [A-Za-z]:\\a\\\d+\\s\\ # Azure
          | /builds/[^/]+/[^/]+/                           # GitLab
          | /home/travis/(?:build|gopath/src/github\.com)/[^/]+/[^/]+/ | /Users/travis/build/[^/]+/[^/]+/ # Travis
          | /home/circleci/(?:project|repo)/ | /root/project/  # CircleCI
          | /var/lib/(?:jenkins|buildkite-agent)/(?:workspace|builds)/[^/]+/(?:[^/]+/[^/]+/)?
          | /opt/atlassian/pipelines/agent/build/          # Bitbucket
          | /drone/src/ | /woodpecker/src/(?:[^/]+/){3} | /workspace/ | /usr/src/[^/]+/ | /app/ | /code/ | /repo/ | /project/
        )",
    )
    .expect("the pattern is constant and tested")
});

/// A path of the CI machine as the repository names it; other paths stay as they are.
pub fn repository_path(path: &str) -> PathBuf {
    let path = path.trim();
    let rest = match WORKSPACE.find(path) {
        Some(prefix) => &path[prefix.end()..],
        None => path.strip_prefix("file://").unwrap_or(path),
    };
    let rest = rest.strip_prefix("./").or_else(|| rest.strip_prefix(".\\")).unwrap_or(rest);
    if rest.contains('\\') && !rest.starts_with('/') {
        PathBuf::from(rest.replace('\\', "/"))
    } else {
        PathBuf::from(rest)
    }
}

/// Whether a frame belongs to a dependency, a language's library or a test framework.
pub fn is_foreign(path: &str) -> bool {
    const FOREIGN: &[&str] = &[
        "site-packages/",
        "dist-packages/",
        "node_modules/",
        "/lib/python",
        "/lib64/python",
        "lib\\python",
        "site-packages\\",
        "node_modules\\",
        "node:",
        "internal/",
        "/rustc/",
        ".cargo/registry/",
        "/toolchains/",
        "/go/pkg/mod/",
        "/usr/lib/",
        "/usr/local/go/",
        "/hostedtoolcache/",
        "<frozen ",
        "/gems/",
        "bootstrap_node.js",
        "/usr/include/",
        "/lib/go-",
        "vendor/bundle/",
        "_pytest/",
        "/opt/hostedtoolcache",
    ];
    path.starts_with('<') || FOREIGN.iter().any(|mark| path.contains(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_ci_machines_become_the_repository_s() {
        for path in [
            "/home/runner/work/heal/heal/src/a.py",
            "D:\\a\\heal\\heal\\src\\a.py",
            "/builds/group/heal/src/a.py",
            "./src/a.py",
            "/home/travis/build/o/heal/src/a.py",
            "/__w/heal/heal/src/a.py",
            "file:///home/runner/work/heal/heal/src/a.py",
        ] {
            assert_eq!(repository_path(path), PathBuf::from("src/a.py"), "{path}");
        }
    }
}
