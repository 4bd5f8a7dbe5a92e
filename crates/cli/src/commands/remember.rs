//! `omp remember`

use std::io::Read;
use std::process::ExitCode;

use anyhow::Context as _;
use omp_model::{Content, Error, Metadata, NewMemory, Tags};

use crate::args::{Global, Remember};
use crate::printer::Printer;

pub(super) async fn run(global: &Global, args: Remember, printer: &Printer) -> anyhow::Result<ExitCode> {
    let text = match args.text.as_deref() {
        Some("-") | None => standard_input()?,
        Some(text) => text.to_owned(),
    };
    let content = Content::new(text.trim()).map_err(|what| Error::invalid("text", what))?;
    let mut new = NewMemory::new(content, args.kind, args.tool);
    new.tags = Tags::normalize(args.tags.iter().map(String::as_str));
    new.namespace = args.namespace;
    new.expires_at = args.expires_at;
    if let Some(json) = &args.metadata {
        new.metadata = Metadata::parse(json).map_err(|what| Error::invalid("metadata", what))?;
    }
    let memory = global.api()?.create_memory(new).await?;
    printer.either(&memory, memory.id)?;
    Ok(ExitCode::SUCCESS)
}

fn standard_input() -> anyhow::Result<String> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("standard input cannot be read")?;
    Ok(text)
}
