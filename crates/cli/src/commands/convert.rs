//! `omp convert`

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use omp_model::transfer::ImportReport;
use omp_model::{Clock, Error, SystemClock};
use omp_service::formats::Format;
use omp_service::formats::format::{Write, find};
use omp_service::formats::write::DiskFiles;
use omp_service::{ConvertOptions, ConvertTarget, ImportSource};

use super::export::{Target, by_name};
use super::source;
use crate::args::{Convert, Global};
use crate::printer::{Printer, Stream};

pub(super) fn run(global: &Global, args: &Convert, printer: &Printer) -> anyhow::Result<ExitCode> {
    let input = source::open_here(&args.input)?;
    let to_stdout = args.output.as_os_str() == "-";
    let to = args.to.or_else(|| by_name(&args.output));
    let to =
        to.ok_or_else(|| Error::invalid("output", "has a name that tells no format; say it with --to"))?;
    let options = ConvertOptions {
        from: args.from,
        to,
        name: source::name(&args.input),
        choice: args.choosing.choice(),
    };
    let report = write(global, input, &options, Some(&args.output), args.force)?;
    let written = report.imported + report.unchanged;
    super::losses::print(&report, printer);
    if printer.json && !to_stdout {
        printer.value(&report)?;
    } else {
        printer.say(format!("{} → {to}: {written} of {} items", report.format, report.read));
    }
    Ok(if report.error_count == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Converts to a file, a folder or standard output, whichever the path and the format ask for.
pub(super) fn write(
    global: &Global,
    input: ImportSource,
    options: &ConvertOptions,
    output: Option<&Path>,
    force: bool,
) -> anyhow::Result<ImportReport> {
    let now = SystemClock.now();
    let Some(path) = output.filter(|path| path.as_os_str() != "-") else {
        return Ok(omp_service::convert(input, options, ConvertTarget::File(Box::new(Stream)), now)?);
    };
    let several = matches!(find(options.to.as_str()).and_then(Format::write), Some(Write::Folder { .. }));
    if several && path.extension().is_none_or(|extension| extension != "zip") {
        let files = DiskFiles::new(path).with_context(|| format!("{} cannot be written", path.display()))?;
        return Ok(omp_service::convert(input, options, ConvertTarget::Folder(Box::new(files)), now)?);
    }
    let target = Target::new(global, path, force)?;
    let report = omp_service::convert(input, options, ConvertTarget::File(target.writer()?), now)?;
    target.keep()?;
    Ok(report)
}
