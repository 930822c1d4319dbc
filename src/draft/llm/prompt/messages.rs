//! The messages of each purpose.

use minijinja::context;

use super::{Fence, PromptError, Prompts};
use crate::draft::llm::context::{Packed, SectionKind};
use crate::draft::llm::exchange::{AnswerFormat, Message, Role};

/// The longest part of an answer that is shown to the model again, in characters.
const LONGEST_ANSWER: usize = 16_000;

/// How a question is put.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    /// The boundary of this conversation.
    pub fence: Fence,
    /// The form of the answer.
    pub format: AnswerFormat,
    /// Whether tests may be edited: where the test itself is at fault.
    pub edit_tests: bool,
    /// The plan, if one was made.
    pub plan: Option<&'a str>,
    /// What is to be minded beside the evidence.
    pub hint: Option<&'a str>,
}

impl Ask<'_> {
    /// A question in this form, with a boundary of its own and nothing else.
    pub fn new(format: AnswerFormat) -> Self {
        Ask { fence: Fence::random(), format, edit_tests: false, plan: None, hint: None }
    }
}

/// A proven patch that is to be read.
#[derive(Clone, Copy, Debug)]
pub struct Proven<'a> {
    /// Its unified diff.
    pub patch: &'a str,
    /// Why and where the failure came about.
    pub diagnosis: &'a str,
    /// What the runs with the patch said.
    pub verdict: &'a str,
}

impl Prompts {
    /// Asks what is wrong, which lines must change, what not to touch.
    pub fn plan(&self, packed: &Packed, ask: &Ask<'_>) -> Result<Vec<Message>, PromptError> {
        let text = self.render("plan", context! { evidence => evidence(packed, ask, true) })?;
        self.conversation(ask, true, text)
    }

    /// Asks for edits.
    pub fn draft(&self, packed: &Packed, ask: &Ask<'_>) -> Result<Vec<Message>, PromptError> {
        self.edits("draft", packed, ask)
    }

    /// Asks for other edits than those that fell, which the evidence tells of.
    pub fn retry(&self, packed: &Packed, ask: &Ask<'_>) -> Result<Vec<Message>, PromptError> {
        self.edits("retry", packed, ask)
    }

    /// Goes on after an answer that could not be used, or not in whole: what was wrong with it, and what of it is in
    /// place already. `ask` is the one of the question before.
    pub fn correction(
        &self,
        previous: &[Message],
        ask: &Ask<'_>,
        answer: &str,
        problems: &[String],
        applied: &[String],
    ) -> Result<Vec<Message>, PromptError> {
        let listed = |title: &str, lines: &[String]| {
            let lines: Vec<_> = lines.iter().map(|line| format!("- {line}")).collect();
            if lines.is_empty() { String::new() } else { ask.fence.data(title, &lines.join("\n")) }
        };
        let values = context! { problems => listed("problems", problems), applied => listed("in place", applied) };
        let text = self.render("correction", values)?;
        let mut messages = previous.to_vec();
        messages.push(Message { role: Role::Assistant, text: shortened(&ask.fence.clean(answer)) });
        messages.push(Message { role: Role::User, text });
        Ok(messages)
    }

    /// Asks for objections to a proven patch.
    pub fn review(&self, packed: &Packed, ask: &Ask<'_>, proven: &Proven<'_>) -> Result<Vec<Message>, PromptError> {
        let values = context! {
            evidence => evidence(packed, ask, false),
            diagnosis => ask.fence.data("diagnosis", proven.diagnosis),
            patch => ask.fence.data("patch", proven.patch),
            verdict => ask.fence.data("runs with the patch", proven.verdict),
        };
        let text = self.render("review", values)?;
        self.conversation(ask, false, text)
    }

    /// Asks for the failure in plain words.
    pub fn explain(&self, packed: &Packed, ask: &Ask<'_>) -> Result<Vec<Message>, PromptError> {
        let text = self.render("explain", context! { evidence => evidence(packed, ask, false) })?;
        self.conversation(ask, false, text)
    }

    fn edits(&self, template: &'static str, packed: &Packed, ask: &Ask<'_>) -> Result<Vec<Message>, PromptError> {
        let format = match ask.format {
            AnswerFormat::Json => "format_json",
            AnswerFormat::Definition => "format_definition",
            AnswerFormat::SearchReplace | AnswerFormat::Text => "format_search_replace",
        };
        let fenced = |title: &str, text: Option<&str>| text.map_or(String::new(), |text| ask.fence.data(title, text));
        let values = context! {
            evidence => evidence(packed, ask, true),
            plan => fenced("plan", ask.plan),
            hint => fenced("hint", ask.hint),
            format => self.render(format, context! {})?,
        };
        let text = self.render(template, values)?;
        self.conversation(ask, true, text)
    }

    fn conversation(&self, ask: &Ask<'_>, edits: bool, text: String) -> Result<Vec<Message>, PromptError> {
        let values = context! { fence => ask.fence.word(), edits => edits, edit_tests => ask.edit_tests };
        let system = self.render("system", values)?;
        Ok(vec![Message { role: Role::System, text: system }, Message { role: Role::User, text }])
    }
}

/// All sections, each between its boundaries, and what may be edited.
fn evidence(packed: &Packed, ask: &Ask<'_>, edits: bool) -> String {
    let mut pieces = String::new();
    for section in &packed.sections {
        let title = format!("{}: {}", label(section.kind), section.title);
        pieces.push_str(&ask.fence.data(&title, &section.text));
    }
    if !packed.left_out.is_empty() {
        pieces.push_str(&ask.fence.data("left out", &packed.left_out.join("\n")));
    }
    if edits {
        let files: Vec<_> = packed.files.iter().map(|file| file.display().to_string()).collect();
        pieces.push_str(&ask.fence.data("files that may be edited", &files.join("\n")));
    }
    pieces
}

fn label(kind: SectionKind) -> &'static str {
    match kind {
        SectionKind::Failure => "failure",
        SectionKind::FailingTest => "failing test",
        SectionKind::Suspect => "suspected code",
        SectionKind::Neighbour => "related code",
        SectionKind::SuspectDiff => "suspected commit",
        SectionKind::PassingTest => "passing test",
        SectionKind::PastFix => "fix of an earlier failure",
        SectionKind::Rules => "rules of the project",
        SectionKind::NearMiss => "edit that nearly passed",
        SectionKind::Earlier => "earlier attempt that fell",
    }
}

/// The beginning of an answer.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST_ANSWER) {
        Some((end, _)) => format!("{}\n[…]", &text[..end]),
        None => text.to_owned(),
    }
}
