//! `omp recall`

use std::process::ExitCode;

use omp_model::{Error, Question, SearchQuery};
use serde_json::json;

use crate::args::{Global, Recall, Whose};
use crate::memory_scope::{Found, MemoryScope};
use crate::printer::{Printer, text_of};
use crate::project;

pub(super) async fn run(global: &Global, args: Recall, printer: &Printer) -> anyhow::Result<ExitCode> {
    let question = Question::new(args.query.join(" ")).map_err(|what| Error::invalid("q", what))?;
    let query = SearchQuery {
        filter: args.filters.into_search_filter(),
        limit: args.limit,
        mode: args.mode,
        with_shared: args.shared,
        ..SearchQuery::new(question)
    };
    if args.project {
        return of_project(global, &args.whose, query, printer).await;
    }
    let found = global.api_of(&args.whose).await?.search_memories(&query).await?;
    if printer.json {
        printer.value(&found)?;
        return Ok(ExitCode::SUCCESS);
    }
    // Of what several users share, each memory says whose it is.
    let owners = found.owners.iter().flatten().map(Some).chain(std::iter::repeat(None));
    for (memory, owner) in found.memories.iter().zip(owners) {
        printer.line(text_of(memory, owner))?;
    }
    let shown = found.memories.len();
    let mode = found.mode_used.as_str();
    printer.say(format!("{shown} of {} found, by {mode} search", found.total));
    if let Some(degraded) = &found.degraded {
        printer.say(format!("instead of {}: {}", degraded.requested, degraded.reason));
    }
    Ok(ExitCode::SUCCESS)
}

/// What the project has, and what belongs to none.
async fn of_project(
    global: &Global,
    whose: &Whose,
    query: SearchQuery,
    printer: &Printer,
) -> anyhow::Result<ExitCode> {
    let scope = MemoryScope::Project(project::required()?.namespace);
    let most = query.limit as usize;
    let Found { memories, mode_used, degraded } =
        scope.search(global.api_of(whose).await?.as_ref(), &query, most).await?;
    if printer.json {
        printer.value(&json!({"memories": memories, "mode_used": mode_used, "degraded": degraded}))?;
        return Ok(ExitCode::SUCCESS);
    }
    printer.memories(&memories)?;
    let mode = mode_used.map_or("no", omp_model::SearchMode::as_str);
    printer.say(format!("{} found, by {mode} search", memories.len()));
    if let Some(degraded) = &degraded {
        printer.say(format!("instead of {}: {}", degraded.requested, degraded.reason));
    }
    Ok(ExitCode::SUCCESS)
}
