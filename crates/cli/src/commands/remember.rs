//! `omp remember`

use std::io::Read;
use std::process::ExitCode;

use anyhow::Context as _;
use omp_model::{Clock as _, Content, CreateMemory, Dedupe, Error, Metadata, NewMemory, SystemClock, Tags};

use crate::args::{Global, Remember};
use crate::printer::Printer;
use crate::project;

pub(super) async fn run(global: &Global, args: Remember, printer: &Printer) -> anyhow::Result<ExitCode> {
    let text = match args.text.as_deref() {
        Some("-") | None => standard_input()?,
        Some(text) => text.to_owned(),
    };
    let content = Content::new(text.trim()).map_err(|what| Error::invalid("text", what))?;
    let mut new = NewMemory::new(content, args.kind, args.tool);
    new.tags = Tags::normalize(args.tags.iter().map(String::as_str));
    new.namespace = if args.project { Some(project::required()?.namespace) } else { args.namespace };
    new.expires_at = args.expires_at;
    if let Some(json) = &args.metadata {
        new.metadata = Metadata::parse(json).map_err(|what| Error::invalid("metadata", what))?;
    }
    let dedupe = if args.no_dedupe { Dedupe::Off } else { Dedupe::Exact };
    let create = CreateMemory { new, supersedes: args.supersedes, dedupe };
    let created = global.api_of(&args.whose).await?.create_memory(create).await?;
    printer.either(&created, created.memory.id)?;
    if args.expires_at.is_some_and(|at| at <= SystemClock.now()) {
        printer.say("it expires in the past, so no list and no search will ever show it");
    }
    if created.duplicate_of.is_some() {
        printer.say("this is remembered already; nothing was stored");
    }
    for warning in &created.warnings {
        printer.say(format!("`{}` holds what looks like a secret ({})", warning.field, warning.secret));
    }
    Ok(ExitCode::SUCCESS)
}

fn standard_input() -> anyhow::Result<String> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("standard input cannot be read")?;
    Ok(text)
}
