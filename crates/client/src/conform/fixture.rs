//! The place where the checks work: a namespace of their own, the samples they share, and what must be cleared away.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::ledger::Ledger;
use super::probe::{Answer, Call, Credential, Finding, cut, encode, fail, skip};
use super::sample::{letters, memory_id, memory_path, overlay};
use super::{ConformError, Options};

/// No answer is read beyond this.
const LARGEST_ANSWER: usize = 64 << 20;
/// No check waits longer than this for a server that asks for patience.
const PATIENCE: Duration = Duration::from_mins(1);

/// After so many requests in a row without an answer the server is taken for gone.
const LAST_TRY: usize = 8;

/// A server under test and a place on it.
#[derive(Debug)]
pub(super) struct Fixture {
    client: reqwest::Client,
    base: String,
    /// The key that the server was given, if any.
    pub(super) key: Option<String>,
    /// Whether the server may be made to call an AI provider.
    pub(super) providers: bool,
    run: String,
    ledger: Mutex<Ledger>,
}

impl Fixture {
    /// A fixture for one run; nothing is sent yet.
    pub(super) fn new(options: &Options) -> Result<Self, ConformError> {
        let base = options.url.trim_end_matches('/').to_owned();
        let url = reqwest::Url::parse(&base).map_err(|error| ConformError::Url(error.to_string()))?;
        let mut builder = reqwest::Client::builder()
            .timeout(options.timeout)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent("omp-conform");
        if matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]")) {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| ConformError::Client(error.to_string()))?;
        Ok(Self {
            client,
            base,
            key: options.api_key.clone(),
            providers: options.providers,
            run: letters(12),
            ledger: Mutex::default(),
        })
    }

    /// Our own namespace for one subject.
    pub(super) fn namespace(&self, subject: &str) -> String {
        let name = format!("{}{subject}", self.prefix());
        self.ledger().namespaces.insert(name.clone());
        name
    }

    /// A word that stands in nobody else's memory.
    pub(super) fn word(&self, tail: &str) -> String {
        format!("{}{tail}", self.run)
    }

    /// A valid memory as a client sends it, with `change` laid over it.
    pub(super) fn memory(&self, change: Value) -> Value {
        let base = json!({
            "content": "A sample of the conformance suite.",
            "type": "semantic",
            "source": {"tool": "conform"},
            "namespace": self.namespace("memories"),
        });
        overlay(base, change)
    }

    /// A valid item of an export document, with `change` laid over it.
    pub(super) fn item(&self, change: Value) -> Value {
        let base = json!({
            "id": memory_id(),
            "created_at": "2021-03-04T05:06:07.000Z",
            "updated_at": "2022-03-04T05:06:07.000Z",
        });
        overlay(self.memory(base), change)
    }

    /// Sends a request and reads the answer, patiently if the server asks for it.
    pub(super) async fn send(&self, call: Call) -> Result<Answer, Finding> {
        let started = Instant::now();
        loop {
            if self.ledger().silent >= LAST_TRY {
                return Err(skip("the server no longer answers"));
            }
            let answer = self.once(&call).await;
            self.ledger().hear(answer.is_ok());
            let answer = answer?;
            self.ledger().note(&call, &answer);
            if answer.status != 429 || started.elapsed() > PATIENCE {
                return Ok(answer);
            }
            let seconds = answer.header("retry-after").parse().unwrap_or(1);
            tokio::time::sleep(Duration::from_secs(seconds).min(PATIENCE)).await;
        }
    }

    async fn once(&self, call: &Call) -> Result<Answer, Finding> {
        let name = cut(&format!("{} {}", call.method, call.path), 120);
        let mut request = self.client.request(call.method.clone(), format!("{}{}", self.base, call.path));
        match (&call.credential, &self.key) {
            (Credential::Ours, Some(key)) => request = request.bearer_auth(key),
            (Credential::Header(value), _) => request = request.header("authorization", value),
            (Credential::Ours | Credential::None, _) => {}
        }
        for (header, value) in &call.headers {
            request = request.header(*header, value);
        }
        if let Some(body) = &call.body {
            request = request.body(if call.chunked { in_chunks(body) } else { body.clone().into() });
        }
        self.ledger().requests += 1;
        let trouble = |error: reqwest::Error| fail(format!("an answer to {name}"), causes(&error));
        let started = Instant::now();
        let mut response = request.send().await.map_err(trouble)?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(trouble)? {
            body.extend_from_slice(&chunk);
            if body.len() > LARGEST_ANSWER {
                return Err(skip(format!("the answer to {name} is too large to read")));
            }
        }
        let json = serde_json::from_slice(&body).unwrap_or_default();
        let text = String::from_utf8_lossy(&body).into_owned();
        Ok(Answer { call: name, status, headers, text, json, took: started.elapsed() })
    }

    /// Stores a memory that a check needs; the check is skipped if that fails.
    pub(super) async fn store(&self, change: Value) -> Result<Value, Finding> {
        let answer = self.send(Call::post("/v1/memories", &self.memory(change))).await?;
        if answer.status == 201 && answer.json["id"].is_string() {
            Ok(answer.json)
        } else {
            Err(skip(format!("a sample could not be stored: {}", answer.got())))
        }
    }

    /// The memory with this id, wherever the answer must be 200.
    pub(super) async fn fetch(&self, id: &Value) -> Result<Value, Finding> {
        Ok(self.send(Call::get(memory_path(id))).await?.be(200)?.json)
    }

    /// Imports items under a query such as `?conflict=skip`.
    pub(super) async fn import(&self, items: &[Value], query: &str) -> Result<Answer, Finding> {
        self.import_document(&self.document(items), query).await
    }

    /// An export document around items; all their ids will be cleared away.
    pub(super) fn document(&self, items: &[Value]) -> Value {
        let ids = items.iter().filter_map(|item| item["id"].as_str());
        self.ledger().memories.extend(ids.filter(|id| id.starts_with("mem_")).map(str::to_owned));
        json!({
            "omp_version": "0.1",
            "exported_at": "2023-01-01T00:00:00.000Z",
            "server": "omp-conform",
            "memories": items,
        })
    }

    /// Imports a whole document.
    pub(super) async fn import_document(&self, document: &Value, query: &str) -> Result<Answer, Finding> {
        self.send(Call::post(format!("/v1/import{query}"), document)).await
    }

    /// A list under a query without the question mark.
    pub(super) async fn list(&self, query: &str) -> Result<Value, Finding> {
        Ok(self.send(Call::get(format!("/v1/memories?{query}"))).await?.be(200)?.json)
    }

    /// A search by a body.
    pub(super) async fn search(&self, body: &Value) -> Result<Value, Finding> {
        Ok(self.send(Call::post("/v1/memories/search", body)).await?.be(200)?.json)
    }

    /// What `make` made the first time it was asked for under this name.
    pub(super) async fn sample(
        &self,
        name: &'static str,
        make: impl Future<Output = Result<Value, Finding>> + Send,
    ) -> Result<Value, Finding> {
        let known = self.ledger().samples.get(name).cloned();
        if let Some(known) = known {
            return known.map_err(Finding::Skip);
        }
        let made = make.await.map_err(|finding| match finding {
            Finding::Skip(reason) => reason,
            Finding::Fail { expected, got } => {
                format!("the samples could not be made: expected {expected}, got {got}")
            }
        });
        self.ledger().samples.insert(name, made.clone());
        made.map_err(Finding::Skip)
    }

    /// The first answer of the run that was a 500 or 503.
    pub(super) fn broken(&self) -> Option<String> {
        self.ledger().broken.clone()
    }

    /// Whether the server limited our rate, and the first time it did not say for how long.
    pub(super) fn limited(&self) -> (bool, Option<String>) {
        let ledger = self.ledger();
        (ledger.limited, ledger.impatient.clone())
    }

    /// How many requests were sent so far.
    pub(super) fn requests(&self) -> usize {
        self.ledger().requests
    }

    /// Deletes whatever the run made; gives the ids that are still there.
    pub(super) async fn clear(&self) -> Vec<String> {
        self.ledger().hear(true);
        self.find_strays().await;
        let (memories, conversations) = {
            let mut ledger = self.ledger();
            (std::mem::take(&mut ledger.memories), std::mem::take(&mut ledger.conversations))
        };
        let memories = memories.into_iter().map(|id| (format!("/v1/memories/{id}"), id));
        let conversations = conversations.into_iter().map(|id| (format!("/v1/conversations/{id}"), id));
        let mut left = Vec::new();
        for (path, id) in memories.chain(conversations) {
            let answer = self.send(Call::delete(path)).await;
            if !answer.is_ok_and(|answer| matches!(answer.status, 200 | 204 | 400 | 404 | 410 | 422)) {
                left.push(id);
            }
        }
        left
    }

    /// Finds memories in our namespaces whose ids no answer told us, such as those of an import of duplicates.
    async fn find_strays(&self) {
        let namespaces = self.ledger().namespaces.clone();
        for namespace in namespaces {
            for page in 0..10 {
                let query = format!("namespace={}&limit=100&offset={}", encode(&namespace), page * 100);
                let Ok(list) = self.list(&query).await else { break };
                let rows = list["memories"].as_array().cloned().unwrap_or_default();
                // A server that ignores the filter shows other people's memories: those are not ours to delete.
                let ours = rows.iter().filter(|row| row["namespace"] == namespace.as_str());
                let ids: Vec<String> = ours.filter_map(|row| row["id"].as_str().map(str::to_owned)).collect();
                let full = rows.len() == 100;
                self.ledger().memories.extend(ids);
                if !full {
                    break;
                }
            }
        }
    }

    fn prefix(&self) -> String {
        format!("conform:{}:", self.run)
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn in_chunks(body: &[u8]) -> reqwest::Body {
    let chunks: Vec<Result<Vec<u8>, std::io::Error>> =
        body.chunks(16).map(|chunk| Ok(chunk.to_vec())).collect();
    reqwest::Body::wrap_stream(futures_util::stream::iter(chunks))
}

/// An error and what caused it, in one line.
pub(super) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
