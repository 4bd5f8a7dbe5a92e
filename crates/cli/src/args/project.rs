//! What is told to tools, and what they leave behind.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use omp_model::{Clock, ModelName, Namespace, SearchMode, SystemClock, Timestamp, Topic};

use super::ai::Chosen;
use super::memories::{mode, namespace, time};
use crate::memory_scope::MemoryScope;
use crate::project;

/// A time, or how long ago: `24h`, `7d`, `2w`.
fn ago(text: &str) -> Result<Timestamp, String> {
    const WHAT: &str = "use a date, a date-time, or how long ago, such as 24h, 7d or 2w";
    let unit = match text.bytes().last() {
        Some(b'h') => 3_600_000,
        Some(b'd') => 86_400_000,
        Some(b'w') => 604_800_000,
        _ => return time(text).map_err(|_| WHAT.into()),
    };
    let count: u32 = text[..text.len() - 1].parse().map_err(|_| WHAT)?;
    Ok(SystemClock.now().plus_millis(-i64::from(count) * unit))
}

fn model(text: &str) -> Result<ModelName, String> {
    ModelName::new(text.trim())
}

fn topic(text: &str) -> Result<Topic, String> {
    Topic::new(text.trim())
}

/// Which memories are told.
#[derive(Debug, Args)]
pub(crate) struct WhichMemories {
    /// Only what is in this namespace; by default what is in the project's (see `omp context --help`) and in none
    #[arg(long, short, value_parser = namespace)]
    namespace: Option<Namespace>,
    /// What is in any namespace
    #[arg(long, conflicts_with = "namespace")]
    everywhere: bool,
}

impl WhichMemories {
    /// That, for the folder that the program runs in. Outside of any project everything is told.
    pub(crate) fn scope(&self) -> anyhow::Result<MemoryScope> {
        if let Some(namespace) = &self.namespace {
            return Ok(MemoryScope::Only(namespace.clone()));
        }
        let project = if self.everywhere { None } else { project::here()? };
        Ok(project.map_or(MemoryScope::Everywhere, |project| MemoryScope::Project(project.namespace)))
    }
}

/// How a block of context is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ContextFormat {
    /// A block between tags, marked as data
    Text,
    /// A section of a Markdown document
    Markdown,
    /// The block with its ids, for programs
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct Context {
    /// What it is about; without it, what is newest
    pub(crate) query: Vec<String>,
    /// How many tokens at most, about
    #[arg(long, short, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(50..=100_000))]
    pub(crate) budget: u32,
    /// How it is written
    #[arg(long, short, value_enum, default_value = "text")]
    pub(crate) format: ContextFormat,
    #[command(flatten)]
    pub(crate) which: WhichMemories,
}

/// Who reads the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Reader {
    /// `.cursor/rules/open-memory.mdc`
    Cursor,
    /// `.github/copilot-instructions.md`
    Copilot,
    /// `AGENTS.md`
    Codex,
    /// `CLAUDE.md`
    ClaudeCode,
    /// `GEMINI.md`
    Gemini,
    /// `.windsurf/rules/open-memory.md`
    Windsurf,
    /// `.continue/rules/open-memory.md`
    Continue,
    /// `.clinerules/open-memory.md`
    Cline,
    /// The file of --file
    File,
}

#[derive(Debug, Args)]
pub(crate) struct Inject {
    /// Whose file
    #[arg(long = "for", value_enum, value_name = "TOOL", required = true)]
    pub(crate) reader: Reader,
    /// The file, with --for file
    #[arg(long, value_name = "FILE", required_if_eq("reader", "file"))]
    pub(crate) file: Option<PathBuf>,
    /// What it is about; without it, what is newest
    pub(crate) query: Vec<String>,
    /// How many tokens at most, about
    #[arg(long, short, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(50..=100_000))]
    pub(crate) budget: u32,
    #[command(flatten)]
    pub(crate) which: WhichMemories,
    /// Take the block out again; the file is then as it was before
    #[arg(long, conflicts_with_all = ["watch", "query"])]
    pub(crate) remove: bool,
    /// Go on, and write the block anew whenever memories change
    #[arg(long)]
    pub(crate) watch: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Recent {
    /// Only what was saved or changed since: a date, a date-time, or how long ago (24h, 7d, 2w)
    #[arg(long, value_parser = ago, value_name = "TIME")]
    pub(crate) since: Option<Timestamp>,
    /// How many of each at most
    #[arg(long, short, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=50))]
    pub(crate) limit: u32,
}

#[derive(Debug, Args)]
pub(crate) struct Log {
    /// Only this memory: what each change made of it
    pub(crate) id: Option<String>,
    /// Only since: a date, a date-time, or how long ago (24h, 7d, 2w)
    #[arg(long, value_parser = ago, value_name = "TIME", conflicts_with = "id")]
    pub(crate) since: Option<Timestamp>,
    /// How many at most
    #[arg(long, short, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) limit: u32,
}

#[derive(Debug, Args)]
pub(crate) struct Handoff {
    /// The conversation, as `omp recent` shows it; by default the newest
    #[arg(conflicts_with = "from")]
    pub(crate) id: Option<String>,
    /// The newest conversation held with this AI, such as chatgpt
    #[arg(long, value_parser = model, value_name = "MODEL")]
    pub(crate) from: Option<ModelName>,
    /// Which AI goes on with it, such as claude
    #[arg(long, value_parser = model, value_name = "MODEL")]
    pub(crate) to: Option<ModelName>,
    /// Tell what is remembered about it too, in at most about this many tokens
    #[arg(long, value_name = "TOKENS", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=8_000))]
    pub(crate) memories: u32,
    #[command(flatten)]
    pub(crate) chosen: Chosen,
}

#[derive(Debug, Args)]
pub(crate) struct Conversations {
    /// What to look for: words, or a question
    #[arg(required = true)]
    pub(crate) query: Vec<String>,
    /// semantic, keyword or hybrid; by default hybrid where there is an embedding model
    #[arg(long, value_parser = mode)]
    pub(crate) mode: Option<SearchMode>,
    /// Only held with this AI, such as chatgpt
    #[arg(long, value_parser = model)]
    pub(crate) model: Option<ModelName>,
    /// Only saved at this time or later: a date, a date-time, or how long ago, such as 24h, 7d or 2w
    #[arg(long, value_parser = ago, value_name = "TIME")]
    pub(crate) since: Option<Timestamp>,
    /// How many
    #[arg(long, short, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=50))]
    pub(crate) limit: u32,
    /// How many to pass over
    #[arg(long, default_value_t = 0)]
    pub(crate) offset: u64,
}

#[derive(Debug, Args)]
pub(crate) struct Save {
    /// The file; `-` or nothing reads standard input
    pub(crate) file: Option<PathBuf>,
    /// Which AI it was held with; by default what the conversation says
    #[arg(long, value_parser = model)]
    pub(crate) model: Option<ModelName>,
    /// What it is about; by default its first words
    #[arg(long, value_parser = topic)]
    pub(crate) topic: Option<Topic>,
    /// The newest session that a coding agent has offered (see `omp setup --hooks`)
    #[arg(long, conflicts_with = "file")]
    pub(crate) last: bool,
    /// List the sessions that coding agents have offered
    #[arg(long, conflicts_with_all = ["file", "last", "model", "topic"])]
    pub(crate) offered: bool,
}
