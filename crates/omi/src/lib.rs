#![doc = include_str!("../README.md")]
//!
//! In these pages "omi.md" with a letter or number (R5, JL3) names a rule of the description of the format that this
//! crate follows.

mod convert;
mod date_time;
mod detect;
mod envelope;
pub mod frames;
mod json;
mod language;
mod members;
mod position;
mod reader;
mod record;
mod serialization;
mod subject;
mod validate;
mod writer;

pub use convert::{ConvertError, ConvertOptions, ConvertReport, Problem, convert, convert_with};
pub use date_time::{is_date_time, is_full_date};
pub use envelope::Envelope;
pub use members::Members;
pub use position::Position;
pub use reader::{Item, ReadError, ReadOptions, Reader, Warning};
pub use record::Record;
pub use serialization::{Layout, Serialization};
pub use subject::{Source, Subject};
pub use validate::{Code, Finding, Level, Report, Severity, ValidateOptions, validate, validate_with};
pub use writer::Writer;

/// The value of `format` in every OMI file.
pub const FORMAT: &str = "open-memory-interchange";

/// The version of the format that this crate knows.
pub const VERSION: &str = "0.1";
