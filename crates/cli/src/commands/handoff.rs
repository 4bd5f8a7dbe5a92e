//! `omp handoff`

use std::process::ExitCode;

use omp_model::api::HandoffResponse;
use omp_model::{ConversationQuery, Error, ErrorCode};
use omp_service::HandoffRequest;

use crate::args::{Global, Handoff};
use crate::printer::{Printer, clean};

pub(super) async fn run(global: &Global, args: Handoff, printer: &Printer) -> anyhow::Result<ExitCode> {
    let api = global.api().await?;
    let id = if let Some(id) = args.id {
        id
    } else {
        let query = ConversationQuery { model: args.from.clone(), limit: 1, ..ConversationQuery::default() };
        let newest = api.list_conversations(&query).await?.conversations.into_iter().next();
        let none = || {
            let with = args.from.as_ref().map(|model| format!(" with {model}")).unwrap_or_default();
            let what = format!("No conversation{with} is saved yet; `omp save` saves one.");
            Error::new(ErrorCode::NotFound, what)
        };
        newest.ok_or_else(none)?.id.to_string()
    };
    let target = match args.to {
        Some(target) => target,
        // Nobody is named, so nobody is addressed: the brief goes on where it was.
        None => api.get_conversation(&id).await?.model,
    };
    let mut request = HandoffRequest::saved(&id, target);
    (request.ai, request.memory_budget) = (args.chosen.choice()?, args.memories);
    let handed = api.hand_off(request).await?;
    if let Some(degraded) = &handed.degraded {
        printer.say(format!("the brief follows a template: {}", clean(&degraded.reason)));
    }
    if printer.json {
        printer.value(&handed)?;
        return Ok(ExitCode::SUCCESS);
    }
    let HandoffResponse { brief, source_model, message_count, .. } = &handed;
    printer.line(clean(brief))?;
    printer.say(format!("{id}: {message_count} turns with {}", clean(source_model)));
    Ok(ExitCode::SUCCESS)
}
