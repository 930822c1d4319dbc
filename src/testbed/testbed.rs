//! The testbed of one repository: everything that is the same for all of its runs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::command::TestCommand;
use super::limits::Limits;
use super::observer::Observer;
use super::process::{Finished, Input, run_to_end};
use super::run::{Ending, TestResult, TestRun};
use super::sandbox::{Level, SandboxError, Spec, TreeMount, best_level};
use super::scratch::{Scratch, ScratchError};
use super::toolchain::{SYSTEM_DIRECTORIES, Toolchain};
use super::{probes, tree};

/// Changed files: path relative to the repository → whole content.
pub type Patched = BTreeMap<PathBuf, Vec<u8>>;

/// How much isolation the user asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Isolation {
    /// The best that this machine offers, said aloud.
    #[default]
    Auto,
    /// Namespaces, or nothing is run.
    Required,
    /// Exactly this level.
    Exactly(Level),
    /// Namespaces, on a machine that is treated as if it offered only this level.
    RequiredOf(Level),
}

/// What differs between callers.
#[derive(Clone, Debug, Default)]
pub struct TestbedOptions {
    /// Isolation asked for.
    pub isolation: Isolation,
    /// Bounds of each run.
    pub limits: Limits,
    /// Environment variables given to the tests besides the harmless ones.
    pub environment: Vec<(String, String)>,
    /// The caller's `PATH`.
    pub search_path: String,
}

/// Why something could not be run at all (a failing test is no error).
#[derive(Debug, thiserror::Error)]
pub enum TestbedError {
    /// No scratch directory.
    #[error(transparent)]
    Scratch(#[from] ScratchError),
    /// No sandbox.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// Files could not be prepared.
    #[error("can't prepare the tree for a run")]
    Tree(#[source] std::io::Error),
}

/// The place where one repository's tests run.
#[derive(Debug)]
pub struct Testbed {
    root: PathBuf,
    scratch: Scratch,
    probes: PathBuf,
    level: Level,
    /// Why no stronger level, for people.
    fallback_reason: Option<String>,
    toolchain: Toolchain,
    options: TestbedOptions,
    overlay: bool,
}

impl Testbed {
    /// Prepares the place for the repository at `root` (absolute, links resolved).
    pub async fn open(root: &Path, options: TestbedOptions) -> Result<Self, TestbedError> {
        let scratch = Scratch::create()?;
        let probes = probes::install(&scratch.path().join("probes")).map_err(TestbedError::Tree)?;
        let toolchain = Toolchain::discover(&options.search_path).await;
        let (level, fallback_reason) = reach(options.isolation, scratch.path()).await?;
        let overlay = level == Level::Namespaces && tree::can_overlay(root);
        Ok(Testbed { root: root.to_owned(), scratch, probes, level, fallback_reason, toolchain, options, overlay })
    }

    /// The level of isolation in force.
    pub fn level(&self) -> Level {
        self.level
    }

    /// Why the level is not the strongest.
    pub fn fallback_reason(&self) -> Option<&str> {
        self.fallback_reason.as_deref()
    }

    /// The interpreters found.
    pub fn toolchain(&self) -> &Toolchain {
        &self.toolchain
    }

    /// The bounds of each run.
    pub fn limits(&self) -> &Limits {
        &self.options.limits
    }

    /// Runs the real command once, cold, on the tree with `patched` in place.
    pub async fn run(&self, command: &TestCommand, patched: &Patched, time_ms: u64) -> Result<TestRun, TestbedError> {
        let argv = ["sh", "-c", &command.shell].map(str::to_owned).to_vec();
        let mut spec = self.spec(argv, &[], patched)?;
        if !command.names_reporter {
            spec.env.push(("NODE_OPTIONS".to_owned(), self.node_observer(&spec)));
        }
        spec.limits.time_ms = time_ms;
        spec.cwd.push(&command.directory);
        let observer = Observer::listen(&spec.results.0).map_err(TestbedError::Tree)?;
        let finished = run_to_end(&spec, Input::None).await;
        let observed = observer.finish().await;
        self.discard(&spec);
        let finished = finished?;
        let root = spec.tree.at();
        let tests = observed.tests.into_iter().map(|(id, test)| (id, relative_to(root, test))).collect();
        Ok(TestRun {
            ending: ending(&finished, spec.level)?,
            tests,
            starts: observed.starts.into_iter().map(|start| start.relative_to(root)).collect(),
            log: finished.output.text(),
            elapsed_ms: finished.elapsed.as_millis() as u64,
        })
    }

    /// What to run, where, under which bounds. `environment` comes on top of the usual one.
    pub(super) fn spec(
        &self,
        argv: Vec<String>,
        environment: &[(String, String)],
        patched: &Patched,
    ) -> Result<Spec, TestbedError> {
        let namespaces = self.level == Level::Namespaces;
        let tree = self.tree(patched).map_err(TestbedError::Tree)?;
        let results = self.scratch.fresh_path("results");
        let probes = self.probes_inside();
        let tmp = if namespaces { PathBuf::from("/tmp/heal") } else { self.scratch.fresh_path("tmp") };
        if !namespaces {
            std::fs::create_dir_all(&tmp).map_err(TestbedError::Tree)?;
        }
        let results_inside = if namespaces { "/run/heal-results".into() } else { results.clone() };
        let mut read_only: Vec<PathBuf> = SYSTEM_DIRECTORIES.iter().map(PathBuf::from).collect();
        read_only.extend(self.toolchain.read_only.iter().cloned());
        if !self.overlay {
            // A copy links to the packages installed in the original.
            read_only.push(self.root.clone());
        }
        Ok(Spec {
            level: self.level,
            argv,
            env: self.environment(environment, &probes, &results_inside, &tmp),
            cwd: tree.at().clone(),
            root: self.scratch.subdirectory("root").map_err(TestbedError::Tree)?,
            read_only: if namespaces && !self.overlay { without(read_only, &self.root) } else { read_only },
            probes: (self.probes.clone(), probes),
            results: (results, results_inside),
            tree,
            tmp,
            limits: self.options.limits.clone(),
        })
    }

    /// Removes what a finished run left in the scratch directory.
    pub(super) fn discard(&self, spec: &Spec) {
        let mut directories = vec![&spec.root];
        match &spec.tree {
            TreeMount::Copy { source, .. } => directories.push(source),
            TreeMount::Overlay { lower, .. } => directories.extend(lower),
        }
        if self.level != Level::Namespaces {
            directories.push(&spec.tmp);
        }
        for directory in directories {
            if directory.starts_with(self.scratch.path()) {
                let _ = std::fs::remove_dir_all(directory);
            }
        }
        let _ = std::fs::remove_file(&spec.results.0);
    }

    fn tree(&self, patched: &Patched) -> std::io::Result<TreeMount> {
        if self.overlay {
            let layer = self.scratch.subdirectory("layer")?;
            tree::write_layer(&self.root, &layer, patched)?;
            return Ok(TreeMount::Overlay { at: self.root.clone(), lower: vec![layer, self.root.clone()] });
        }
        let source = self.scratch.subdirectory("tree")?;
        tree::copy(&self.root, &source, patched)?;
        let at = if self.level == Level::Namespaces { self.root.clone() } else { source.clone() };
        Ok(TreeMount::Copy { at, source })
    }

    fn environment(
        &self,
        extra: &[(String, String)],
        probes: &Path,
        results: &Path,
        tmp: &Path,
    ) -> Vec<(String, String)> {
        let path = |path: &Path| path.to_string_lossy().into_owned();
        let python_path = [Some(path(&probes.join("python"))), self.given("PYTHONPATH")];
        let mut environment: BTreeMap<String, String> = self.options.environment.iter().cloned().collect();
        let ours = [
            ("PATH", self.toolchain.path.clone()),
            ("HOME", path(&tmp.join("home"))),
            ("TMPDIR", path(tmp)),
            ("LANG", "C.UTF-8".to_owned()),
            ("TERM", "dumb".to_owned()),
            ("PYTHONDONTWRITEBYTECODE", "1".to_owned()),
            ("PYTHONPATH", python_path.into_iter().flatten().collect::<Vec<_>>().join(":")),
            ("HEAL_RESULTS", path(results)),
            ("npm_config_update_notifier", "false".to_owned()),
        ];
        environment.extend(ours.map(|(name, value)| (name.to_owned(), value)));
        if let Some(base) = &self.toolchain.python_user_base {
            environment.insert("PYTHONUSERBASE".to_owned(), path(base));
        }
        for (name, value) in extra {
            let value = match name.as_str() {
                // The probes must stay in front of what a command sets for itself.
                "PYTHONPATH" => format!("{}:{value}", path(&probes.join("python"))),
                _ => value.clone(),
            };
            environment.insert(name.clone(), value);
        }
        environment.into_iter().collect()
    }

    /// Adds heal's reporter to node's usual one; see `nodejs/reporter.mjs`.
    fn node_observer(&self, spec: &Spec) -> String {
        let reporter = spec.probes.1.join("nodejs/reporter.mjs");
        format!(
            "--test-reporter=spec --test-reporter-destination=stdout --test-reporter={} --test-reporter-destination={}",
            reporter.display(),
            spec.results.1.display()
        )
    }

    fn given(&self, name: &str) -> Option<String> {
        self.options.environment.iter().rev().find(|(given, _)| given == name).map(|(_, value)| value.clone())
    }

    /// Where heal's own probes appear inside the sandbox.
    pub fn probes_inside(&self) -> PathBuf {
        if self.level == Level::Namespaces { "/heal".into() } else { self.probes.clone() }
    }

    /// The repository.
    pub fn root(&self) -> &Path {
        &self.root
    }
}

async fn reach(isolation: Isolation, scratch: &Path) -> Result<(Level, Option<String>), TestbedError> {
    if let Isolation::Exactly(level) = isolation {
        if level != Level::Limits {
            super::sandbox::try_level(level, scratch).await?;
        }
        return Ok((level, Some("asked for".to_owned())));
    }
    if let Isolation::RequiredOf(best) = isolation {
        return Err(SandboxError::Refused { best, reason: "asked for".to_owned() }.into());
    }
    let (best, reasons) = best_level(scratch).await?;
    let reason = reasons.first().map(ToString::to_string);
    if isolation == Isolation::Required && best != Level::Namespaces {
        let reason = reason.unwrap_or_default();
        return Err(SandboxError::Refused { best, reason }.into());
    }
    Ok((best, reason))
}

fn without(mut paths: Vec<PathBuf>, path: &Path) -> Vec<PathBuf> {
    paths.retain(|shown| shown != path);
    paths
}

fn ending(finished: &Finished, level: Level) -> Result<Ending, SandboxError> {
    let report = &finished.report;
    if finished.timed_out {
        return Ok(Ending::TimedOut);
    }
    if let Some(reason) = &report.setup_error {
        return Err(SandboxError::Setup { level, reason: reason.clone() });
    }
    Ok(match (report.limit, report.exit, report.signal) {
        (Some(limit), ..) => Ending::OverLimit { limit },
        (None, Some(code), _) => Ending::Exited { code },
        (None, None, signal) => Ending::Killed { signal: signal.unwrap_or(0) },
    })
}

/// Makes the paths of a result relative to the repository where they lie in it.
pub(super) fn relative_to(root: &Path, mut test: TestResult) -> TestResult {
    let relative = |path: &Path| path.strip_prefix(root).unwrap_or(path).to_owned();
    test.file = test.file.map(|file| relative(&file));
    for frame in &mut test.frames {
        frame.file = relative(&frame.file);
    }
    test
}
