//! `omp reindex`

use std::process::ExitCode;

use crate::args::Global;
use crate::printer::Printer;
use crate::progress;

pub(super) async fn run(global: &Global, printer: &Printer) -> anyhow::Result<ExitCode> {
    global.require_database("reindex")?;
    let service = global.service().await?;
    let bar = progress::countdown(printer);
    let told = bar.clone();
    let done = service.reindex(move |waiting| {
        if let Some(bar) = &told {
            bar.set_length(bar.length().unwrap_or(0).max(waiting));
            bar.set_position(bar.length().unwrap_or(0) - waiting);
        }
    });
    let done = done.await;
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    let done = done?;
    service.store().close().await?;
    printer.either(&done, format!("every memory and every conversation has its vectors by {}", done.name))?;
    Ok(ExitCode::SUCCESS)
}
