//! `omp inject`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use omp_client::Api;
use omp_model::Question;
use omp_service::formats::tools::rules::{Injected, Tool, has_block};
use serde_json::json;

use super::context::question;
use crate::args::{Global, Inject, Reader};
use crate::files::{Owned, Readers};
use crate::memory_scope::MemoryScope;
use crate::printer::{Printer, counted};
use crate::project;

/// Memories that are looked at.
const LOOK_AT: usize = 100;

/// A file that a tool reads.
struct Target {
    tool: Tool,
    path: PathBuf,
    /// The folder that it may not lead out of; `None` for a file that the person named.
    project: Option<PathBuf>,
}

impl Target {
    fn of(args: &Inject) -> anyhow::Result<Self> {
        let tool = match args.reader {
            Reader::Cursor => Tool::Cursor,
            Reader::Copilot => Tool::Copilot,
            Reader::Codex => Tool::Agents,
            Reader::ClaudeCode => Tool::ClaudeCode,
            Reader::Gemini => Tool::Gemini,
            Reader::Windsurf => Tool::Windsurf,
            Reader::Continue => Tool::Continue,
            Reader::Cline => Tool::Cline,
            // `CLAUDE.md` needs no front matter and has no limit, as a file of anybody's.
            Reader::File => {
                let path = args.file.clone().context("--for file needs --file")?;
                return Ok(Self { tool: Tool::ClaudeCode, path, project: None });
            }
        };
        let folder = std::env::current_dir()?;
        let root = project::of(&folder)?.map_or(folder, |project| project.root);
        let mut path = root.join(tool.file());
        // Cline's rules were one file once, and are where they were.
        if let Some(folder) = path.parent().filter(|folder| tool == Tool::Cline && folder.is_file()) {
            path = folder.to_owned();
        }
        Ok(Self { tool, path, project: Some(root) })
    }

    fn open(&self) -> anyhow::Result<Owned> {
        let file = Owned::open(&self.path)?;
        if let Some(project) = &self.project {
            file.require_inside(project)?;
        }
        Ok(file)
    }

    fn folder(&self) -> &Path {
        self.project.as_deref().unwrap_or(Path::new("."))
    }
}

pub(super) async fn run(global: &Global, args: Inject, printer: &Printer) -> anyhow::Result<ExitCode> {
    let target = Target::of(&args)?;
    if args.remove {
        return remove(&target, printer);
    }
    // What cannot be written is said before memories are looked for.
    target.open()?;
    let scope = args.which.scope()?;
    let question = question(&args.query)?;
    let api = global.api().await?;
    if !args.watch {
        inject(&target, api.as_ref(), &scope, question, args.budget, printer).await?;
        return Ok(ExitCode::SUCCESS);
    }
    printer.say(format!("writing {} whenever memories change; Ctrl-C ends it", target.path.display()));
    let mut at = None;
    loop {
        let next = tokio::select! {
            next = api.next_change(at.as_deref()) => next?,
            interrupted = tokio::signal::ctrl_c() => {
                interrupted?;
                return Ok(ExitCode::SUCCESS);
            }
        };
        at = Some(next);
        inject(&target, api.as_ref(), &scope, question.clone(), args.budget, printer).await?;
    }
}

async fn inject(
    target: &Target,
    api: &dyn Api,
    scope: &MemoryScope,
    question: Option<Question>,
    budget: u32,
    printer: &Printer,
) -> anyhow::Result<()> {
    let found = scope.find(api, question, LOOK_AT).await?;
    if let Some(degraded) = &found.degraded {
        printer.say(format!("instead of {}: {}", degraded.requested, degraded.reason));
    }
    let mut memories = found.memories;
    let chosen = omp_service::within_budget(&memories, budget).memories;
    let beyond_budget = memories.len() - chosen.len();
    memories.retain(|memory| chosen.contains(&memory.id));
    let file = target.open()?;
    let stands = |path: &str| target.folder().join(path).is_file();
    let injected = target.tool.inject(file.text.as_deref(), &memories, stands);
    let changed = injected.text != file.text;
    if changed {
        file.replace(injected.text.as_deref(), Readers::AsUsual)?;
    }
    report(target, &injected, beyond_budget, changed, printer)
}

fn report(
    target: &Target,
    injected: &Injected,
    beyond_budget: usize,
    changed: bool,
    printer: &Printer,
) -> anyhow::Result<()> {
    let Injected { written, left_out, there_already, .. } = injected;
    if printer.json {
        printer.value(&json!({
            "file": target.path, "changed": changed, "written": written, "left_out": left_out,
            "there_already": there_already, "beyond_budget": beyond_budget,
        }))?;
        return Ok(());
    }
    let what = if changed { "wrote" } else { "nothing is new in" };
    printer.say(format!("{what} {} ({})", target.path.display(), counted(written.len() as u64, "memory")));
    if !left_out.is_empty() {
        printer.say(format!("{} do not fit into what {} reads of it", left_out.len(), target.tool.title()));
    }
    if !there_already.is_empty() {
        printer.say(format!("{} stand in files of {} already", there_already.len(), target.tool.title()));
    }
    if beyond_budget > 0 {
        printer.say(format!("{beyond_budget} are beyond the budget; --budget changes it"));
    }
    Ok(())
}

fn remove(target: &Target, printer: &Printer) -> anyhow::Result<ExitCode> {
    let file = target.open()?;
    let had = file.text.as_deref().is_some_and(has_block);
    if let Some(text) = file.text.as_deref().filter(|_| had) {
        file.replace(target.tool.take_out(text).as_deref(), Readers::AsUsual)?;
    }
    if printer.json {
        printer.value(&json!({"file": target.path, "changed": had}))?;
    } else if had {
        printer.say(format!("took the block out of {}", target.path.display()));
    } else {
        printer.say(format!("{} has no block", target.path.display()));
    }
    Ok(ExitCode::SUCCESS)
}
