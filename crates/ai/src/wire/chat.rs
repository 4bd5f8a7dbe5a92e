//! OpenAI's Chat Completions, which most servers speak: `POST {base}/chat/completions`.

use serde_json::{Value, json};

use super::{End, Post, Said, arguments, bearer};
use crate::{Ask, Form, ModelSettings};

pub(super) fn post(settings: &ModelSettings, ask: &Ask<'_>, form: Option<&Form<'_>>) -> Post {
    let mut body = json!({
        "model": settings.model,
        "messages": [{"role": "system", "content": ask.system}, {"role": "user", "content": ask.prompt}],
        // The newer name is known to fewer servers.
        "max_tokens": ask.most_tokens,
        "stream": false,
    });
    if let Some(form) = form {
        body["response_format"] = json!({"type": "json_schema", "json_schema": {
            "name": form.name, "description": form.purpose, "strict": true, "schema": form.schema,
        }});
    }
    // Servers on one's own machine are often named without their path.
    let base = &settings.base_url;
    let bare = base.matches('/').count() == 2;
    let path = if bare { "/v1/chat/completions" } else { "/chat/completions" };
    Post { url: format!("{base}{path}"), headers: bearer(settings.key.as_ref()), body }
}

pub(super) fn read(answer: &Value) -> Option<Said> {
    let choice = answer.get("choices")?.get(0)?;
    let message = choice.get("message")?;
    let refused = message["refusal"].as_str().is_some_and(|refusal| !refusal.is_empty());
    let end = match choice["finish_reason"].as_str() {
        _ if refused => End::Declined,
        Some("content_filter") => End::Declined,
        Some("length") => End::Cut,
        _ => End::Whole,
    };
    // Some give a list of parts where most give a text.
    let text = match &message["content"] {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        _ => String::new(),
    };
    Some(Said { text, call: arguments(&message["tool_calls"][0]["function"]["arguments"]), end })
}
