//! Which format is it? Asked before anything is read.

use omi::Serialization;
use omp_formats::format::{Candidate, candidates, decide, find};
use omp_formats::{FieldMap, Input, Limits, Probe, ReadOptions, Stop};
use omp_model::transfer::{Choice, Format};
use omp_model::{Error, ErrorCode, Result, Timestamp};
use serde_json::Value;

use super::source::Opened;

/// A format that this program reads.
#[derive(Clone, Copy)]
pub(super) enum Known {
    /// One of the two standards' own.
    Native(Format),
    /// Another tool's.
    Foreign(&'static dyn omp_formats::Format),
}

impl Known {
    /// The name in reports.
    pub(super) fn name(self) -> Format {
        match self {
            Self::Native(format) => format,
            Self::Foreign(format) => Format::named(format.name()),
        }
    }
}

/// The format of this name. The error lists the names there are.
pub(super) fn by_name(name: Format) -> Result<Known> {
    if Format::NATIVE.contains(&name) {
        return Ok(Known::Native(name));
    }
    find(name.as_str()).map(Known::Foreign).ok_or_else(|| {
        let names: Vec<&str> = Format::NATIVE
            .iter()
            .map(Format::as_str)
            .chain(omp_formats::FORMATS.iter().map(|f| f.name()))
            .collect();
        Error::invalid("format", format!("must be one of {}", names.join(", ")))
    })
}

/// What was found out, and by what.
pub(super) struct Detected {
    pub(super) known: Known,
    pub(super) because: String,
}

/// Finds out the format of an input. The error lists the candidates, or says that there is none.
/// A file name that ends as those of the interchange format do (`called`) counts where the
/// content may be that, or says nothing in particular.
pub(super) fn detect(input: &mut Input, called: Option<Serialization>) -> Result<Detected> {
    let found = candidates(input);
    let is_omi = |candidate: &Candidate| ["omi", "omi-jsonl"].contains(&candidate.name);
    let decided = decide(&found);
    if let Some(form) = called
        && !decided.is_some_and(is_omi)
        && (found.iter().any(is_omi)
            || decided.is_none_or(|candidate| ["json", "generic"].contains(&candidate.name)))
    {
        let format = if form == Serialization::Json { Format::OMI } else { Format::OMI_JSONL };
        let because = format!("its name ends with `{}`", form.extension());
        return Ok(Detected { known: Known::Native(format), because });
    }
    match decided {
        Some(Candidate { name, recognised }) => {
            Ok(Detected { known: by_name(Format::named(name))?, because: recognised.reason.clone() })
        }
        // What could not be looked at may be what was meant.
        None if found.is_empty() => Err(input.unseen().map_or_else(unknown, stopped)),
        None => Err(ambiguous(&found)),
    }
}

/// Why a reader that the caller named found nothing, unless there is nothing to be found.
pub(super) fn misnamed(format: &dyn omp_formats::Format, input: &mut Input) -> std::result::Result<(), Stop> {
    if format.takes_map() || format.recognise(&Probe::new(input)).is_some() || says_nothing(input) {
        return Ok(());
    }
    let found = candidates(input);
    let other = decide(&found).map(|Candidate { name, recognised }| {
        format!("; it looks like {name}, because {}", recognised.reason)
    });
    let what = format!("this holds nothing that {} reads{}", format.name(), other.unwrap_or_default());
    Err(Stop::broken(&omp_formats::Place::default(), what))
}

/// Whether it is one file with an empty list, or an object of empty lists: an export of nothing.
fn says_nothing(input: &mut Input) -> bool {
    let members = input.members();
    let Some(member) = members.first().filter(|_| input.is_single()) else { return false };
    let Ok(text) = input.text(member) else { return false };
    let filled = |value: &Value| match value {
        Value::Array(values) => !values.is_empty(),
        Value::Object(members) => !members.is_empty(),
        _ => false,
    };
    match serde_json::from_str(&text) {
        Ok(Value::Array(values)) => values.is_empty(),
        Ok(Value::Object(members)) => !members.values().any(filled),
        _ => text.trim().is_empty(),
    }
}

/// The format of an import: the one that was named; that of a table, when a field map says so; else by the content. A
/// `media` type that says only that there are lines counts, unless there is an export document.
pub(super) fn chosen(
    named: Option<Format>,
    media: Option<Format>,
    choice: &Choice,
    opened: &mut Opened,
) -> Result<Detected> {
    let is_export = opened.sniffed.is_some_and(|sniffed| sniffed.format == Format::OMP);
    let named = named.or(media.filter(|_| !is_export && choice.map.is_none()));
    let detected = match (named, &choice.map) {
        (Some(name), _) => Detected { known: by_name(name)?, because: String::new() },
        (None, Some(_)) => {
            Detected { known: by_name(Format::named("generic"))?, because: "a field map was given".into() }
        }
        (None, None) => opened.detect()?,
    };
    let takes_map = matches!(detected.known, Known::Foreign(format) if format.takes_map());
    if choice.map.is_some() && !takes_map {
        let what =
            format!("is for tables (csv, json, generic); {} has columns of its own", detected.known.name());
        return Err(Error::invalid("map", what));
    }
    Ok(detected)
}

/// What a reader is told.
pub(super) fn read_options(choice: &Choice, now: Timestamp) -> Result<ReadOptions> {
    let map = choice.map.as_deref().map(FieldMap::parse).transpose();
    Ok(ReadOptions { now, map: map.map_err(|what| Error::invalid("map", what))? })
}

/// None of ours.
pub(super) fn unknown() -> Error {
    Error::new(
        ErrorCode::ValidationError,
        "This is no format that is recognised. If you know what it is, name it (`--from`, `?from=`).",
    )
    .with_detail("format", "was not recognised")
}

fn ambiguous(found: &[Candidate]) -> Error {
    let most = found[0].recognised.confidence;
    let equal: Vec<String> = found
        .iter()
        .filter(|candidate| candidate.recognised.confidence == most)
        .map(|candidate| format!("{} ({})", candidate.name, candidate.recognised.reason))
        .collect();
    let message = format!(
        "This may be of several formats; name the right one (`--from`, `?from=`): {}.",
        equal.join("; ")
    );
    let names: Vec<&str> = found.iter().map(|candidate| candidate.name).collect();
    Error::new(ErrorCode::ValidationError, message)
        .with_detail("format", "may be several")
        .with_detail("candidates", names)
}

/// Why a foreign file could not be read on.
pub(super) fn stopped(stop: Stop) -> Error {
    match stop {
        Stop::Broken { place, what } => {
            let place = place.to_string();
            let message =
                if place.is_empty() { capital(&format!("{what}.")) } else { format!("At {place}: {what}.") };
            Error::new(ErrorCode::ValidationError, message).with_detail("file", what)
        }
        Stop::Limit(what) => Error::new(ErrorCode::ValidationError, capital(&format!("{what}.")))
            .with_detail("file", "exceeds a limit"),
        Stop::Io(error) => super::source::unreadable(&error),
        Stop::Refused => Error::internal(),
    }
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

/// The limits of this program.
pub(super) fn limits() -> Limits {
    Limits::default()
}
