//! Keys, passwords and card numbers that are about to be remembered: found
//! by their looks, and told of, masked or refused.
//!
//! What is found is named by its kind and its field and never shown.

mod patterns;

use std::borrow::Cow;
use std::fmt::Write as _;
use std::str::FromStr;

use omp_model::creation::Warning;
use omp_model::{Content, Conversation, Error, Metadata, Result, Topic};

/// What stands in the place of a masked secret. It is shorter than any of them, so every limit still holds.
const MASK: &str = "***";

/// What happens to what looks like a secret.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SecretPolicy {
    /// Nothing is looked for.
    Off,
    /// It is stored, and the answer and the log tell of it.
    #[default]
    Warn,
    /// It is replaced by `***` before it is stored.
    Mask,
    /// What holds it is not stored.
    Refuse,
}

impl FromStr for SecretPolicy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(Self::Off),
            "warn" => Ok(Self::Warn),
            "mask" => Ok(Self::Mask),
            "refuse" => Ok(Self::Refuse),
            _ => Err("must be one of off, warn, mask, refuse".into()),
        }
    }
}

impl SecretPolicy {
    /// Looks through the texts of a memory, and masks what is to be masked.
    pub(crate) fn check_memory(
        self,
        content: Option<&mut Content>,
        metadata: Option<&mut Metadata>,
    ) -> Result<Vec<Warning>> {
        let mut warnings = Vec::new();
        if let Some(content) = content
            && let Some(masked) = self.look(content.as_str(), "content", &mut warnings)
        {
            *content = Content::new(masked).map_err(|_| Error::internal())?;
        }
        if let Some(metadata) = metadata.filter(|metadata| !metadata.is_empty())
            && let Some(masked) = self.look_into(&metadata.to_json(), "metadata", &mut warnings)
        {
            *metadata = Metadata::parse(&masked).map_err(|_| Error::internal())?;
        }
        self.settle(warnings)
    }

    /// The same for a conversation; its topic may repeat its first message.
    pub(crate) fn check_conversation(self, conversation: &mut Conversation) -> Result<Vec<Warning>> {
        let mut warnings = Vec::new();
        for (index, message) in conversation.messages.iter_mut().enumerate() {
            let field = format!("messages[{index}].content");
            if let Some(masked) = self.look(message.content.as_str(), &field, &mut warnings) {
                message.content = Content::new(masked).map_err(|_| Error::internal())?;
            }
        }
        if let Some(masked) = self.look(conversation.topic.as_str(), "topic", &mut warnings) {
            conversation.topic = Topic::new(masked).map_err(|_| Error::internal())?;
        }
        self.settle(warnings)
    }

    /// A text as it may leave the machine: where secrets are not to be stored they are not sent either.
    pub(crate) fn sendable(self, text: &str) -> Option<String> {
        let guarded = matches!(self, Self::Mask | Self::Refuse);
        if guarded { Self::Mask.look(text, "", &mut Vec::new()) } else { None }
    }

    /// A record as it came, with its secrets masked where that is the policy: it is kept beside the memory.
    pub(crate) fn keep(self, raw: String) -> String {
        if self == Self::Mask { self.look_into(&raw, "", &mut Vec::new()).unwrap_or(raw) } else { raw }
    }

    /// Notes what `text` holds; the masked text when there is something to mask.
    fn look(self, text: &str, field: &str, warnings: &mut Vec<Warning>) -> Option<String> {
        if self == Self::Off {
            return None;
        }
        let found = patterns::find(text);
        for (_, kind) in &found {
            let warning = Warning { field: field.to_owned(), secret: (*kind).to_owned() };
            if !warnings.contains(&warning) {
                warnings.push(warning);
            }
        }
        if self != Self::Mask || found.is_empty() {
            return None;
        }
        let (mut masked, mut at) = (String::with_capacity(text.len()), 0);
        for (part, _) in found {
            masked.push_str(&text[at..part.start]);
            masked.push_str(MASK);
            at = part.end;
        }
        masked.push_str(&text[at..]);
        Some(masked)
    }

    /// The same for the strings of a JSON text, which stays as it is but for them. A member that is called by what it
    /// holds (`"password": "…"`) is found by both together.
    fn look_into(self, json: &str, field: &str, warnings: &mut Vec<Warning>) -> Option<String> {
        if self == Self::Off {
            return None;
        }
        let (mut out, mut changed, mut name) = (String::with_capacity(json.len()), false, None);
        for token in tokens(json) {
            let text = match token.strip_prefix('"') {
                Some(_) => serde_json::from_str::<String>(token).ok(),
                None => None,
            };
            let Some(text) = text else {
                // Only white space and the colon stand between a name and its value.
                if !token.trim().is_empty() && token.trim() != ":" {
                    name = None;
                }
                out.push_str(token);
                continue;
            };
            let named = name.take().map(|name: String| format!("{name}: {text}"));
            let masked = self.look(&text, field, warnings).or_else(|| {
                let known = named.as_deref().unwrap_or_default();
                let masked = self.look(known, field, warnings)?;
                masked.split_once(": ").map(|(_, value)| value.to_owned())
            });
            name = Some(text);
            match masked {
                Some(masked) => {
                    changed = true;
                    let _ = write!(out, "{}", serde_json::Value::from(masked));
                }
                None => out.push_str(token),
            }
        }
        changed.then_some(out)
    }

    /// Tells the log, or refuses.
    fn settle(self, warnings: Vec<Warning>) -> Result<Vec<Warning>> {
        if let (Self::Refuse, Some(first)) = (self, warnings.first()) {
            let what = |warning: &Warning| {
                format!("holds what looks like a secret ({}); this server stores none", warning.secret)
            };
            let mut fields: Vec<(String, String)> = Vec::new();
            for warning in &warnings {
                if fields.iter().all(|(field, _)| *field != warning.field) {
                    fields.push((warning.field.clone(), what(warning)));
                }
            }
            tracing::info!(field = first.field, kind = first.secret, "a secret was refused");
            return Err(Error::validation(fields));
        }
        for Warning { field, secret } in &warnings {
            tracing::info!(
                field,
                kind = secret,
                masked = self == Self::Mask,
                "what is stored looks like a secret"
            );
        }
        Ok(warnings)
    }
}

/// A JSON text cut into its strings, with their quotes, and what stands between them.
fn tokens(json: &str) -> impl Iterator<Item = &str> {
    let mut rest = json;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = if let Some(string) = rest.strip_prefix('"') {
            let mut escaped = false;
            let close = string.bytes().position(|byte| {
                let closes = byte == b'"' && !escaped;
                escaped = byte == b'\\' && !escaped;
                closes
            });
            close.map_or(rest.len(), |at| at + 2)
        } else {
            rest.find('"').unwrap_or(rest.len())
        };
        let (token, after) = rest.split_at(end);
        rest = after;
        Some(token)
    })
}

/// What an import says of an item whose secrets were found.
pub(crate) fn told(policy: SecretPolicy, warnings: &[Warning]) -> Option<(String, String)> {
    let first = warnings.first()?;
    let kinds: Vec<Cow<'_, str>> = warnings.iter().map(|warning| Cow::from(&warning.secret)).collect();
    let done = if policy == SecretPolicy::Mask { "was masked" } else { "was stored" };
    Some((
        first.field.clone(),
        format!("holds what looks like a secret ({}), which {done}", kinds.join(", ")),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> String {
        format!("ghp_{}", "q7Zt0Xc4Vb9Nm2Lk8Jh5Gf3Ds6Ap1QwErTyU")
    }

    #[test]
    fn a_policy_tells_masks_or_refuses() {
        let with = |policy: SecretPolicy| {
            let mut content = Content::new(format!("Deploys with {} on Fridays", token())).unwrap();
            let mut metadata = Metadata::parse(r#"{"password":"q7Zt0Xc4Vb9N","n":1.50}"#).unwrap();
            let result = policy.check_memory(Some(&mut content), Some(&mut metadata));
            (content.as_str().to_owned(), metadata.to_json(), result)
        };
        let (content, metadata, warned) = with(SecretPolicy::Warn);
        assert!(content.contains(&token()) && metadata.contains("q7Zt"));
        let kinds: Vec<_> = warned.unwrap().into_iter().map(|w| (w.field, w.secret)).collect();
        let expected = [("content", "github_token"), ("metadata", "password")]
            .map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(kinds, expected);
        let (content, metadata, _) = with(SecretPolicy::Mask);
        assert_eq!(
            (content.as_str(), metadata.as_str()),
            ("Deploys with *** on Fridays", r#"{"password":"***","n":1.50}"#)
        );
        let error = with(SecretPolicy::Refuse).2.unwrap_err();
        assert!(error.details.contains_key("content") && error.details.contains_key("metadata"), "{error:?}");
        assert!(!format!("{error:?}").contains(&token()));
        assert_eq!(with(SecretPolicy::Off).2, Ok(Vec::new()));
    }

    #[test]
    fn a_kept_record_changes_in_its_secrets_only() {
        let raw = format!(
            r#"{{"text" : "a \" {} \u00e9", "n": 1e400, "deep":[{{"api_key":"q7Zt0Xc4Vb9Nm2"}}]}}"#,
            token()
        );
        let kept = SecretPolicy::Mask.keep(raw.clone());
        assert_eq!(kept, "{\"text\" : \"a \\\" *** é\", \"n\": 1e400, \"deep\":[{\"api_key\":\"***\"}]}");
        assert_eq!(SecretPolicy::Warn.keep(raw.clone()), raw);
        assert_eq!(SecretPolicy::Mask.keep("{\"broken".into()), "{\"broken");
    }
}
