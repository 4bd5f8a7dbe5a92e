//! Any bytes as what a provider of AI answers: no panic, and nothing is believed that the question does not bear. The
//! first byte chooses the provider, the second whether the rest is the body of the answer or the words in a body of the
//! right form, which are JSON only loosely.
#![no_main]

use libfuzzer_sys::fuzz_target;
use omp_ai::reconcile::{Beside, Judgement, reconcile};
use omp_ai::{AiError, Ask, Extracted, Form, Model, Provider, Script, answers, extract, rules, summary};
use omp_model::Timestamp;
use omp_model::conversation::Role;
use omp_model::text::normal_form;
use serde_json::{Value, json};

const PROVIDERS: [Provider; 4] =
    [Provider::Anthropic, Provider::OpenAi, Provider::Compatible, Provider::Gemini];

const TURNS: [(Role, &str); 3] = [
    (Role::User, "I moved to Lisbon in May 2025, and I <like> \u{201c}strong\u{201d} tea."),
    (Role::Assistant, "Noted. Anything else?"),
    (Role::User, "We decided to use PostgreSQL for the new service."),
];

/// A model whose every answer is these bytes.
struct Fixed<'a> {
    provider: Provider,
    body: &'a [u8],
}

impl Model for Fixed<'_> {
    fn name(&self) -> &str {
        "fixed/one"
    }

    fn text(&self, _: Ask<'_>) -> Result<String, AiError> {
        answers::text_of(self.provider, self.body)
    }

    fn json(&self, _: Ask<'_>, form: Form<'_>) -> Result<Value, AiError> {
        answers::object_of(self.provider, self.body, form.name)
    }
}

fuzz_target!(|bytes: &[u8]| {
    let [provider, wrapped, bytes @ ..] = bytes else { return };
    let provider = PROVIDERS[usize::from(*provider) % PROVIDERS.len()];
    let body = if wrapped % 2 == 0 { bytes.to_vec() } else { body(provider, &String::from_utf8_lossy(bytes)) };
    let model = Fixed { provider, body: &body };
    if let Ok(object) = answers::object_of(provider, &body, "memories") {
        assert!(object.is_object(), "the answer in a form is an object");
    }
    let script = Script::new(TURNS, Timestamp::from_millis(1_760_000_000_000));
    if let Ok(extracted) = extract::extract(&model, &script) {
        borne(&extracted);
    }
    let known = || vec![("Lives in Porto", "2025-01-01".to_owned()), ("Likes tea", "2025-01-01".to_owned())];
    let new = [
        Beside { content: "Lives in Lisbon", known: known() },
        Beside { content: "Has a dog", known: Vec::new() },
        Beside { content: "Drinks tea", known: known() },
    ];
    if let Ok(judged) = reconcile(&model, &new) {
        assert_eq!(judged.len(), new.len());
        for (judgement, beside) in judged.iter().zip(&new) {
            if let Judgement::Repeat(known) | Judgement::Supersedes(known) = judgement {
                assert!(*known < beside.known.len(), "a judgement of a memory that is not there");
            }
        }
    }
    if let Ok(text) = summary::summarise(&model, &script) {
        assert!(!text.is_empty());
    }
    // The same bytes as a conversation that the patterns read.
    let said = String::from_utf8_lossy(bytes);
    rules::extract(&Script::new([(Role::User, said.as_ref())], Timestamp::from_millis(0)));
});

/// A body of the provider's form that says these words.
fn body(provider: Provider, words: &str) -> Vec<u8> {
    let body = match provider {
        Provider::Anthropic => json!({"content": [{"type": "text", "text": words}], "stop_reason": "end_turn"}),
        Provider::OpenAi => json!({"status": "completed", "output": [
            {"type": "message", "content": [{"type": "output_text", "text": words}]}]}),
        Provider::Gemini => json!({"candidates": [
            {"content": {"parts": [{"text": words}]}, "finishReason": "STOP"}]}),
        Provider::Compatible | Provider::Rules => {
            json!({"choices": [{"message": {"content": words}, "finish_reason": "stop"}]})
        }
    };
    body.to_string().into_bytes()
}

/// Every memory quotes a turn that there is, and in bounds.
fn borne(extracted: &Extracted) {
    for candidate in &extracted.candidates {
        assert!(candidate.message < TURNS.len(), "a turn that there is not");
        assert!(!candidate.content.is_empty() && candidate.content.chars().count() <= 1_000);
        assert!(candidate.tags.len() <= 3);
        let words = |text: &str| -> String {
            normal_form(text).chars().filter(|c| c.is_alphanumeric()).collect()
        };
        let quoted = words(&candidate.quote.replace("&lt;", "<"));
        assert!(!quoted.is_empty(), "a quotation without words");
        assert!(words(TURNS[candidate.message].1).contains(&quoted), "a quotation that the turn does not hold");
    }
}
