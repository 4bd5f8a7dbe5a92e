//! `omp handoff`

use std::process::ExitCode;

use omp_model::api::HandoffResponse;
use omp_model::{ConversationQuery, Error, ErrorCode, ModelName};

use crate::args::{Global, Handoff};
use crate::printer::{Printer, clean};

/// Who goes on, while it is not known who was spoken with.
const ANYBODY: &str = "assistant";

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
    let anybody = || ModelName::new(ANYBODY).expect("short");
    let mut handed = api.hand_off(&id, args.to.clone().unwrap_or_else(anybody)).await?;
    if args.to.is_none() {
        // Nobody is named, so nobody is addressed: the brief goes on where it was.
        let same = ModelName::cut(&handed.source_model).unwrap_or_else(anybody);
        handed = api.hand_off(&id, same).await?;
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
