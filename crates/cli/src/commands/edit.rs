//! `omp edit`

use std::io::{Read, Write};
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use omp_model::{Content, Error, MemoryPatch, Tags};

use crate::args::{Edit, Global};
use crate::printer::Printer;

pub(super) async fn run(global: &Global, args: Edit, printer: &Printer) -> anyhow::Result<ExitCode> {
    let api = global.api_of(&args.whose).await?;
    let mut patch = patch(&args)?;
    if patch == MemoryPatch::default() {
        let before = api.get_memory(&args.id).await?;
        let text = in_editor(before.content.as_str())?;
        if text == before.content.as_str() {
            printer.say("nothing was changed");
            return Ok(ExitCode::SUCCESS);
        }
        patch.content = Some(Content::new(text).map_err(|what| Error::invalid("content", what))?);
    }
    let memory = api.update_memory(&args.id, patch).await?;
    if printer.json {
        printer.value(&memory)?;
    } else {
        printer.memories(&[memory])?;
    }
    Ok(ExitCode::SUCCESS)
}

fn patch(args: &Edit) -> anyhow::Result<MemoryPatch> {
    let content = args.content.as_deref().map(Content::new).transpose();
    let tags = Tags::normalize(args.tags.iter().map(String::as_str));
    Ok(MemoryPatch {
        content: content.map_err(|what| Error::invalid("content", what))?,
        kind: args.kind,
        tags: (args.no_tags || !args.tags.is_empty()).then_some(tags),
        namespace: if args.no_namespace { Some(None) } else { args.namespace.clone().map(Some) },
        expires_at: if args.never_expires { Some(None) } else { args.expires_at.map(Some) },
        ..MemoryPatch::default()
    })
}

/// Lets the person change the text in `$VISUAL` or `$EDITOR`. The file is readable by them only and gone afterwards.
fn in_editor(text: &str) -> anyhow::Result<String> {
    let editor = std::env::var("VISUAL").or_else(|_| std::env::var("EDITOR"));
    let editor = editor.context("no editor is set in VISUAL or EDITOR; give the new text with --content")?;
    let mut file = tempfile::Builder::new().prefix("memory-").suffix(".txt").tempfile()?;
    file.write_all(text.as_bytes())?;
    file.flush()?;
    let mut words = editor.split_whitespace();
    let program = words.next().context("EDITOR is empty")?;
    let status = std::process::Command::new(program).args(words).arg(file.path()).status();
    let status = status.with_context(|| format!("the editor `{editor}` cannot be started"))?;
    ensure!(status.success(), "the editor ended with {status}; nothing was changed");
    let mut edited = String::new();
    // Opened anew: editors often replace the file.
    std::fs::File::open(file.path())?.read_to_string(&mut edited)?;
    Ok(edited.trim_end_matches('\n').to_owned())
}
