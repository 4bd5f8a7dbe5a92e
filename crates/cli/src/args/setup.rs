//! Other tools' configuration.

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Args, ValueEnum};

use crate::setup::TOOLS;

fn tool_names() -> PossibleValuesParser {
    let name = |name: &'static str, title: &'static str| PossibleValue::new(name).help(title);
    TOOLS.iter().map(|tool| name(tool.name, tool.title)).collect::<Vec<_>>().into()
}

#[derive(Debug, Args)]
pub(crate) struct Setup {
    /// The tools; without any, all that are found are listed
    #[arg(value_parser = tool_names(), value_name = "TOOL")]
    pub(crate) tools: Vec<String>,
    /// All tools that are found on this machine
    #[arg(long, conflicts_with = "tools")]
    pub(crate) all: bool,
    /// Also have the tool load memories when a session begins, and offer sessions for saving when they end
    #[arg(long)]
    pub(crate) hooks: bool,
    /// Ask nothing
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Put the files back as they were; if one was changed since, take only our entry out
    #[arg(long, conflicts_with_all = ["hooks", "print"])]
    pub(crate) undo: bool,
    /// Write nothing, only show what would be written
    #[arg(long, conflicts_with = "yes")]
    pub(crate) dry_run: bool,
    /// Print what is to be pasted by hand, and where
    #[arg(long, conflicts_with_all = ["yes", "dry_run", "all"], requires = "tools")]
    pub(crate) print: bool,
}

/// What happened in the tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum HookEvent {
    /// A session begins: what is remembered goes in
    SessionStart,
    /// A session ends: it is offered for saving
    SessionEnd,
}

#[derive(Debug, Args)]
pub(crate) struct Hook {
    /// What happened
    #[arg(value_enum)]
    pub(crate) event: HookEvent,
    /// The tool that runs this
    #[arg(long, value_parser = tool_names(), value_name = "TOOL")]
    pub(crate) tool: String,
    /// How many tokens go in at most, about
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(50..=100_000))]
    pub(crate) budget: u32,
}
