//! A line of a log as parsers see it: cleaned, with its number in the log.

/// What the CI service says about a line, where it says anything (`##[error]`, `##[warning]` …).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Level {
    /// An ordinary line.
    #[default]
    Plain,
    /// `##[error]`: an error annotation; often only a knock-on effect ("Process completed …").
    Error,
    /// `##[warning]`.
    Warning,
    /// `##[notice]`.
    Notice,
    /// `##[command]`: a command that the runner ran.
    Command,
    /// `##[group]`: the heading of a folded block.
    Group,
    /// `##[endgroup]`.
    EndGroup,
    /// `##[debug]`.
    Debug,
}

/// A cleaned line: no time stamp, job prefix, colour, carriage return or level marker, no blanks at
/// its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'log> {
    /// Its number in the log, from 1. Numbers grow, but may have gaps where a huge log was thinned.
    pub number: usize,
    /// What it says.
    pub text: &'log str,
    /// What the CI service says about it.
    pub level: Level,
}
