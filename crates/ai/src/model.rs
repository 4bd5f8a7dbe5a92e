//! What a model is asked.

use serde_json::Value;

use crate::AiError;

/// One question.
#[derive(Clone, Copy)]
pub struct Ask<'a> {
    /// What the model is to do, which nothing in the conversation may change.
    pub system: &'a str,
    /// The conversation and what belongs to it.
    pub prompt: &'a str,
    /// The most tokens of the answer, with those that the model thinks in.
    pub most_tokens: u32,
}

impl std::fmt::Debug for Ask<'_> {
    /// Without the conversation.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ask").field("most_tokens", &self.most_tokens).finish_non_exhaustive()
    }
}

/// The form of a structured answer.
#[derive(Clone, Copy, Debug)]
pub struct Form<'a> {
    /// A word for it.
    pub name: &'a str,
    /// What it is for, in a sentence.
    pub purpose: &'a str,
    /// Its JSON Schema: an object whose properties are all required and of one type each, because that is what every
    /// provider can keep.
    pub schema: &'a Value,
}

/// A model that answers. It blocks, and may take minutes.
pub trait Model: Send + Sync {
    /// Who answers, such as `anthropic/claude-sonnet-4-6`.
    fn name(&self) -> &str;

    /// An answer in words.
    fn text(&self, ask: Ask<'_>) -> Result<String, AiError>;

    /// An answer in a form: an object, of which nothing else is certain.
    fn json(&self, ask: Ask<'_>, form: Form<'_>) -> Result<Value, AiError>;
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Mutex;

    use super::*;

    /// A model that gives these answers in turn, and keeps what it was asked.
    pub(crate) struct Scripted {
        answers: Mutex<Vec<Result<Value, AiError>>>,
        pub(crate) asked: Mutex<Vec<String>>,
    }

    impl Scripted {
        pub(crate) fn new(mut answers: Vec<Result<Value, AiError>>) -> Self {
            answers.reverse();
            Self { answers: Mutex::new(answers), asked: Mutex::default() }
        }

        fn next(&self, ask: Ask<'_>) -> Result<Value, AiError> {
            self.asked.lock().unwrap().push(ask.prompt.to_owned());
            self.answers.lock().unwrap().pop().expect("nothing more was to be asked")
        }
    }

    impl Model for Scripted {
        fn name(&self) -> &'static str {
            "scripted/one"
        }

        fn text(&self, ask: Ask<'_>) -> Result<String, AiError> {
            self.next(ask).map(|answer| answer.as_str().unwrap().to_owned())
        }

        fn json(&self, ask: Ask<'_>, _: Form<'_>) -> Result<Value, AiError> {
            self.next(ask)
        }
    }
}
