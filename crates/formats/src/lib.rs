//! Bytes to memories and back: one place a format.
//!
//! * [`omp`] reads and writes the export documents of Open Memory Protocol, one item at a time.
//! * [`interchange`] turns records of Open Memory Interchange (read and written by the `omi` crate) into memories
//!   and back, and keeps what a memory cannot hold.
//! * Every other tool's format is a [`Format`] in [`FORMATS`].
//!
//! Readers never fail whole: an item is a memory or a reason, with its place, and reading goes on.
//!
//! # The way of a foreign item
//!
//! A [`Format`] reads an [`Input`] (a file, a folder, a ZIP: always a list of files) and hands [`Draft`]s (memories)
//! and [`Talk`]s (conversations) to a [`Sink`]. A draft becomes an interchange record: what a memory has no place for
//! stays in the record, and the untouched item in the record's [origin](origin::Origin). The record is kept beside the
//! memory. So whatever comes in goes out as interchange with nothing missing, and a writer of the same format, which
//! gets records, finds the original in them: [`Outgoing::same_again`](write::Outgoing::same_again).
//!
//! # Adding a format
//!
//! 1. One file (or folder) `src/tools/<name>.rs`. Notes on top, one paragraph each: how it is recognised, how it is
//!    read, how it is written, what it cannot carry.
//! 2. `pub struct <Name>;` with `impl Format`:
//!    * `recognise`: look at names ([`Probe::named`], [`Probe::single`]) and at the outline of the JSON
//!      ([`Probe::json`] with [`Outline::has`]: `.memories[].hash`, `[].mapping`). [`Recognised::certain`] when only this
//!      format has that, `likely` when others may, `possible` for what is plain text or Markdown. The surest wins; two
//!      that are equally sure make the user choose.
//!    * `read`: [`each_item`](items::each_item) for JSON, [`each_line`](items::each_line) for JSON Lines,
//!      [`Input::text`] for Markdown. Fill a [`Draft`] and give it to `sink.memory`. Use `sink.passed` for what is left
//!      out on purpose, `sink.failed` for what cannot be read, `sink.lost` for what has no place even in `raw`. Never put
//!      a memory's text into a note. Ids, splitting of long texts, tags, namespaces, `--since`, `--owner`,
//!      `--namespace`, `--redact` and future dates are dealt with behind the sink.
//!    * `write`, if it has a writer: [`Write::File`](format::Write::File) or `Write::Folder` with a function that makes
//!      a [`RecordWriter`](write::RecordWriter). An item that came from this format goes out as its original when
//!      `outgoing.same_again(NAME)` gives it.
//! 3. A line in [`FORMATS`].
//! 4. Tests beside the code with fixtures made by hand ([`collect`](testing::collect)), a property test, the format's
//!    name in `fuzz/fuzz_targets/foreign.rs` (that is by [`FORMATS`], so nothing is to do), a row in `docs/formats.md`.

mod choose;
pub mod draft;
pub mod format;
mod halves;
pub mod input;
pub mod interchange;
pub mod items;
mod kinds;
mod loose;
pub mod moment;
pub mod omp;
pub mod origin;
mod outline;
mod own;
mod place;
mod probe;
mod redact;
mod sink;
pub mod sniff;
mod talk;
pub mod testing;
pub mod tools;
pub mod transcript;
#[cfg(test)]
mod trial;
pub mod write;

pub use choose::Choosing;
pub use draft::Draft;
pub use format::{Format, ReadOptions, Recognised};
pub use input::{Input, Limits, Member};
pub use outline::{Outline, Root};
pub use place::Place;
pub use probe::{Head, Probe};
pub use sink::{Fate, Note, Sink, Stop};
pub use talk::{Talk, TalkName, Turn};
pub use tools::generic::FieldMap;

/// The formats of other tools, in the order in which they are listed to people.
pub static FORMATS: &[&dyn Format] = &[
    &tools::chatgpt::ChatGpt,
    &tools::claude_ai::ClaudeAi,
    &tools::claude_code::ClaudeCode,
    &tools::claude_code_memory::ClaudeCodeMemory,
    &tools::codex::Codex,
    &tools::aider::Aider,
    &tools::gemini::GeminiTakeout,
    &tools::gemini::GeminiCli,
    &tools::gemini::AiStudio,
    &tools::mcp_memory::McpMemory,
    &tools::mem0::Mem0,
    &tools::openmemory::OpenMemory,
    &tools::memory_text::MemoryText,
    &tools::vault::BASIC_MEMORY,
    &tools::vault::OBSIDIAN,
    &tools::rules::ALL,
    &tools::rules::AGENTS,
    &tools::rules::CLAUDE,
    &tools::rules::CURSOR,
    &tools::rules::COPILOT,
    &tools::rules::GEMINI,
    &tools::rules::WINDSURF,
    &tools::rules::CLINE,
    &tools::rules::CONTINUE,
    &tools::langgraph::LangGraph,
    &tools::mcp_memory_service::McpMemoryService,
    &tools::mif::Mif,
    &tools::mif_md::MifMd,
    &tools::mem_bundle::MemBundle,
    &tools::pam::Pam,
    &tools::letta::Letta,
    &tools::graphiti::Graphiti,
    &tools::cogx::Cogx,
    &tools::openai_threads::OpenAiThreads,
    &tools::grok::Grok,
    &tools::copilot_csv::CopilotCsv,
    &tools::generic::CSV,
    &tools::generic::JSON,
    &tools::generic::GENERIC,
];
