//! A text with which a conversation goes on in another tool: written by a model, or by a template.

use omp_ai::{Script, summary};
use omp_model::api::{Degraded, HandoffResponse};
use omp_model::conversation::{Message, Messages, Role};
use omp_model::service_models::is_held_with;
use omp_model::{
    Fields, ListQuery, Memory, MemoryId, ModelName, NewConversation, Principal, Question, Result, Scope,
    SearchQuery, Topic,
};

use crate::Service;
use crate::access::require;
use crate::ai::{AiChoice, Reader, sendable};
use crate::context::estimate;

/// Longest text that a brief quotes within a sentence, in characters.
pub(crate) const QUOTED: usize = 300;
/// Longest last message that a brief quotes as it was written, in characters.
const QUOTED_WHOLE: usize = 8_000;
/// The most tokens that the memories of a brief may take.
const MOST_MEMORY_TOKENS: u64 = 8_000;
/// Memories that are looked at.
const LOOK_AT: u32 = 50;
/// Characters of a conversation that memories are searched by.
const SEARCHED: usize = 1_000;
/// What briefs by the template are said to be written by.
const TEMPLATE: &str = "template";

/// What is handed off, and to whom.
#[derive(Debug, Clone)]
pub struct HandoffRequest {
    /// Where it goes on.
    pub target_model: ModelName,
    /// The conversation.
    pub conversation: Handed,
    /// Who is to write the brief.
    pub ai: AiChoice,
    /// How many tokens the memories may take that the brief tells of; by default it tells of none.
    pub memory_budget: u32,
}

/// A conversation, by id or in full.
#[derive(Debug, Clone)]
pub enum Handed {
    /// A saved one.
    Saved(String),
    /// One that comes with the request.
    Inline {
        /// Where it was held.
        model: ModelName,
        /// What it is about.
        topic: Option<Topic>,
        /// Its turns.
        messages: Vec<Message>,
    },
}

impl HandoffRequest {
    /// Hands a saved conversation off.
    pub fn saved(conversation_id: &str, target_model: ModelName) -> Self {
        let conversation = Handed::Saved(conversation_id.to_owned());
        Self { target_model, conversation, ai: AiChoice::default(), memory_budget: 0 }
    }

    /// Reads the body of `POST /v1/handoff`.
    pub fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let target_model = fields.required("target_model");
        let id = fields.nullable::<String>("conversation_id").flatten();
        let ai = AiChoice::read(fields);
        let memory_budget = fields.nullable::<u64>("memory_budget").flatten().unwrap_or_default();
        if memory_budget > MOST_MEMORY_TOKENS {
            fields.fail("memory_budget", format!("must be at most {MOST_MEMORY_TOKENS}"));
        }
        let memory_budget = u32::try_from(memory_budget).unwrap_or_default();
        let inline = |fields: &mut Fields<'_>| {
            let model = fields.required::<ModelName>("model");
            let topic = fields.nullable::<Topic>("topic").flatten();
            let messages = fields.required::<Messages>("messages");
            Some(Handed::Inline { model: model?, topic, messages: messages?.0 })
        };
        let conversation = match id {
            Some(id) if id.is_empty() => {
                fields.fail("conversation_id", "must not be empty");
                None
            }
            Some(id) => Some(Handed::Saved(id)),
            None if !fields.has("model") && !fields.has("messages") => {
                fields.fail("conversation_id", "is required, or `model` and `messages` of a conversation");
                None
            }
            None => inline(fields),
        };
        Some(Self { target_model: target_model?, conversation: conversation?, ai, memory_budget })
    }
}

impl Service {
    /// Writes the brief, in the person's own voice: by a model, and where there is none or it fails, by a template.
    pub async fn hand_off(&self, principal: Principal, request: HandoffRequest) -> Result<HandoffResponse> {
        require(&principal, Scope::Read)?;
        let HandoffRequest { target_model: target, conversation, ai, memory_budget } = request;
        let (model, topic, messages, script) = match conversation {
            Handed::Saved(id) => {
                let saved = self.get_conversation(principal.clone(), &id).await?;
                let script = Script::of(&saved);
                (saved.model, saved.topic, saved.messages, script)
            }
            Handed::Inline { model, topic, messages } => {
                let topic = topic.or_else(|| Topic::cut(messages.first()?.content.as_str()));
                let topic = topic.unwrap_or_else(|| Topic::new("").expect("may be empty"));
                let now = self.clock.now();
                let new = NewConversation { model, topic, messages, source_url: None };
                let passing = new
                    .into_conversation(omp_model::ConversationId::generate(now, self.random.as_ref()), now);
                let script = Script::of(&passing);
                (passing.model, passing.topic, passing.messages, script)
            }
        };
        let written = self.written(&ai, script, &topic, &model, &target).await;
        let (mut brief, written_by, degraded) = match written {
            Ok((brief, name)) => (brief, name, None),
            Err(degraded) => (brief(&model, &target, &topic, &messages), TEMPLATE.to_owned(), degraded),
        };
        let about = self.memories_about(&principal, &topic, &messages, memory_budget).await?;
        let memories = add_memories(&mut brief, &about, memory_budget);
        Ok(HandoffResponse {
            brief,
            topic: topic.into_string(),
            source_model: model.into_string(),
            target_model: target.into_string(),
            message_count: messages.len(),
            written_by,
            degraded,
            memories,
        })
    }

    /// A brief by a model and its name; or why there is none, if there was to be one.
    async fn written(
        &self,
        ai: &AiChoice,
        script: Script,
        topic: &Topic,
        source: &ModelName,
        target: &ModelName,
    ) -> Result<(String, String), Option<Degraded>> {
        let Ok(reader) = self.ai.reader(ai, "write a brief") else { return Err(None) };
        let name = reader.name();
        let Reader::Model(model) = reader else { return Err(None) };
        let script = sendable(&script, self.secrets);
        let tokens = script.tokens() + script.windows().len() as u64 * u64::from(summary::MOST_TOKENS) * 2;
        let degraded = |reason: String| Some(Degraded { requested: name.clone(), reason });
        self.ai.within_budget(tokens, "conversation").map_err(|error| degraded(error.message))?;
        let topic = self.secrets.sendable(topic.as_str()).unwrap_or_else(|| topic.as_str().to_owned());
        let source = display_name(source.as_str()).to_owned();
        let target = display_name(target.as_str()).to_owned();
        let asked = self.ai.ask(model, move |model| summary::brief(model, &script, &topic, &source, &target));
        match asked.await {
            Ok(brief) => Ok((brief, name)),
            Err(error) => Err(degraded(error.message.replace(" Nothing was stored.", ""))),
        }
    }

    /// Memories about a conversation, the most useful first.
    async fn memories_about(
        &self,
        principal: &Principal,
        topic: &Topic,
        messages: &[Message],
        budget: u32,
    ) -> Result<Vec<Memory>> {
        if budget == 0 {
            return Ok(Vec::new());
        }
        let last = messages.iter().rev().find(|message| message.role == Role::User);
        let text = format!("{topic} {}", last.map_or("", |message| message.content.as_str()));
        let text: String = text.chars().take(SEARCHED).collect();
        if let Ok(question) = Question::new(text) {
            let query = SearchQuery { limit: LOOK_AT, ..SearchQuery::new(question) };
            return Ok(self.search_memories(principal.clone(), &query).await?.memories);
        }
        let query = ListQuery { limit: LOOK_AT, ..ListQuery::default() };
        Ok(self.list_memories(principal.clone(), &query).await?.memories)
    }
}

/// Adds as many memories as fit, and tells which.
fn add_memories(brief: &mut String, memories: &[Memory], budget: u32) -> Vec<MemoryId> {
    let mut told = Vec::new();
    let mut left = budget;
    for memory in memories {
        let line =
            format!("\n- {}", memory.content.as_str().split_whitespace().collect::<Vec<_>>().join(" "));
        let tokens = estimate(&line);
        if tokens <= left {
            if told.is_empty() {
                brief.push_str("\n\nWhat you should know about me:");
            }
            brief.push_str(&line);
            left -= tokens;
            told.push(memory.id);
        }
    }
    told
}

fn brief(source: &ModelName, target: &ModelName, topic: &Topic, messages: &[Message]) -> String {
    let (from, to) = (display_name(source.as_str()), display_name(target.as_str()));
    let topic = quoted(topic.as_str());
    let mut brief = format!("I have been talking with {from} about \u{201c}{topic}\u{201d}.");
    let last = messages.iter().rev().find(|message| message.role == Role::User).map(|m| m.content.as_str());
    let request = if from == to {
        "Please go on from there.".to_owned()
    } else {
        format!("{to}, please go on from where {from} left off.")
    };
    match last {
        Some(last) if last.chars().count() > QUOTED => {
            let last = cut(last.trim(), QUOTED_WHOLE);
            brief.push_str(&format!(" The last thing I said there was:\n\n{last}\n\n"));
        }
        Some(last) if quoted(last) != topic => {
            brief.push_str(&format!(" The last thing I said there was: \u{201c}{}\u{201d}. ", quoted(last)));
        }
        _ => brief.push(' '),
    }
    brief + &request
}

/// One line, not too long.
pub(crate) fn quoted(text: &str) -> String {
    cut(&text.split_whitespace().collect::<Vec<_>>().join(" "), QUOTED)
}

/// At most so many characters; `…` stands for the rest.
fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// What people call the tools that the published clients know; a model by its service's name.
fn display_name(model: &str) -> &str {
    const KNOWN: [&str; 7] = ["ChatGPT", "Claude", "Copilot", "Cursor", "Gemini", "Grok", "Perplexity"];
    // What imports name that do not tell the model.
    if model == "unknown" {
        return "another assistant";
    }
    let model_of = |name: &&str| is_held_with(&model.to_ascii_lowercase(), &name.to_ascii_lowercase());
    KNOWN.into_iter().find(model_of).unwrap_or(model)
}

#[cfg(test)]
mod tests {
    use omp_model::Text;

    use super::*;

    fn message(role: Role, text: &str) -> Message {
        Message { role, content: Text::new(text).unwrap(), origin: None }
    }

    #[test]
    fn the_brief_names_the_topic_and_the_last_question() {
        let messages = [
            message(Role::User, "What is a monad?"),
            message(Role::Assistant, "…"),
            message(Role::User, "And\na functor?"),
        ];
        let (model, target) = (Text::new("chatgpt").unwrap(), Text::new("claude").unwrap());
        assert_eq!(
            brief(&model, &target, &Text::new("Category theory").unwrap(), &messages),
            "I have been talking with ChatGPT about “Category theory”. The last thing I said there was: “And a functor?”. \
             Claude, please go on from where ChatGPT left off."
        );
    }

    #[test]
    fn tools_are_called_as_people_call_them() {
        for (model, name) in [
            ("chatgpt", "ChatGPT"),
            ("gpt-5-mini", "ChatGPT"),
            ("CLAUDE", "Claude"),
            ("llama", "llama"),
            ("unknown", "another assistant"),
        ] {
            assert_eq!(display_name(model), name);
        }
    }

    #[test]
    fn a_long_last_message_is_quoted_as_it_was_written() {
        let code = format!("Why does this fail?\n\n```rust\n{}\n```", "    let x = 1;\n".repeat(60));
        let (model, target) = (Text::new("chatgpt").unwrap(), Text::new("claude").unwrap());
        let written = brief(&model, &target, &Text::new("Rust").unwrap(), &[message(Role::User, &code)]);
        assert!(written.contains(&format!(" was:\n\n{code}\n\nClaude, please go on")), "{written}");
        let endless = [message(Role::User, &"long ".repeat(1_900))];
        assert!(brief(&model, &target, &Text::new("t").unwrap(), &endless).chars().count() < 8_200);
    }

    #[test]
    fn memories_stand_in_a_brief_as_far_as_the_budget_goes() {
        let memory = |text: &str| {
            let (content, tool) = (Text::new(text).unwrap(), Text::new("t").unwrap());
            let new = omp_model::NewMemory::new(content, omp_model::MemoryType::Semantic, tool);
            new.into_memory(MemoryId::derive(&[text]), omp_model::Timestamp::from_millis(0))
        };
        let memories = [memory("Likes\ntea"), memory(&"long ".repeat(100)), memory("Has a dog")];
        let mut brief = "Go on.".to_owned();
        let told = add_memories(&mut brief, &memories, 10);
        assert_eq!(brief, "Go on.\n\nWhat you should know about me:\n- Likes tea\n- Has a dog");
        assert_eq!(told, [memories[0].id, memories[2].id]);
        assert!(add_memories(&mut brief, &memories, 1).is_empty());
    }
}
