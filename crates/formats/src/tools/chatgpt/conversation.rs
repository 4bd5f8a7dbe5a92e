//! A tree of messages becomes a conversation with branches.

use std::collections::HashMap;

use omp_model::conversation::Role;
use omp_model::{MessageOrigin, Timestamp};

use super::memories::Kept;
use super::text::said;
use super::wire::{Conversation, Message, Node};
use super::{NAME, at};
use crate::items::Item;
use crate::{Place, Sink, Stop, Talk, Turn};

/// Gives what one conversation holds to the sink, and what is to be judged over all of them to `kept`.
pub(super) fn read(
    wire: &Conversation<'_>,
    item: &Item<'_>,
    kept: &mut Kept,
    sink: &mut dyn Sink,
) -> Result<(), Stop> {
    let Some(id) = wire.name() else {
        sink.failed("conversation", "has no `id`", &item.place);
        return Ok(());
    };
    if wire.is_do_not_remember.0 {
        sink.passed("conversation not to be remembered", "is marked `is_do_not_remember`", &item.place);
        return Ok(());
    }
    let tree = Tree::new(wire);
    kept.collect(wire, &tree, item, sink)?;
    let path = tree.path(wire.current_node.get());
    let mut on_path = vec![false; tree.nodes.len()];
    for node in &path {
        on_path[*node] = true;
    }
    let turns: Vec<Turn> = path.iter().filter_map(|node| tree.turn(*node, item, sink)).collect();
    // Where no answer says which model it is from, the conversation's counts; "auto" is none.
    let is_named = turns.iter().any(|turn| turn.origin.model.is_some());
    let model = wire.default_model_slug.owned().filter(|model| !is_named && model != "auto");
    let branches = tree.branches(&on_path).into_iter();
    let branches =
        branches.map(|nodes| nodes.into_iter().filter_map(|node| tree.turn(node, item, sink)).collect());
    let branches: Vec<Vec<Turn>> = branches.filter(|turns: &Vec<Turn>| !turns.is_empty()).collect();
    sink.conversation(Talk {
        format: NAME,
        id: id.to_owned(),
        model,
        model_unknown: wire.default_model_slug.get().map_or("unknown", |_| "chatgpt"),
        topic: wire.title.owned(),
        url: Some(format!("https://chatgpt.com/c/{id}")),
        namespace: wire.project(),
        account: None,
        created: wire.create_time.0,
        updated: wire.update_time.0,
        turns,
        branches,
        place: item.place.clone(),
    })
}

/// The messages of a conversation and how they hang together.
pub(super) struct Tree<'a> {
    pub(super) nodes: Vec<(&'a str, Option<&'a Message<'a>>)>,
    parents: Vec<Option<usize>>,
    numbers: HashMap<&'a str, usize>,
}

impl<'a> Tree<'a> {
    fn new(wire: &'a Conversation<'a>) -> Self {
        let empty: &[(std::borrow::Cow<'a, str>, crate::loose::Object<Node<'a>>)] = &[];
        let entries = wire.mapping.as_ref().map_or(empty, |mapping| &mapping.0);
        let message = |node: &'a crate::loose::Object<Node<'a>>| {
            node.0.as_ref().and_then(|node| node.message.0.as_ref())
        };
        let nodes: Vec<_> = entries.iter().map(|(name, node)| (&**name, message(node))).collect();
        let numbers: HashMap<&str, usize> =
            nodes.iter().enumerate().map(|(n, (name, _))| (*name, n)).collect();
        let mut parents = vec![None; nodes.len()];
        for (number, (_, node)) in entries.iter().enumerate() {
            let Some(node) = &node.0 else { continue };
            if let Some(parent) = node.parent.get().and_then(|name| numbers.get(name)) {
                parents[number] = Some(*parent);
            }
            // Some exports name only the one or only the other.
            for child in node.children.0.iter().filter_map(|child| numbers.get(child.get()?)) {
                if parents[*child].is_none() {
                    parents[*child] = Some(number);
                }
            }
        }
        Self { nodes, parents, numbers }
    }

    /// The way from the root to `current`, or to the leaf with the newest message.
    fn path(&self, current: Option<&str>) -> Vec<usize> {
        let current = current.and_then(|name| self.numbers.get(name).copied());
        let Some(leaf) = current.or_else(|| self.newest_leaf()) else { return Vec::new() };
        let mut met = vec![false; self.nodes.len()];
        self.up(leaf, &mut met)
    }

    /// From a node up to the root, or to what has been met; then the other way round.
    fn up(&self, from: usize, met: &mut [bool]) -> Vec<usize> {
        let mut way = Vec::new();
        let mut next = Some(from);
        while let Some(node) = next.filter(|node| !met[*node]) {
            met[node] = true;
            way.push(node);
            next = self.parents[node];
        }
        way.reverse();
        way
    }

    fn leaves(&self) -> impl Iterator<Item = usize> {
        let mut is_parent = vec![false; self.nodes.len()];
        for parent in self.parents.iter().flatten() {
            is_parent[*parent] = true;
        }
        (0..self.nodes.len()).filter(move |node| !is_parent[*node])
    }

    fn newest_leaf(&self) -> Option<usize> {
        // Of equals, and of those without a time, the last.
        self.leaves()
            .max_by_key(|leaf| (self.nodes[*leaf].1.and_then(|message| message.create_time.0), *leaf))
    }

    /// What is not on the path: from each other leaf up to where it leaves the path or an earlier branch.
    fn branches(&self, on_path: &[bool]) -> Vec<Vec<usize>> {
        let mut met = on_path.to_vec();
        self.leaves().map(|leaf| self.up(leaf, &mut met)).filter(|nodes| !nodes.is_empty()).collect()
    }

    /// The turn that a node is, if the user saw it.
    fn turn(&self, node: usize, item: &Item<'_>, sink: &mut dyn Sink) -> Option<Turn> {
        let (name, message) = self.nodes[node];
        let message = message?;
        let role = match (message.role(), hidden(message)) {
            ("user", None) => Role::User,
            ("assistant", None) => Role::Assistant,
            (_, Some(why)) => {
                sink.passed(why, "is not part of the dialogue", &item.place);
                return None;
            }
            (role, None) => {
                let kind = match role {
                    "system" => "system message",
                    "tool" => "tool message",
                    _ => "message of another role",
                };
                sink.passed(kind, "is not part of the dialogue", &item.place);
                return None;
            }
        };
        let said = said(message);
        if said.unknown > 0 {
            sink.lost("part of a message", "is of a kind that is not read", &at(item, name));
        }
        if said.text.trim().is_empty() && said.files.is_empty() {
            sink.passed("empty message", "says nothing", &item.place);
            return None;
        }
        if !said.files.is_empty() {
            sink.lost("attached file", "is not kept; its name is", &at(item, name));
        }
        let text = if said.text.trim().is_empty() { "[file]".to_owned() } else { said.text };
        let metadata = message.metadata.0.as_ref();
        let model = metadata.and_then(|m| m.model_slug.owned().or_else(|| m.resolved_model_slug.owned()));
        let origin = MessageOrigin {
            id: Some(message.id.get().unwrap_or(name).to_owned()),
            parent_id: self.parents[node].map(|parent| self.nodes[parent].0.to_owned()),
            created_at: message.create_time.0,
            model: model.filter(|_| role == Role::Assistant),
            attachments: said.files,
        };
        Some(Turn { role, text, origin })
    }

    /// When a node's message was said, or the next one above that has a time.
    pub(super) fn time(&self, node: usize) -> Option<Timestamp> {
        let mut met = vec![false; self.nodes.len()];
        self.up(node, &mut met).into_iter().rev().find_map(|node| self.nodes[node].1?.create_time.0)
    }
}

/// Why a message was not shown as a part of the dialogue.
fn hidden(message: &Message<'_>) -> Option<&'static str> {
    let metadata = message.metadata.0.as_ref();
    let to_tool = message.recipient.get().is_some_and(|recipient| recipient != "all");
    match message.content_type() {
        _ if message.role() == "assistant" && message.recipient.get() == Some("bio") => Some("saved memory"),
        "user_editable_context" | "model_editable_context" => Some("custom instructions"),
        "thoughts" | "reasoning_recap" => Some("thoughts"),
        "execution_output" | "tether_browsing_display" | "tether_quote" | "sonic_webpage" => {
            Some("tool message")
        }
        "system_error" => Some("error message"),
        _ if message.role() == "assistant" && to_tool => Some("tool call"),
        _ if metadata.is_some_and(|m| m.is_visually_hidden_from_conversation.0) => Some("hidden message"),
        _ if message.weight.0 == Some(0.0) => Some("hidden message"),
        _ => None,
    }
}

/// For the places of memories.
pub(super) fn place(item: &Item<'_>, node: &str) -> Place {
    at(item, node)
}
