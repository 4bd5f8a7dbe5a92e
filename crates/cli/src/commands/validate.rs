//! `omp validate`

use std::fs::File;
use std::io::{self, Read};
use std::process::ExitCode;

use anyhow::Context as _;
use omi::Level;
use serde_json::json;

use crate::args::{LevelName, Validate};
use crate::printer::{Printer, clean};

pub(super) fn run(args: &Validate, printer: &Printer) -> anyhow::Result<ExitCode> {
    let input: Box<dyn Read> = if args.file.as_os_str() == "-" {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(&args.file).with_context(|| format!("{} cannot be opened", args.file.display()))?)
    };
    let report =
        omi::validate(input, None).with_context(|| format!("{} cannot be read", args.file.display()))?;
    if printer.json {
        printer
            .value(&json!({"level": report.level, "records": report.records, "findings": report.findings}))?;
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
