//! Which conversations of another tool's file were met: names that are no names, and parts that are no more.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use omp_formats::{Talk, TalkName, Turn, origin};
use omp_model::conversation::Role;
use omp_model::{ConversationId, Result};
use omp_store::Changed;

use super::import::Import;
use crate::failure::shown;

/// The conversations of a file, by the ids of their first parts.
#[derive(Default)]
pub(super) struct Talks(HashMap<ConversationId, Sums>);

/// What a conversation is compared by.
#[derive(PartialEq, Eq)]
struct Sums {
    beginning: u64,
    whole: u64,
}

/// How a conversation stands to those before it in the file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Met {
    /// It is new, or goes on with one that came before.
    New,
    /// It came before, as it is.
    Again,
    /// Another one came before under its name, so it got one of its own.
    Renamed,
}

impl Talks {
    /// Meets a conversation. One that begins as another of its name did is the same one at another time.
    pub(super) fn meet(&mut self, talk: &mut Talk) -> Met {
        let Some(first) = talk.turns.iter().find(|turn| !turn.text.trim().is_empty()) else {
            return Met::New;
        };
        let turns = || talk.turns.iter().chain(talk.branches.iter().flatten());
        let beside = (&talk.topic, &talk.namespace, talk.created, talk.updated);
        let sums = Sums { beginning: sum(&(), [first]), whole: sum(&beside, turns()) };
        let own_name = format!("{}#{}", talk.id, origin::text_id(&first.text));
        match self.0.get(&talk.name().part(1)) {
            Some(met) if *met == sums => return Met::Again,
            Some(met) if met.beginning != sums.beginning => talk.id = own_name,
            _ => {
                self.0.insert(talk.name().part(1), sums);
                return Met::New;
            }
        }
        match self.0.insert(talk.name().part(1), sums) {
            Some(met) if met.whole == self.0[&talk.name().part(1)].whole => Met::Again,
            _ => Met::Renamed,
        }
    }
}

fn sum<'a>(beside: &impl Hash, turns: impl IntoIterator<Item = &'a Turn>) -> u64 {
    let mut hasher = DefaultHasher::new();
    beside.hash(&mut hasher);
    for turn in turns {
        (turn.role == Role::User, &turn.text).hash(&mut hasher);
    }
    hasher.finish()
}

/// The last part of a conversation: what stands behind it is from when it was longer.
pub(super) struct LastPart {
    pub(super) name: TalkName,
    pub(super) number: usize,
}

impl Import {
    /// Removes the parts behind the last one of a conversation that was replaced by a shorter one.
    pub(super) fn remove_behind(&mut self, last: &LastPart) -> Result<()> {
        for number in last.number + 1.. {
            let (store, by, id) = (&self.service.store, &self.principal, last.name.part(number));
            let found = self.handle.block_on(store.get_conversation(by, id)).map_err(shown)?;
            let is_part = found.and_then(|found| found.origin).is_some_and(|origin| origin.part.is_some());
            if !is_part {
                break;
            }
            let removed = self.handle.block_on(store.delete_conversation(by, id, self.now)).map_err(shown)?;
            if !matches!(removed, Changed::Done(())) {
                break;
            }
            self.report.keep("conversations: parts that are no more", 1);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn talk(id: &str, turns: &[&str]) -> Talk {
        let turns = turns.iter().map(|text| Turn::new(Role::User, *text)).collect();
        Talk { format: "f", id: id.into(), turns, ..Talk::default() }
    }

    #[test]
    fn different_conversations_of_one_name_are_told_apart_and_later_states_are_not() {
        let mut talks = Talks::default();
        let mut meet = |id: &str, turns: &[&str]| {
            let mut talk = talk(id, turns);
            (talks.meet(&mut talk), talk.id == id)
        };
        assert_eq!(meet("prompt", &["Tea?"]), (Met::New, true));
        assert_eq!(meet("prompt", &["Tea?"]), (Met::Again, true));
        assert_eq!(meet("prompt", &["Boats?"]), (Met::Renamed, false));
        assert_eq!(meet("prompt", &["Boats?"]), (Met::Again, false));
        assert_eq!(meet("prompt", &["Tea?", "Green."]), (Met::New, true));
        assert_eq!(meet("other", &["Boats?"]), (Met::New, true));
        assert_eq!(meet("prompt", &[" "]), (Met::New, true));
    }
}
