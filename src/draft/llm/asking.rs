//! One call of a model, within the limits of the heal: reserved, told to the keeper, made, booked, kept.
//!
//! In: a request. Out: the answer, or why there is none ([`Stop`]).

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use super::committee::{Member, Unanswered};
use super::exchange::{Answer, AnswerFormat, Exchange, Request, Usage};
use super::prompt::Fence;
use super::reply;
use super::session::{Ended, Keeper, Session, Told};
use super::tokens::estimate_tokens;

impl<K: Keeper> Session<'_, K> {
    /// Asks within the limits, books and keeps.
    pub(super) async fn ask(&self, member: &Member, request: &Request) -> Result<Answer, Stop> {
        let committee = self.ground.committee;
        let schema =
            if request.format == AnswerFormat::Json { estimate_tokens(&reply::schema().to_string()) } else { 0 };
        let tokens = request.messages.iter().map(|message| estimate_tokens(&message.text) + 4).sum::<u64>() + schema;
        let most = Usage { input: tokens, output: u64::from(request.max_output_tokens), estimated: true };
        let reservation = self.meter.reserve(&member.model, member.price, most)?;
        self.keeper.reserved(&self.meter).await?;
        (self.ground.on_told)(Told::Asking { model: member.model.clone(), purpose: request.purpose, tokens });
        let received = AtomicUsize::new(0);
        let on_text = |text: &str| {
            let before = received.fetch_add(text.len(), Ordering::Relaxed);
            (self.ground.on_told)(Told::Received(before + text.len()));
        };
        let deadline = self.ground.deadline.min(Instant::now() + self.meter.time_left());
        let started = Instant::now();
        let may_repeat = |used| reservation.extend(used);
        let asking = committee.ask(member, request, deadline, &on_text, &may_repeat);
        let answered = match self.ground.turn {
            Some(turn) => turn.away(asking).await,
            None => asking.await,
        };
        let waited = started.elapsed();
        let used = answered.as_ref().map_or_else(Unanswered::charged, |answer| answer.usage);
        let cost_usd = reservation.settle(used, waited);
        let exchange = Exchange {
            model: member.model.clone(),
            request: request.clone(),
            outcome: answered.as_ref().map(Clone::clone).map_err(ToString::to_string),
            used,
            cost_usd,
            elapsed_ms: waited.as_millis() as u64,
        };
        self.keeper.settled(&exchange, &self.meter).await?;
        answered.map_err(|error| match error.is_too_long() {
            Some(limit) => Stop::TooLong(Some(limit).filter(|limit| *limit > 0)),
            None if error.ends_asking() => {
                self.is_dead.store(true, Ordering::Relaxed);
                Ended::Unanswered(error.to_string()).into()
            }
            None => Ended::Unusable(error.to_string()).into(),
        })
    }
}

/// A question that was put, and the boundary of its conversation.
pub(super) struct Asked {
    pub(super) request: Request,
    pub(super) fence: Fence,
}

/// Why a single call or draft came to nothing.
#[derive(Debug)]
pub(super) enum Stop {
    /// The prompt is too long; the model's limit where it said one.
    TooLong(Option<u64>),
    /// Asking ends.
    Ended(Ended),
}

impl Stop {
    /// The more telling of two: what would end every call before what ended one.
    pub(super) fn or(self, other: Stop) -> Stop {
        match (&self, &other) {
            (Stop::Ended(Ended::Store(_)), _) => self,
            (_, Stop::Ended(Ended::Store(_))) | (Stop::TooLong(_), _) => other,
            _ => self,
        }
    }

    pub(super) fn into_ended(self) -> Ended {
        match self {
            Stop::TooLong(_) => Ended::Unanswered("the prompt is too long for the model".to_owned()),
            Stop::Ended(ended) => ended,
        }
    }
}

impl<E: Into<Ended>> From<E> for Stop {
    fn from(error: E) -> Self {
        Stop::Ended(error.into())
    }
}
