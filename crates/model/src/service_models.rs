//! Which models an AI service answers with: an import tells the model, people ask by the service.

/// Services and what the names of their models begin with.
const SERVICES: [(&str, &[&str]); 4] = [
    ("chatgpt", &["gpt-", "chatgpt-", "o1", "o3", "o4-"]),
    ("claude", &["claude-"]),
    ("gemini", &["gemini-"]),
    ("grok", &["grok-"]),
];

/// What the names of the models of this service begin with; nothing if it is no service but a model. The beginnings are
/// ASCII letters, digits and hyphens.
pub fn beginnings(service: &str) -> &'static [&'static str] {
    SERVICES.iter().find(|(name, _)| *name == service).map_or(&[], |(_, beginnings)| beginnings)
}

/// Whether a conversation with this model was held with the model or the service of this name.
pub fn is_held_with(model: &str, name: &str) -> bool {
    model == name || beginnings(name).iter().any(|beginning| model.starts_with(beginning))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_has_its_models_and_a_model_is_itself() {
        for (model, name) in
            [("gpt-5", "chatgpt"), ("o3-mini", "chatgpt"), ("claude-x", "claude"), ("llama", "llama")]
        {
            assert!(is_held_with(model, name), "{model} {name}");
        }
        for (model, name) in
            [("gpt-5", "claude"), ("claude", "claude-x"), ("gpt-5", "gpt-"), ("chatgpt", "gpt-5")]
        {
            assert!(!is_held_with(model, name), "{model} {name}");
        }
    }
}
