//! Answers from kept exchanges instead of an endpoint, and what is kept of an exchange.
//!
//! In: the exchanges of an earlier heal. Out: the same answers in the same order, offline; [`Replay::drift`] counts
//! the questions that differ from the kept ones.

use std::sync::{LazyLock, Mutex, PoisonError};

use regex::Regex;
use sha2::{Digest, Sha256};

use super::exchange::{Answer, Exchange, Message, Purpose, Request};
use crate::redact;

/// Kept exchanges that answer in place of an endpoint; may be asked from many threads.
#[derive(Debug)]
pub struct Replay {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    kept: Vec<Kept>,
    drift: u32,
}

#[derive(Debug)]
struct Kept {
    exchange: Exchange,
    question: [u8; 32],
    given: bool,
}

/// Why a replay has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// The call failed then, so it fails now.
    #[error("{sentence}")]
    Failed {
        /// What the error said.
        sentence: String,
    },
    /// The transcript has no more calls of that kind.
    #[error("the transcript has no further answer of {model} for {purpose:?}")]
    Exhausted {
        /// The model that was asked.
        model: String,
        /// What the answer was for.
        purpose: Purpose,
    },
}

impl Replay {
    /// Answers from these exchanges, oldest first.
    pub fn new(exchanges: Vec<Exchange>) -> Self {
        let kept = |exchange: Exchange| Kept { question: question(&exchange.request.messages), exchange, given: false };
        Replay { state: Mutex::new(State { kept: exchanges.into_iter().map(kept).collect(), drift: 0 }) }
    }

    /// The answer that the model gave to this question, else the next one of the same purpose. None is given twice.
    pub fn answer(&self, model: &str, request: &Request) -> Result<Answer, ReplayError> {
        let asked = question(&redacted_messages(&request.messages));
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |kept: &Kept| {
            !kept.given && kept.exchange.model == model && kept.exchange.request.purpose == request.purpose
        };
        let same = state.kept.iter().position(|kept| fits(kept) && kept.question == asked);
        let Some(index) = same.or_else(|| state.kept.iter().position(fits)) else {
            return Err(ReplayError::Exhausted { model: model.to_owned(), purpose: request.purpose });
        };
        if same.is_none() {
            state.drift += 1;
        }
        let kept = &mut state.kept[index];
        kept.given = true;
        kept.exchange.outcome.clone().map_err(|sentence| ReplayError::Failed { sentence })
    }

    /// How many questions differed from the kept ones.
    pub fn drift(&self) -> u32 {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).drift
    }
}

/// Words that may be the random boundary around foreign text; other random words are as good as equal, too.
static RANDOM: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?-u:\b)[0-9A-Za-z]{8,}(?-u:\b)").expect("the pattern is constant and tested"));

/// The hash of a conversation, equal for conversations that differ in their boundaries alone.
fn question(messages: &[Message]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for message in messages {
        let text = RANDOM.replace_all(&message.text, |found: &regex::Captures<'_>| {
            let word = &found[0];
            let is_random = word.bytes().any(|byte| byte.is_ascii_digit());
            if is_random { "#".to_owned() } else { word.to_owned() }
        });
        hash.update(format!("{:?}\0{}\0", message.role, text.len()));
        hash.update(text.as_bytes());
    }
    hash.finalize().into()
}

fn redacted_messages(messages: &[Message]) -> Vec<Message> {
    let clean = |message: &Message| Message { role: message.role, text: redact::text(&message.text).into_owned() };
    messages.iter().map(clean).collect()
}

/// An exchange as a transcript keeps it: without secrets in any text.
pub fn redacted(mut exchange: Exchange) -> Exchange {
    redact::string(&mut exchange.model);
    exchange.request.messages.iter_mut().for_each(|message| redact::string(&mut message.text));
    match &mut exchange.outcome {
        Ok(answer) => redact::string(&mut answer.text),
        Err(sentence) => redact::string(sentence),
    }
    exchange
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draft::llm::{AnswerFormat, Role, Usage};

    fn request(purpose: Purpose, text: &str) -> Request {
        Request {
            purpose,
            messages: vec![Message { role: Role::User, text: text.to_owned() }],
            format: AnswerFormat::Text,
            max_output_tokens: 100,
            temperature: None,
        }
    }

    fn kept(purpose: Purpose, text: &str, outcome: Result<&str, &str>) -> Exchange {
        let answer = |text: &str| Answer { text: text.to_owned(), cut: false, usage: Usage::default() };
        Exchange {
            model: "m".to_owned(),
            request: request(purpose, text),
            outcome: outcome.map(answer).map_err(str::to_owned),
            used: Usage::default(),
            cost_usd: 0.0,
            elapsed_ms: 1,
        }
    }

    fn said(replay: &Replay, purpose: Purpose, text: &str) -> Result<String, String> {
        replay.answer("m", &request(purpose, text)).map(|answer| answer.text).map_err(|error| error.to_string())
    }

    #[test]
    fn an_equal_question_gets_its_answer_whatever_the_boundary_and_the_order() {
        let replay = Replay::new(vec![
            kept(Purpose::Draft, "<data-9f3a77b1c2> one </data-9f3a77b1c2>", Ok("first")),
            kept(Purpose::Draft, "<data-9f3a77b1c2> two </data-9f3a77b1c2>", Ok("second")),
        ]);
        assert_eq!(said(&replay, Purpose::Draft, "<data-00aa11bb22> two </data-00aa11bb22>"), Ok("second".to_owned()));
        assert_eq!(said(&replay, Purpose::Draft, "<data-1234567890> one </data-1234567890>"), Ok("first".to_owned()));
        assert_eq!(replay.drift(), 0);
    }

    #[test]
    fn another_question_gets_the_next_answer_of_its_purpose_and_is_counted() {
        let replay = Replay::new(vec![
            kept(Purpose::Plan, "p", Err("the endpoint did not answer")),
            kept(Purpose::Draft, "a", Ok("first")),
        ]);
        assert_eq!(said(&replay, Purpose::Draft, "changed"), Ok("first".to_owned()));
        assert_eq!(replay.drift(), 1);
        assert_eq!(said(&replay, Purpose::Plan, "p"), Err("the endpoint did not answer".to_owned()));
        let error = replay.answer("m", &request(Purpose::Plan, "p")).unwrap_err();
        assert_eq!(error, ReplayError::Exhausted { model: "m".to_owned(), purpose: Purpose::Plan });
        assert!(matches!(replay.answer("other", &request(Purpose::Draft, "a")), Err(ReplayError::Exhausted { .. })));
    }

    #[test]
    fn no_text_of_a_kept_exchange_holds_a_secret() {
        let secret = format!("ghp_{}", "a1B2".repeat(9));
        let exchange = kept(Purpose::Draft, &format!("token {secret}"), Ok(&format!("use {secret}")));
        let failed = kept(Purpose::Draft, "x", Err(&format!("refused {secret}")));
        for exchange in [exchange, failed] {
            let text = serde_json::to_string(&redacted(exchange)).unwrap();
            assert!(!text.contains(&secret) && text.contains(redact::MASK), "{text}");
        }
    }

    #[test]
    fn a_question_with_a_secret_is_known_again() {
        let text = format!("token ghp_{}", "a1B2".repeat(9));
        let replay = Replay::new(vec![redacted(kept(Purpose::Draft, &text, Ok("yes")))]);
        assert_eq!(said(&replay, Purpose::Draft, &text), Ok("yes".to_owned()));
        assert_eq!(replay.drift(), 0);
    }
}
