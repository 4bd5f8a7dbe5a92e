//! `omp save`

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use omp_client::{Api, Upload};
use omp_model::transfer::ImportOptions;
use omp_model::{Clock, Error, NewConversation, SystemClock};
use omp_service::formats::transcript::{self, Transcript};
use omp_service::formats::{Draft, Note, Sink, Stop, Talk};
use serde_json::json;

use super::source;
use crate::args::{Global, Save};
use crate::printer::{Printer, clean, counted};
use crate::sessions::Offers;

/// A transcript in a form of ours is read whole, so it has a limit; files of other tools are streamed.
const MOST_BYTES: u64 = 64 << 20;

pub(super) async fn run(global: &Global, args: Save, printer: &Printer) -> anyhow::Result<ExitCode> {
    if args.offered {
        return offered(printer);
    }
    let path = if args.last {
        let offers = Offers::open()?;
        let newest = offers.newest().context(
            "no session is offered; `omp setup --hooks` lets coding agents offer theirs when they end",
        )?;
        printer.say(format!("{} session of {}", clean(&newest.tool), clean(&newest.at)));
        Some(newest.transcript.clone())
    } else {
        args.file.clone().filter(|path| path.as_os_str() != "-")
    };
    let api = global.api().await?;
    let text = match &path {
        Some(path) if path.is_dir() => None,
        Some(path) => {
            let file = std::fs::File::open(path);
            start(file.with_context(|| format!("{} cannot be opened", path.display()))?)?
        }
        None => Some(start(std::io::stdin())?.context("standard input is no text, or more than 64 MiB")?),
    };
    match (text.as_deref().and_then(transcript::read), &path) {
        (Some(read), _) => {
            let read = read.map_err(|what| Error::invalid("conversation", what))?;
            store(api.as_ref(), &args, read, printer).await?;
        }
        (None, Some(path)) => import(api.as_ref(), path, printer).await?,
        (None, None) => {
            bail!(
                "no turns were found: begin each with `User:` or `Assistant:`, or give JSON messages \
                 with `role` and `content`"
            )
        }
    }
    if let Some(path) = path {
        Offers::open()?.saved(&path)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// All of it, if it is text and not too much.
fn start(read: impl Read) -> anyhow::Result<Option<String>> {
    let mut bytes = Vec::new();
    read.take(MOST_BYTES + 1).read_to_end(&mut bytes).context("the conversation cannot be read")?;
    let whole = bytes.len() as u64 <= MOST_BYTES;
    Ok(if whole { String::from_utf8(bytes).ok() } else { None })
}

/// A transcript becomes one conversation, or several when it has too many turns for one.
async fn store(api: &dyn Api, args: &Save, read: Transcript, printer: &Printer) -> anyhow::Result<()> {
    let Transcript { turns, model, topic, passed, before } = read;
    let talk = Talk {
        format: "transcript",
        model: args.model.as_ref().map(ToString::to_string).or(model),
        model_unknown: "unknown",
        topic: args.topic.as_ref().map(ToString::to_string).or(topic),
        turns,
        ..Talk::default()
    };
    let mut notes = Notes::default();
    let conversations = talk.into_conversations(SystemClock.now(), &mut notes);
    if conversations.is_empty() {
        bail!("nobody says anything in it; nothing was saved");
    }
    let mut saved = Vec::new();
    for conversation in conversations {
        let new = NewConversation {
            model: conversation.model,
            topic: conversation.topic,
            messages: conversation.messages,
            source_url: None,
        };
        saved.push(api.create_conversation(new).await?);
    }
    for what in notes.0 {
        printer.say(what);
    }
    if passed > 0 {
        printer.say(format!("{passed} turns of neither side (system, tools) were left out"));
    }
    if before > 0 {
        printer.say(format!("{before} lines before the first turn were left out"));
    }
    if printer.json {
        let saved: Vec<_> = saved
            .iter()
            .map(
                |c| json!({"id": c.id, "model": c.model, "topic": c.topic, "message_count": c.message_count}),
            )
            .collect();
        printer.value(&json!({"conversations": saved}))?;
        return Ok(());
    }
    for conversation in &saved {
        printer.line(conversation.id)?;
        printer.say(format!(
            "saved {} with {}",
            counted(conversation.message_count as u64, "turn"),
            clean(conversation.model.as_str())
        ));
    }
    Ok(())
}

/// A file of another tool, as `omp import` reads it.
async fn import(api: &dyn Api, path: &Path, printer: &Printer) -> anyhow::Result<()> {
    let upload: Upload = source::open(path)?;
    let options = ImportOptions { name: source::name(path), ..ImportOptions::default() };
    let report = api.import(upload, options, None).await?;
    super::losses::print(&report, printer);
    if printer.json {
        printer.value(&report)?;
    } else {
        let (format, read) = (&report.format, report.read);
        let (conversations, memories) = (report.conversations, report.imported);
        printer.say(format!(
            "{format}: {read} read, {} and {} saved",
            counted(conversations, "conversation"),
            counted(memories, "memory")
        ));
    }
    anyhow::ensure!(
        report.error_count == 0,
        "{} items are not valid; they were left out",
        report.error_count
    );
    Ok(())
}

fn offered(printer: &Printer) -> anyhow::Result<ExitCode> {
    let offers = Offers::open()?;
    if printer.json {
        printer.value(&offers.sessions)?;
        return Ok(ExitCode::SUCCESS);
    }
    for session in &offers.sessions {
        let (tool, at) = (clean(&session.tool), clean(&session.at));
        printer.line(format!("{at}  {tool}  {}", clean(&session.transcript.display().to_string())))?;
    }
    printer.say(format!(
        "offered: {}; `omp save FILE` or `omp save --last` saves",
        counted(offers.sessions.len() as u64, "session")
    ));
    Ok(ExitCode::SUCCESS)
}

/// What was done to the turns, in words.
#[derive(Default)]
struct Notes(Vec<String>);

impl Sink for Notes {
    fn memory(&mut self, _: Draft) -> Result<(), Stop> {
        Ok(())
    }

    fn conversation(&mut self, _: Talk) -> Result<(), Stop> {
        Ok(())
    }

    fn note(&mut self, note: Note<'_>) {
        // A conversation from here is dated like its saving, which nobody needs to be told.
        if note.kind != "conversation date" {
            self.0.push(format!("{} {}", note.kind, note.what));
        }
    }
}
