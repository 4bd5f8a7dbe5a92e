//! Writes a bundle.

use std::collections::BTreeMap;
use std::io;

use omp_model::Timestamp;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::NAME;
use crate::Sink;
use crate::origin::hex;
use crate::own::{self, Part, beside, tell_lost};
use crate::write::{Files, Outgoing, RecordWriter};

/// Collects the lines of each kind; sums and counts stand in the manifest, which ends the bundle.
pub(super) struct Writer<'a> {
    files: Box<dyn Files + 'a>,
    now: Timestamp,
    lines: BTreeMap<String, String>,
    counts: BTreeMap<String, u64>,
    times: Option<(Timestamp, Timestamp)>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(files: Box<dyn Files + 'a>, now: Timestamp) -> Self {
        Self { files, now, lines: BTreeMap::new(), counts: BTreeMap::new(), times: None }
    }

    fn line(&mut self, kind: &str, item: &Value) -> io::Result<()> {
        let lines = self.lines.entry(kind.to_owned()).or_default();
        lines.push_str(&canonical(item)?);
        lines.push('\n');
        *self.counts.entry(kind.to_owned()).or_default() += 1;
        Ok(())
    }
}

fn canonical(item: &Value) -> io::Result<String> {
    serde_json_canonicalizer::to_string(item).map_err(Into::into)
}

/// Whole seconds, which is what the format has.
fn seconds(at: Timestamp) -> String {
    let text = at.to_string();
    format!("{}Z", &text[..text.len().min(19)])
}

/// What an episode has no place for.
const BESIDE: [Part; 10] = [
    Part::Type,
    Part::Tags,
    Part::Namespace,
    Part::Created,
    Part::Updated,
    Part::Observed,
    Part::Expires,
    Part::Tool,
    Part::Session,
    Part::User,
];

impl RecordWriter for Writer<'_> {
    fn write(&mut self, outgoing: &Outgoing, report: &mut dyn Sink) -> io::Result<()> {
        let at = outgoing.memory.source.timestamp;
        let (first, last) = self.times.unwrap_or((at, at));
        self.times = Some((first.min(at), last.max(at)));
        let kind = outgoing.from(NAME).and_then(|origin| origin.text("kind"));
        if let (Some(same), Some(kind)) = (outgoing.same_again(NAME), &kind) {
            let item: Value = serde_json::from_str(same.get())?;
            return self.line(kind, &item);
        }
        tell_lost(outgoing, &["confidence"], report);
        let item = episode(outgoing, kind.as_deref() == Some("episode"));
        self.line("episode", &item)
    }

    fn finish(mut self: Box<Self>, _: &mut dyn Sink) -> io::Result<()> {
        let (mut files, mut sums) = (Vec::new(), String::new());
        for (kind, lines) in &self.lines {
            let path = format!("items/{kind}.jsonl");
            let sum = hex(&Sha256::digest(lines.as_bytes()));
            self.files.write(&path, lines.as_bytes())?;
            sums.push_str(&format!("{sum}  {path}\n"));
            files.push(json!({"path": path, "sha256": sum, "bytes": lines.len()}));
        }
        let (from, to) = self.times.unwrap_or((self.now, self.now));
        let manifest = json!({
            "format": "1.1.0",
            "generator": concat!("open-memory/", env!("CARGO_PKG_VERSION")),
            "conformanceLevel": "L1",
            "createdAt": seconds(self.now),
            "exportMode": "full",
            "schemaVersion": 0,
            "embeddingModel": "",
            "embeddingDim": 0,
            "embeddingsIncluded": false,
            "capabilities": ["bitemporal", "ext"],
            "counts": self.counts,
            "files": files,
            "bundleDigest": hex(&Sha256::digest(sums.as_bytes())),
            "coverage": {"from": seconds(from), "to": seconds(to)},
            "specURL": "https://github.com/MacPaw/portable-memory/blob/main/Spec/portable-memory-spec.md",
        });
        self.files.write("manifest.json", canonical(&manifest)?.as_bytes())?;
        self.files.write("CHECKSUMS", sums.as_bytes())?;
        self.files.finish()
    }
}

/// A memory as an episode; one that was changed here over what it was there.
fn episode(outgoing: &Outgoing, was_one: bool) -> Value {
    let memory = &outgoing.memory;
    let old = own::original(outgoing, NAME).filter(|_| was_one);
    let old = old.and_then(|old| serde_json::to_value(&old).ok()?.as_object().cloned());
    let mut item = old.unwrap_or_default();
    let (created, observed) = (seconds(memory.created_at), seconds(memory.source.timestamp));
    let mut parts = BESIDE.to_vec();
    let user: Value = serde_json::from_str(&memory.metadata.to_json()).unwrap_or_default();
    let mut metadata: Map<String, Value> = if own::texts_only(&memory.metadata) {
        user.as_object().cloned().unwrap_or_default()
    } else {
        parts.push(Part::Metadata);
        Map::new()
    };
    metadata.insert(own::KEY.into(), beside(outgoing, &parts).get().into());
    let summary: String = outgoing.content.lines().next().unwrap_or_default().chars().take(200).collect();
    let new = json!({
        "ingestionTime": created,
        "eventTime": observed,
        "mentionTime": observed,
        "details": outgoing.content,
        "summary": summary,
        "categories": outgoing.tags,
        "metadata": metadata,
    });
    let usual = json!({
        "id": format!("ep_{}", memory.id.body()),
        "sourceType": if outgoing.kind == omp_model::MemoryType::Episodic { "event" } else { "note" },
        "actors": [],
        "sensitivity": "low",
        "importance": 0.5,
        "confidence": outgoing.record.confidence().unwrap_or(1.0),
        "lifecycleState": "HOT",
        "extractionState": "done",
        "accessCount": 0,
        "pinned": false,
        "vaultRefs": [],
    });
    if let Value::Object(new) = new {
        item.extend(new);
    }
    for (name, value) in usual.as_object().into_iter().flatten() {
        item.entry(name.as_str()).or_insert_with(|| value.clone());
    }
    if let Some(expires) = memory.expires_at {
        item.insert("expirationDate".into(), seconds(expires).into());
    }
    Value::Object(item)
}
