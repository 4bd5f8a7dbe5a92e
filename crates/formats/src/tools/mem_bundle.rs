//! `.mem` bundles (Portable Memory 1.0 and 1.1).
//!
//! **Recognised** by a folder or ZIP with a `manifest.json` that has `format`, `files` and `conformanceLevel`, or by a
//! `manifest.json` beside `items/*.jsonl`.
//!
//! **Read.** Every file is compared with its sum in the manifest, and a difference is told. Tombstones come first: what
//! they name is passed over. Episodes, facts, edges, core blocks, procedures and preferences are memories; contexts name
//! the namespace of episodes, entities those of edges. An edge or fact keeps its time of validity. Secrets are never
//! read.
//!
//! **Written** as a bundle of format 1.1.0 with canonical JSON, sums, and no vectors. What came from a bundle goes out in
//! its kind, all else as episodes; what those have no place for is in `metadata.open_memory`, as text, because that is
//! what metadata has to be there.
//!
//! **Cannot carry** kinds that are no memories (links, resources, chunks, communities, vendors' own), the audit trail, a
//! signature, because the bundle is another one.

mod items;
mod write;

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::format::{BeginFolder, Write};
use crate::items::{each_line, whole};
use crate::origin::hex;
use crate::tools::values::{at, text};
use crate::{Format, Input, Member, Probe, ReadOptions, Recognised, Sink, Stop};

/// The format.
#[derive(Debug)]
pub struct MemBundle;

const NAME: &str = "mem-bundle";

impl Format for MemBundle {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "`.mem` bundle of Portable Memory (a folder or ZIP with manifest.json and items/)"
    }

    fn recognise(&self, probe: &Probe<'_>) -> Option<Recognised> {
        let mut manifests = probe.named("manifest.json");
        manifests.find(|member| {
            probe.outline(member, |outline| outline.has_all(&[".format", ".files", ".conformanceLevel"]))
        })?;
        Some(Recognised::certain("its manifest.json has `format`, `files` and `conformanceLevel`"))
    }

    fn read(&self, input: &mut Input, _: &ReadOptions, sink: &mut dyn Sink) -> Result<(), Stop> {
        let members = input.members();
        let root = members.iter().find(|member| member.name() == "manifest.json");
        let root = root.map_or("", Member::folder).to_owned();
        let inside = |member: &Member| {
            let path = member.path.as_ref();
            let path =
                if root.is_empty() { path } else { path.strip_prefix(root.as_str())?.strip_prefix('/')? };
            Some(path.to_owned())
        };
        let mut known = Known::default();
        let mut files = Vec::new();
        let mut found = input.is_single();
        for member in members.iter() {
            let Some(path) = inside(member) else { continue };
            match kind(&path) {
                Some(kind) => files.push((kind.to_owned(), member)),
                None if path == "audit/tombstones.jsonl" => known.tombstones(input, member, sink)?,
                None if input.is_single() => files.push(("episode".to_owned(), member)),
                None => {}
            }
            if path == "manifest.json" {
                found = true;
                check(input, member, &members, &inside, sink)?;
            }
        }
        if !found {
            return Err(Stop::broken(&crate::Place::default(), "there is no manifest.json in it"));
        }
        // Names before what they are names of.
        for (kind, member) in &files {
            if matches!(kind.as_str(), "entity" | "context") {
                known.names(kind, input, member, sink)?;
            }
        }
        for (kind, member) in &files {
            items::read(kind, &known, input, member, sink)?;
        }
        Ok(())
    }

    fn write(&self) -> Option<Write> {
        const BEGIN: BeginFolder = |files, options| Ok(Box::new(write::Writer::new(files, options.now)));
        Some(Write::Folder { begin: BEGIN })
    }
}

/// The kind of the items of a file.
fn kind(path: &str) -> Option<&str> {
    path.strip_prefix("items/")?.strip_suffix(".jsonl").filter(|kind| !kind.contains('/'))
}

/// What is known before the items are read.
#[derive(Debug, Default)]
struct Known {
    /// Kind and id of what was deleted.
    deleted: HashSet<(String, String)>,
    /// Ids that were deleted with something.
    derived: HashSet<String>,
    /// Names of entities and contexts by their ids.
    names: HashMap<String, String>,
}

impl Known {
    fn tombstones(&mut self, input: &mut Input, member: &Member, sink: &mut dyn Sink) -> Result<(), Stop> {
        each_line(input, member, sink, |_, item| {
            let stone: Value = serde_json::from_str(item.raw).unwrap_or_default();
            if let (Some(kind), Some(id)) = (text(&stone, "targetKind"), text(&stone, "targetID")) {
                self.deleted.insert((kind.to_owned(), id.to_owned()));
            }
            for name in ["factIDs", "edgeIDs", "entityIDs", "chunkIDs"] {
                let ids = at(&stone, &format!("derived.{name}")).and_then(Value::as_array);
                let ids = ids.into_iter().flatten().filter_map(Value::as_str);
                self.derived.extend(ids.map(str::to_owned));
            }
            Ok(())
        })
    }

    fn names(
        &mut self,
        kind: &str,
        input: &mut Input,
        member: &Member,
        sink: &mut dyn Sink,
    ) -> Result<(), Stop> {
        each_line(input, member, sink, |_, item| {
            let value: Value = serde_json::from_str(item.raw).unwrap_or_default();
            let name = text(&value, if kind == "entity" { "canonicalName" } else { "label" });
            if let (Some(id), Some(name)) = (text(&value, "id"), name) {
                self.names.insert(id.to_owned(), name.to_owned());
            }
            Ok(())
        })
    }

    fn is_deleted(&self, kind: &str, id: &str) -> bool {
        self.derived.contains(id) || self.deleted.contains(&(kind.to_owned(), id.to_owned()))
    }
}

/// Compares the files with the manifest. What differs is read all the same: it is what there is.
fn check(
    input: &mut Input,
    manifest: &Member,
    members: &[Member],
    inside: &dyn Fn(&Member) -> Option<String>,
    sink: &mut dyn Sink,
) -> Result<(), Stop> {
    let place = manifest.place();
    let Ok(manifest) = serde_json::from_str::<Value>(&whole(input, manifest, sink)?) else {
        sink.failed("manifest", "is no valid JSON", &place);
        return Ok(());
    };
    let mut listed = HashMap::new();
    for file in crate::tools::values::objects(&manifest, "files") {
        if let (Some(path), Some(sum)) = (text(file, "path"), text(file, "sha256")) {
            listed.insert(path, sum);
        }
    }
    for member in members {
        let Some(expected) = inside(member).and_then(|path| listed.remove(path.as_str())) else { continue };
        let mut sum = Sha256::new();
        std::io::copy(&mut input.open(member)?, &mut Summing(&mut sum))?;
        if hex(&sum.finalize()) != expected {
            let what = "is not the one that the manifest lists; the file was changed after it was written";
            sink.changed("checksum", what, &member.place());
        }
    }
    for path in listed.into_keys().filter(|path| path.starts_with("items/")) {
        sink.failed("file", &format!("{path} is listed in the manifest and not there"), &place);
    }
    Ok(())
}

struct Summing<'a>(&'a mut Sha256);

impl std::io::Write for Summing<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
