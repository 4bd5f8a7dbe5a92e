//! Between a reader and what takes: leaves out what was not asked for, and changes what was.

use std::borrow::Cow;
use std::collections::BTreeSet;

use omp_model::transfer::Choice;

use crate::origin::text_id;
use crate::{Draft, Note, Place, Sink, Stop, Talk, redact};

/// Applies a [`Choice`].
pub struct Choosing<'a> {
    inner: &'a mut dyn Sink,
    choice: &'a Choice,
    accounts: BTreeSet<String>,
}

/// So many accounts are told apart.
const MOST_ACCOUNTS: usize = 20;

impl std::fmt::Debug for Choosing<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Choosing").field("choice", &self.choice).finish_non_exhaustive()
    }
}

impl<'a> Choosing<'a> {
    /// In front of `inner`.
    pub fn new(inner: &'a mut dyn Sink, choice: &'a Choice) -> Self {
        Self { inner, choice, accounts: BTreeSet::new() }
    }

    /// The accounts or users whose items were met, when nobody was chosen: with several, one may be meant.
    pub fn accounts(&self) -> impl Iterator<Item = &str> {
        self.accounts.iter().map(String::as_str)
    }

    fn is_wanted(
        &mut self,
        account: Option<&str>,
        changed: Option<omp_model::Timestamp>,
        place: &Place,
    ) -> bool {
        if let Some(owner) = &self.choice.owner {
            if account.is_some_and(|account| account != owner) {
                self.inner.passed("other owner", "belongs to another account or user than --owner", place);
                return false;
            }
        } else if let Some(account) = account
            && self.accounts.len() < MOST_ACCOUNTS
            && !self.accounts.contains(account)
        {
            self.accounts.insert(account.to_owned());
        }
        let older = self.choice.since.zip(changed).is_some_and(|(since, changed)| changed < since);
        if older {
            self.inner.passed("older item", "was changed last before --since", place);
        }
        !older
    }

    fn told(&mut self, place: &Place) {
        self.inner.changed("redaction", "had a mail address, a telephone number or a key blotted out", place);
    }

    /// What identifies people stands in any field: users are called by their addresses, tags and files after people.
    fn clean_draft(&mut self, draft: &mut Draft) {
        if clean(&mut draft.content) {
            self.told(&draft.place);
        }
        let name = format!("{}\n{}", draft.scope, draft.id.as_deref().unwrap_or_default());
        let mut found = clean(&mut draft.scope) | clean_some(&mut draft.id);
        if found {
            // Names that were different ones stay so.
            let hash = text_id(&name);
            let clean = draft.id.take().unwrap_or_else(|| text_id(&draft.content));
            draft.id = Some(format!("{clean}-{}", &hash[hash.len() - 8..]));
        }
        for tag in &mut draft.tags {
            found |= clean(tag);
        }
        found |= clean(&mut draft.platform);
        for text in [&mut draft.reference, &mut draft.namespace, &mut draft.account] {
            found |= clean_some(text);
        }
        if let Some(subject) = &mut draft.subject {
            found |= clean(&mut subject.id) | clean_some(&mut subject.label);
        }
        if found {
            self.told(&draft.place);
        }
        draft.raw = draft.raw.as_deref().and_then(redact::raw);
        for values in [&mut draft.entities, &mut draft.relations] {
            *values = values.iter().filter_map(|value| redact::raw(value)).collect();
        }
        draft.extra =
            draft.extra.iter().filter_map(|(name, value)| Some((*name, redact::raw(value)?))).collect();
        draft.metadata = redact_metadata(&draft.metadata);
    }

    fn clean_talk(&mut self, talk: &mut Talk) {
        let place = talk.place.clone();
        if clean_some(&mut talk.topic) {
            self.told(&place);
        }
        let before = talk.id.clone();
        let mut found = clean(&mut talk.id);
        if found {
            let hash = text_id(&before);
            talk.id = format!("{}-{}", talk.id, &hash[hash.len() - 8..]);
        }
        for text in [&mut talk.account, &mut talk.namespace, &mut talk.url, &mut talk.model] {
            found |= clean_some(text);
        }
        for turn in talk.turns.iter_mut().chain(talk.branches.iter_mut().flatten()) {
            if clean(&mut turn.text) {
                self.told(&place);
            }
            let origin = &mut turn.origin;
            for text in [&mut origin.id, &mut origin.parent_id, &mut origin.model] {
                found |= clean_some(text);
            }
            for name in &mut origin.attachments {
                found |= clean(name);
            }
        }
        if found {
            self.told(&place);
        }
    }
}

/// Blots out what is in a text; whether there was anything.
fn clean(text: &mut String) -> bool {
    match redact::text(text) {
        Cow::Borrowed(_) => false,
        Cow::Owned(clean) => {
            *text = clean;
            true
        }
    }
}

fn clean_some(text: &mut Option<String>) -> bool {
    text.as_mut().is_some_and(clean)
}

impl Sink for Choosing<'_> {
    fn memory(&mut self, mut draft: Draft) -> Result<(), Stop> {
        if draft.content.trim().is_empty() {
            self.inner.passed("empty memory", "says nothing", &draft.place);
            return Ok(());
        }
        let changed = draft.updated.max(draft.created);
        if !self.is_wanted(draft.account.as_deref(), changed, &draft.place) {
            return Ok(());
        }
        if self.choice.redact {
            self.clean_draft(&mut draft);
        }
        if let Some(namespace) = &self.choice.namespace {
            draft.namespace = Some(namespace.as_str().to_owned());
        }
        self.inner.memory(draft)
    }

    fn conversation(&mut self, mut talk: Talk) -> Result<(), Stop> {
        if !self.is_wanted(talk.account.as_deref(), talk.changed_at(), &talk.place) {
            return Ok(());
        }
        if self.choice.redact {
            self.clean_talk(&mut talk);
        }
        if let Some(namespace) = &self.choice.namespace {
            talk.namespace = Some(namespace.as_str().to_owned());
        }
        self.inner.conversation(talk)
    }

    fn note(&mut self, note: Note<'_>) {
        self.inner.note(note);
    }
}

fn redact_metadata(metadata: &omp_model::Metadata) -> omp_model::Metadata {
    let raw = serde_json::value::RawValue::from_string(metadata.to_json()).ok();
    let clean = raw.and_then(|raw| redact::raw(&raw));
    clean.and_then(|clean| omp_model::Metadata::parse(clean.get()).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use omp_model::conversation::Role;
    use omp_model::{Namespace, Timestamp};

    use super::*;
    use crate::testing::{Found, NOW};
    use crate::{Fate, Turn};

    fn choose(choice: &Choice, drafts: Vec<Draft>) -> Found {
        let mut found = Found::default();
        let mut choosing = Choosing::new(&mut found, choice);
        for draft in drafts {
            choosing.memory(draft).unwrap();
        }
        found
    }

    #[test]
    fn only_what_is_asked_for_comes_through() {
        let draft = |text: &str, account: &str, day: i64| Draft {
            account: Some(account.into()),
            created: Some(Timestamp::from_millis(day * 86_400_000)),
            ..Draft::new("f", "t", text)
        };
        let drafts =
            vec![draft("a", "ana", 10), draft("b", "ben", 10), draft("c", "ana", 5), draft(" ", "ana", 10)];
        let choice = Choice {
            since: Some(Timestamp::from_millis(7 * 86_400_000)),
            owner: Some("ana".into()),
            namespace: Namespace::new("n").ok(),
            ..Choice::default()
        };
        let found = choose(&choice, drafts);
        assert_eq!(found.texts(), ["a"]);
        let record = &found.records[0];
        assert!(serde_json::to_string(record).unwrap().contains(r#""namespace":"n""#));
        let passed = found.notes.iter().filter(|note| note.0 == Fate::Passed);
        let kinds: Vec<_> = passed.map(|note| note.1.as_str()).collect();
        assert_eq!(kinds, ["other owner", "older item", "empty memory"]);
    }

    #[test]
    fn redaction_reaches_the_original_and_every_turn() {
        let choice = Choice { redact: true, ..Choice::default() };
        let mut draft = Draft::new("f", "t", "Mail a@b.example");
        draft.raw_json(r#"{"text":"Mail a@b.example","at":5551234567}"#);
        draft.extra("path", "a@b.example.md");
        let mut found = Found::default();
        let mut choosing = Choosing::new(&mut found, &choice);
        choosing.memory(draft).unwrap();
        let talk = Talk {
            format: "f",
            id: "c".into(),
            model_unknown: "m",
            topic: Some("To a@b.example".into()),
            turns: vec![Turn::new(Role::User, "I am a@b.example")],
            branches: vec![vec![Turn::new(Role::User, "I was c@d.example")]],
            created: Some(NOW),
            ..Talk::default()
        };
        choosing.conversation(talk).unwrap();
        let all = format!(
            "{}{}",
            serde_json::to_string(&found.records).unwrap(),
            serde_json::to_string(&found.conversations).unwrap()
        );
        assert!(all.contains("[mail]") && all.contains("5551234567") && !all.contains('@'), "{all}");
        assert_eq!(found.count(Fate::Changed, "redaction"), 4);
    }

    #[test]
    fn redaction_leaves_no_address_in_tags_users_names_and_projects() {
        let choice = Choice { redact: true, ..Choice::default() };
        let draft = |who: &str| {
            let mut draft = Draft::new("f", format!("by {who}"), "Likes tea");
            (draft.scope, draft.id) = (format!("of {who}"), Some(format!("note of {who}")));
            draft.tags = vec!["tea".into(), who.into()];
            (draft.reference, draft.account) = (Some(format!("{who}.md")), Some(who.into()));
            draft.namespace = Some(format!("user:{who}"));
            draft.subject = Some(omi::Subject::new(who).with_label(who));
            draft.raw_json(&format!(r#"{{"by":{{"{who}":1,"c@d.example":2}}}}"#));
            draft
        };
        let mut found = choose(&choice, vec![draft("a@b.example"), draft("a@x.example")]);
        let turn = |who: &str| {
            let mut turn = Turn::new(Role::User, "Hi");
            (turn.origin.id, turn.origin.parent_id) = (Some(who.into()), Some(who.into()));
            turn
        };
        let talk = Talk {
            format: "f",
            id: "with a@b.example".into(),
            model_unknown: "m",
            account: Some("a@b.example".into()),
            namespace: Some("user:a@b.example".into()),
            url: Some("https://chat.example/a@b.example".into()),
            turns: vec![turn("a@b.example")],
            branches: vec![vec![turn("a@b.example")]],
            ..Talk::default()
        };
        Choosing::new(&mut found, &choice).conversation(talk).unwrap();
        let records = serde_json::to_string(&found.records).unwrap();
        let all = format!("{records}{}", serde_json::to_string(&found.conversations).unwrap());
        assert!(all.contains("[mail]") && !all.contains('@'), "{all}");
        assert!(records.contains(r#""[mail]":1,"[mail] 2":2"#), "{records}");
        let ids: Vec<_> = found.memories().iter().map(|memory| memory.id).collect();
        assert_ne!(ids[0], ids[1], "two people are not made one");
        assert_eq!(found.count(Fate::Changed, "redaction"), 3, "one for each");
    }
}
