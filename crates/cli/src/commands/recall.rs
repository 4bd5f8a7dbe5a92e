//! `omp recall`

use std::process::ExitCode;

use omp_model::{Error, Question, SearchQuery};

use crate::args::{Global, Recall};
use crate::printer::Printer;

pub(super) async fn run(global: &Global, args: Recall, printer: &Printer) -> anyhow::Result<ExitCode> {
    let question = Question::new(args.query.join(" ")).map_err(|what| Error::invalid("q", what))?;
    let query = SearchQuery {
        filter: args.filters.into_search_filter(),
        limit: args.limit,
        mode: args.mode,
        with_shared: args.shared,
        ..SearchQuery::new(question)
    };
    let found = global.api_of(&args.whose)?.search_memories(&query).await?;
    if printer.json {
        printer.value(&found)?;
        return Ok(ExitCode::SUCCESS);
    }
    printer.memories(&found.memories)?;
    let shown = found.memories.len();
    let mode = found.mode_used.as_str();
    printer.say(format!("{shown} of {} found, by {mode} search", found.total));
    if let Some(degraded) = &found.degraded {
        printer.say(format!("instead of {}: {}", degraded.requested, degraded.reason));
    }
    Ok(ExitCode::SUCCESS)
}
