//! What is read of a line, as far as it is there and of the type it should have.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::loose::{Flag, Object, Word};
use crate::moment::Moment;

/// A line of a session.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Line<'a> {
    #[serde(rename = "type", borrow)]
    pub(super) kind: Word<'a>,
    #[serde(borrow)]
    pub(super) uuid: Word<'a>,
    #[serde(borrow)]
    pub(super) parent_uuid: Word<'a>,
    /// Where a session goes on after what came before was summarised.
    #[serde(borrow)]
    pub(super) logical_parent_uuid: Word<'a>,
    pub(super) timestamp: Moment,
    #[serde(borrow)]
    pub(super) session_id: Word<'a>,
    #[serde(borrow)]
    pub(super) agent_id: Word<'a>,
    #[serde(borrow)]
    pub(super) cwd: Word<'a>,
    pub(super) is_sidechain: Flag,
    pub(super) is_meta: Flag,
    pub(super) is_compact_summary: Flag,
    pub(super) is_api_error_message: Flag,
    #[serde(borrow)]
    pub(super) summary: Word<'a>,
    #[serde(borrow)]
    pub(super) leaf_uuid: Word<'a>,
    #[serde(borrow)]
    pub(super) title: Word<'a>,
    #[serde(borrow)]
    pub(super) ai_title: Word<'a>,
    #[serde(borrow)]
    pub(super) custom_title: Word<'a>,
    #[serde(borrow)]
    pub(super) message: Object<Message<'a>>,
}

/// What was said.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    pub(super) id: Word<'a>,
    #[serde(borrow)]
    pub(super) model: Word<'a>,
    #[serde(borrow)]
    pub(super) content: Option<&'a RawValue>,
}
