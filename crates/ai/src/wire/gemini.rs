//! Google's Gemini API: `POST {base}/v1beta/models/{model}:generateContent`. The key goes into a header, never into the
//! address.

use serde_json::{Value, json};

use super::{End, Post, Said, arguments};
use crate::{Ask, Form, ModelSettings};

pub(super) fn post(settings: &ModelSettings, ask: &Ask<'_>, form: Option<&Form<'_>>) -> Post {
    let mut body = json!({
        "systemInstruction": {"parts": [{"text": ask.system}]},
        "contents": [{"role": "user", "parts": [{"text": ask.prompt}]}],
        "generationConfig": {"maxOutputTokens": ask.most_tokens},
    });
    if let Some(form) = form {
        body["generationConfig"]["responseMimeType"] = json!("application/json");
        body["generationConfig"]["responseJsonSchema"] = form.schema.clone();
    }
    let base = settings.base_url.strip_suffix("/v1beta").unwrap_or(&settings.base_url);
    let model = settings.model.strip_prefix("models/").unwrap_or(&settings.model);
    let key = settings.key.as_ref().map(|key| ("x-goog-api-key", key.reveal().to_owned()));
    Post {
        url: format!("{base}/v1beta/models/{model}:generateContent"),
        headers: key.into_iter().collect(),
        body,
    }
}

pub(super) fn read(answer: &Value) -> Option<Said> {
    let Some(candidate) = answer.get("candidates").and_then(|all| all.get(0)) else {
        // The question itself was blocked.
        answer.get("promptFeedback")?.get("blockReason")?;
        return Some(Said { end: End::Declined, ..Said::default() });
    };
    let mut said = Said {
        end: match candidate["finishReason"].as_str() {
            None | Some("STOP") => End::Whole,
            Some("MAX_TOKENS") => End::Cut,
            // SAFETY, RECITATION, PROHIBITED_CONTENT and the like.
            Some(_) => End::Declined,
        },
        ..Said::default()
    };
    for part in candidate["content"]["parts"].as_array().into_iter().flatten() {
        if part["thought"] == true {
            continue;
        }
        if let Some(call) = part.get("functionCall") {
            said.call = arguments(&call["args"]);
        }
        said.text.push_str(part["text"].as_str().unwrap_or_default());
    }
    Some(said)
}
