//! `omp inspect`

use std::fs::File;
use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::Value;

use crate::args::Inspect;
use crate::printer::{Printer, clean};

pub(super) fn run(args: &Inspect, printer: &Printer) -> anyhow::Result<ExitCode> {
    let file = File::open(&args.file).with_context(|| format!("{} cannot be opened", args.file.display()))?;
    let contents = omp_service::inspect(file)?;
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
