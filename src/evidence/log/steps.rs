//! Where steps begin and how they end, in the logs of every service.
//!
//! In: cleaned lines, one after the other. Out: the step of each line, and [`Step`]s with what they
//! ran and how that ended. Lines of interleaved jobs find back to their own step.

use std::collections::HashMap;

use super::ending::{self, Ending};
use super::{Cleaned, Service};
use crate::evidence::Level;

/// The most steps that are told apart; further lines belong to the last one.
const MOST_STEPS: usize = 4096;

/// The longest command that is kept, in bytes.
const COMMAND_BYTES: usize = 2000;

/// A step of a job.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// The job, where the log names it.
    pub job: Option<String>,
    /// The step's name: as the workflow gives it, else `Run <first line of its command>`.
    pub name: Option<String>,
    /// What it ran.
    pub command: Option<String>,
    /// Its first line in the log, from 1.
    pub first: usize,
    /// Its last line in the log, from 1.
    pub last: usize,
    /// How it ended.
    pub ending: Ending,
    /// How many lines the service marked as errors.
    pub errors: usize,
    /// Which groups of [`super::Words`] occur in it.
    pub words: Vec<bool>,
    /// The step that this one turned out to be a part of.
    part_of: Option<usize>,
}

impl Step {
    /// Whether it turned out to be a part of another one.
    pub(super) fn is_part(&self) -> bool {
        self.part_of.is_some()
    }

    /// Whether the log says that it did not end well.
    pub fn failed(&self) -> bool {
        matches!(self.ending, Ending::Failed { .. } | Ending::Cancelled | Ending::TimedOut)
    }
}

/// Tells the steps of a log apart.
#[derive(Debug, Default)]
pub(super) struct Steps {
    steps: Vec<Step>,
    current: usize,
    by_origin: HashMap<(String, String), usize>,
    origin: Option<(String, String)>,
    service: Service,
    job: Option<String>,
    /// A group `Run …` whose lines have not yet shown that it is a step's heading.
    heading: Option<Heading>,
    /// The next line beginning with `$ ` opens a step (Travis), or is the command (CircleCI).
    expects_command: bool,
    /// The step that last ran a command; a job's ending is its own.
    ran: usize,
    pub(super) image: Option<String>,
    image_follows: bool,
}

#[derive(Debug)]
struct Heading {
    step: usize,
    before: usize,
    script: String,
    in_script: bool,
}

impl Steps {
    /// Takes a line; gives the index of its step.
    pub(super) fn take(&mut self, line: &Cleaned<'_>, raw: &[u8], number: usize) -> usize {
        if self.steps.is_empty() {
            self.open(number, None);
        }
        if self.service == Service::Plain {
            self.service = Service::of_line(line, raw).unwrap_or_default();
        }
        if let Some((job, step)) = line.origin {
            self.enter(job, step, number);
        }
        match self.service {
            Service::GitHub | Service::Azure => self.github(line, number),
            Service::Travis => self.travis(line, number),
            Service::GitLab => self.gitlab(line, number),
            Service::Jenkins => self.jenkins(line, number),
            Service::CircleCi => self.circleci(line, number),
            Service::Buildkite => self.buildkite(line, number),
            Service::Taskcluster | Service::Plain => {}
        }
        self.ending(line);
        self.good_end(line);
        let step = &mut self.steps[self.current];
        step.last = number;
        step.errors += usize::from(line.level == Level::Error);
        self.current
    }

    /// Begins another file: its lines belong to the job, and to the step where it is one of a step.
    pub(super) fn begin(&mut self, job: &str, step: Option<&str>, number: usize) {
        self.job = Some(cut(job, 200).to_owned());
        self.heading = None;
        self.origin = None;
        self.open(number, step);
    }

    /// The steps, each line's step being found by [`Steps::resolve`].
    pub(super) fn finish(mut self) -> (Vec<Step>, Vec<usize>, Service, Option<String>) {
        let resolved: Vec<usize> = (0..self.steps.len()).map(|step| self.resolve(step)).collect();
        for (from, &to) in resolved.iter().enumerate().filter(|(from, to)| from != *to) {
            let (last, errors, ending) = (self.steps[from].last, self.steps[from].errors, self.steps[from].ending);
            let words = std::mem::take(&mut self.steps[from].words);
            let step = &mut self.steps[to];
            step.last = step.last.max(last);
            step.errors += errors;
            step.ending = if ending == Ending::Unknown { step.ending } else { ending };
            step.words.resize(step.words.len().max(words.len()), false);
            step.words.iter_mut().zip(words).for_each(|(known, new)| *known |= new);
        }
        (self.steps, resolved, self.service, self.image)
    }

    pub(super) fn words(&mut self, step: usize) -> &mut Vec<bool> {
        &mut self.steps[step].words
    }

    fn resolve(&self, mut step: usize) -> usize {
        while let Some(whole) = self.steps[step].part_of {
            step = whole;
        }
        step
    }

    fn open(&mut self, number: usize, name: Option<&str>) {
        if self.steps.len() >= MOST_STEPS {
            return;
        }
        let name = name.map(|name| cut(name, 300).to_owned());
        self.steps.push(Step { job: self.job.clone(), name, first: number, last: number, ..Step::default() });
        self.current = self.steps.len() - 1;
    }

    /// Goes on with the step that a line's prefix names.
    fn enter(&mut self, job: &str, step: &str, number: usize) {
        if self.origin.as_ref().is_some_and(|(known_job, known_step)| known_job == job && known_step == step) {
            return;
        }
        let key = (job.to_owned(), step.to_owned());
        self.origin = Some(key.clone());
        self.heading = None;
        self.job = Some(cut(job, 200).to_owned());
        if let Some(&known) = self.by_origin.get(&key) {
            self.current = known;
            return;
        }
        self.open(number, is_named(step).then_some(step));
        if self.by_origin.len() < MOST_STEPS {
            self.by_origin.insert(key, self.current);
        }
    }

    fn github(&mut self, line: &Cleaned<'_>, number: usize) {
        let text = line.text;
        match line.level {
            Level::Group if text.starts_with("Run ") || text.starts_with("Starting: ") => {
                self.heading(line, number);
                return;
            }
            Level::Plain if text == "Post job cleanup." && line.origin.is_none() => {
                self.open(number, Some("Post job cleanup"));
                self.heading = None;
                return;
            }
            Level::Plain if line.origin.is_none() && text.starts_with("Complete job name: ") => {
                let job = cut(&text["Complete job name: ".len()..], 200).to_owned();
                let unnamed = self.steps.iter_mut().filter(|step| step.job.is_none());
                unnamed.for_each(|step| step.job = Some(job.clone()));
                self.job = Some(job);
            }
            // The next job of joined logs begins; its name comes later.
            Level::Plain if line.origin.is_none() && text.starts_with("Current runner version: ") && number > 1 => {
                self.job = None;
                self.open(number, None);
            }
            Level::Group => self.image_follows = matches!(text, "Runner Image" | "Virtual Environment"),
            _ => {}
        }
        self.image(text);
        let Some(heading) = &mut self.heading else { return };
        let confirms = ["shell: ", "with:", "env:"].iter().any(|word| text.starts_with(word));
        if line.level == Level::EndGroup {
            let heading = self.heading.take();
            // A tool folded its own output under a title that begins with "Run".
            if let Some(heading) = heading.filter(|heading| heading.in_script && self.service == Service::GitHub) {
                let step = &mut self.steps[heading.step];
                step.part_of = (heading.step != heading.before).then_some(heading.before);
                self.current = heading.before;
            }
        } else if confirms && heading.in_script {
            heading.in_script = false;
            let script = heading.script.trim();
            let command = if script.is_empty() { None } else { Some(script.to_owned()) };
            let step = heading.step;
            self.ran = step;
            self.steps[step].command = command.or_else(|| self.steps[step].command.take());
        } else if heading.in_script && heading.script.len() < COMMAND_BYTES {
            heading.script.push_str(text);
            heading.script.push('\n');
        }
    }

    /// A group `Run …`: the heading of a step, or of its part in a composite action.
    fn heading(&mut self, line: &Cleaned<'_>, number: usize) {
        let before = self.current;
        let fresh = self.steps[before].first == number;
        let origin_name = line.origin.map(|(_, step)| step).filter(|step| is_named(step));
        if !fresh {
            self.open(number, origin_name);
            if let Some((job, step)) = line.origin {
                self.by_origin.insert((job.to_owned(), step.to_owned()), self.current);
            }
        }
        let step = &mut self.steps[self.current];
        let title = line.text.strip_prefix("Starting: ").unwrap_or(line.text);
        step.name.get_or_insert_with(|| cut(title, 300).to_owned());
        step.command = line.text.strip_prefix("Run ").map(|command| cut(command, COMMAND_BYTES).to_owned());
        self.heading = Some(Heading { step: self.current, before, script: String::new(), in_script: true });
    }

    fn image(&mut self, text: &str) {
        let named = text.strip_prefix("Image: ").or_else(|| text.strip_prefix("Environment: "));
        if let Some(image) = named.filter(|_| self.image_follows && self.image.is_none()) {
            self.image = Some(cut(image, 100).to_owned());
        }
    }

    fn travis(&mut self, line: &Cleaned<'_>, number: usize) {
        let folds = line.folds;
        if let Some(name) = folds.rsplit("travis_fold:start:").next().filter(|_| folds.contains("travis_fold:start:")) {
            self.open(number, name.split_whitespace().next());
        } else if folds.contains("travis_fold:end:") {
            self.open(number, None);
        }
        self.expects_command |= folds.contains("travis_time:start");
        if let Some(command) = line.text.strip_prefix("$ ").filter(|_| self.expects_command) {
            let named = self.steps[self.current].command.is_none() && self.steps[self.current].name.is_some();
            if !named {
                self.open(number, None);
            }
            self.runs(command);
            self.expects_command = false;
        }
    }

    fn gitlab(&mut self, line: &Cleaned<'_>, number: usize) {
        for fold in line.folds.split_whitespace() {
            if let Some(name) = fold.strip_prefix("section_start:").and_then(|rest| rest.split(':').nth(1)) {
                let name = name.split('[').next().unwrap_or(name).to_owned();
                self.open(number, Some(&name));
            }
        }
        if let Some(command) = line.text.strip_prefix("$ ") {
            self.runs(command);
        }
    }

    fn jenkins(&mut self, line: &Cleaned<'_>, number: usize) {
        if let Some(rest) = line.text.strip_prefix("[Pipeline] ") {
            if let Some(stage) = rest.strip_prefix("{ (").and_then(|rest| rest.strip_suffix(')')) {
                self.job = Some(cut(stage, 200).to_owned());
                self.open(number, Some(stage));
            } else if matches!(rest, "sh" | "bat" | "powershell" | "pwsh") {
                let stage = self.job.clone();
                self.open(number, stage.as_deref());
            }
        } else if let Some(command) = line.text.strip_prefix("+ ") {
            self.runs(command);
        }
    }

    fn circleci(&mut self, line: &Cleaned<'_>, number: usize) {
        if line.text.starts_with("#!/bin/") {
            self.open(number, None);
            self.expects_command = true;
        } else if self.expects_command && !line.text.is_empty() {
            self.expects_command = false;
            self.runs(line.text);
        }
    }

    fn buildkite(&mut self, line: &Cleaned<'_>, number: usize) {
        let heading = ["~~~ ", "--- ", "+++ "].iter().find_map(|mark| line.text.strip_prefix(mark));
        if let Some(name) =
            heading.filter(|name| !name.starts_with("FAIL: ") && !name.starts_with("a/") && !name.starts_with("b/"))
        {
            self.open(number, Some(name));
        } else if let Some(command) = line.text.strip_prefix("$ ") {
            self.runs(command);
        }
    }

    fn runs(&mut self, command: &str) {
        let command = cut(command, COMMAND_BYTES).to_owned();
        let step = &mut self.steps[self.current];
        step.name.get_or_insert_with(|| format!("Run {}", command.lines().next().unwrap_or("")));
        step.command = Some(command);
        self.ran = self.current;
    }

    /// The job is over, and nothing of it failed: it went well.
    fn good_end(&mut self, line: &Cleaned<'_>) {
        let text = line.text;
        let is_over = match self.service {
            Service::GitHub => text == "Cleaning up orphan processes",
            Service::Travis => text == "Done. Your build exited with 0.",
            Service::GitLab => text == "Job succeeded",
            Service::Jenkins => text == "Finished: SUCCESS",
            _ => false,
        };
        if !is_over {
            return;
        }
        let job = self.steps[self.current].job.clone();
        let of_job = |step: &&mut Step| step.job == job;
        if self.steps.iter_mut().filter(of_job).all(|step| !step.failed() && step.errors == 0) {
            self.steps.iter_mut().filter(of_job).for_each(|step| step.ending = Ending::Passed);
        }
    }

    fn ending(&mut self, line: &Cleaned<'_>) {
        let Some(ending) = ending::of_line(line) else { return };
        let of_the_job = matches!(self.service, Service::GitLab | Service::Jenkins | Service::Buildkite)
            || line.text.starts_with("Done. Your build");
        let step = if of_the_job { self.ran.min(self.steps.len() - 1) } else { self.current };
        let step = &mut self.steps[step];
        let is_said = step.failed() && (ending == Ending::Passed || of_the_job);
        if !is_said {
            step.ending = ending;
        }
    }
}

/// Whether `gh run view` knew the step of a line.
fn is_named(step: &str) -> bool {
    !step.eq_ignore_ascii_case("UNKNOWN STEP")
}

fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}
