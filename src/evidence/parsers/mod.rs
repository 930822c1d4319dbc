//! Readers of tool output: one file each, and a row in [`TOOLS`].
//!
//! In: the cleaned lines of one step of a log. Out: [`Parsed`], or nothing when the lines are not
//! the tool's. A parser returns what it understood and never fails: a log is data that anybody may
//! have written. Its time is linear in the lines.

mod annotations;
mod cargo;
mod docker;
mod eslint;
mod formatters;
mod go_test;
mod go_vet;
mod gradle_build;
mod jest;
mod json_lines;
mod junit_text;
mod mocha;
mod mozilla;
mod native_build;
mod native_tests;
mod node;
mod node_test;
mod npm;
mod numbered;
mod one_line;
mod pip;
mod pre_commit;
mod pytest;
mod pytest_names;
mod python;
mod tap;
mod unittest;
mod vitest;

use std::borrow::Cow;

use super::{Failure, Line};

/// What a parser understood.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parsed {
    /// The tool that wrote the lines.
    pub tool: Cow<'static, str>,
    /// The failures, in the order of the log, each once. Empty when the tool ran and nothing failed.
    pub failures: Vec<Failure>,
    /// First and last line that say why, from 1, inclusive, where no single failure says it best.
    pub key_lines: Option<(usize, usize)>,
}

/// A tool whose output can be read.
pub struct Tool {
    /// Its name.
    pub name: &'static str,
    /// At least one of these literals is in all of its output that matters. They decide, at the
    /// speed of one pass over the log, whether [`Tool::parse`] is called at all.
    pub marks: &'static [&'static str],
    /// Reads the lines of one step.
    pub parse: fn(&[Line<'_>]) -> Option<Parsed>,
}

/// Every tool, the more specific first.
pub static TOOLS: &[&Tool] = &[
    &pytest::TOOL,
    &unittest::TOOL,
    &vitest::TOOL,
    &jest::TOOL,
    &mocha::TOOL,
    &node_test::TOOL,
    &cargo::TOOL,
    &go_test::TOOL,
    &json_lines::CARGO_TOOL,
    &json_lines::GO_TOOL,
    &numbered::RSPEC_TOOL,
    &numbered::MINITEST_TOOL,
    &numbered::PHPUNIT_TOOL,
    &numbered::PLAYWRIGHT_TOOL,
    &numbered::EXUNIT_TOOL,
    &native_tests::GTEST_TOOL,
    &native_tests::CTEST_TOOL,
    &native_tests::DOTNET_TOOL,
    &native_tests::SCALATEST_TOOL,
    &native_tests::XCTEST_TOOL,
    &tap::TOOL,
    &junit_text::MAVEN_TOOL,
    &junit_text::GRADLE_TOOL,
    &junit_text::ANT_TOOL,
    &junit_text::SBT_TOOL,
    &one_line::MYPY_TOOL,
    &one_line::PYRIGHT_TOOL,
    &one_line::PYLINT_TOOL,
    &one_line::RUFF_TOOL,
    &one_line::FLAKE8_TOOL,
    &one_line::TSC_TOOL,
    &one_line::TSC_PRETTY_TOOL,
    &one_line::GCC_TOOL,
    &one_line::MAVEN_CHECKS_TOOL,
    &one_line::MAVEN_COMPILER_TOOL,
    &one_line::JAVAC_TOOL,
    &one_line::MSBUILD_TOOL,
    &go_vet::TOOL,
    &one_line::GO_BUILD_TOOL,
    &eslint::TOOL,
    &formatters::TOOL,
    &pip::TOOL,
    &npm::TOOL,
    &mozilla::TOOL,
    &native_build::CMAKE_TOOL,
    &native_build::LINKER_TOOL,
    &annotations::TOOL,
    &python::TOOL,
    &node::TOOL,
    &pre_commit::TOOL,
    &gradle_build::GRADLE_TOOL,
    &gradle_build::MAVEN_TOOL,
    &docker::TOOL,
    &native_build::NINJA_TOOL,
    &native_build::MAKE_TOOL,
];

/// The most failures that one parser reports; what follows them in a log is repetition.
pub const MOST_FAILURES: usize = 1000;

/// Tools that mostly report that another one failed.
const WRAPPERS: &[&str] = &["make", "docker"];

/// Whether what a tool says is less than what another says in the same step.
pub fn is_wrapper(parsed: &Parsed) -> bool {
    WRAPPERS.contains(&&*parsed.tool)
        || gradle_build::only_relays(parsed)
        || (parsed.tool == "npm" && npm::only_relays(parsed))
        || (parsed.tool == "cargo" && cargo::only_relays(parsed))
}

/// Readers of what kills plain programs; a tool's own report of the same says more.
const LAST_RESORTS: &[&str] = &["python", "node"];

/// Whether a result only counts where no other tool names a failure.
pub fn is_last_resort(parsed: &Parsed) -> bool {
    LAST_RESORTS.contains(&&*parsed.tool)
}
