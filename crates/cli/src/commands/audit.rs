//! `omp audit`

use std::process::ExitCode;

use omp_model::audit::{AuditEntry, AuditQuery};

use crate::args::{Audit, Global};
use crate::printer::{Printer, clean};

pub(super) async fn run(global: &Global, args: Audit, printer: &Printer) -> anyhow::Result<ExitCode> {
    let query = AuditQuery {
        user: args.user,
        action: args.action,
        since: args.since,
        until: args.until,
        before: args.before,
        limit: Some(args.limit),
    };
    let page = global.access().await?.audit(&query).await?;
    if printer.json {
        printer.value(&page)?;
        return Ok(ExitCode::SUCCESS);
    }
    page.entries.iter().try_for_each(|entry| printer.line(line(entry)))?;
    if let Some(next) = page.next {
        printer.say(format!("there is more: --before {next}"));
    }
    Ok(ExitCode::SUCCESS)
}

fn line(entry: &AuditEntry) -> String {
    let who = entry.user.as_deref().unwrap_or("-");
    let mut line = format!("{}  {}  {who}  {}", entry.number, entry.at, entry.action.as_str());
    if let Some(target) = &entry.target {
        line.push_str(&format!("  {}", clean(target)));
    }
    if entry.count != 1 {
        line.push_str(&format!("  ({})", entry.count));
    }
    if let Some(key) = entry.key {
        line.push_str(&format!("  with {key}"));
    }
    if let Some(tool) = &entry.tool {
        line.push_str(&format!(" of {}", clean(tool.as_str())));
    }
    line
}
