//! OpenAI's Responses API: `POST {base}/responses`. Nothing is kept there (`store: false`).

use serde_json::{Value, json};

use super::{End, Post, Said, arguments, bearer};
use crate::{Ask, Form, ModelSettings};

pub(super) fn post(settings: &ModelSettings, ask: &Ask<'_>, form: Option<&Form<'_>>) -> Post {
    let mut body = json!({
        "model": settings.model,
        "instructions": ask.system,
        "input": ask.prompt,
        "max_output_tokens": ask.most_tokens,
        "store": false,
    });
    if let Some(form) = form {
        body["text"] = json!({"format": {
            "type": "json_schema", "name": form.name, "description": form.purpose, "strict": true,
            "schema": form.schema,
        }});
    }
    Post { url: format!("{}/responses", settings.base_url), headers: bearer(settings.key.as_ref()), body }
}

pub(super) fn read(answer: &Value) -> Option<Said> {
    let items = answer.get("output")?.as_array()?;
    let mut said = Said::default();
    for item in items {
        match item["type"].as_str() {
            Some("message") => {
                for part in item["content"].as_array()? {
                    match part["type"].as_str() {
                        Some("output_text") => said.text.push_str(part["text"].as_str()?),
                        Some("refusal") => said.end = End::Declined,
                        _ => {}
                    }
                }
            }
            Some("function_call") => said.call = arguments(&item["arguments"]),
            // Reasoning, and what may yet come.
            _ => {}
        }
    }
    if answer["status"] == "incomplete" && said.end == End::Whole {
        let filtered = answer["incomplete_details"]["reason"] == "content_filter";
        said.end = if filtered { End::Declined } else { End::Cut };
    }
    Some(said)
}
