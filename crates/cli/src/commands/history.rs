//! `omp history`

use std::process::ExitCode;

use omp_model::{History, HistoryQuery, RestoreVersion, Version};

use crate::args::{self, Global};
use crate::printer::{Printer, text};

pub(super) async fn run(
    global: &Global,
    args: &args::History,
    printer: &Printer,
) -> anyhow::Result<ExitCode> {
    let api = global.api_of(&args.whose).await?;
    if let Some(version) = args.restore {
        let memory = api.restore_memory(&args.id, RestoreVersion { version }).await?;
        if printer.json {
            printer.value(&memory)?;
        } else {
            printer.memories(&[memory])?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let query = HistoryQuery { limit: args.limit, offset: args.offset };
    let history = api.memory_history(&args.id, query).await?;
    if printer.json {
        printer.value(&history)?;
        return Ok(ExitCode::SUCCESS);
    }
    show(&history, printer)?;
    printer.say(format!("{} of {} versions", history.versions.len(), history.total));
    Ok(ExitCode::SUCCESS)
}

fn show(history: &History, printer: &Printer) -> std::io::Result<()> {
    if let Some(id) = history.superseded_by {
        printer.line(format!("superseded by {id}"))?;
    }
    if let Some(id) = history.supersedes {
        printer.line(format!("supersedes {id}"))?;
    }
    for Version { version, memory, valid_from, valid_to } in &history.versions {
        let until = valid_to.map_or_else(|| "now".to_owned(), |at| at.to_string());
        printer.line(format!("version {version}: from {valid_from} until {until}"))?;
        printer.line(text(memory))?;
    }
    Ok(())
}
