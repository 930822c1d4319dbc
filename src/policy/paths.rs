//! Which files a patch may touch, and which need a person whatever the policy says.

use std::path::Path;
use std::sync::LazyLock;

use super::{Globs, Policy};

/// Why a file needs a person, and which files those are.
const ALWAYS: &[(&str, &[&str])] = &[
    ("git itself reads it", &[".git", ".gitmodules", ".gitattributes"]),
    (
        "it steers CI or heal",
        &[
            ".github",
            ".gitlab-ci.yml",
            ".gitlab",
            ".circleci",
            ".buildkite",
            ".travis.yml",
            "Jenkinsfile",
            "azure-pipelines.yml",
            "bitbucket-pipelines.yml",
            "heal.toml",
        ],
    ),
    ("it says who reviews what", &["CODEOWNERS"]),
    (
        "it is a lock file",
        &[
            "package-lock.json",
            "npm-shrinkwrap.json",
            "yarn.lock",
            "pnpm-lock.yaml",
            "bun.lock",
            "bun.lockb",
            "deno.lock",
            "Cargo.lock",
            "poetry.lock",
            "uv.lock",
            "pdm.lock",
            "pylock*.toml",
            "Pipfile.lock",
            "conda-lock.yml",
            "Gemfile.lock",
            "composer.lock",
            "go.sum",
            "go.work.sum",
            "mix.lock",
            "pubspec.lock",
            "Podfile.lock",
            "Package.resolved",
            "packages.lock.json",
            "gradle.lockfile",
            "flake.lock",
        ],
    ),
    ("it is a migration of a database", &["migrations/", "db/migrate/", "alembic/versions/"]),
    ("it may hold secrets", &[".env", ".env.*", "*.pem", "*.key", "*.p12", ".npmrc", ".pypirc", ".netrc"]),
];

static ALWAYS_COMPILED: LazyLock<Vec<(&str, Globs)>> = LazyLock::new(|| {
    let compile = |(reason, patterns): &(&'static str, &[&str])| {
        // A list that could not be compiled would protect everything; a test compiles them all.
        (*reason, Globs::files_in_any_case(patterns).unwrap_or_else(|_| Globs::all()))
    };
    ALWAYS.iter().map(compile).collect()
});

impl Policy {
    /// Whether a patch may touch this file of the repository.
    pub fn allows_path(&self, file: &Path) -> bool {
        self.allow_paths.matches(file) && !self.deny_paths.matches(file)
    }

    /// Why a change of this file needs a person, if it does. No policy can take this away: workflows, heal's own
    /// policy, lock files, migrations, what git reads, and what may hold secrets.
    pub fn needs_person(&self, file: &Path) -> Option<&'static str> {
        let always = ALWAYS_COMPILED.iter().find(|(_, globs)| globs.matches(file)).map(|(reason, _)| *reason);
        always.or_else(|| self.protect_paths.matches(file).then_some("the policy protects it"))
    }

    /// The files that always need a person, as Markdown.
    pub fn always_protected() -> String {
        let line = |(reason, patterns): &(&str, &[&str])| format!("- {reason}: `{}`\n", patterns.join("`, `"));
        ALWAYS.iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_files_always_need_a_person() {
        let policy = Policy::default();
        for (file, reason) in [
            ("src/a.py", None),
            ("src/migration.py", None),
            ("src/environment.py", None),
            ("src/lock.rs", None),
            ("migrations.py", None),
            (".github/workflows/ci.yml", Some("it steers CI or heal")),
            (".github/heal.toml", Some("it steers CI or heal")),
            (".GitHub/Workflows/ci.yml", Some("it steers CI or heal")),
            ("docs/.github/x", Some("it steers CI or heal")),
            (".git/config", Some("git itself reads it")),
            ("vendor/x/.git", Some("git itself reads it")),
            ("web/package-lock.json", Some("it is a lock file")),
            ("Cargo.lock", Some("it is a lock file")),
            ("app/migrations/0001_first.py", Some("it is a migration of a database")),
            ("db/migrate/1_a.rb", Some("it is a migration of a database")),
            (".env.local", Some("it may hold secrets")),
            ("docs/CODEOWNERS", Some("it says who reviews what")),
        ] {
            assert_eq!(policy.needs_person(Path::new(file)), reason, "{file}");
        }
    }

    #[test]
    fn every_list_compiles() {
        assert!(!ALWAYS_COMPILED.iter().any(|(_, globs)| *globs == Globs::all()));
        assert_ne!(Policy::enterprise().protect_paths, Globs::all());
    }

    #[test]
    fn the_enterprise_preset_protects_more() {
        let policy = Policy::enterprise();
        for file in ["Dockerfile", "images/Dockerfile.web", "infra/main.tf", "src/auth/login.py", "deploy/run.sh"] {
            assert_eq!(policy.needs_person(Path::new(file)), Some("the policy protects it"), "{file}");
            assert_eq!(Policy::default().needs_person(Path::new(file)), None, "{file}");
        }
        assert_eq!(policy.needs_person(Path::new("src/author.py")), None);
    }
}
