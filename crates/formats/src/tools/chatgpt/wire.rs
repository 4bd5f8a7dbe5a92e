//! What is read of a conversation, as far as it is there and of the type it should have.

use serde::Deserialize;

use crate::loose::{Entries, Flag, List, Number, Object, Piece, Word};
use crate::moment::Moment;

/// A conversation.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_field_names, reason = "the names of the file")]
pub(super) struct Conversation<'a> {
    #[serde(borrow)]
    pub(super) id: Word<'a>,
    #[serde(borrow)]
    pub(super) conversation_id: Word<'a>,
    #[serde(borrow)]
    pub(super) title: Word<'a>,
    pub(super) create_time: Moment,
    pub(super) update_time: Moment,
    #[serde(borrow)]
    pub(super) mapping: Option<Entries<'a, Object<Node<'a>>>>,
    #[serde(borrow)]
    pub(super) current_node: Word<'a>,
    #[serde(borrow)]
    pub(super) default_model_slug: Word<'a>,
    #[serde(borrow)]
    pub(super) gizmo_id: Word<'a>,
    pub(super) is_do_not_remember: Flag,
}

impl<'a> Conversation<'a> {
    /// Reads one; `None` when it has no tree of messages.
    pub(super) fn read(raw: &'a str) -> Result<Option<Self>, serde_json::Error> {
        let conversation: Object<Self> = serde_json::from_str(raw)?;
        Ok(conversation.0.filter(|conversation| conversation.mapping.is_some()))
    }

    /// Its name; the two members have the same value where both are there.
    pub(super) fn name(&self) -> Option<&str> {
        self.conversation_id.get().or(self.id.get())
    }

    /// The project that it is in.
    pub(super) fn project(&self) -> Option<String> {
        let id = self.gizmo_id.get().filter(|id| id.starts_with("g-p-"))?;
        Some(format!("chatgpt:{id}"))
    }
}

/// A place in the tree.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Node<'a> {
    #[serde(borrow)]
    pub(super) parent: Word<'a>,
    #[serde(borrow)]
    pub(super) children: List<Word<'a>>,
    #[serde(borrow)]
    pub(super) message: Object<Message<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    pub(super) id: Word<'a>,
    #[serde(borrow)]
    pub(super) author: Object<Author<'a>>,
    pub(super) create_time: Moment,
    #[serde(borrow)]
    pub(super) content: Object<Content<'a>>,
    pub(super) weight: Number,
    #[serde(borrow)]
    pub(super) recipient: Word<'a>,
    #[serde(borrow)]
    pub(super) metadata: Object<Metadata<'a>>,
}

impl Message<'_> {
    pub(super) fn role(&self) -> &str {
        self.author.0.as_ref().and_then(|author| author.role.get()).unwrap_or_default()
    }

    pub(super) fn content_type(&self) -> &str {
        self.content.0.as_ref().and_then(|content| content.content_type.get()).unwrap_or("text")
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Author<'a> {
    #[serde(borrow)]
    pub(super) role: Word<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_field_names, reason = "the names of the file")]
pub(super) struct Content<'a> {
    #[serde(borrow)]
    pub(super) content_type: Word<'a>,
    #[serde(borrow)]
    pub(super) parts: List<Piece<'a, Part<'a>>>,
    #[serde(borrow)]
    pub(super) text: Word<'a>,
    #[serde(borrow)]
    pub(super) language: Word<'a>,
    #[serde(borrow)]
    pub(super) result: Word<'a>,
    #[serde(borrow)]
    pub(super) content: Word<'a>,
    #[serde(borrow)]
    pub(super) user_profile: Word<'a>,
    #[serde(borrow)]
    pub(super) user_instructions: Word<'a>,
    #[serde(borrow)]
    pub(super) model_set_context: Word<'a>,
}

/// A part of a message that is no text.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Part<'a> {
    #[serde(borrow)]
    pub(super) content_type: Word<'a>,
    #[serde(borrow)]
    pub(super) asset_pointer: Word<'a>,
    #[serde(borrow)]
    pub(super) text: Word<'a>,
    /// Of what was said aloud.
    #[serde(borrow)]
    pub(super) audio_asset_pointer: Object<Pointer<'a>>,
    /// Of what was shown.
    #[serde(borrow)]
    pub(super) video_container_asset_pointer: Object<Pointer<'a>>,
}

/// The name of a file.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Pointer<'a> {
    #[serde(borrow)]
    pub(super) asset_pointer: Word<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Metadata<'a> {
    #[serde(borrow)]
    pub(super) model_slug: Word<'a>,
    #[serde(borrow)]
    pub(super) resolved_model_slug: Word<'a>,
    #[serde(borrow)]
    pub(super) attachments: List<Object<Attachment<'a>>>,
    pub(super) is_visually_hidden_from_conversation: Flag,
    #[serde(borrow)]
    pub(super) user_context_message_data: Object<About<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Attachment<'a> {
    #[serde(borrow)]
    pub(super) name: Word<'a>,
    #[serde(borrow)]
    pub(super) id: Word<'a>,
}

/// The custom instructions without what is said around them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct About<'a> {
    #[serde(borrow)]
    pub(super) about_user_message: Word<'a>,
    #[serde(borrow)]
    pub(super) about_model_message: Word<'a>,
}

/// An entry of a file of saved memories.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Saved<'a> {
    #[serde(borrow)]
    pub(super) id: Word<'a>,
    #[serde(borrow)]
    pub(super) content: Word<'a>,
    #[serde(borrow)]
    pub(super) text: Word<'a>,
    #[serde(borrow)]
    pub(super) memory: Word<'a>,
    pub(super) created_at: Moment,
    pub(super) updated_at: Moment,
}

impl Saved<'_> {
    pub(super) fn text(&self) -> Option<&str> {
        [&self.content, &self.text, &self.memory].into_iter().find_map(Word::get)
    }
}
