//! What is read: a transcript that comes along, or a saved conversation.

use omp_ai::Script;
use omp_formats::transcript;
use omp_model::{
    Error, Fields, MemoryId, Namespace, Principal, Result, SessionRef, Timestamp, ToolName, Transcript,
};

use super::AiChoice;
use crate::{SecretPolicy, Service};

/// A conversation, in full or by id; a transcript has at most `MAX` characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConversationSource<const MAX: usize> {
    /// As a text: `User:` and `Assistant:` lines, JSON messages, or notes.
    Transcript(Transcript<MAX>),
    /// A saved one, by its id.
    Saved(String),
}

impl<const MAX: usize> ConversationSource<MAX> {
    /// What stands where both are given.
    pub const ONE_OF_THEM: &'static str = "must not come with a `transcript`: one of them is read";

    /// Reads `transcript` or `conversation_id`.
    pub(crate) fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let id = fields.nullable::<String>("conversation_id").flatten();
        match id {
            Some(_) if fields.has("transcript") => {
                fields.fail("conversation_id", Self::ONE_OF_THEM);
                None
            }
            Some(id) => Some(Self::Saved(id)),
            None => fields.required("transcript").map(Self::Transcript),
        }
    }

    /// The field that it came in, for errors.
    pub(crate) fn field(&self) -> &'static str {
        match self {
            Self::Transcript(_) => "transcript",
            Self::Saved(_) => "conversation_id",
        }
    }
}

/// A conversation that is to be read, by whom, and what is said of it on what is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToRead<const MAX: usize> {
    /// The conversation.
    pub source: ConversationSource<MAX>,
    /// Who is to read it.
    pub ai: AiChoice,
    /// Which tool the memories are said to come from.
    pub source_tool: ToolName,
    /// Where they go.
    pub namespace: Option<Namespace>,
    /// How they name the conversation; by default by its id.
    pub session_id: Option<SessionRef>,
    /// When it was held, which is what "yesterday" is counted from; by default when it was saved, else now.
    pub held_at: Option<Timestamp>,
}

impl<const MAX: usize> ToRead<MAX> {
    /// This conversation, read by whoever the server has, for memories of this tool.
    pub(crate) fn new(source: ConversationSource<MAX>, tool: &str) -> Self {
        let source_tool = ToolName::new(tool).expect("a name of ours");
        Self {
            source,
            ai: AiChoice::default(),
            source_tool,
            namespace: None,
            session_id: None,
            held_at: None,
        }
    }

    /// Reads a body; `tool` is what memories are said to come from when it does not say.
    pub(crate) fn read(fields: &mut Fields<'_>, tool: &str) -> Option<Self> {
        let source = ConversationSource::read(fields);
        let ai = AiChoice::read(fields);
        let source_tool = fields.nullable("source_tool").flatten();
        let namespace = fields.nullable("namespace").flatten();
        let session_id = fields.nullable("session_id").flatten();
        let held_at = fields.nullable("held_at").flatten();
        let new = Self::new(source?, tool);
        let source_tool = source_tool.unwrap_or_else(|| new.source_tool.clone());
        Some(Self { ai, source_tool, namespace, session_id, held_at, ..new })
    }
}

/// A conversation that is to be read, and how memories of it name it.
#[derive(Debug)]
pub(crate) struct LoadedConversation {
    pub(crate) script: Script,
    pub(crate) session: SessionRef,
    /// What it is about and where it was held, if it is a saved one.
    pub(crate) about: Option<(String, String)>,
}

impl Service {
    /// The conversation of a request. Without a time of its own a transcript was held now.
    pub(crate) async fn held<const MAX: usize>(
        &self,
        principal: &Principal,
        read: &ToRead<MAX>,
    ) -> Result<LoadedConversation> {
        let (session, held_at) = (read.session_id.clone(), read.held_at);
        match &read.source {
            ConversationSource::Transcript(text) => {
                let script = told_of(text.as_str(), held_at.unwrap_or_else(|| self.clock.now()))?;
                // The same text has the same name, so memories of it stand together.
                let name = || SessionRef::new(format!("transcript:{}", MemoryId::derive(&[text.as_str()])));
                let session = session.map_or_else(name, Ok).map_err(|_| Error::internal())?;
                Ok(LoadedConversation { script, session, about: None })
            }
            ConversationSource::Saved(id) => {
                let saved = self.get_conversation(principal.clone(), id).await?;
                let mut script = Script::of(&saved);
                script.held_at = held_at.unwrap_or(script.held_at);
                let name = || SessionRef::new(saved.id.to_string());
                let session = session.map_or_else(name, Ok).map_err(|_| Error::internal())?;
                Ok(LoadedConversation {
                    script,
                    session,
                    about: Some((saved.topic.into_string(), saved.model.into_string())),
                })
            }
        }
    }
}

impl LoadedConversation {
    /// The conversation as a model may be shown it.
    pub(crate) fn sendable(&self, secrets: SecretPolicy) -> Script {
        sendable(&self.script, secrets)
    }
}

/// A conversation without what this server keeps from others.
pub(crate) fn sendable(script: &Script, secrets: SecretPolicy) -> Script {
    let mut script = script.clone();
    for turn in &mut script.turns {
        if let Some(masked) = secrets.sendable(&turn.text) {
            turn.text = masked;
        }
    }
    script
}

/// A transcript as turns; what names no speakers is the person's own words.
fn told_of(text: &str, held_at: Timestamp) -> Result<Script> {
    match transcript::read(text) {
        Some(Ok(read)) if !read.turns.is_empty() => {
            let turns = read.turns.iter().map(|turn| (turn.role, turn.text.as_str()));
            Ok(Script::new(turns, held_at))
        }
        Some(Err(what)) => Err(Error::invalid("transcript", format!("looks like JSON messages, and {what}"))),
        _ => Ok(Script::unlabelled(text, held_at)),
    }
}
