//! The wire formats: what is sent to whom, and what an answer says.

mod anthropic;
mod chat;
mod gemini;
mod responses;

use serde_json::Value;

use crate::{Ask, Form, Key, ModelSettings, Provider};

/// Where a question goes.
pub(crate) struct Post {
    pub(crate) url: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Value,
}

/// What an answer says, whoever gave it.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Said {
    /// In words.
    pub(crate) text: String,
    /// As the arguments of a call, which is how some are made to keep a form.
    pub(crate) call: Option<Value>,
    /// How it ended.
    pub(crate) end: End,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    #[default]
    Whole,
    /// At the most tokens.
    Cut,
    /// The model or a filter would not.
    Declined,
}

/// The question in the words of its provider. Without a form, or where the form is said in words only, it is a question
/// for text.
pub(crate) fn post(settings: &ModelSettings, ask: &Ask<'_>, form: Option<&Form<'_>>) -> Post {
    match settings.provider {
        Provider::Anthropic => anthropic::post(settings, ask, form),
        Provider::OpenAi => responses::post(settings, ask, form),
        Provider::Gemini => gemini::post(settings, ask, form),
        Provider::Compatible | Provider::Rules => chat::post(settings, ask, form),
    }
}

/// What the answer says; `Err` is what is wrong with it.
pub(crate) fn read(provider: Provider, answer: &Value) -> Result<Said, &'static str> {
    if answer.get("error").is_some_and(|error| !error.is_null()) {
        return Err("it reports an error of its own");
    }
    let said = match provider {
        Provider::Anthropic => anthropic::read(answer),
        Provider::OpenAi => responses::read(answer),
        Provider::Gemini => gemini::read(answer),
        Provider::Compatible | Provider::Rules => chat::read(answer),
    };
    said.ok_or("it has not the form of this provider's answers; is the address right?")
}

fn bearer(key: Option<&Key>) -> Vec<(&'static str, String)> {
    key.map(|key| ("authorization", format!("Bearer {}", key.reveal()))).into_iter().collect()
}

/// Arguments of a call are JSON in a string with most, and an object with some.
fn arguments(value: &Value) -> Option<Value> {
    match value {
        Value::String(text) => serde_json::from_str(text).ok(),
        Value::Object(_) => Some(value.clone()),
        _ => None,
    }
}
