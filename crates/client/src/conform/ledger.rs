//! What a run has seen and made.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::Value;

use super::probe::{Answer, Call};

/// What the whole run has seen and made.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) requests: usize,
    /// Requests without an answer since the last one with an answer.
    pub(super) silent: usize,
    pub(super) memories: BTreeSet<String>,
    pub(super) conversations: BTreeSet<String>,
    pub(super) namespaces: BTreeSet<String>,
    pub(super) samples: BTreeMap<&'static str, Result<Value, String>>,
    pub(super) broken: Option<String>,
    pub(super) limited: bool,
    pub(super) impatient: Option<String>,
}

impl Ledger {
    /// Remembers whether there was an answer at all.
    pub(super) fn hear(&mut self, answered: bool) {
        self.silent = if answered { 0 } else { self.silent + 1 };
    }

    /// Remembers what an answer says was made, and failures of the server.
    pub(super) fn note(&mut self, call: &Call, answer: &Answer) {
        if answer.status == 500 || answer.status == 503 {
            self.broken.get_or_insert_with(|| answer.got());
        }
        if answer.status == 429 {
            self.limited = true;
            if answer.header("retry-after").is_empty() {
                self.impatient.get_or_insert_with(|| answer.got());
            }
        }
        let path = call.path.split('?').next().unwrap_or_default();
        if call.method != Method::POST || answer.status != 201 {
            return;
        }
        let json = &answer.json;
        match path {
            "/v1/memories" | "/v1/compress" | "/v1/extract" => {
                let listed = json["memories"].as_array().into_iter().flatten();
                let ids = listed.chain([json, &json["memory"]]).filter_map(|memory| memory["id"].as_str());
                self.memories.extend(ids.map(str::to_owned));
            }
            "/v1/conversations" => self.conversations.extend(json["id"].as_str().map(str::to_owned)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reqwest::header::HeaderMap;
    use serde_json::json;

    use super::*;

    fn answer(status: u16, json: Value) -> Answer {
        let text = json.to_string();
        Answer { call: String::new(), status, headers: HeaderMap::new(), text, json, took: Duration::ZERO }
    }

    #[test]
    fn only_what_was_made_is_remembered() {
        let mut ledger = Ledger::default();
        let made = Call::post("/v1/memories", &json!({}));
        ledger.note(&made, &answer(201, json!({"id": "mem_made"})));
        ledger.note(&made, &answer(422, json!({"id": "mem_refused"})));
        ledger.note(&Call::get("/v1/memories"), &answer(200, json!({"memories": [{"id": "mem_others"}]})));
        ledger.note(
            &Call::post("/v1/memories/search", &json!({})),
            &answer(200, json!({"memories": [{"id": "mem_found"}]})),
        );
        assert_eq!(ledger.memories.into_iter().collect::<Vec<_>>(), ["mem_made"]);
    }

    #[test]
    fn a_limit_without_retry_after_is_remembered() {
        let mut ledger = Ledger::default();
        ledger.note(&Call::get("/"), &answer(429, json!({})));
        assert!(ledger.limited && ledger.impatient.is_some() && ledger.broken.is_none());
    }
}
