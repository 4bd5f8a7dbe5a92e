//! Anthropic's Messages API: `POST {base}/v1/messages`. A form is a tool that the model must call.

use serde_json::{Value, json};

use super::{End, Post, Said};
use crate::{Ask, Form, ModelSettings};

pub(super) fn post(settings: &ModelSettings, ask: &Ask<'_>, form: Option<&Form<'_>>) -> Post {
    let mut body = json!({
        "model": settings.model,
        "max_tokens": ask.most_tokens,
        "system": ask.system,
        "messages": [{"role": "user", "content": ask.prompt}],
    });
    if let Some(form) = form {
        body["tools"] =
            json!([{"name": form.name, "description": form.purpose, "input_schema": form.schema}]);
        body["tool_choice"] = json!({"type": "tool", "name": form.name});
    }
    let base = settings.base_url.strip_suffix("/v1").unwrap_or(&settings.base_url);
    let mut headers = vec![("anthropic-version", "2023-06-01".to_owned())];
    headers.extend(settings.key.as_ref().map(|key| ("x-api-key", key.reveal().to_owned())));
    Post { url: format!("{base}/v1/messages"), headers, body }
}

pub(super) fn read(answer: &Value) -> Option<Said> {
    let blocks = answer.get("content")?.as_array()?;
    let of = |kind: &'static str| blocks.iter().filter(move |block| block["type"] == kind);
    let end = match answer["stop_reason"].as_str() {
        Some("max_tokens" | "model_context_window_exceeded") => End::Cut,
        Some("refusal") => End::Declined,
        _ => End::Whole,
    };
    let text: Vec<&str> = of("text").filter_map(|block| block["text"].as_str()).collect();
    Some(Said {
        text: text.concat(),
        call: of("tool_use").find_map(|block| block.get("input").cloned()),
        end,
    })
}
