//! From a model's answer to a draft that fits and parses.
//!
//! In: an answer. Out: a [`Draft`], or nothing. What does not fit, and what does not parse and can't be mended without
//! asking, goes back to the model once, each with what exactly was wrong; what still does not is dropped. So what goes
//! on to verification always parses.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use super::asking::{Asked, Stop};
use super::committee::Member;
use super::context::Packed;
use super::exchange::{Answer, AnswerFormat, Purpose};
use super::prompt::Fence;
use super::reply::{self, Problem, Reply};
use super::session::{Ended, Keeper, Session};
use crate::code::likeness::tree_hash;
use crate::code::{Line, SourceFile};
use crate::draft::{Case, Draft};
use crate::patch::edit::{self, Change, EditBlock, Files, Placed};
use crate::patch::{self, Patch, PatchError, SpanEdit};

/// What may still be sent back.
struct Patience {
    misfits: bool,
    syntax: bool,
}

/// What is wrong with an answer.
enum Fault {
    /// It holds no edit, or edits that fit nowhere.
    Misfit(Vec<String>),
    /// It is about files that no patch may touch.
    Refused(Vec<String>),
    /// Its result does not parse.
    Syntax(Vec<String>),
}

impl<K: Keeper> Session<'_, K> {
    /// Asks one member for one draft.
    pub(super) async fn draft_of(
        &self,
        member: &Member,
        case: &Case<'_>,
        packed: &Packed,
    ) -> Result<Option<Draft>, Stop> {
        let format = self.format_for(member).await?;
        let fence = Fence::random();
        let request = self.draft_request(packed, case, format, &fence)?;
        let answer = self.ask(member, &request).await?;
        if format == AnswerFormat::Json && !self.ground.committee.knows_json(member) {
            self.keeper.refused(member, format).await?;
        }
        self.draft_from(member, case, packed, Asked { request, fence }, answer).await
    }

    /// Makes a draft of an answer, with the corrections that it needs.
    pub(super) async fn draft_from(
        &self,
        member: &Member,
        case: &Case<'_>,
        packed: &Packed,
        asked: Asked,
        mut answer: Answer,
    ) -> Result<Option<Draft>, Stop> {
        let Asked { mut request, fence } = asked;
        let mut patience = Patience { misfits: true, syntax: true };
        let mut kept: Vec<SpanEdit> = Vec::new();
        loop {
            let reply = reply::read(&answer.text);
            self.decline(&reply)?;
            let reply = without_illustrations(reply, request.format);
            let placed = self.place(&reply, case, packed);
            self.measure(member, request.format, &reply, &placed).await?;
            let edits = joined(&kept, placed.edits.clone());
            let fault = match self.fault_of(&reply, &placed, &answer) {
                Some(fault) => fault,
                None => match self.refused(case, &edits) {
                    Some(fault) => fault,
                    None => match self.checked(case, edits.clone()).await? {
                        Ok(edits) => return Ok(draft(member, edits, case)),
                        Err(fault) => fault,
                    },
                },
            };
            let (problems, may_ask, applied) = match fault {
                Fault::Misfit(problems) => (problems, std::mem::take(&mut patience.misfits), edits),
                Fault::Refused(problems) => {
                    let allowed = edits.into_iter().filter(|edit| refusal(case, edit).is_none()).collect();
                    (problems, std::mem::take(&mut patience.misfits), allowed)
                }
                Fault::Syntax(problems) => (problems, std::mem::take(&mut patience.syntax), Vec::new()),
            };
            if !may_ask {
                if !patience.syntax {
                    self.figures().syntax_stopped += 1;
                }
                return Ok(None);
            }
            self.figures().corrections += 1;
            let names: Vec<String> = applied.iter().map(|edit| edit.file.display().to_string()).collect();
            kept = applied;
            let ask = self.words(case, request.format, &fence);
            request.messages = self.prompts().correction(&request.messages, &ask, &answer.text, &problems, &names)?;
            request.purpose = Purpose::Correction;
            answer = self.ask(member, &request).await?;
        }
    }

    /// Ends the conversation where the model declines or sees no fix.
    fn decline(&self, reply: &Reply) -> Result<(), Ended> {
        // Code in a fence beside "no fix" shows what would be needed; an edit is meant.
        let is_edit = |block: &EditBlock| matches!(block.change, Change::Replace { .. });
        if reply.blocks.iter().any(is_edit) || (!reply.blocks.is_empty() && reply.gave_up.is_none()) {
            return Ok(());
        }
        if let Some(text) = &reply.gave_up {
            return Err(Ended::GaveUp(text.clone()));
        }
        if let Some(text) = &reply.refusal {
            self.figures().refusals += 1;
            return Err(Ended::Refused(text.clone()));
        }
        Ok(())
    }

    async fn measure(
        &self,
        member: &Member,
        format: AnswerFormat,
        reply: &Reply,
        placed: &Placed,
    ) -> Result<(), Ended> {
        if format == AnswerFormat::Text {
            return Ok(());
        }
        let well_formed = !reply.blocks.is_empty();
        let applied = well_formed && placed.misfits.is_empty();
        Ok(self.keeper.measured(member, format, well_formed, applied).await?)
    }

    /// Places an answer's edits, in files alone whose text the model may know: what does not fit is told to it.
    pub(super) fn place(&self, reply: &Reply, case: &Case<'_>, packed: &Packed) -> Placed {
        let may_send = self.ground.may_send;
        let read = |path: &Path| (case.read)(path).filter(|_| may_send(path));
        let known = self.known.get_or_init(|| case.tracked.iter().filter(|path| may_send(path)).cloned().collect());
        edit::place(&reply.blocks, &Files { read: &read, shown: &packed.files, tracked: known })
    }

    /// What is wrong with the form of an answer.
    fn fault_of(&self, reply: &Reply, placed: &Placed, answer: &Answer) -> Option<Fault> {
        let mut figures = self.figures();
        let is_unfinished = reply.problems.iter().any(|problem| matches!(problem, Problem::Unfinished { .. }));
        if reply.blocks.is_empty() || (answer.cut && is_unfinished) {
            figures.malformed += 1;
            let cut = if answer.cut { "; it was cut off at the longest length: answer with fewer lines" } else { "" };
            let mut problems = vec![format!("no complete edit could be read in the answer{cut}")];
            problems.extend(reply.problems.iter().map(ToString::to_string));
            return Some(Fault::Misfit(problems));
        }
        let mut misfits = edit::explain(placed, &reply.blocks);
        let unread = reply.problems.iter().filter(|problem| !matches!(problem, Problem::Unfinished { .. }));
        misfits.extend(unread.map(ToString::to_string));
        figures.misfits += misfits.len() as u32;
        (!misfits.is_empty()).then_some(Fault::Misfit(misfits))
    }

    /// What the guard says of the files; people are told, too, for the draft goes no further.
    fn refused(&self, case: &Case<'_>, edits: &[SpanEdit]) -> Option<Fault> {
        let mut problems: Vec<String> = edits.iter().filter_map(|edit| refusal(case, edit)).collect();
        problems.dedup();
        for problem in &problems {
            self.note(format!("an edit of the model was refused: {problem}"));
        }
        (!problems.is_empty()).then_some(Fault::Refused(problems))
    }

    /// Checks the syntax of what the edits make; mends what can be mended without asking.
    async fn checked(&self, case: &Case<'_>, edits: Vec<SpanEdit>) -> Result<Result<Vec<SpanEdit>, Fault>, Ended> {
        if !self.ground.committee.config.syntax_checks {
            return Ok(Ok(edits));
        }
        let read = |path: &Path| (case.read)(path);
        let apply = |edits: &[SpanEdit]| {
            let patch = patch::apply(edits, &read)?;
            patch.check_early_errors().map(|()| patch)
        };
        let (patch, edits) = match apply(&edits) {
            Ok(patch) => (patch, edits),
            Err(error @ PatchError::DoesNotParse { .. }) => {
                let mended = patch::mend_edits(&edits, &read);
                let mended = mended.and_then(|edits: Vec<SpanEdit>| Some((apply(&edits).ok()?, edits)));
                let Some(mended) = mended else { return Ok(Err(Fault::Syntax(vec![error.to_string()]))) };
                self.figures().mended += 1;
                mended
            }
            Err(error) => return Ok(Err(Fault::Misfit(vec![error.to_string()]))),
        };
        let faults = self.faults_of(&patch).await;
        Ok(if faults.is_empty() { Ok(edits) } else { Err(Fault::Syntax(faults)) })
    }

    /// What the languages' own tools say of a patch; nothing where they can't be asked, which the ladder tells.
    async fn faults_of(&self, patch: &Patch) -> Vec<String> {
        let Some(testbed) = self.ground.testbed else { return Vec::new() };
        match testbed.check_syntax(&patch.after()).await {
            Ok(checked) => checked.faults.iter().map(ToString::to_string).collect(),
            Err(error) => {
                self.note(format!("the syntax of a draft was checked by its tree only: {error}"));
                Vec::new()
            }
        }
    }
}

/// Why a patch may not touch an edit's file.
fn refusal(case: &Case<'_>, edit: &SpanEdit) -> Option<String> {
    case.guard.check_path(case.root, &edit.file).err().map(|error| error.to_string())
}

/// Several whole definitions that name no file are illustrations, unless that form was asked for.
fn without_illustrations(mut reply: Reply, asked: AnswerFormat) -> Reply {
    let is_definition = |block: &EditBlock| matches!(block.change, Change::Definition { .. });
    let several = reply.blocks.len() > 1 && reply.blocks.iter().all(is_definition);
    if several && asked != AnswerFormat::Definition && reply.blocks.iter().any(|block| block.file.is_none()) {
        reply.blocks.clear();
    }
    reply
}

/// Edits that were placed before and those of the correction; what is said again replaces what was said.
fn joined(kept: &[SpanEdit], new: Vec<SpanEdit>) -> Vec<SpanEdit> {
    let meets =
        |a: &SpanEdit, b: &SpanEdit| a.file == b.file && a.span.start <= b.span.end && b.span.start <= a.span.end;
    let untouched = kept.iter().filter(|edit| !new.iter().any(|other| meets(edit, other)));
    untouched.cloned().chain(new.iter().cloned()).collect()
}

fn draft(member: &Member, edits: Vec<SpanEdit>, case: &Case<'_>) -> Option<Draft> {
    let first = edits.first()?;
    let text = (case.read)(&first.file)?;
    let line = Line::from_row(text.get(..first.span.start)?.matches('\n').count());
    let place = (first.file.clone(), line);
    Some(Draft { drafter: "llm", operator: "edit", place, edits, model: Some(member.model.clone()), score: 1.0 })
}

/// Equal for drafts that come to the same syntax trees; `None` where a result can't be parsed at all.
pub(super) fn tree_of(case: &Case<'_>, draft: &Draft) -> Option<u64> {
    let read = |path: &Path| (case.read)(path);
    let patch = patch::apply(&draft.edits, &read).ok()?;
    let mut hasher = DefaultHasher::new();
    for (file, changed) in &patch.files {
        file.hash(&mut hasher);
        tree_hash(&SourceFile::parse(file, changed.after.clone()).ok()?).hash(&mut hasher);
    }
    Some(hasher.finish())
}
