//! `omp hook`: what coding agents run when a session begins and ends.

use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use omp_client::{Api, Http};
use omp_model::{Clock, SystemClock};
use serde::Deserialize;
use serde_json::{Value, json};

use super::context::block;
use crate::args::{Global, Hook, HookEvent};
use crate::memory_scope::MemoryScope;
use crate::printer::Printer;
use crate::project;
use crate::sessions::{Offers, Session};
use crate::setup::{Places, Tool};

/// What an agent writes to a hook's standard input, as far as we look. Claude Code, Codex and Gemini CLI agree on it.
#[derive(Debug, Default, Deserialize)]
struct Input {
    #[serde(default)]
    transcript_path: Option<PathBuf>,
    #[serde(default)]
    cwd: Option<PathBuf>,
    #[serde(default)]
    hook_event_name: Option<String>,
}

/// The most bytes of it.
const MOST_BYTES: u64 = 4 << 20;

pub(super) async fn run(global: &Global, args: &Hook, printer: &Printer) -> anyhow::Result<ExitCode> {
    let mut text = String::new();
    std::io::stdin().take(MOST_BYTES).read_to_string(&mut text).context("standard input cannot be read")?;
    let input: Input = serde_json::from_str(&text).map_err(|_| {
        anyhow::anyhow!("standard input is not what a coding agent gives its hooks: a JSON object")
    })?;
    let answer = match args.event {
        HookEvent::SessionStart => session_start(global, args, &input).await?,
        HookEvent::SessionEnd => session_end(args, input)?,
    };
    printer.line(answer)?;
    Ok(ExitCode::SUCCESS)
}

/// The context goes in, and a session that waits to be saved is told of.
async fn session_start(global: &Global, args: &Hook, input: &Input) -> anyhow::Result<Value> {
    let folder = input.cwd.clone().map_or_else(std::env::current_dir, Ok)?;
    let project = project::of(&folder)?;
    let offered = Offers::open()?;
    let root = project.as_ref().map_or(folder, |project| project.root.clone());
    // A session that goes on is offered when it ends again.
    let going_on = input.transcript_path.clone().map(real);
    let waiting = offered.newest_of(&root).filter(|session| Some(&session.transcript) != going_on.as_ref());
    let namespace = project.map(|project| project.namespace);
    let scope = namespace.clone().map_or(MemoryScope::Everywhere, MemoryScope::Project);
    let mut context =
        block(api(global, &args.tool).await?.as_ref(), &scope, None, args.budget).await?.context;
    if let Some(namespace) = namespace {
        context.push_str(&format!(
            "The namespace of this project's memories is `{namespace}`; give it to omp_remember for what concerns only this \
             project.\n"
        ));
    }
    let mut answer = json!({});
    if !context.is_empty() {
        let event = input.hook_event_name.as_deref().unwrap_or("SessionStart");
        answer["hookSpecificOutput"] = json!({"hookEventName": event, "additionalContext": context});
    }
    if let Some(session) = waiting {
        let minute: String = session.at.chars().take(16).collect();
        answer["systemMessage"] =
            format!("Open Memory: the session of {minute} is not saved; `omp save --last` saves it.").into();
    }
    Ok(answer)
}

/// A hook has no environment of its own: the key is the one that the tool's MCP server was given for the same server.
async fn api(global: &Global, tool: &str) -> anyhow::Result<Box<dyn Api>> {
    match (&global.server, &global.api_key) {
        (Some(server), None) => {
            let places = Places::here()?;
            let key = Tool::named(tool).and_then(|tool| tool.key_for(&places, server));
            Ok(Box::new(Http::new(server, key)?))
        }
        _ => global.api().await,
    }
}

/// The session is offered for saving: only where it is, never what it says, is written down.
fn session_end(args: &Hook, input: Input) -> anyhow::Result<Value> {
    let Some(transcript) = input.transcript_path.filter(|path| path.is_file()) else { return Ok(json!({})) };
    let folder = input.cwd.map_or_else(std::env::current_dir, Ok)?;
    let session = Session {
        tool: args.tool.clone(),
        transcript: real(transcript),
        folder,
        at: SystemClock.now().to_string(),
    };
    Offers::open()?.add(session)?;
    Ok(json!({}))
}

/// A path without links, as far as it leads anywhere.
fn real(path: PathBuf) -> PathBuf {
    std::fs::canonicalize(&path).unwrap_or(path)
}
