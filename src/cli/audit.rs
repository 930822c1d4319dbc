//! `heal audit verify` and `heal audit export`.

use std::io::Write;

use anyhow::Context;

use super::args::AuditCommand;
use super::environment;
use super::exit::ExitCode;
use super::json;
use crate::store::Store;

/// Runs the command.
pub async fn audit(command: &AuditCommand) -> anyhow::Result<ExitCode> {
    let (AuditCommand::Verify { database, .. } | AuditCommand::Export { database }) = command;
    let url = database.clone().or_else(environment::database_url).context("no state directory")?;
    let store = Store::open(&url).await?;
    match command {
        AuditCommand::Verify { json, .. } => verify(&store, *json).await,
        AuditCommand::Export { .. } => export(&store).await,
    }
}

async fn verify(store: &Store, as_json: bool) -> anyhow::Result<ExitCode> {
    let verdict = store.verify_audit().await?;
    if as_json {
        let (rows, fault) = match &verdict {
            Ok(rows) => (Some(*rows), None),
            Err(fault) => (None, Some(fault.to_string())),
        };
        let document =
            serde_json::json!({"schema": json::SCHEMA, "intact": fault.is_none(), "rows": rows, "fault": fault});
        json::print(&document)?;
    } else {
        match &verdict {
            Ok(rows) => println!("the audit chain is intact: {rows} rows"),
            Err(fault) => println!("the audit chain is broken: {fault}"),
        }
    }
    Ok(if verdict.is_ok() { ExitCode::Healed } else { ExitCode::NotHealed })
}

/// One JSON document per line, oldest first; the body as the JSON that was hashed.
async fn export(store: &Store) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    let mut last = 0;
    loop {
        let page = store.audit_after(last).await?;
        let Some(end) = page.last() else { return Ok(ExitCode::Healed) };
        last = end.sequence;
        for row in &page {
            serde_json::to_writer(&mut out, row)?;
            writeln!(out)?;
        }
    }
}
