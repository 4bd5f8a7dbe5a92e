//! Files in and out.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use omi::Serialization;
use omp_model::transfer::{Choice, Conflict, Format};
use omp_model::{Namespace, Timestamp};
use omp_service::formats::FORMATS;
use omp_service::models::Provider;

use super::ai::provider;
use super::sealing::{Opening, Sealing};

/// The names of all formats that are read, or of those that are written.
fn format_names(written: bool) -> PossibleValuesParser {
    let native = [
        PossibleValue::new("omp").help("The export document of Open Memory Protocol"),
        PossibleValue::new("omi").help("Open Memory Interchange, one JSON document"),
        PossibleValue::new("omi-jsonl").help("Open Memory Interchange, JSON Lines"),
    ];
    let foreign = FORMATS.iter().filter(|format| !written || format.write().is_some());
    let foreign = foreign.map(|format| PossibleValue::new(format.name()).help(format.title()));
    native.into_iter().chain(foreign).collect::<Vec<_>>().into()
}

fn read_format() -> impl TypedValueParser<Value = Format> {
    format_names(false).map(|name| Format::named(&name))
}

fn written_format() -> impl TypedValueParser<Value = Format> {
    format_names(true).map(|name| Format::named(&name))
}

/// A time, or the midnight of a day.
fn since(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text)
        .or_else(|| Timestamp::parse_date(text))
        .ok_or_else(|| "must be a day such as 2026-05-01 or a time such as 2026-05-01T10:00:00Z".into())
}

/// Which items of another tool's file are taken, and what is done to them.
#[derive(Debug, Args)]
pub(crate) struct Choosing {
    /// Only what was changed on this day or later (files of other tools)
    #[arg(long, value_name = "DAY", value_parser = since)]
    since: Option<Timestamp>,
    /// The namespace for everything, in place of its own (files of other tools)
    #[arg(long, value_parser = |text: &str| Namespace::new(text))]
    namespace: Option<Namespace>,
    /// Only what belongs to this account or user of the file (files of other tools)
    #[arg(long)]
    owner: Option<String>,
    /// Blot out mail addresses, telephone numbers and keys, in the kept originals too (files of other tools)
    #[arg(long)]
    redact: bool,
    /// Which column or member of a CSV or JSON file means what: `content=text,created_at=ts`, or a file with such lines
    /// or a JSON object of the same
    #[arg(long, value_name = "FIELDS|FILE", value_parser = field_map)]
    map: Option<String>,
}

/// A field map, or the one in a file.
fn field_map(text: &str) -> Result<String, String> {
    if text.contains('=') || text.trim_start().starts_with('{') {
        return Ok(text.to_owned());
    }
    std::fs::read_to_string(text).map_err(|error| {
        format!("is no field map such as content=text,created_at=ts, and cannot be read as a file: {error}")
    })
}

impl Choosing {
    pub(crate) fn choice(&self) -> Choice {
        Choice {
            since: self.since,
            namespace: self.namespace.clone(),
            owner: self.owner.clone(),
            redact: self.redact,
            map: self.map.clone(),
        }
    }
}

/// What happens to an item whose id is taken.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ConflictName {
    /// What is stored stays
    Skip,
    /// The item replaces it
    Overwrite,
    /// Every item becomes a new memory
    Duplicate,
    /// The item replaces it if its source has changed since, and later
    Newer,
}

impl From<ConflictName> for Conflict {
    fn from(name: ConflictName) -> Self {
        match name {
            ConflictName::Skip => Self::Skip,
            ConflictName::Overwrite => Self::Overwrite,
            ConflictName::Duplicate => Self::Duplicate,
            ConflictName::Newer => Self::Newer,
        }
    }
}

/// A conformance level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LevelName {
    /// Core
    #[value(name = "L0", alias = "l0")]
    L0,
    /// Interchange
    #[value(name = "L1", alias = "l1")]
    L1,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The file, ZIP or folder; `-` is standard input. Or another server of yours: `https://old.example`
    pub(crate) file: PathBuf,
    /// The key of that other server
    #[arg(long, env = "OMP_FROM_KEY", hide_env_values = true, value_name = "KEY")]
    pub(crate) from_key: Option<String>,
    /// Its format; by default found out from its content
    #[arg(long, visible_alias = "format", value_parser = read_format())]
    pub(crate) from: Option<Format>,
    /// What happens to an item whose id is taken; by default what the file
    /// says, else skip; newer for files of other tools
    #[arg(long, value_enum)]
    pub(crate) conflict: Option<ConflictName>,
    /// Write nothing, only tell what would happen
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Then extract memories out of the conversations that came in: by whom the server has, or by this provider; Ctrl-C
    /// stops it and keeps what was done
    #[arg(long, value_name = "PROVIDER", num_args = 0..=1, require_equals = true, value_parser = provider, conflicts_with = "dry_run")]
    #[expect(clippy::option_option, reason = "not asked for, asked for, asked for by somebody")]
    pub(crate) extract: Option<Option<Provider>>,
    #[command(flatten)]
    pub(crate) choosing: Choosing,
    #[command(flatten)]
    pub(crate) opening: Opening,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The file; nothing or `-` is standard output. A folder for formats of several files; a name in `.zip` packs them
    pub(crate) file: Option<PathBuf>,
    /// Its format; by default by the file's name, else omp
    #[arg(long, visible_alias = "format", value_parser = written_format())]
    pub(crate) to: Option<Format>,
    /// Write saved conversations too (omp only)
    #[arg(long)]
    pub(crate) conversations: bool,
    /// Write vectors too
    #[arg(long)]
    pub(crate) embeddings: bool,
    /// Replace the file if it exists
    #[arg(long, short)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) sealing: Sealing,
}

#[derive(Debug, Args)]
pub(crate) struct Validate {
    /// The file; `-` is standard input
    pub(crate) file: PathBuf,
    /// Exit with 1 below this level
    #[arg(long, value_enum, default_value = "L0")]
    pub(crate) level: LevelName,
    /// The form of the file; by default its content decides, and its name where the content could be either
    #[arg(long, value_parser = form())]
    pub(crate) serialization: Option<Serialization>,
}

fn form() -> impl TypedValueParser<Value = Serialization> {
    let forms = [Serialization::Json, Serialization::JsonLines];
    PossibleValuesParser::new(forms.map(Serialization::as_str))
        .map(|label| Serialization::from_label(&label).expect("only possible values come through"))
}

#[derive(Debug, Args)]
pub(crate) struct Convert {
    /// The file, ZIP or folder to read
    pub(crate) input: PathBuf,
    /// The file to write; `-` is standard output. A folder for formats of several files; a name in `.zip` packs them
    pub(crate) output: PathBuf,
    /// The input's format; by default found out from its content
    #[arg(long, value_parser = read_format())]
    pub(crate) from: Option<Format>,
    /// The output's format; by default by its name
    #[arg(long, value_parser = written_format())]
    pub(crate) to: Option<Format>,
    /// Replace the output if it exists
    #[arg(long, short)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) choosing: Choosing,
}

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// The file, ZIP or folder
    pub(crate) file: PathBuf,
    /// Its format; by default found out from its content
    #[arg(long, value_parser = read_format())]
    pub(crate) from: Option<Format>,
}
