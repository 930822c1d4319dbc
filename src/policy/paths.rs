//! Which files a patch may touch, and which need a person whatever the policy says.

use std::path::Path;
use std::sync::LazyLock;

use super::{Globs, Policy};

/// Why some files need a person; their text is never sent to a model either.
const SECRETS: &str = "it may hold secrets";

/// Why a file needs a person, and which files those are.
const ALWAYS: &[(&str, &[&str])] = &[
    ("git itself reads it", &[".git", ".gitmodules", ".gitattributes"]),
    ("it is an installed package", &["node_modules", "site-packages", ".venv", "venv", ".tox", ".nox"]),
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
            "action.yml",
            "action.yaml",
            ".pre-commit-config.yaml",
            ".husky",
            "lefthook.yml",
            "lefthook.yaml",
            ".lintstagedrc*",
            "lint-staged.config*",
            ".appveyor.yml",
            "appveyor.yml",
            ".drone.yml",
            ".woodpecker*",
            "cloudbuild.yaml",
            "cloudbuild.yml",
            ".releaserc*",
            "renovate.json*",
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
    (
        "it names dependencies",
        &[
            "package.json",
            "pnpm-workspace.yaml",
            "bunfig.toml",
            ".yarnrc*",
            ".pnpmfile*",
            "deno.json",
            "deno.jsonc",
            "*requirements*.txt",
            "*requirements*.in",
            "requirements/*.txt",
            "requirements/*.in",
            "constraints*.txt",
            "pyproject.toml",
            "setup.py",
            "setup.cfg",
            "Pipfile",
            "environment.yml",
            "environment.yaml",
            "Cargo.toml",
            "go.mod",
            "go.work",
            "Gemfile",
            "*.gemspec",
            "composer.json",
            "build.gradle*",
            "settings.gradle*",
            "pom.xml",
            "*.csproj",
            "mix.exs",
            "pubspec.yaml",
            "Podfile",
            "Package.swift",
        ],
    ),
    (
        "it steers the tests",
        &[
            "conftest.py",
            "pytest.ini",
            ".pytest.ini",
            "tox.ini",
            "noxfile.py",
            ".coveragerc",
            "sitecustomize.py",
            "usercustomize.py",
            "*.pth",
            "jest.config.*",
            "jest.setup.*",
            "vitest.config.*",
            "vitest.setup.*",
            "vitest.workspace.*",
            ".mocharc*",
            ".nycrc*",
            "ava.config.*",
            "karma.conf*",
            "playwright.config.*",
            "cypress.config.*",
            "babel.config.*",
            ".babelrc*",
            "tsconfig*.json",
            ".taprc",
            "wdio.conf*",
            "nightwatch.conf*",
            "web-test-runner.config*",
        ],
    ),
    (
        "it steers the build",
        &[
            "Dockerfile*",
            "*.Dockerfile",
            "Containerfile*",
            "docker-compose*",
            "compose.yml",
            "compose.yaml",
            // Sources that only have such a name.
            "!{Dockerfile,Containerfile,docker-compose}*.{py,pyi,js,mjs,cjs,jsx,ts,mts,cts,tsx}",
            "Makefile",
            "GNUmakefile",
            "*.mk",
            "CMakeLists.txt",
            "*.cmake",
            "Rakefile",
            "justfile",
            "Taskfile.yml",
            "Taskfile.yaml",
            "gulpfile*",
            "Gruntfile*",
            "webpack.config*",
            "vite.config*",
            "rollup.config*",
            "esbuild.config*",
            "tsup.config*",
            "next.config*",
            "postcss.config*",
            ".swcrc",
            "turbo.json",
            "nx.json",
            "lerna.json",
            "angular.json",
            ".cargo",
            "build.rs",
            "gradle-wrapper.properties",
        ],
    ),
    (
        "it steers the checkers",
        &[
            "eslint.config*",
            ".eslintrc*",
            ".eslintignore",
            "tslint.json",
            "biome.json*",
            ".prettierrc*",
            ".prettierignore",
            ".flake8",
            "ruff.toml",
            ".ruff.toml",
            "mypy.ini",
            ".mypy.ini",
            ".pylintrc",
        ],
    ),
    ("no grammar can judge it", &["*.sh", "*.bash", "*.zsh", "*.fish", "*.ps1", "*.bat", "*.cmd"]),
    ("it is a migration of a database", &["migrations/", "db/migrate/", "alembic/versions/"]),
    (
        SECRETS,
        &[
            "credentials",
            "kubeconfig",
            // Folders of code may have such a name.
            "!**/{credentials,kubeconfig}/**",
            "{credentials,secrets}.{json,yml,yaml,toml,ini,cfg,txt,csv,xml,env}",
            ".env",
            ".env.*",
            "*.env",
            ".envrc",
            "*.pem",
            "*.key",
            "*.p12",
            "*.pfx",
            "*.jks",
            "*.keystore",
            "*.kdbx",
            "*.tfvars",
            "id_rsa*",
            "id_ed25519*",
            ".htpasswd",
            ".npmrc",
            ".pypirc",
            ".netrc",
        ],
    ),
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

    /// Whether a file's text may be sent to a model: allowed by the policy, and not one that may hold secrets.
    pub fn may_send(&self, file: &Path) -> bool {
        let is_secret = ALWAYS_COMPILED.iter().any(|(reason, globs)| *reason == SECRETS && globs.matches(file));
        !is_secret && self.llm.allow_paths.matches(file) && !self.llm.deny_paths.matches(file)
    }

    /// Why a change of this file needs a person, if it does. No policy can take this away: workflows, heal's own
    /// policy, lock files and dependencies, what steers the tests, migrations, what git reads, and what may hold
    /// secrets.
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
            ("package.json", Some("it names dependencies")),
            ("web/Package.json", Some("it names dependencies")),
            ("src/package.js", None),
            ("requirements.txt", Some("it names dependencies")),
            ("requirements-dev.txt", Some("it names dependencies")),
            ("requirements/base.txt", Some("it names dependencies")),
            ("src/requirements.py", None),
            ("pyproject.toml", Some("it names dependencies")),
            ("app/build.gradle.kts", Some("it names dependencies")),
            ("tests/conftest.py", Some("it steers the tests")),
            ("tsconfig.build.json", Some("it steers the tests")),
            ("jest.config.ts", Some("it steers the tests")),
            ("src/config.ts", None),
            ("src/jest.ts", None),
            (".env.local", Some("it may hold secrets")),
            ("deploy/prod.env", Some("it may hold secrets")),
            ("prod.tfvars", Some("it may hold secrets")),
            (".aws/credentials", Some("it may hold secrets")),
            ("config/credentials.json", Some("it may hold secrets")),
            ("secrets.yaml", Some("it may hold secrets")),
            ("credentials/server.key", Some("it may hold secrets")),
            ("src/credentials.py", None),
            ("src/credentials/login.py", None),
            ("src/secrets.py", None),
            ("src/kubeconfig/read.ts", None),
            ("web/node_modules/a/index.js", Some("it is an installed package")),
            ("action.yml", Some("it steers CI or heal")),
            (".husky/pre-commit", Some("it steers CI or heal")),
            ("Dockerfile", Some("it steers the build")),
            ("images/Dockerfile.web", Some("it steers the build")),
            ("docker-compose.test.yml", Some("it steers the build")),
            ("src/dockerfile_parser.py", None),
            ("web/Makefile", Some("it steers the build")),
            ("cmake/CMakeLists.txt", Some("it steers the build")),
            ("build.rs", Some("it steers the build")),
            ("vite.config.ts", Some("it steers the build")),
            ("eslint.config.mjs", Some("it steers the checkers")),
            ("ruff.toml", Some("it steers the checkers")),
            ("deploy/run.sh", Some("no grammar can judge it")),
            ("dev-requirements.txt", Some("it names dependencies")),
            ("lib/x.pth", Some("it steers the tests")),
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
        for file in ["infra/main.tf", "src/auth/login.py", "deploy/run.py"] {
            assert_eq!(policy.needs_person(Path::new(file)), Some("the policy protects it"), "{file}");
            assert_eq!(Policy::default().needs_person(Path::new(file)), None, "{file}");
        }
        assert_eq!(policy.needs_person(Path::new("src/author.py")), None);
    }
}
