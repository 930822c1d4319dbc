//! What GitHub tells heal: the bytes of a webhook become one checked [`GithubSignal`]. No network.
//!
//! In: the body of a request with its signature ([`verify`] gives a [`VerifiedBody`], and only that
//! can be read), the name of the event ([`EventKind`]). Out: [`parse`]'s signal, in which every name,
//! hash and number has been checked, or a [`PayloadError`] that names the field.
//!
//! A payload is data that strangers write: branch names, labels and comments come from anybody who
//! can open a pull request. So each field that is used has a type that says what it can be, and what
//! is not used is not kept. An event that means nothing to heal is no error but
//! [`GithubSignal::Ignored`], with the reason. Whether a signal leads to a heal (policy, loop guards,
//! kill switch) is decided elsewhere.

mod bots;
mod event;
mod facts;
mod names;
mod payload;
mod said;
mod signals;
mod signature;

pub use bots::{OWN_BRANCH_PREFIX, OWN_CHECK_NAME, is_bot, is_own_branch, is_queue_branch};
pub use event::EventKind;
pub use facts::{
    Actor, AppFacts, Association, Conclusion, Origin, PullRequestRef, RepositoryFacts, RepositoryRef, RunStatus,
};
pub use names::{BadName, BranchName, CommitSha, InstallationId, Login, RepositoryId, RepositoryName};
pub use payload::{MAX_COMMENT_BYTES, PayloadError, parse};
pub use said::{CommentAction, CommentSignal, ReviewAction, ReviewSignal, ReviewState};
pub use signals::{
    CheckKind, CheckSignal, GithubSignal, InstallationAction, InstallationSignal, PingSignal, PullRequestAction,
    PullRequestSignal, PushSignal, RunFacts, RunSignal,
};
pub use signature::{EmptySecret, SignatureError, VerifiedBody, WebhookSecret, verify};
