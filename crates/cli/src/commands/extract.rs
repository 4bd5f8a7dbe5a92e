//! `omp extract` and `omp compress`

use std::io::Read;
use std::process::ExitCode;

use anyhow::Context as _;
use omp_client::Api;
use omp_model::api::{ExtractAction, ExtractChange, ExtractResponse};
use omp_model::{Error, Transcript};
use omp_service::{CompressRequest, ConversationSource, ExtractRequest, ToRead};

use crate::args::{Compress, Extract, Global, Which};
use crate::printer::{Printer, clean};

/// More is no transcript that is taken, whatever its characters.
const MOST_BYTES: u64 = 4 << 20;

pub(super) async fn run(global: &Global, args: Extract, printer: &Printer) -> anyhow::Result<ExitCode> {
    let mut request = ExtractRequest::new(told(&args.which)?);
    args.which.put_into(&mut request.read)?;
    request.dry_run = args.dry_run;
    let extracted = global.api().await?.extract(request).await?;
    if printer.json {
        printer.value(&extracted)?;
        return Ok(ExitCode::SUCCESS);
    }
    for change in &extracted.changes {
        printer.line(line(change))?;
    }
    printer.say(told_of(&extracted));
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn compress(global: &Global, args: Compress, printer: &Printer) -> anyhow::Result<ExitCode> {
    let mut request = CompressRequest::new(told(&args.which)?);
    args.which.put_into(&mut request.read)?;
    let compressed = global.api().await?.compress(request).await?;
    if printer.json {
        printer.value(&compressed)?;
        return Ok(ExitCode::SUCCESS);
    }
    printer.line(clean(compressed.memory.content.as_str()))?;
    printer.say(format!("{} by {}", compressed.memory.id, clean(&compressed.compressed_by)));
    Ok(ExitCode::SUCCESS)
}

impl Which {
    /// What was typed of whom and what for.
    fn put_into<const MAX: usize>(&self, read: &mut ToRead<MAX>) -> anyhow::Result<()> {
        read.ai = self.chosen.choice()?;
        if let Some(tool) = &self.tool {
            read.source_tool = tool.clone();
        }
        (read.namespace, read.held_at) = (self.namespace.clone(), self.held_at);
        Ok(())
    }
}

/// The conversation that was named, or what stands on standard input.
fn told<const MAX: usize>(args: &Which) -> anyhow::Result<ConversationSource<MAX>> {
    if let Some(id) = &args.conversation {
        return Ok(ConversationSource::Saved(id.clone()));
    }
    let mut text = String::new();
    match args.file.as_ref().filter(|path| path.as_os_str() != "-") {
        Some(path) => {
            let file = std::fs::File::open(path);
            let file = file.with_context(|| format!("{} cannot be opened", path.display()))?;
            let read = file.take(MOST_BYTES).read_to_string(&mut text);
            read.with_context(|| format!("{} is no text", path.display()))?;
        }
        None => {
            std::io::stdin()
                .take(MOST_BYTES)
                .read_to_string(&mut text)
                .context("standard input is no text")?;
        }
    }
    let text = text.trim_start_matches('\u{feff}').trim();
    Ok(ConversationSource::Transcript(
        Transcript::new(text).map_err(|what| Error::invalid("transcript", what))?,
    ))
}

fn line(change: &ExtractChange) -> String {
    let word = match change.action {
        ExtractAction::New => "new",
        ExtractAction::Repeat => "repeat",
        ExtractAction::Supersedes => "supersedes",
        ExtractAction::Outdated => "outdated",
        ExtractAction::Refused => "refused",
    };
    let content = match change.action {
        ExtractAction::Refused => "it holds what looks like a secret".to_owned(),
        _ => clean(change.content.as_str()),
    };
    let of = change.of.map(|of| format!(" ({of})")).unwrap_or_default();
    format!("{word:<10}  {:<10}  {content}{of}", change.kind.as_str())
}

/// What became of a conversation, in words.
pub(super) fn told_of(extracted: &ExtractResponse) -> String {
    let count = |action| extracted.changes.iter().filter(|change| change.action == action).count();
    let by = clean(&extracted.extracted_by);
    let known = count(ExtractAction::Repeat) + count(ExtractAction::Outdated);
    if extracted.dry_run {
        let new = count(ExtractAction::New) + count(ExtractAction::Supersedes);
        return format!("{new} would be stored, {known} are known (nothing was written), by {by}");
    }
    let mut told = format!("{} stored, {known} known, by {by}", extracted.extracted);
    if extracted.unsupported > 0 {
        told.push_str(&format!("; {} left out that no words of it bear", extracted.unsupported));
    }
    told
}

/// Extracts from saved conversations, one after the other; what was done stays when it is stopped.
pub(super) async fn from_saved(
    api: &dyn Api,
    ids: &[String],
    request: impl Fn(String) -> ExtractRequest,
    printer: &Printer,
) -> anyhow::Result<(usize, usize)> {
    let bar = crate::progress::conversations(printer, ids.len() as u64);
    let (mut stored, mut done) = (0, 0);
    let all = async {
        for id in ids {
            stored += api.extract(request(id.clone())).await?.extracted;
            done += 1;
            if let Some(bar) = &bar {
                bar.inc(1);
            }
        }
        anyhow::Ok(())
    };
    let ended = tokio::select! {
        // Listened for before anything is asked.
        biased;
        _ = tokio::signal::ctrl_c() => None,
        ended = all => Some(ended),
    };
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    match ended {
        Some(Err(error)) => {
            printer.say(format!(
                "{stored} memories out of {done} of {} conversations, then it failed",
                ids.len()
            ));
            Err(error)
        }
        Some(Ok(())) => Ok((stored, done)),
        None => {
            printer.say("stopped; what was extracted stays, and doing it again stores nothing twice");
            Ok((stored, done))
        }
    }
}
