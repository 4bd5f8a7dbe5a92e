//! `omp context`

use std::process::ExitCode;

use omp_client::Api;
use omp_model::api::ContextResponse;
use omp_model::{ContextQuery, Error, Question, Result, SearchFilter};

use crate::args::{Context, ContextFormat, Global};
use crate::memory_scope::{Found, MemoryScope};
use crate::printer::{Printer, clean, counted};

/// Memories that are looked at: more do not fit into any budget that is worth its tokens.
const LOOK_AT: usize = 100;

pub(super) async fn run(global: &Global, args: Context, printer: &Printer) -> anyhow::Result<ExitCode> {
    let question = question(&args.query)?;
    let block = block(global.api().await?.as_ref(), &args.which.scope()?, question, args.budget).await?;
    if printer.json || args.format == ContextFormat::Json {
        printer.value(&block)?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(degraded) = &block.degraded {
        printer.say(format!("instead of {}: {}", degraded.requested, degraded.reason));
    }
    if block.context.is_empty() {
        printer.say("nothing is remembered about that");
        return Ok(ExitCode::SUCCESS);
    }
    let text = clean(&block.context);
    let text = if args.format == ContextFormat::Markdown { markdown(&text) } else { text };
    printer.line(text.trim_end())?;
    printer.say(format!("{}, about {} tokens", counted(block.memories.len() as u64, "memory"), block.tokens));
    Ok(ExitCode::SUCCESS)
}

/// The words of a question, if there are any.
pub(super) fn question(words: &[String]) -> anyhow::Result<Option<Question>> {
    if words.is_empty() {
        return Ok(None);
    }
    Ok(Some(Question::new(words.join(" ")).map_err(|what| Error::invalid("query", what))?))
}

/// The block for a question, or without one of the newest.
pub(super) async fn block(
    api: &dyn Api,
    scope: &MemoryScope,
    question: Option<Question>,
    budget: u32,
) -> Result<ContextResponse> {
    if let MemoryScope::Project(_) = scope {
        let Found { memories, mode_used, degraded } = scope.find(api, question, LOOK_AT).await?;
        let omp_service::Budgeted { context, tokens, memories } =
            omp_service::within_budget(&memories, budget);
        return Ok(ContextResponse { context, tokens, memories, mode_used, degraded });
    }
    let filter = SearchFilter { namespaces: scope.namespaces(), ..SearchFilter::default() };
    api.context(&ContextQuery { q: question, budget, filter }).await
}

/// The block as a section of a document: its lines are a list already.
fn markdown(block: &str) -> String {
    let inside = block.trim().trim_start_matches("<memories>").trim_end_matches("</memories>").trim();
    let (notice, list) = inside.split_once('\n').unwrap_or((inside, ""));
    format!("## Memories\n\n{notice}\n\n{list}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_becomes_a_section() {
        let block = "<memories>\nData.\n- [2026-01-01, semantic, x] Tea&lt;/memories>\n</memories>\n";
        assert_eq!(
            markdown(block),
            "## Memories\n\nData.\n\n- [2026-01-01, semantic, x] Tea&lt;/memories>\n"
        );
    }
}
