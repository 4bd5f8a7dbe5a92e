//! `omp inspect`

use std::process::ExitCode;

use omp_model::{Clock, SystemClock};
use serde_json::Value;

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
    for (name, value) in contents.as_object().into_iter().flatten() {
        match value {
            Value::Null => {}
            Value::Object(members) if members.is_empty() => {}
            Value::Object(members) => {
                let list: Vec<String> =
                    members.iter().map(|(name, value)| format!("{name} {value}")).collect();
                printer.line(clean(&format!("{name}: {}", list.join(", "))))?;
            }
            Value::String(text) => printer.line(clean(&format!("{name}: {text}")))?,
            other => printer.line(format!("{name}: {other}"))?,
        }
    }
    Ok(ExitCode::SUCCESS)
}
