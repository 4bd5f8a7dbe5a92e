//! Export: everything of one owner, as a stream, in pages of the store.

use std::io::{self, Write};

use omi::{Record, Writer};
use omp_formats::format::{Write as Form, WriteOptions, find};
use omp_formats::write::{Outgoing, ZipFiles};
use omp_formats::{Place, omp};
use omp_model::transfer::{ExportOptions, Format, ImportReport};
use omp_model::{Error, ErrorCode, Principal, Result, Scope};
use omp_store::Exported;
use omp_store::transfer::ExportPage;
use tokio::runtime::Handle;

use super::Progress;
use super::detect::{Known, by_name};
use super::foreign::Telling;
use super::outgoing::Records;
use crate::Service;
use crate::access::require;
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
    /// Whether the principal may export at all: to be asked before an answer begins that cannot be taken back. A
    /// replica cannot write down that somebody has taken everything away.
    pub fn authorize_export(&self, principal: &Principal) -> Result<()> {
        require(principal, Scope::Read)?;
        self.require_primary()
    }

    /// Writes everything that the principal may read to `out`, which is written on a thread that may block.
    pub async fn export(
        &self,
        principal: Principal,
        options: ExportOptions,
        out: Box<dyn Write + Send>,
        progress: Option<Progress>,
    ) -> Result<ExportReport> {
        self.authorize_export(&principal)?;
        self.note_export(&principal).await;
        let (service, handle) = (self.clone(), Handle::current());
        let known = writable(options.format)?;
        let turn = self.turn().await?;
        let task = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let export =
                Export { service, handle, principal, options, progress, report: ExportReport::default() };
            let out = io::BufWriter::with_capacity(1 << 16, out);
            match known {
                Known::Native(Format::OMP) => export.omp(out),
                Known::Native(Format::OMI) => export.interchange(out, omi::Serialization::Json),
                Known::Native(_) => export.interchange(out, omi::Serialization::JsonLines),
                Known::Foreign(format) => export.foreign(out, format),
            }
        });
        task.await.unwrap_or_else(|_| Err(Error::internal()))
    }
}

pub(super) struct Export {
    pub(super) service: Service,
    pub(super) handle: Handle,
    pub(super) principal: Principal,
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
                let page = self.service.store.export_conversations(&self.principal, after, 4);
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
        let mut records = Records::new(&self, Some(serialization))?;
        let mut writer = Writer::new(out, &records.envelope, serialization).map_err(|e| unwritable(&e))?;
        self.each_page(true, |export, page| {
            for exported in page {
                if let Some(record) = records.record(export, exported) {
                    writer.write(&record)?;
                }
            }
            Ok(())
        })?;
        records.rest().iter().try_for_each(|record| writer.write(record)).map_err(|e| unwritable(&e))?;
        writer.finish().map_err(|e| unwritable(&e))?;
        Ok(self.report)
    }

    /// Another tool's format: a file, or a ZIP of several.
    fn foreign(mut self, out: impl Write, format: &dyn omp_formats::Format) -> Result<ExportReport> {
        let now = self.service.clock.now();
        let options = WriteOptions { now };
        let begun = match format.write() {
            Some(Form::File { begin, .. }) => begin(Box::new(out), options),
            Some(Form::Folder { begin }) => begin(Box::new(ZipFiles::new(out)), options),
            None => return Err(Error::internal()),
        };
        let mut writer = begun.map_err(|e| unwritable(&e))?;
        let mut told = ImportReport::default();
        let mut records = Records::new(&self, None)?;
        let subject = records.envelope.subject().map(|subject| subject.id);
        let mut index = 0;
        let mut write = |record: Record, at| {
            let outgoing = Outgoing::new(record, subject.as_deref(), at, Place::default().index(index));
            if let Ok(outgoing) = outgoing {
                writer.write(&outgoing, &mut Telling { report: &mut told, index })?;
            }
            index += 1;
            Ok(())
        };
        self.each_page(true, |export, page| {
            for exported in page {
                let at = exported.memory.created_at;
                if let Some(record) = records.record(export, exported) {
                    write(record, at)?;
                }
            }
            Ok(())
        })?;
        records
            .rest()
            .into_iter()
            .try_for_each(|record| write(record, now))
            .map_err(|e: io::Error| unwritable(&e))?;
        writer.finish(&mut Telling { report: &mut told, index }).map_err(|e| unwritable(&e))?;
        Ok(self.report)
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
            let exported = self.service.store.export_memories(&self.principal, page, now);
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

/// The format of this name, if it can be written.
fn writable(format: Format) -> Result<Known> {
    let known = by_name(format)?;
    match known {
        Known::Foreign(foreign) if foreign.write().is_none() => {
            Err(Error::invalid("format", format!("cannot be `{format}`, which is only read")))
        }
        known => Ok(known),
    }
}

/// Whether this format can be written; the error says why not.
pub fn check_export(format: Format) -> Result<()> {
    writable(format).map(drop)
}

/// What a file of this format is called and its media type; of a format of several files, the archive's.
pub fn file_form(format: Format) -> (&'static str, &'static str) {
    match format {
        Format::OMI => ("omi.json", "application/vnd.omi+json"),
        Format::OMI_JSONL => ("omi.jsonl", "application/vnd.omi+jsonl"),
        _ => match find(format.as_str()).and_then(omp_formats::Format::write) {
            Some(Form::File { extension, media_type, .. }) => (extension, media_type),
            Some(Form::Folder { .. }) => ("zip", "application/zip"),
            None => ("omp.json", "application/json"),
        },
    }
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
