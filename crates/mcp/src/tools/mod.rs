//! The tools: one file each. A tool is its arguments' type; the schemas are made from the types.

mod compress;
mod context;
mod extract;
mod forget;
mod handoff;
mod item;
mod list;
mod recall;
mod remember;
mod save;
mod update;

use std::pin::Pin;
use std::sync::Arc;

use omp_client::Api;
use omp_model::error::FieldErrors;
use omp_model::{Error, MemoryType, Namespace, Result, Tags, ToolName, Transcript};
use omp_service::models::Provider;
use omp_service::{AiChoice, ConversationSource};
use rmcp::model::{CallToolResult, ContentBlock, JsonObject, Tool, ToolAnnotations};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{arguments, schema};

/// Who calls, and whose memories it is about.
pub(crate) struct Call {
    /// The product's verbs.
    pub(crate) api: Arc<dyn Api>,
    /// The calling client, as `source.tool`.
    pub(crate) tool: ToolName,
}

/// What a tool does to the memories, for the client's questions to the person.
enum Effect {
    /// Nothing.
    Reads,
    /// Something new is there.
    Adds,
    /// Something that was there is another thing now.
    Changes,
    /// Something is gone for good.
    Removes,
}

/// One tool: its arguments in form.
trait Verb: DeserializeOwned + JsonSchema + Send + 'static {
    /// What it is called by.
    const NAME: &'static str;
    /// What people see.
    const TITLE: &'static str;
    /// What the model reads: what for, and when.
    const DESCRIPTION: &'static str;
    /// What it does to the memories.
    const EFFECT: Effect;
    /// The result, for programs.
    type Output: Serialize + JsonSchema;

    /// Does it; the text is for the model.
    fn call(self, call: Call) -> impl Future<Output = Result<(String, Self::Output)>> + Send;
}

type Calling = Pin<Box<dyn Future<Output = Result<CallToolResult>> + Send>>;

/// A tool in the list.
pub(crate) struct Entry {
    /// As clients see it.
    pub(crate) tool: Tool,
    call: fn(JsonObject, Call, Arc<JsonObject>) -> Calling,
}

impl Entry {
    /// Calls the tool with arguments that may be slightly wrong.
    pub(crate) async fn call(&self, call: Call, arguments: JsonObject) -> Result<CallToolResult> {
        (self.call)(arguments, call, Arc::clone(&self.tool.input_schema)).await
    }
}

/// All tools, in the order in which they are listed: the published ones, then ours.
pub(crate) fn all() -> Vec<Entry> {
    vec![
        entry::<remember::Remember>(),
        entry::<recall::Recall>(),
        entry::<forget::Forget>(),
        entry::<list::List>(),
        entry::<extract::Extract>(),
        entry::<compress::Compress>(),
        entry::<update::Update>(),
        entry::<context::Context>(),
        entry::<save::SaveConversation>(),
        entry::<handoff::HandOff>(),
    ]
}

fn entry<V: Verb>() -> Entry {
    let annotations = ToolAnnotations::new().open_world(false);
    // `readOnlyHint` is false where nothing is said.
    let annotations = match V::EFFECT {
        Effect::Reads => annotations.read_only(true),
        Effect::Adds => annotations.destructive(false),
        Effect::Changes => annotations.destructive(false).idempotent(true),
        Effect::Removes => annotations.destructive(true).idempotent(true),
    };
    let tool = Tool::new(V::NAME, V::DESCRIPTION, schema::of_input::<V>())
        .with_title(V::TITLE)
        .with_raw_output_schema(schema::of_output::<V::Output>())
        .with_annotations(annotations);
    Entry { tool, call: |arguments, call, schema| Box::pin(run::<V>(arguments, call, schema)) }
}

async fn run<V: Verb>(arguments: JsonObject, call: Call, schema: Arc<JsonObject>) -> Result<CallToolResult> {
    let formed = arguments::in_form(&schema, &arguments).map_err(Error::validation)?;
    let verb: V = serde_json::from_value(formed).map_err(|_| Error::internal())?;
    let (text, output) = verb.call(call).await?;
    let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
    result.structured_content = serde_json::to_value(output).ok();
    Ok(result)
}

// What sort of thing a memory is. (A doc comment would stand in every schema.)
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Episodic,
    Semantic,
    Procedural,
}

impl From<Kind> for MemoryType {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Episodic => Self::Episodic,
            Kind::Semantic => Self::Semantic,
            Kind::Procedural => Self::Procedural,
        }
    }
}

/// Turns arguments into values, and collects what is wrong with them.
#[derive(Default)]
struct Reading(FieldErrors);

impl Reading {
    /// A value that has rules.
    fn value<T>(&mut self, field: &str, value: std::result::Result<T, String>) -> Option<T> {
        value.map_err(|what| self.0.push((field.to_owned(), what))).ok()
    }

    /// A namespace, brought into form: a model's `my/project` is our `my-project`.
    fn namespace(&mut self, name: Option<&str>) -> Option<Namespace> {
        let name = name.map(str::trim).filter(|name| !name.is_empty())?;
        let what = "has no letter of a-z and no digit, of which a namespace is made";
        self.value("namespace", Namespace::normalize(name).ok_or_else(|| what.into()))
    }

    /// What was made of them, if nothing was wrong.
    fn done<T>(self, value: Option<T>) -> Result<T> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(Error::validation(self.0)),
        }
    }
}

/// Tags in form; what cannot be one is left out.
fn tags(words: Option<&Vec<String>>) -> Tags {
    Tags::normalize(words.into_iter().flatten().map(String::as_str))
}

/// The tool that a conversation was held in: the one that is named, else the caller.
fn source_tool(reading: &mut Reading, named: Option<&str>, call: &Call) -> Option<ToolName> {
    match named.map(str::trim).filter(|name| !name.is_empty()) {
        Some(name) => reading.value("source_tool", ToolName::new(name)),
        None => Some(call.tool.clone()),
    }
}

/// What is read: the text that comes along, or the saved conversation.
fn conversation_source<const MAX: usize>(
    reading: &mut Reading,
    transcript: Option<String>,
    conversation_id: Option<String>,
) -> Option<ConversationSource<MAX>> {
    let id = conversation_id.map(|id| id.trim().to_owned()).filter(|id| !id.is_empty());
    match (transcript, id) {
        (None, Some(id)) => Some(ConversationSource::Saved(id)),
        (Some(_), Some(_)) => {
            reading.value("conversation_id", Err(ConversationSource::<MAX>::ONE_OF_THEM.into()))
        }
        (Some(text), None) => {
            reading.value("transcript", Transcript::new(text)).map(ConversationSource::Transcript)
        }
        (None, None) => reading.value("transcript", Err("is required, or `conversation_id`".into())),
    }
}

/// Who is to read it; by default whom the server has.
fn choice(reading: &mut Reading, provider: Option<&str>) -> Option<AiChoice> {
    let Some(name) = provider.map(str::trim).filter(|name| !name.is_empty()) else {
        return Some(AiChoice::default());
    };
    let what = || format!("must be one of {}", Provider::NAMES);
    let provider = reading.value("provider", Provider::parse(name).ok_or_else(what));
    Some(AiChoice { provider: Some(provider?), api_key: None })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_list_of_tools_costs_a_conversation_less_than_8_kb() {
        let tools: Vec<_> = all().into_iter().map(|entry| entry.tool).collect();
        let json = serde_json::to_string(&rmcp::model::ListToolsResult::with_all_items(tools)).unwrap();
        assert!(json.len() < 8_000, "{} bytes", json.len());
    }

    #[test]
    fn every_tool_has_a_name_of_its_own_annotations_and_both_schemas() {
        let mut names = HashSet::new();
        for entry in all() {
            assert!(names.insert(entry.tool.name.clone()), "{}", entry.tool.name);
            assert_eq!(entry.tool.input_schema["type"], "object");
            assert_eq!(entry.tool.output_schema.as_ref().unwrap()["type"], "object");
            let annotations = entry.tool.annotations.unwrap();
            assert!(annotations.read_only_hint == Some(true) || annotations.destructive_hint.is_some());
            assert_eq!(annotations.open_world_hint, Some(false));
        }
    }
}
