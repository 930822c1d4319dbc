//! Asking an OpenAI-compatible endpoint. The only room that knows async-openai.
//!
//! In: a [`Request`](super::Request) and an [`Endpoint`], shared by all heals of the process. Out: an
//! [`Answer`](super::Answer) whose usage holds every call that was made for it, or a [`ModelError`]: one sentence for
//! people, a [`Fault`] for the caller, and what it cost.
//!
//! The way of a question: `endpoint` repeats what may be repeated, inside the deadline; `breaker` and a semaphore say
//! whether and when it may go; `body` writes the request in the form that this model accepts (`form` remembers which);
//! `call` has async-openai send it; `wire` is the service below async-openai, which bounds and checks what comes back
//! (`events` cuts streams); `reading` takes the words out of it; `refusal` understands the errors of endpoints.
//!
//! An endpoint is known by no more than its address: OpenAI, Azure (`…/openai/v1`, or
//! `…/openai/deployments/NAME?api-version=…` with the key in `api-key`), OpenRouter, vLLM, Ollama, llama.cpp, LiteLLM.
//! Proxies are those of the environment (`HTTPS_PROXY` …), but never for a loopback address; redirections are not
//! followed.

mod access;
mod body;
mod breaker;
mod call;
mod endpoint;
mod error;
mod events;
mod form;
mod models;
mod reading;
mod refusal;
mod retry;
mod wire;

pub use endpoint::{Endpoint, EndpointSettings, MayRepeat, OnRetry, OnText, Retry, Terms};
pub use error::{Fault, ModelError};
