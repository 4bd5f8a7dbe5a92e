//! What is read of an export, as far as it is there and of the type it should have.

use serde::Deserialize;

use crate::loose::{Entries, Flag, List, Object, Piece, Word};
use crate::moment::Moment;

/// A conversation.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Conversation<'a> {
    #[serde(borrow)]
    pub(super) uuid: Word<'a>,
    #[serde(borrow)]
    pub(super) name: Word<'a>,
    #[serde(borrow)]
    pub(super) model: Word<'a>,
    pub(super) created_at: Moment,
    pub(super) updated_at: Moment,
    #[serde(borrow)]
    pub(super) account: Object<Named<'a>>,
    #[serde(borrow)]
    pub(super) project: Object<Named<'a>>,
    #[serde(borrow)]
    pub(super) project_uuid: Word<'a>,
    #[serde(borrow)]
    pub(super) chat_messages: Option<List<Object<Message<'a>>>>,
}

impl<'a> Conversation<'a> {
    /// Reads one; `None` when it has no name or no messages.
    pub(super) fn read(raw: &'a str) -> Result<Option<Self>, serde_json::Error> {
        let conversation: Object<Self> = serde_json::from_str(raw)?;
        Ok(conversation.0.filter(|c| c.chat_messages.is_some() && c.uuid.get().is_some()))
    }
}

/// Something with an id.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Named<'a> {
    #[serde(borrow)]
    pub(super) uuid: Word<'a>,
}

/// A turn.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    pub(super) uuid: Word<'a>,
    #[serde(borrow)]
    pub(super) text: Word<'a>,
    #[serde(borrow)]
    pub(super) content: List<Piece<'a, Block<'a>>>,
    #[serde(borrow)]
    pub(super) sender: Word<'a>,
    #[serde(borrow)]
    pub(super) role: Word<'a>,
    #[serde(borrow)]
    pub(super) model: Word<'a>,
    pub(super) created_at: Moment,
    #[serde(borrow)]
    pub(super) attachments: List<Object<File<'a>>>,
    #[serde(borrow)]
    pub(super) files: List<Object<File<'a>>>,
    #[serde(borrow)]
    pub(super) parent_message_uuid: Word<'a>,
}

/// A block of a turn.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Block<'a> {
    #[serde(rename = "type", borrow)]
    pub(super) kind: Word<'a>,
    #[serde(borrow)]
    pub(super) text: Word<'a>,
}

/// A file that came with a turn.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_field_names, reason = "the names of the file")]
pub(super) struct File<'a> {
    #[serde(borrow)]
    pub(super) file_name: Word<'a>,
    #[serde(borrow)]
    pub(super) file_uuid: Word<'a>,
    #[serde(borrow)]
    pub(super) extracted_content: Word<'a>,
}

/// A project.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_field_names, reason = "the names of the file")]
pub(super) struct Project<'a> {
    #[serde(borrow)]
    pub(super) uuid: Word<'a>,
    #[serde(borrow)]
    pub(super) name: Word<'a>,
    #[serde(borrow)]
    pub(super) prompt_template: Word<'a>,
    pub(super) is_starter_project: Flag,
    pub(super) created_at: Moment,
    pub(super) updated_at: Moment,
    #[serde(borrow)]
    pub(super) docs: List<Object<File<'a>>>,
}

/// The memories of an account.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_field_names, reason = "the names of the file")]
pub(super) struct Memories<'a> {
    #[serde(borrow)]
    pub(super) account_uuid: Word<'a>,
    #[serde(borrow)]
    pub(super) conversations_memory: Word<'a>,
    /// An object of texts by project, or a list.
    #[serde(borrow)]
    pub(super) project_memories: ByProject<'a>,
    #[serde(borrow)]
    pub(super) memory_files: List<Object<MemoryFile<'a>>>,
}

/// The memories of projects in either form.
#[derive(Debug, Default)]
pub(super) struct ByProject<'a>(pub(super) Vec<(String, Word<'a>)>);

impl<'de: 'a, 'a> Deserialize<'de> for ByProject<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&'de serde_json::value::RawValue>::deserialize(deserializer)?.get();
        if raw.starts_with('{') {
            let texts = serde_json::from_str::<Entries<'a, Word<'a>>>(raw).unwrap_or_default();
            return Ok(Self(texts.0.into_iter().map(|(id, text)| (id.into_owned(), text)).collect()));
        }
        let list = serde_json::from_str::<List<Object<ProjectMemory<'a>>>>(raw).unwrap_or_default();
        let texts = list.0.into_iter().filter_map(|entry| entry.0);
        Ok(Self(texts.map(ProjectMemory::into_pair).collect()))
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_field_names, reason = "the names of the file")]
struct ProjectMemory<'a> {
    #[serde(borrow)]
    project_uuid: Word<'a>,
    #[serde(borrow)]
    uuid: Word<'a>,
    #[serde(borrow)]
    project_memory: Word<'a>,
    #[serde(borrow)]
    memory: Word<'a>,
    #[serde(borrow)]
    content: Word<'a>,
}

impl<'a> ProjectMemory<'a> {
    fn into_pair(self) -> (String, Word<'a>) {
        let Self { project_uuid, uuid, project_memory, memory, content } = self;
        let id = project_uuid.owned().or_else(|| uuid.owned()).unwrap_or_default();
        let texts = [project_memory, memory, content];
        (id, texts.into_iter().find(|text| text.get().is_some()).unwrap_or_default())
    }
}

/// A file of the memory tool.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct MemoryFile<'a> {
    #[serde(borrow)]
    pub(super) path: Word<'a>,
    #[serde(borrow)]
    pub(super) content: Word<'a>,
    pub(super) created_at: Moment,
    pub(super) updated_at: Moment,
}
