//! `omp inspect`

use std::process::ExitCode;

use omi::Members;
use omp_model::{Clock, SystemClock};

use super::source;
use crate::args::Inspect;
use crate::printer::{Printer, clean};

pub(super) fn run(args: &Inspect, printer: &Printer) -> anyhow::Result<ExitCode> {
    let (source, name) = (source::open_here(&args.file)?, source::name(&args.file));
    let contents = omp_service::inspect(source, name.as_deref(), args.from, SystemClock.now())?;
    if printer.json {
        printer.value(&contents)?;
        return Ok(ExitCode::SUCCESS);
    }
    for (name, value) in contents.iter() {
        let value = value.get();
        // Text is shown as text, an object as its members, all else as it is written.
        if let Ok(members) = Members::parse(value) {
            let list: Vec<String> =
                members.iter().map(|(name, value)| format!("{name} {}", value.get())).collect();
            if !list.is_empty() {
                printer.line(clean(&format!("{name}: {}", list.join(", "))))?;
            }
        } else if value != "null" {
            let text = serde_json::from_str(value).unwrap_or_else(|_| value.to_owned());
            printer.line(clean(&format!("{name}: {text}")))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
