//! What the bytes of a provider's answer say, before any of it is believed. No network: this is also what is fuzzed.

use serde_json::Value;

use crate::loose::object_in;
use crate::wire::{self, End, Said};
use crate::{AiError, Provider};

/// What an answer says, unless the model would not.
pub(crate) fn said(provider: Provider, answer: &[u8]) -> Result<Said, AiError> {
    let unusable = |problem| AiError::Unusable { provider, problem };
    let answer: Value = serde_json::from_slice(answer).map_err(|_| unusable("it is not JSON"))?;
    let said = wire::read(provider, &answer).map_err(unusable)?;
    if said.end == End::Declined { Err(AiError::Declined { provider }) } else { Ok(said) }
}

/// The words of an answer, without the thoughts before them.
pub(crate) fn text(provider: Provider, said: &Said) -> Result<String, AiError> {
    let text = said.text.rsplit_once("</think>").map_or(said.text.as_str(), |(_, answer)| answer).trim();
    match said.end {
        End::Cut => Err(AiError::Cut { provider }),
        _ if text.is_empty() => Err(AiError::Unusable { provider, problem: "it says nothing" }),
        _ => Ok(text.to_owned()),
    }
}

/// The object of an answer; `form` is the name of the form, and of the member that a bare list becomes.
pub(crate) fn object(provider: Provider, said: Said, form: &str) -> Result<Value, AiError> {
    if let Some(call) = said.call.filter(|call| call.is_object() && said.end == End::Whole) {
        return Ok(call);
    }
    if said.end == End::Cut {
        return Err(AiError::Cut { provider });
    }
    object_in(&said.text, form)
        .ok_or(AiError::Unusable { provider, problem: "it holds no JSON object that is whole" })
}

/// The words that the body of a provider's answer says.
pub fn text_of(provider: Provider, answer: &[u8]) -> Result<String, AiError> {
    text(provider, &said(provider, answer)?)
}

/// The object that the body of a provider's answer says, to a question with a form of this name.
pub fn object_of(provider: Provider, answer: &[u8], form: &str) -> Result<Value, AiError> {
    object(provider, said(provider, answer)?, form)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn thoughts_are_no_part_of_an_answer_and_what_is_cut_is_none() {
        let answer = |text: &str, end: &str| {
            json!({"choices": [{"message": {"content": text}, "finish_reason": end}]})
                .to_string()
                .into_bytes()
        };
        let read = |text: &str, end: &str| text_of(Provider::Compatible, &answer(text, end));
        assert_eq!(read("<think>Hm</think> Tea.", "stop").unwrap(), "Tea.");
        assert!(matches!(read("Tea", "length"), Err(AiError::Cut { .. })));
        assert!(matches!(read("<think>Hm</think>", "stop"), Err(AiError::Unusable { .. })));
        let object = object_of(Provider::Compatible, &answer("Sure: {\"a\": 1}", "stop"), "items").unwrap();
        assert_eq!(object, json!({"a": 1}));
        assert!(matches!(object_of(Provider::Compatible, b"\xff", "items"), Err(AiError::Unusable { .. })));
    }
}
