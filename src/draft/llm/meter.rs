//! What asking models may cost, and what it has cost.
//!
//! In: the limits of one heal, what it has spent before. Out: a [`Reservation`] for each call, taken before the call
//! for the most that it can cost, and settled afterwards with what it did cost; or the [`Overrun`] that forbids the
//! call. Calls that run at the same time can't exceed a limit together, because each has its share set aside.
//!
//! A reservation that is dropped without being settled (a cancelled call) counts as spent: the endpoint may have done
//! the work.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::exchange::Usage;
use crate::config::llm::Price;

/// The limits of one heal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Tokens, read and written together.
    pub tokens: u64,
    /// Money, in US dollars; `None` means no limit.
    pub cost_usd: Option<f64>,
    /// Time spent waiting for models.
    pub time: Duration,
}

/// What a heal has spent on models.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Spent {
    /// Calls, failed ones included.
    pub calls: u32,
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// Money, in US dollars; calls of models without a known price count nothing.
    pub cost_usd: f64,
    /// Time spent waiting, in milliseconds.
    pub waited_ms: u64,
}

impl Spent {
    /// Tokens read and written.
    pub fn tokens(&self) -> u64 {
        self.input_tokens + self.output_tokens
    }
}

/// Why a call is not made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Overrun {
    /// Too many tokens.
    #[error(
        "the limit of {limit} tokens (llm.max_tokens) would be exceeded: {used} are used, the call may take {needed}"
    )]
    Tokens {
        /// The limit.
        limit: u64,
        /// Used and set aside so far.
        used: u64,
        /// What the call may take.
        needed: u64,
    },
    /// Too much money.
    #[error(
        "the limit of ${limit:.2} (llm.max_cost_usd) would be exceeded: ${used:.4} is spent, the call may cost ${needed:.4}"
    )]
    Money {
        /// The limit.
        limit: f64,
        /// Spent and set aside so far.
        used: f64,
        /// What the call may cost.
        needed: f64,
    },
    /// There is a limit of money and the model's price is not known.
    #[error(
        "the price of {model} is not known, and llm.max_cost_usd is set; say it in [llm.prices.\"{model}\"] or by \
         HEAL_LLM_PRICE_INPUT and HEAL_LLM_PRICE_OUTPUT"
    )]
    UnknownPrice {
        /// The model.
        model: String,
    },
    /// Too much time.
    #[error("the {seconds} seconds that models may take (llm.max_seconds, or the heal's own budget) are used up")]
    Time {
        /// The limit.
        seconds: u64,
    },
}

/// Counts what one heal spends.
#[derive(Debug)]
pub struct Meter {
    limits: Limits,
    state: Mutex<State>,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    spent: Spent,
    tokens_aside: u64,
    usd_aside: f64,
}

/// What was set aside for one call.
#[derive(Debug)]
pub struct Reservation<'meter> {
    meter: &'meter Meter,
    price: Option<Price>,
    most: Mutex<Usage>,
    settled: bool,
}

impl Meter {
    /// A meter for a heal that has spent something before.
    pub fn new(limits: Limits, before: Spent) -> Self {
        Meter { limits, state: Mutex::new(State { spent: before, ..State::default() }) }
    }

    /// What is spent.
    pub fn spent(&self) -> Spent {
        self.state().spent
    }

    /// What will be spent if every call that is being made costs the most.
    pub fn most(&self) -> Spent {
        let state = self.state();
        let mut most = state.spent;
        most.input_tokens += state.tokens_aside;
        most.cost_usd += state.usd_aside;
        most
    }

    /// The time that may still be waited.
    pub fn time_left(&self) -> Duration {
        self.limits.time.saturating_sub(Duration::from_millis(self.state().spent.waited_ms))
    }

    /// Sets aside the most that a call can cost: its estimated input and its longest answer.
    pub fn reserve(&self, model: &str, price: Option<Price>, most: Usage) -> Result<Reservation<'_>, Overrun> {
        let mut state = self.state();
        let needed = most.input + most.output;
        let used = state.spent.tokens() + state.tokens_aside;
        if used + needed > self.limits.tokens {
            return Err(Overrun::Tokens { limit: self.limits.tokens, used, needed });
        }
        if let Some(limit) = self.limits.cost_usd {
            let price = price.ok_or_else(|| Overrun::UnknownPrice { model: model.to_owned() })?;
            let (used, needed) = (state.spent.cost_usd + state.usd_aside, cost(Some(price), most));
            if used + needed > limit {
                return Err(Overrun::Money { limit, used, needed });
            }
        }
        if Duration::from_millis(state.spent.waited_ms) >= self.limits.time {
            return Err(Overrun::Time { seconds: self.limits.time.as_secs() });
        }
        state.tokens_aside += needed;
        state.usd_aside += cost(price, most);
        Ok(Reservation { meter: self, price, most: Mutex::new(most), settled: false })
    }

    /// Sets more aside, if that exceeds no limit.
    fn add(&self, price: Option<Price>, more: Usage) -> bool {
        let mut state = self.state();
        let (tokens, usd) = (more.input + more.output, cost(price, more));
        let fits = state.spent.tokens() + state.tokens_aside + tokens <= self.limits.tokens
            && self.limits.cost_usd.is_none_or(|limit| state.spent.cost_usd + state.usd_aside + usd <= limit);
        if fits {
            state.tokens_aside += tokens;
            state.usd_aside += usd;
        }
        fits
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settle(&self, price: Option<Price>, most: Usage, used: Usage, waited: Duration) -> f64 {
        let mut state = self.state();
        state.tokens_aside = state.tokens_aside.saturating_sub(most.input + most.output);
        state.usd_aside = (state.usd_aside - cost(price, most)).max(0.0);
        let paid = cost(price, used);
        state.spent.calls += 1;
        state.spent.input_tokens += used.input;
        state.spent.output_tokens += used.output;
        state.spent.cost_usd += paid;
        state.spent.waited_ms += waited.as_millis() as u64;
        paid
    }
}

impl Reservation<'_> {
    /// Books what the call did take; gives its cost in US dollars.
    pub fn settle(mut self, used: Usage, waited: Duration) -> f64 {
        self.settled = true;
        self.meter.settle(self.price, self.most(), used, waited)
    }

    /// Makes room for the same call once more, after `used` was spent in vain; gives whether there is room.
    pub fn extend(&self, used: Usage) -> bool {
        let fits = self.meter.add(self.price, used);
        if fits {
            let mut most = self.most.lock().unwrap_or_else(PoisonError::into_inner);
            most.input += used.input;
            most.output += used.output;
        }
        fits
    }

    fn most(&self) -> Usage {
        *self.most.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        if !self.settled {
            self.meter.settle(self.price, self.most(), self.most(), Duration::ZERO);
        }
    }
}

/// What tokens cost, in US dollars; 0 where the price is not known.
pub fn cost(price: Option<Price>, usage: Usage) -> f64 {
    let Some(price) = price else { return 0.0 };
    (usage.input as f64 * price.input + usage.output as f64 * price.output) / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRICE: Option<Price> = Some(Price { input: 1.0, output: 10.0 });

    fn usage(input: u64, output: u64) -> Usage {
        Usage { input, output, estimated: false }
    }

    fn meter(tokens: u64, cost_usd: Option<f64>) -> Meter {
        Meter::new(Limits { tokens, cost_usd, time: Duration::from_secs(10) }, Spent::default())
    }

    #[test]
    fn a_call_that_could_exceed_a_limit_is_not_made() {
        let money = meter(1_000_000, Some(0.01));
        let refused = money.reserve("m", PRICE, usage(2_000, 900)).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "the limit of $0.01 (llm.max_cost_usd) would be exceeded: $0.0000 is spent, the call may cost $0.0110"
        );
        assert!(money.reserve("m", PRICE, usage(1_000, 900)).is_ok());
        let tokens = meter(1_000, None);
        assert!(matches!(tokens.reserve("m", None, usage(500, 501)), Err(Overrun::Tokens { needed: 1_001, .. })));
        assert!(matches!(money.reserve("m", None, usage(1, 1)), Err(Overrun::UnknownPrice { .. })));
    }

    #[test]
    fn what_is_set_aside_counts_until_it_is_settled() {
        let meter = meter(1_000, None);
        let first = meter.reserve("m", PRICE, usage(300, 300)).unwrap();
        assert!(meter.reserve("m", PRICE, usage(300, 300)).is_err(), "both together would exceed the limit");
        let paid = first.settle(usage(300, 10), Duration::from_millis(1_500));
        assert!((paid - 0.0004).abs() < 1e-9);
        assert!(meter.reserve("m", PRICE, usage(300, 300)).is_ok());
        assert_eq!(meter.spent().calls, 2, "the second one was dropped, which counts");
        assert_eq!(meter.spent().tokens(), 310 + 600);
        assert_eq!(meter.time_left(), Duration::from_millis(8_500));
    }

    #[test]
    fn a_repeated_call_needs_room_for_what_was_spent_in_vain() {
        let meter = meter(1_000, None);
        let call = meter.reserve("m", None, usage(300, 300)).unwrap();
        assert!(call.extend(usage(300, 50)));
        assert!(!call.extend(usage(300, 50)));
        call.settle(usage(600, 100), Duration::ZERO);
        assert!(meter.reserve("m", None, usage(200, 100)).is_ok(), "nothing stays set aside");
    }

    #[test]
    fn time_ends_asking_and_what_was_spent_before_counts() {
        let limits = Limits { tokens: 100, cost_usd: None, time: Duration::from_secs(1) };
        let waited = Meter::new(limits, Spent { waited_ms: 1_000, ..Spent::default() });
        assert_eq!(waited.reserve("m", None, usage(1, 1)).unwrap_err(), Overrun::Time { seconds: 1 });
        let spent = Meter::new(limits, Spent { input_tokens: 99, ..Spent::default() });
        assert!(spent.reserve("m", None, usage(1, 1)).is_err());
    }
}
