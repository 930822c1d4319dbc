//! The floor that remembers: deliveries, heals and their transitions, attempts, flaky evidence,
//! transcripts, the record of models and the audit chain, in SQLite or PostgreSQL.
//!
//! In: a database URL. Out: [`Store`], whose every method is one short statement or transaction; no
//! transaction is held open while a heal works. Work is claimed by a lease in one `UPDATE …
//! RETURNING`. Times are seconds since 1970, given by the caller. One text per query serves both
//! engines, but for PostgreSQL's locking clauses; the schemas (`migrations/`) differ in their triggers.

mod attempts;
mod audit;
mod claims;
mod deliveries;
mod exchanges;
mod fixes;
mod flaky;
mod heals;
mod models;
mod open;
mod spending;
#[cfg(test)]
mod tests;
mod text;

pub use attempts::AttemptRow;
pub use audit::{AuditFault, AuditRow};
pub use claims::{LEASE_SECONDS, Release, Wake};
pub use deliveries::{DeliveryRow, Intake, Stored};
pub use exchanges::{ExchangeRow, TRANSCRIPT_SECONDS};
pub use fixes::PastRow;
pub use heals::{HealId, HealRow, PASSING, Transition};
pub use models::ModelRow;
pub use open::{Store, StoreError};
