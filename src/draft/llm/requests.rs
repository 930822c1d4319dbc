//! What is asked of a model, put together from the case, the templates and the settings.
//!
//! In: a case, what was packed of it. Out: requests.

use std::time::Instant;

use super::committee::Member;
use super::context::{self, NearMiss, Packed};
use super::exchange::{AnswerFormat, Message, Purpose, Request};
use super::habits;
use super::prompt::{Ask, Fence, PromptError, Prompts};
use super::session::{Keeper, Session};
use super::tokens::estimate_tokens;
use crate::diagnosis::Class;
use crate::draft::Case;
use crate::store::StoreError;

impl<K: Keeper> Session<'_, K> {
    pub(super) fn pack(&self, case: &Case<'_>, near_misses: &[NearMiss]) -> Packed {
        let started = Instant::now();
        let wish =
            context::Wish { tokens: self.context_tokens, may_send: self.ground.may_send, estimate: estimate_tokens };
        let packed = context::pack(case, near_misses, &wish);
        self.figures().packing_ms += started.elapsed().as_millis() as u64;
        packed
    }

    pub(super) fn plan_request(&self, packed: &Packed, case: &Case<'_>, fence: &Fence) -> Result<Request, PromptError> {
        let config = &self.ground.committee.config;
        Ok(Request {
            purpose: Purpose::Plan,
            messages: self.ground.committee.prompts.plan(packed, &self.words(case, AnswerFormat::Text, fence))?,
            format: AnswerFormat::Text,
            max_output_tokens: config.max_output_tokens,
            temperature: config.temperature,
        })
    }

    /// The question for a draft, or for another one after those that fell.
    pub(super) fn draft_request(
        &self,
        packed: &Packed,
        case: &Case<'_>,
        format: AnswerFormat,
        fence: &Fence,
    ) -> Result<Request, PromptError> {
        let committee = self.ground.committee;
        let ask = self.words(case, format, fence);
        let (purpose, messages): (_, Vec<Message>) = if case.earlier.is_empty() {
            (Purpose::Draft, committee.prompts.draft(packed, &ask)?)
        } else {
            (Purpose::Retry, committee.prompts.retry(packed, &ask)?)
        };
        let config = &committee.config;
        let (max_output_tokens, temperature) = (config.max_output_tokens, config.temperature);
        Ok(Request { purpose, messages, format, max_output_tokens, temperature })
    }

    /// How a question is put; the boundary is the conversation's own.
    pub(super) fn words<'w>(&'w self, case: &Case<'_>, format: AnswerFormat, fence: &Fence) -> Ask<'w> {
        let edit_tests = case.diagnosis.class == Class::Test;
        Ask { fence: fence.clone(), format, edit_tests, plan: self.plan.as_deref(), hint: self.ground.hint }
    }

    pub(super) fn prompts(&self) -> &Prompts {
        &self.ground.committee.prompts
    }

    /// The form to ask this member for.
    pub(super) async fn format_for(&self, member: &Member) -> Result<AnswerFormat, StoreError> {
        let committee = self.ground.committee;
        if committee.config.format.is_some() {
            return Ok(committee.first_format(member));
        }
        let habits = self.keeper.habits(member).await?;
        Ok(habits::choose(&habits, committee.knows_json(member)))
    }
}
