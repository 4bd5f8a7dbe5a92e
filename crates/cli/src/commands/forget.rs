//! `omp forget`

use std::process::ExitCode;

use serde_json::json;

use crate::args::{Forget, Global};
use crate::printer::Printer;

pub(super) async fn run(global: &Global, args: &Forget, printer: &Printer) -> anyhow::Result<ExitCode> {
    let api = global.api_of(&args.whose).await?;
    for id in &args.ids {
        api.delete_memory(id).await?;
        printer.say(format!("forgot {id}"));
    }
    if printer.json {
        printer.value(&json!({"forgotten": args.ids}))?;
    }
    Ok(ExitCode::SUCCESS)
}
