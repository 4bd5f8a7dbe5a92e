//! `omp list`

use std::process::ExitCode;

use omp_model::ListQuery;

use crate::args::{Global, List};
use crate::printer::Printer;

pub(super) async fn run(global: &Global, args: List, printer: &Printer) -> anyhow::Result<ExitCode> {
    let query = ListQuery {
        filter: args.filters.into_filter(),
        limit: args.limit,
        offset: args.offset,
        sort: args.sort,
        with_embedding: false,
    };
    let page = global.api_of(&args.whose).await?.list_memories(&query).await?;
    if printer.json {
        printer.value(&page)?;
        return Ok(ExitCode::SUCCESS);
    }
    printer.memories(&page.memories)?;
    let last = page.offset + page.memories.len() as u64;
    if page.memories.is_empty() {
        printer.say(format!("none here; {} in all", page.total));
    } else {
        printer.say(format!("{} to {last} of {}", page.offset + 1, page.total));
    }
    Ok(ExitCode::SUCCESS)
}
