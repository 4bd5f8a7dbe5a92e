//! What a finding means to what is known.

use std::collections::{HashMap, HashSet};

use omp_ai::reconcile::{Beside, Judgement, reconcile};
use omp_ai::script::day_of;
use omp_ai::{Candidate, rules};
use omp_model::api::ExtractAction;
use omp_model::text::normal_form;
use omp_model::{Memory, MemoryId, NewMemory, Principal, Question, Result, Scope, SearchFilter, SearchQuery};

use crate::ai::Reader;
use crate::{SecretPolicy, Service};

/// Known memories that a finding is compared with.
const LOOK_AT: u32 = 10;
/// Those of them that a model is shown.
const SHOWN: usize = 5;
/// The characters of a finding that are searched for.
const SEARCHED: usize = 500;

/// A finding, and what is to happen with it.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) new: NewMemory,
    pub(super) candidate: Candidate,
    pub(super) action: ExtractAction,
    pub(super) of: Option<MemoryId>,
}

/// A plan before it is made, with the known memories that are near.
struct Draft {
    plan: Plan,
    near: Vec<Memory>,
    decided: bool,
}

impl Service {
    /// What is to happen with each finding. Only a key that may read learns what is known;
    /// without, only the store looks, for the same words.
    pub(super) async fn plans(
        &self,
        principal: &Principal,
        reader: &Reader,
        candidates: Vec<Candidate>,
        new_memory: impl Fn(&Candidate) -> Option<NewMemory>,
    ) -> Result<Vec<Plan>> {
        let mut drafts = Vec::new();
        for candidate in candidates {
            let Some(mut new) = new_memory(&candidate) else { continue };
            let secrets = self.secrets.check_memory(Some(&mut new.content), Some(&mut new.metadata));
            let refused = secrets.is_err();
            let action = if refused { ExtractAction::Refused } else { ExtractAction::New };
            let near = if refused { Vec::new() } else { self.near(principal, &new).await? };
            drafts.push(Draft { plan: Plan { new, candidate, action, of: None }, near, decided: refused });
        }
        for draft in drafts.iter_mut().filter(|draft| !draft.decided) {
            draft.decide_alone();
        }
        settle_slots(&mut drafts);
        if let Reader::Model(model) = reader {
            let open: Vec<usize> =
                (0..drafts.len()).filter(|at| !drafts[*at].decided && !drafts[*at].near.is_empty()).collect();
            let shown: Vec<(String, Vec<(String, String)>)> =
                open.iter().map(|at| drafts[*at].shown(self.secrets)).collect();
            if !shown.is_empty() {
                let judged = self.ai.ask(model.clone(), move |model| {
                    let beside: Vec<Beside<'_>> = shown
                        .iter()
                        .map(|(content, known)| Beside {
                            content,
                            known: known.iter().map(|(text, day)| (text.as_str(), day.clone())).collect(),
                        })
                        .collect();
                    reconcile(model, &beside)
                });
                for (at, judgement) in open.into_iter().zip(judged.await?) {
                    drafts[at].judged(judgement);
                }
            }
        }
        let mut superseded = HashSet::new();
        for Draft { plan, near, .. } in &mut drafts {
            if plan.action != ExtractAction::Supersedes {
                continue;
            }
            let known = near.iter().find(|known| Some(known.id) == plan.of);
            if known.is_some_and(|known| known.source.timestamp > plan.candidate.said_at) {
                plan.action = ExtractAction::Outdated;
            } else if !known.is_some_and(|known| principal.may_change(known)) || !superseded.insert(plan.of) {
                (plan.action, plan.of) = (ExtractAction::New, None);
            }
        }
        Ok(drafts.into_iter().map(|draft| draft.plan).collect())
    }

    /// The known memories of the same namespace that are nearest to a finding.
    async fn near(&self, principal: &Principal, new: &NewMemory) -> Result<Vec<Memory>> {
        let text: String = new.content.as_str().chars().take(SEARCHED).collect();
        let (true, Ok(question)) = (principal.may(Scope::Read), Question::new(text)) else {
            return Ok(Vec::new());
        };
        let filter =
            SearchFilter { namespaces: new.namespace.iter().cloned().collect(), ..SearchFilter::default() };
        let query = SearchQuery { filter, limit: LOOK_AT, ..SearchQuery::new(question) };
        let found = self.search_of(principal.clone(), &query).await?.memories;
        Ok(found.into_iter().filter(|known| known.namespace == new.namespace).collect())
    }
}

impl Draft {
    /// What needs no model: the same words, and what can be true only once.
    fn decide_alone(&mut self) {
        let words = words_of(self.plan.new.content.as_str());
        let same = self.near.iter().find(|known| words_of(known.content.as_str()) == words);
        if let Some(known) = same {
            (self.plan.action, self.plan.of, self.decided) = (ExtractAction::Repeat, Some(known.id), true);
            return;
        }
        let Some(slot) = &self.plan.candidate.slot else { return };
        let rival =
            self.near.iter().find(|known| rules::slot_of(known.content.as_str()).as_ref() == Some(slot));
        if let Some(known) = rival {
            (self.plan.action, self.plan.of, self.decided) =
                (ExtractAction::Supersedes, Some(known.id), true);
        }
    }

    /// As a model is shown it. What is known may hold a secret from before the policy was set.
    fn shown(&self, secrets: SecretPolicy) -> (String, Vec<(String, String)>) {
        let text = |memory: &str| secrets.sendable(memory).unwrap_or_else(|| memory.to_owned());
        let known = self.near.iter().take(SHOWN);
        let known = known.map(|known| (text(known.content.as_str()), day_of(known.source.timestamp)));
        (text(self.plan.new.content.as_str()), known.collect())
    }

    fn judged(&mut self, judgement: Judgement) {
        let id = |at: usize| self.near.get(at).map(|known| known.id);
        let (action, of) = match judgement {
            Judgement::New => (ExtractAction::New, None),
            Judgement::Repeat(at) => (ExtractAction::Repeat, id(at)),
            Judgement::Supersedes(at) => (ExtractAction::Supersedes, id(at)),
        };
        (self.plan.action, self.plan.of) = (action, of);
    }
}

/// Of several findings of which only one can be true at a time, the last one said holds.
fn settle_slots(drafts: &mut [Draft]) {
    let mut last = HashMap::new();
    for (at, draft) in drafts.iter().enumerate() {
        if let Some(slot) = &draft.plan.candidate.slot {
            let said = (draft.plan.candidate.said_at, at);
            last.entry(slot.clone()).and_modify(|known| *known = said.max(*known)).or_insert(said);
        }
    }
    for (at, draft) in drafts.iter_mut().enumerate() {
        let overtaken = draft.plan.candidate.slot.as_ref().is_some_and(|slot| last[slot].1 != at);
        if overtaken && draft.plan.action != ExtractAction::Repeat {
            (draft.plan.action, draft.plan.of, draft.decided) = (ExtractAction::Outdated, None, true);
        }
    }
}

/// The words of a text: what differs by nothing but punctuation and case says the same.
fn words_of(text: &str) -> Vec<String> {
    let form = normal_form(text);
    form.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn punctuation_and_case_make_no_other_memory_but_a_number_and_the_order_do() {
        assert_eq!(words_of("I live in Lisbon!"), words_of("i live, in LISBON."));
        assert_ne!(words_of("I have 2 dogs"), words_of("I have 3 dogs"));
        assert_ne!(words_of("Ada likes Bob"), words_of("Bob likes Ada"));
    }
}
