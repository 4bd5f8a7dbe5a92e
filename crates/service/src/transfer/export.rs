//! Export: everything of one owner, as a stream, in pages of the store.

use std::collections::HashSet;
use std::io::{self, Write};

use omi::{Envelope, Record, Subject, Writer};
use omp_formats::interchange::{self, Context, from_record, native, overlay, with_subject};
use omp_formats::omp;
use omp_model::transfer::{ExportOptions, Format};
use omp_model::{Error, ErrorCode, Memory, MemoryId, Principal, Result};
use omp_store::transfer::ExportPage;
use omp_store::{Exported, Original};
use tokio::runtime::Handle;

use super::Progress;
use crate::Service;
use crate::failure::shown;

/// Memories in one page; the store makes pages of long texts shorter.
const PAGE: u32 = 200;

/// What an export wrote.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExportReport {
    /// Memories.
    pub memories: u64,
    /// Conversations.
    pub conversations: u64,
}

impl Service {
    /// Writes everything that the principal may read to `out`, which is written on a thread that may block.
    pub async fn export(
        &self,
        principal: Principal,
        options: ExportOptions,
        out: Box<dyn Write + Send>,
        progress: Option<Progress>,
    ) -> Result<ExportReport> {
        let (service, handle) = (self.clone(), Handle::current());
        let turn = self.turn().await?;
        let task = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let export =
                Export { service, handle, principal, options, progress, report: ExportReport::default() };
            let out = io::BufWriter::with_capacity(1 << 16, out);
            match options.format {
                Format::Omp => export.omp(out),
                Format::Omi => export.interchange(out, omi::Serialization::Json),
                Format::OmiJsonl => export.interchange(out, omi::Serialization::JsonLines),
            }
        });
        task.await.unwrap_or_else(|_| Err(Error::internal()))
    }
}

struct Export {
    service: Service,
    handle: Handle,
    principal: Principal,
    options: ExportOptions,
    progress: Option<Progress>,
    report: ExportReport,
}

impl Export {
    fn omp(mut self, out: impl Write) -> Result<ExportReport> {
        let mut writer = omp::Writer::new(out, self.service.clock.now()).map_err(|e| unwritable(&e))?;
        self.each_page(false, |_, page| {
            page.iter().try_for_each(|exported| writer.memory(&exported.memory))
        })?;
        if self.options.with_conversations {
            writer.begin_conversations().map_err(|e| unwritable(&e))?;
            let mut after = None;
            loop {
                let page = self.service.store.export_conversations(self.principal.owner, after, 4);
                let page = self.handle.block_on(page).map_err(shown)?;
                let Some(last) = page.last() else { break };
                after = Some(last.id);
                self.report.conversations += page.len() as u64;
                page.iter().try_for_each(|c| writer.conversation(c)).map_err(|e| unwritable(&e))?;
            }
        }
        writer.finish().map_err(|e| unwritable(&e))?;
        Ok(self.report)
    }

    fn interchange(mut self, out: impl Write, serialization: omi::Serialization) -> Result<ExportReport> {
        let known = self.service.store.envelopes(self.principal.owner, interchange::FORMAT);
        let known: Vec<(i64, Envelope)> = self
            .handle
            .block_on(known)
            .map_err(shown)?
            .into_iter()
            .filter_map(|(number, text)| Some((number, Envelope::from(omi::Members::parse(&text).ok()?))))
            .collect();
        let mut records = Records { envelope: self.envelope(&known), known, whole: HashSet::new() };
        let mut writer = Writer::new(out, &records.envelope, serialization).map_err(|e| unwritable(&e))?;
        self.each_page(true, |export, page| {
            for exported in page {
                if let Some(record) = records.record(export, exported) {
                    writer.write(&record)?;
                }
            }
            Ok(())
        })?;
        writer.finish().map_err(|e| unwritable(&e))?;
        Ok(self.report)
    }

    /// The envelope of an interchange export. If all that was imported came in one envelope, its unknown members and
    /// its subject go out again.
    fn envelope(&self, known: &[(i64, Envelope)]) -> Envelope {
        let mut envelope = match known {
            [(_, only)] => only.clone(),
            _ => Envelope::new(),
        };
        if envelope.subject().is_none() {
            envelope.set_subject(&owner());
        }
        envelope.set_generated_at(&self.service.clock.now().to_string());
        envelope.set_generator(concat!("open-memory/", env!("CARGO_PKG_VERSION")));
        envelope
    }

    fn each_page(
        &mut self,
        with_original: bool,
        mut write: impl FnMut(&Self, Vec<Exported>) -> io::Result<()>,
    ) -> Result<()> {
        let with_embedding = self.options.with_embedding;
        let mut page = ExportPage { after: None, limit: PAGE, with_embedding, with_original };
        let now = self.service.clock.now();
        loop {
            let exported = self.service.store.export_memories(self.principal.owner, page, now);
            let exported = self.handle.block_on(exported).map_err(shown)?;
            let Some(last) = exported.last() else { return Ok(()) };
            page.after = Some(last.position);
            self.report.memories += exported.len() as u64;
            write(self, exported).map_err(|e| unwritable(&e))?;
            if let Some(progress) = &self.progress {
                progress(self.report.memories);
            }
        }
    }
}

/// Whose memories the native ones are.
fn owner() -> Subject {
    Subject::new(interchange::OWNER).with_kind("person")
}

/// Turns memories into records, each with the right effective subject.
struct Records {
    envelope: Envelope,
    known: Vec<(i64, Envelope)>,
    /// Memories that are the first part of a cut record which went out whole.
    whole: HashSet<MemoryId>,
}

impl Records {
    /// The record of a memory; `None` for the later parts of a record that went out whole.
    fn record(&mut self, export: &Export, exported: Exported) -> Option<Record> {
        let memory = exported.memory;
        let Some(original) = exported.original.filter(|o| o.format == interchange::FORMAT) else {
            return Some(self.native(&memory));
        };
        if original.head.is_some_and(|head| self.whole.contains(&head)) {
            return None;
        }
        let Some(record) = original.raw.as_deref().and_then(|raw| Record::parse(raw).ok()) else {
            return Some(self.native(&memory));
        };
        let came_with = self.known.iter().find(|(number, _)| Some(*number) == original.envelope);
        let came_with = came_with.and_then(|(_, envelope)| envelope.subject());
        let context =
            Context { subject: came_with.as_ref().map(|s| s.id.as_str()), fallback: memory.created_at };
        let parts = from_record(&record, context).map(|mapped| mapped.parts).unwrap_or_default();
        let record = if parts.len() > 1 {
            if !all_there(export, &memory, &parts, &original) {
                return Some(self.native(&memory));
            }
            self.whole.insert(memory.id);
            record
        } else {
            overlay(record, &memory, context.subject)
        };
        Some(match came_with {
            Some(subject) if Some(&subject.id) != self.envelope.subject().map(|s| s.id).as_ref() => {
                with_subject(record, &subject)
            }
            _ => record,
        })
    }

    fn native(&self, memory: &Memory) -> Record {
        let owner = owner();
        let record = native(memory);
        if self.envelope.subject().is_some_and(|subject| subject.id == owner.id) {
            return record;
        }
        with_subject(record, &owner)
    }
}

/// Whether every part of a cut record is stored as it was imported. Such records are rare, so each part is a read.
fn all_there(export: &Export, head: &Memory, parts: &[Memory], original: &Original) -> bool {
    let same =
        |stored: &Memory, part: &Memory| Memory { id: stored.id, embedding: None, ..part.clone() } == *stored;
    let read = |index: usize| {
        let (store, id) = (&export.service.store, interchange::part_id(head.id, index));
        let read = store.get_memory(export.principal.owner, id, false, export.service.clock.now());
        export.handle.block_on(read).ok().flatten()
    };
    original.head.is_none()
        && same(&Memory { embedding: None, ..head.clone() }, &parts[0])
        && (1..parts.len()).all(|index| read(index).is_some_and(|stored| same(&stored, &parts[index])))
}

fn unwritable(error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::StorageFull => Error::new(ErrorCode::StorageFull, "There is no room for the export."),
        _ => Error::new(
            ErrorCode::Unavailable,
            format!("The export could not be written to its end: {error}."),
        ),
    }
}
