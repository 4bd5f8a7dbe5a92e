//! `omp show`

use std::process::ExitCode;

use serde_json::{Value, json};

use crate::args::{Global, Show};
use crate::printer::Printer;

pub(super) async fn run(global: &Global, args: &Show, printer: &Printer) -> anyhow::Result<ExitCode> {
    let api = global.api_of(&args.whose).await?;
    let mut memories = Vec::new();
    for id in &args.ids {
        memories.push(api.get_memory(id).await?);
    }
    match (printer.json, memories.as_slice()) {
        (true, [memory]) => printer.value(memory)?,
        (true, memories) => printer.value(&memories)?,
        (false, memories) => {
            for memory in memories {
                printer.memories(std::slice::from_ref(memory))?;
                let details = json!({"session_id": memory.source.session_id, "user_id": memory.source.user_id,
                    "observed_at": memory.source.timestamp, "updated_at": memory.updated_at, "metadata": memory.metadata});
                let Value::Object(details) = details else { continue };
                for (name, value) in
                    details.iter().filter(|(_, value)| !value.is_null() && **value != json!({}))
                {
                    let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    printer.line(format!("  {name}: {}", crate::printer::clean(&value)))?;
                }
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
