//! `omp tags`, `omp stats`

use std::process::ExitCode;

use crate::args::Global;
use crate::printer::{Printer, clean};

pub(super) async fn tags(global: &Global, printer: &Printer) -> anyhow::Result<ExitCode> {
    let list = global.access().await?.list_tags().await?;
    if printer.json {
        printer.value(&list)?;
        return Ok(ExitCode::SUCCESS);
    }
    list.tags.iter().try_for_each(|one| printer.line(format!("{:>8}  {}", one.memories, one.tag)))?;
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn stats(global: &Global, printer: &Printer) -> anyhow::Result<ExitCode> {
    let stats = global.access().await?.stats().await?;
    if printer.json {
        printer.value(&stats)?;
        return Ok(ExitCode::SUCCESS);
    }
    printer.line(format!("{:>8}  memories", stats.memories))?;
    for one in &stats.types {
        printer.line(format!("{:>8}    {}", one.memories, one.kind.as_str()))?;
    }
    for one in &stats.tools {
        printer.line(format!("{:>8}    written by {}", one.memories, clean(one.tool.as_str())))?;
    }
    printer.line(format!("{:>8}  conversations", stats.conversations))?;
    printer.line(format!("{:>8}  namespaces", stats.namespaces))?;
    printer.line(format!("{:>8}  tags", stats.tags))?;
    Ok(ExitCode::SUCCESS)
}
