//! `omp import`

use std::io;
use std::process::ExitCode;

use omp_client::Upload;
use omp_model::Error;
use omp_model::transfer::{ImportOptions, ImportReport};
use omp_service::formats::transcript;
use omp_service::{ConversationSource, ExtractRequest};

use super::source;
use crate::args::{Chosen, Global, Import};
use crate::printer::{Printer, counted};
use crate::progress;

pub(super) async fn run(global: &Global, args: &Import, printer: &Printer) -> anyhow::Result<ExitCode> {
    let source = match source::server(&args.file) {
        Some(url) => source::fetched(url, args.from_key.clone()).await?,
        None => source::open(&args.file)?,
    };
    let options = ImportOptions {
        format: args.from,
        media: None,
        conflict: args.conflict.map(Into::into),
        dry_run: args.dry_run,
        name: source::name(&args.file),
        choice: args.choosing.choice(),
    };
    let source = match source {
        Upload::File(file) => Upload::File(super::sealing::opened(file, &args.opening)?),
        folder => folder,
    };
    let size = match &source {
        Upload::File(file) => Some(file.metadata()?.len()),
        Upload::Folder(_) => None,
    };
    let bar = progress::bytes(printer, size);
    let report = global.api().await?.import(source, options, progress::teller(bar.as_ref())).await;
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    let report = report.map_err(|error| explained(error, args))?;
    if printer.json {
        printer.value(&report)?;
    } else {
        print(&report, printer)?;
    }
    if let Some(provider) = args.extract {
        extract(global, &report, Chosen { provider }, printer).await?;
    }
    Ok(if report.error_count == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// A conversation in plain lines is no file of another tool, but another command takes it.
fn explained(error: Error, args: &Import) -> anyhow::Error {
    let refused = error.code.exit_code() == 1 && args.from.is_none();
    let small = |file: &std::fs::Metadata| file.is_file() && file.len() < 1 << 20;
    let text = std::fs::metadata(&args.file).ok().filter(|file| refused && small(file));
    let text = text.and_then(|_| std::fs::read_to_string(&args.file).ok());
    let is_talk = text.as_deref().and_then(transcript::read).is_some();
    let error = anyhow::Error::new(error);
    if is_talk {
        return error.context(format!(
            "{} looks like the lines of a conversation, which `omp save` takes",
            args.file.display()
        ));
    }
    error
}

/// Memories out of the conversations that came in.
async fn extract(
    global: &Global,
    report: &ImportReport,
    chosen: Chosen,
    printer: &Printer,
) -> anyhow::Result<()> {
    let (ai, ids) = (chosen.choice()?, &report.conversation_ids);
    if ids.is_empty() {
        printer.say("no conversation came in that was not there, so there is nothing to extract from");
        return Ok(());
    }
    let api = global.api().await?;
    let request = |id| {
        let mut request = ExtractRequest::new(ConversationSource::Saved(id));
        request.read.ai = ai.clone();
        request
    };
    let (stored, done) = super::extract::from_saved(api.as_ref(), ids, request, printer).await?;
    printer.say(format!(
        "{} extracted out of {done} of {}",
        counted(stored as u64, "memory"),
        counted(report.conversations, "conversation")
    ));
    Ok(())
}

fn print(report: &ImportReport, printer: &Printer) -> io::Result<()> {
    let ImportReport { read, imported, updated, unchanged, skipped, conversations, error_count, .. } = report;
    let what = if report.dry_run { "would be imported (nothing was written)" } else { "imported" };
    printer.line(format!(
        "{}: {read} read, {imported} {what}, {updated} updated, {unchanged} unchanged, {skipped} skipped, \
         {}, {error_count} not valid",
        report.format.as_str(),
        counted(*conversations, "conversation")
    ))?;
    if let Some(because) = &report.because {
        printer.say(format!("read as {} because {}", report.format, crate::printer::clean(because)));
    }
    super::losses::print(report, printer);
    Ok(())
}
