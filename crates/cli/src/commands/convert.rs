//! `omp convert`

use std::fs::File;
use std::process::ExitCode;

use anyhow::Context as _;
use omp_model::{Clock, Error, SystemClock};

use super::export::{Target, by_name};
use crate::args::Convert;
use crate::printer::{Printer, Stream};

pub(super) fn run(args: &Convert, printer: &Printer) -> anyhow::Result<ExitCode> {
    let input =
        File::open(&args.input).with_context(|| format!("{} cannot be opened", args.input.display()))?;
    let to_stdout = args.output.as_os_str() == "-";
    let to = args.to.map(Into::into).or_else(|| by_name(&args.output));
    let to =
        to.ok_or_else(|| Error::invalid("output", "has a name that tells no format; say it with --to"))?;
    let (from, now) = (args.from.map(Into::into), SystemClock.now());
    let report = if to_stdout {
        omp_service::convert(input, from, to, Stream, now)?
    } else {
        let target = Target::new(&args.output, args.force)?;
        let report = omp_service::convert(input, from, to, target.writer()?, now)?;
        target.keep()?;
        report
    };
    let written = report.read - report.error_count;
    for issue in &report.errors {
        printer.say(format!(
            "left out: line {}: {}",
            issue.line.unwrap_or_default(),
            crate::printer::clean(&issue.message)
        ));
    }
    for note in report.changed.iter().map(|n| ("changed", n)).chain(report.lost.iter().map(|n| ("lost", n))) {
        printer.say(format!(
            "{}: item {}: `{}` {}",
            note.0,
            note.1.index,
            crate::printer::clean(&note.1.field),
            note.1.message
        ));
    }
    if printer.json && !to_stdout {
        printer.value(&report)?;
    } else {
        printer.say(format!(
            "{} → {}: {written} of {} items",
            report.format.as_str(),
            to.as_str(),
            report.read
        ));
    }
    Ok(if report.error_count == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
