//! `omp import`

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use omp_model::transfer::{ImportOptions, ImportReport};

use crate::args::{Global, Import};
use crate::printer::Printer;
use crate::progress;

/// Most items named in the text report; `--json` has more.
const NAMED: usize = 20;

pub(super) async fn run(global: &Global, args: &Import, printer: &Printer) -> anyhow::Result<ExitCode> {
    let file = open(&args.file)?;
    let options = ImportOptions {
        format: args.from.map(Into::into),
        conflict: args.conflict.map(Into::into),
        dry_run: args.dry_run,
    };
    let bar = progress::bytes(printer, Some(file.metadata()?.len()));
    let report = global.api()?.import(file, options, progress::teller(bar.as_ref())).await;
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    let report = report?;
    if printer.json {
        printer.value(&report)?;
    } else {
        print(&report, printer)?;
    }
    Ok(if report.error_count == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// The file, or standard input put into one: an import may have to be read twice.
fn open(path: &Path) -> anyhow::Result<File> {
    if path.as_os_str() == "-" {
        let mut spool = tempfile::tempfile()?;
        io::copy(&mut io::stdin(), &mut spool).context("standard input cannot be read")?;
        io::Seek::rewind(&mut spool)?;
        return Ok(spool);
    }
    File::open(path).with_context(|| format!("{} cannot be opened", path.display()))
}

fn print(report: &ImportReport, printer: &Printer) -> io::Result<()> {
    let ImportReport { read, imported, updated, unchanged, skipped, conversations, error_count, .. } = report;
    let what = if report.dry_run { "would be imported (nothing was written)" } else { "imported" };
    printer.line(format!(
        "{}: {read} read, {imported} {what}, {updated} updated, {unchanged} unchanged, {skipped} skipped, \
         {conversations} conversations, {error_count} not valid",
        report.format.as_str()
    ))?;
    for issue in report.errors.iter().take(NAMED) {
        let line = issue.line.map(|line| format!(", line {line}")).unwrap_or_default();
        let id =
            issue.id.as_deref().map(|id| format!(" ({})", crate::printer::clean(id))).unwrap_or_default();
        printer.say(format!(
            "not valid: item {}{line}{id}: {}",
            issue.index,
            crate::printer::clean(&issue.message)
        ));
    }
    let notes = [("brought into form", &report.changed), ("lost", &report.lost)];
    for (what, notes) in notes {
        for note in notes.iter().take(NAMED) {
            printer.say(format!(
                "{what}: item {}: `{}` {}",
                note.index,
                crate::printer::clean(&note.field),
                note.message
            ));
        }
        if notes.len() > NAMED {
            printer.say(format!("{what}: and {} more; --json lists them", notes.len() - NAMED));
        }
    }
    if report.errors.len() > NAMED {
        printer.say(format!("not valid: and {} more; --json lists them", error_count - NAMED as u64));
    }
    Ok(())
}
