//! Import: each item lands whole or is reported, and a second import of the same changes nothing.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufReader, Read, Seek};

use omi::frames::{FrameError, FrameErrorKind};
use omi::{Item, Layout, Position, ReadError, Reader};
use omp_formats::interchange::{self, Context, from_record};
use omp_formats::omp::{self, Entry};
use omp_model::fields::Field;
use omp_model::transfer::{Choice, Conflict, Format, ImportIssue, ImportNote, ImportOptions, ImportReport};
use omp_model::{Conversation, Error, ErrorCode, Memory, MemoryId, Principal, Result, Scope, Timestamp};
use omp_store::{ImportItem, Original};
use tokio::runtime::Handle;

use super::chunks::Chunks;
use super::detect::{Known, chosen};
use super::source::{ImportSource, Opened, unreadable};
use super::talks::{LastPart, Talks};
use super::{CHUNK, Progress};
use crate::Service;
use crate::access::{require, require_conversations};
use crate::failure::shown;
use crate::secrets::told;

impl Service {
    /// Reads everything that `source` holds into the principal's memories.
    ///
    /// Errors when the source is none of our formats, is broken in its structure or cannot be read; what is wrong
    /// with a single item is in the report.
    pub async fn import(
        &self,
        principal: Principal,
        source: ImportSource,
        options: ImportOptions,
        progress: Option<Progress>,
    ) -> Result<ImportReport> {
        require(&principal, Scope::Write)?;
        if !options.dry_run {
            self.require_primary()?;
        }
        let (service, handle) = (self.clone(), Handle::current());
        let turn = self.turn().await?;
        let embeddings = self.embeddings.clone();
        let task = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let mut opened = Opened::new(source, options.name.as_deref())?;
            let detected = chosen(options.format, options.media, &options.choice, &mut opened)?;
            let named = options.format.is_some();
            let mut import = Import::new(service, handle, principal, detected.known, options, progress);
            import.report.because = Some(detected.because).filter(|because| !because.is_empty());
            let read = match detected.known {
                Known::Native(Format::OMP) => import.omp(opened),
                Known::Native(format) => import.interchange(opened, format),
                Known::Foreign(format) => import.foreign(opened, format, named),
            };
            import.finish(read)
        });
        let report = task.await.unwrap_or_else(|_| Err(Error::internal()));
        embeddings.wake();
        report
    }
}

/// The longest record that is taken: it is held several times over while it is stored.
const LIMITS: omi::frames::Limits = omi::frames::Limits { frame_bytes: 16 << 20, depth: 127 };

pub(super) struct Import {
    pub(super) service: Service,
    pub(super) handle: Handle,
    pub(super) principal: Principal,
    pub(super) now: Timestamp,
    /// The strategy that the caller named, which wins over one in the body (reading 4).
    asked: Option<Conflict>,
    pub(super) conflict: Conflict,
    pub(super) choice: Choice,
    pub(super) dry_run: bool,
    progress: Option<Progress>,
    pub(super) report: ImportReport,
    pub(super) chunks: Chunks,
    /// Whether to tell of memories that stay because another one has their id: where ids are those of any tool.
    pub(super) tells_skipped: bool,
    /// Ids met in this file and what they stood for: two records may share one.
    met: HashMap<MemoryId, u64>,
    pub(super) talks: Talks,
}

impl Import {
    fn new(
        service: Service,
        handle: Handle,
        principal: Principal,
        known: Known,
        options: ImportOptions,
        progress: Option<Progress>,
    ) -> Self {
        // What comes from a tool that is still used comes again, with what is new and what has changed.
        let default = if matches!(known, Known::Foreign(_)) { Conflict::Newer } else { Conflict::Skip };
        Self {
            now: service.clock.now(),
            service,
            handle,
            principal,
            asked: options.conflict,
            conflict: options.conflict.unwrap_or(default),
            choice: options.choice,
            dry_run: options.dry_run,
            progress,
            report: ImportReport {
                format: known.name(),
                dry_run: options.dry_run,
                ..ImportReport::default()
            },
            chunks: Chunks::default(),
            tells_skipped: matches!(known, Known::Native(format) if format != Format::OMP),
            met: HashMap::new(),
            talks: Talks::default(),
        }
    }

    /// An export document. It is walked over once before anything is stored: so a broken one stores nothing, and a
    /// strategy that stands behind the memories is known in time.
    fn omp(&mut self, opened: Opened) -> Result<()> {
        let mut source = opened.rereadable(&self.service.spool_folder)?;
        let in_body = omp::survey(BufReader::with_capacity(1 << 18, &mut source))?;
        if let (Some(word), None) = (in_body, self.asked) {
            self.conflict = Conflict::from_text(&word).map_err(|what| Error::invalid("conflict", what))?;
        }
        source.rewind().map_err(|e| unreadable(&e))?;
        for entry in omp::Reader::new(source) {
            match entry {
                Entry::Memory { index, position, memory, unknown, .. } => {
                    for field in unknown {
                        let message = "is no member of a memory and was left out".to_owned();
                        self.report.lose(ImportNote { index, place: None, field, message });
                    }
                    self.count_read();
                    let mut memory = *memory;
                    if let Err(error) = self.check(index, &mut memory) {
                        self.fail(index, position.line, Some(memory.id.to_string()), error);
                        continue;
                    }
                    memory.id = self.id_for(memory.id);
                    self.add(ImportItem { memory, original: None, date_assumed: false })?;
                }
                Entry::Conversation(conversation) => {
                    self.count_read();
                    self.add_conversation(*conversation, None)?;
                }
                Entry::Bad { index, position, id, error } => {
                    self.count_read();
                    self.fail(index, position.line, id, error);
                }
                Entry::Broken { error, .. } => return Err(error),
            }
        }
        Ok(())
    }

    /// An interchange file, in the form that its content has, whatever it was called. A document is looked over first:
    /// a broken one stores nothing, and its subject may stand behind its records. Lines are read as they come.
    fn interchange(&mut self, opened: Opened, called: Format) -> Result<()> {
        let options = omi::ReadOptions { serialization: opened.form(called), limits: LIMITS };
        if options.serialization == Some(omi::Serialization::JsonLines) {
            return self.records(Reader::new(opened.once()?, options));
        }
        let mut source = opened.rereadable(&self.service.spool_folder)?;
        survey(Reader::new(BufReader::with_capacity(1 << 18, &mut source), options))?;
        source.rewind().map_err(|e| unreadable(&e))?;
        let reader = Reader::two_pass(source, options).map_err(|e| unreadable(&e))?;
        self.records(reader)
    }

    fn records<R: Read>(&mut self, reader: Reader<R>) -> Result<()> {
        let (mut subject, mut envelope, mut pending) = (None, None, None);
        let mut fallback = self.now;
        for item in reader {
            match item {
                Item::Envelope(next) => {
                    self.tell_envelope(&next);
                    subject = interchange::subject(next.members()).map(|subject| subject.id);
                    fallback = next.generated_at().and_then(|at| Timestamp::parse(&at)).unwrap_or(self.now);
                    envelope = None;
                    pending = Some(next);
                }
                Item::Record { index, position, record } => {
                    self.count_read();
                    let context = Context { subject: subject.as_deref(), fallback };
                    match from_record(&record, context) {
                        Ok(mapped) => {
                            // Kept with the first record that needs it.
                            if let Some(next) = pending.take() {
                                envelope = self.save_envelope(&next)?;
                            }
                            for note in mapped.notes {
                                let field = note.field.to_owned();
                                let message = note.message;
                                self.report.change(ImportNote { index, place: None, field, message });
                            }
                            self.add_record(&record, mapped.parts, mapped.date_assumed, envelope)?;
                        }
                        Err(what) => {
                            let id = record.id().map(std::borrow::Cow::into_owned);
                            let error = Error::new(ErrorCode::ValidationError, format!("{what}."));
                            self.fail(index, position.line, id, error);
                        }
                    }
                }
                Item::Bad { index, position, error } => {
                    if let ReadError::Frame(FrameErrorKind::Io(error)) = &error {
                        return Err(unreadable(error));
                    }
                    if matches!(error, ReadError::Frame(FrameErrorKind::Empty)) {
                        return Err(broken(position, error));
                    }
                    self.count_read();
                    let code =
                        if index.is_some() { ErrorCode::ValidationError } else { ErrorCode::InvalidJson };
                    let message = format!("Line {}, column {}: {error}.", position.line, position.column);
                    self.fail(
                        index.unwrap_or(self.report.read - 1),
                        position.line,
                        None,
                        Error::new(code, message),
                    );
                }
                Item::Warning { warning, position } => {
                    let place = Some(format!("line {}", position.line));
                    let (index, field) = (self.report.read, "file".to_owned());
                    self.report.change(ImportNote { index, place, field, message: warning.to_string() });
                }
            }
        }
        Ok(())
    }

    /// Tells of an envelope that is not what this program knows (omi.md R19); its records are read all the same.
    fn tell_envelope(&mut self, envelope: &omi::Envelope) {
        for (field, constant) in [("format", omi::FORMAT), ("version", omi::VERSION)] {
            let message = match envelope.get_str(field) {
                Some(text) if text == constant => continue,
                Some(_) => {
                    format!("is not `{constant}`, the one that is known here; the records were read as such")
                }
                None => format!("is missing; `{constant}` was assumed"),
            };
            let index = self.report.read;
            self.report.change(ImportNote { index, place: None, field: field.to_owned(), message });
        }
    }

    fn save_envelope(&self, envelope: &omi::Envelope) -> Result<Option<i64>> {
        if self.dry_run {
            return Ok(None);
        }
        let text = serde_json::to_string(envelope.members()).map_err(|_| Error::internal())?;
        let text = self.service.secrets.keep(text);
        let save =
            self.service.store.save_envelope(self.principal.owner, interchange::FORMAT, &text, self.now);
        self.handle.block_on(save).map(Some).map_err(shown)
    }

    /// Adds a record's memories, the untouched record with the first of them.
    pub(super) fn add_record(
        &mut self,
        record: &omi::Record,
        mut parts: Vec<Memory>,
        date_assumed: bool,
        envelope: Option<i64>,
    ) -> Result<()> {
        let index = self.report.read.saturating_sub(1);
        if let Err(error) = parts.iter_mut().try_for_each(|part| self.check(index, part)) {
            let id = record.id().map(std::borrow::Cow::into_owned);
            self.refuse(id.unwrap_or_default(), error);
            return Ok(());
        }
        let raw = serde_json::to_string(record.members()).map_err(|_| Error::internal())?;
        let raw = self.service.secrets.keep(raw);
        match self.met.get(&parts[0].id) {
            // The same record twice is one memory.
            Some(known) if *known == fingerprint(&raw) => {
                self.report.unchanged += parts.len() as u64;
                return Ok(());
            }
            // Two records under one id: both stay, the later one under an id that follows from its text.
            Some(_) => {
                let message =
                    "was used before in this file, by an item that says something else; both are kept"
                        .to_owned();
                self.report.change(ImportNote { index, place: None, field: "id".to_owned(), message });
                parts[0].id = MemoryId::derive(&["omi", "again", parts[0].id.body(), &raw]);
                self.met.insert(parts[0].id, fingerprint(&raw));
            }
            None => {
                self.met.insert(parts[0].id, fingerprint(&raw));
            }
        }
        parts[0].id = self.id_for(parts[0].id);
        let first = parts[0].id;
        let mut raw = Some(raw);
        let mut head = None;
        for (index, mut memory) in parts.into_iter().enumerate() {
            if index > 0 {
                memory.id = interchange::part_id(first, index);
            }
            let original =
                Original { format: interchange::FORMAT.to_owned(), envelope, raw: raw.take(), head };
            head = head.or(Some(memory.id));
            self.add(ImportItem { memory, original: Some(original), date_assumed })?;
        }
        Ok(())
    }

    /// The memory that has this id already.
    pub(super) fn memory(&self, id: MemoryId) -> Result<Option<Memory>> {
        let read = self.service.store.get_memory(&self.principal, id, false, self.now);
        self.handle.block_on(read).map_err(shown)
    }

    /// Looks for secrets in an item; an error when it must not be stored.
    fn check(&mut self, index: u64, memory: &mut Memory) -> Result<()> {
        let policy = self.service.secrets;
        let found = policy.check_memory(Some(&mut memory.content), Some(&mut memory.metadata))?;
        if let Some((field, message)) = told(policy, &found) {
            self.report.change(ImportNote { index, place: None, field, message });
        }
        Ok(())
    }

    /// With the strategy `duplicate` every item is a new memory (reading 5).
    fn id_for(&self, id: MemoryId) -> MemoryId {
        if self.conflict == Conflict::Duplicate {
            return MemoryId::generate(self.now, self.service.random.as_ref());
        }
        id
    }

    pub(super) fn count_read(&mut self) {
        self.report.read += 1;
        if let Some(progress) =
            self.progress.as_ref().filter(|_| self.report.read.is_multiple_of(CHUNK as u64))
        {
            progress(self.report.read);
        }
    }

    fn fail(&mut self, index: u64, line: u64, id: Option<String>, error: Error) {
        let (error, message) = (error.code, error.message);
        self.report.fail(ImportIssue { index, line: Some(line), id, place: None, error, message });
    }

    /// Leaves out the item that was read last: it lies outside of what the key may write, or holds a secret.
    pub(super) fn refuse(&mut self, id: String, error: Error) {
        let (index, error, message) = (self.report.read.saturating_sub(1), error.code, error.message);
        self.report.fail(ImportIssue { index, line: None, id: Some(id), place: None, error, message });
    }

    /// Takes a conversation; `last` if it is one of another tool, or the last part of such a one.
    pub(super) fn add_conversation(
        &mut self,
        conversation: Conversation,
        last: Option<LastPart>,
    ) -> Result<()> {
        if let Err(error) = require_conversations(&self.principal) {
            self.refuse(conversation.id.to_string(), error);
            return Ok(());
        }
        let mut conversation = conversation;
        let index = self.report.read.saturating_sub(1);
        let policy = self.service.secrets;
        match policy.check_conversation(&mut conversation) {
            Ok(found) => {
                if let Some((field, message)) = told(policy, &found) {
                    self.report.change(ImportNote { index, place: None, field, message });
                }
            }
            Err(error) => {
                self.refuse(conversation.id.to_string(), error);
                return Ok(());
            }
        }
        if self.conflict == Conflict::Duplicate {
            conversation.id = omp_model::ConversationId::generate(self.now, self.service.random.as_ref());
        }
        self.add_checked(conversation, last)
    }

    /// Stores what was read, also when the reading ended early: what the error says of it is then true.
    fn finish(mut self, read: Result<()>) -> Result<ImportReport> {
        let stored = self.store_rest();
        let result = read.and(stored);
        if let Some(progress) = &self.progress {
            progress(self.report.read);
        }
        match result {
            Ok(()) => Ok(ImportReport { conflict: self.conflict, ..self.report }),
            Err(error) => Err(self.unfinished(error)),
        }
    }

    /// An import that ended early says how much of it stands.
    fn unfinished(&self, mut error: Error) -> Error {
        let ImportReport { imported, updated, conversations, .. } = self.report;
        let stored = imported + updated + conversations;
        if stored > 0 && !self.dry_run {
            let stands = format!(
                " Before that, {} had been stored and stay; importing the same again goes on from there.",
                if stored == 1 { "1 item".to_owned() } else { format!("{stored} items") }
            );
            error.message.push_str(&stands);
        }
        // Members that are no fields have a place in the details only where they say something.
        let counts = [("imported", imported), ("updated", updated), ("conversations", conversations)];
        let counts = counts.into_iter().filter(|(_, count)| *count > 0);
        counts.fold(error, |error, (name, count)| error.with_detail(name, count))
    }
}

/// Whether a document can be imported at all: is it JSON (reading 31), and has it the list that it must have? What is
/// wrong with a single record is told when it is read. Lines are taken as they are.
fn survey<R: Read>(mut reader: Reader<R>) -> Result<()> {
    let mut first = None;
    for item in &mut reader {
        let Item::Bad { index, position, error } = item else { continue };
        let single = matches!(
            error,
            ReadError::NotAnObject { .. }
                | ReadError::Frame(FrameErrorKind::TooLarge { .. } | FrameErrorKind::TooDeep { .. })
        );
        if !(single && index.is_some()) {
            first.get_or_insert_with(|| broken(position, error));
        }
    }
    match (reader.layout(), first) {
        (Some(Layout::Document), Some(error)) => Err(error),
        (Some(Layout::Document), None) if !reader.has_memories() => {
            Err(Error::invalid("memories", "is required and must be an array"))
        }
        _ => Ok(()),
    }
}

/// Why a document cannot be imported.
fn broken(position: Position, error: ReadError) -> Error {
    match error {
        ReadError::Frame(FrameErrorKind::Io(error)) => unreadable(&error),
        ReadError::Frame(kind) => {
            omp::structural_error(&FrameError { kind, position, member: None, index: None })
        }
        ReadError::MemoriesNotAnArray { found } => {
            Error::invalid("memories", format!("must be an array; this is {found}"))
        }
        error => omp::not_json(&format!("{position}: {error}"), position),
    }
}

fn fingerprint(raw: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    raw.hash(&mut hasher);
    hasher.finish()
}
