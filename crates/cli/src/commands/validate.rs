//! `omp validate`

use std::fs::File;
use std::io::{self, Read};
use std::process::ExitCode;

use anyhow::Context as _;
use omi::{Layout, Level, Serialization};
use serde_json::json;

use crate::args::{LevelName, Validate};
use crate::printer::{Printer, clean};

pub(super) fn run(args: &Validate, printer: &Printer) -> anyhow::Result<ExitCode> {
    let named = args.serialization;
    let mut report = judged(args, named)?;
    // One object alone could be a document that lacks its `memories`, a header or a
    // record. The name says what it is meant to be.
    let alone = match report.layout {
        Some(Layout::Headed) => report.records == 0,
        Some(Layout::Bare) => report.records == 1,
        _ => false,
    };
    if named.is_none() && alone && is_document_by_name(args) {
        report = judged(args, Some(Serialization::Json))?;
    }
    if printer.json {
        printer.value(&json!({
            "level": report.level, "records": report.records,
            "errors": report.errors, "warnings": report.warnings, "notes": report.notes, "counts": report.counts,
            "findings": report.findings,
        }))?;
    } else {
        for finding in &report.findings {
            printer.line(clean(&finding.to_string()))?;
        }
        let total: u64 = report.total();
        let named = report.findings.len() as u64;
        if total > named {
            printer.say(format!("and {} more findings of the same kinds", total - named));
        }
        match report.level {
            Some(level) => printer.line(format!("{level}: {} records", report.records))?,
            None => printer.line(format!("not valid: {} records", report.records))?,
        }
    }
    let wanted = if args.level == LevelName::L1 { Level::L1 } else { Level::L0 };
    Ok(if report.reaches(wanted) { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn judged(args: &Validate, form: Option<Serialization>) -> anyhow::Result<omi::Report> {
    let input: Box<dyn Read> = if args.file.as_os_str() == "-" {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(&args.file).with_context(|| format!("{} cannot be opened", args.file.display()))?)
    };
    omi::validate(input, form).with_context(|| format!("{} cannot be read", args.file.display()))
}

fn is_document_by_name(args: &Validate) -> bool {
    let name = args.file.file_name().unwrap_or_default().to_string_lossy();
    Serialization::from_file_name(&name) == Some(Serialization::Json)
}
