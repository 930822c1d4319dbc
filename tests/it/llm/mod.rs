//! A language model for tests: an OpenAI-compatible server on loopback that answers by a script.
//!
//! [`ScriptedModel::start`] gives a server of its own to every test. What it answers is a [`Script`]: a list of
//! [`Reply`]s in their order, or a function of the request. It writes down every request ([`Seen`]). A `heal` in the
//! same process or in another one talks to it at [`ScriptedModel::base_url`].
//!
//! ```ignore
//! let model = ScriptedModel::start(Script::last_repeats(vec![
//!     Reply::rate_limited(1),
//!     Reply::text(edit("src/sum.py", "return a - b\n", "return a + b\n")),
//! ]));
//! heal.env("HEAL_LLM_BASE_URL", model.base_url());
//! …
//! assert!(model.prompt(1).contains("test_sum"));
//! ```

mod render;
mod reply;
mod server;

pub use reply::{Reply, edit, edits};
pub use server::{Script, ScriptedModel, Seen};
