//! Importing another tool's file: between its reader and the chunks of an import.

use omp_formats::interchange::{Context, from_record};
use omp_formats::{Choosing, Draft, Fate, Format, Note, Sink, Stop, Talk, moment};
use omp_model::transfer::{ImportIssue, ImportNote, ImportReport};
use omp_model::{Error, ErrorCode, Result};

use super::detect::{misnamed, read_options, stopped};
use super::import::Import;
use super::source::Opened;
use super::talks::{LastPart, Met};

impl Import {
    /// Reads another tool's file. What was read before it broke stays.
    pub(super) fn foreign(
        &mut self,
        mut opened: Opened,
        format: &'static dyn Format,
        named: bool,
    ) -> Result<()> {
        let mut input = opened.input(&self.service.spool_folder)?;
        let choice = self.choice.clone();
        let options = read_options(&choice, self.now)?;
        let mut taking = Taking { import: self, failed: None };
        let mut choosing = Choosing::new(&mut taking, &choice);
        let mut counting = Counting { inner: &mut choosing, found: false };
        let mut read = format.read(&mut input, &options, &mut counting);
        if named && !counting.found && read.is_ok() {
            read = misnamed(format, &mut input);
        }
        let accounts: Vec<String> = choosing.accounts().map(str::to_owned).collect();
        let failed = taking.failed.take();
        for (name, why) in input.ignored() {
            let note = ImportNote {
                index: self.report.read,
                place: Some(name.clone()),
                field: "file".into(),
                message: format!("{why} and was not read"),
            };
            self.report.pass(note);
        }
        if accounts.len() > 1 {
            let message =
                format!("the items of {} accounts were taken; --owner takes those of one", accounts.len());
            let place = Some(accounts.join(", "));
            self.report.change(ImportNote { index: 0, place, field: "owner".into(), message });
        }
        match (failed, read) {
            (Some(error), _) => Err(error),
            (None, read) => read.map_err(stopped),
        }
    }
}

/// Notices whether a reader finds anything that says something.
struct Counting<'a> {
    inner: &'a mut dyn Sink,
    found: bool,
}

impl Sink for Counting<'_> {
    fn memory(&mut self, draft: Draft) -> std::result::Result<(), Stop> {
        self.found |= !draft.content.trim().is_empty();
        self.inner.memory(draft)
    }

    fn conversation(&mut self, talk: Talk) -> std::result::Result<(), Stop> {
        self.found |= talk.turns.iter().any(|turn| !turn.text.trim().is_empty());
        self.inner.conversation(talk)
    }

    fn note(&mut self, note: Note<'_>) {
        // What cannot be read is told by itself.
        self.found |= note.fate == Fate::Failed;
        self.inner.note(note);
    }
}

/// Takes what a reader finds into an import.
struct Taking<'a> {
    import: &'a mut Import,
    /// Why nothing more is taken.
    failed: Option<Error>,
}

impl Taking<'_> {
    fn take(&mut self, result: Result<()>) -> std::result::Result<(), Stop> {
        result.map_err(|error| self.refuse(error))
    }

    fn refuse(&mut self, error: Error) -> Stop {
        self.failed = Some(error);
        Stop::Refused
    }
}

impl Sink for Taking<'_> {
    fn memory(&mut self, draft: Draft) -> std::result::Result<(), Stop> {
        self.import.count_read();
        let (place, index, now) = (draft.place.clone(), self.import.report.read - 1, self.import.now);
        if let Some(id) = draft.own_id
            && let Some(known) = self.import.memory(id).map_err(|error| self.refuse(error))?
        {
            // A copy that went out from here, with less than what is here.
            if known.content.as_str() == draft.content {
                self.import.report.unchanged += 1;
            } else {
                let what = "is a copy of a memory that says something else here; that one stays";
                self.note(Note { kind: "edited copy", what, place: &place, fate: Fate::Passed });
            }
            return Ok(());
        }
        let ended = draft.valid_to.as_deref().is_some_and(|day| day <= moment::day(now).as_str());
        let record = draft.into_record(now, self);
        let mut mapped = match from_record(&record, Context { subject: None, fallback: now }) {
            Ok(mapped) => mapped,
            Err(what) => {
                self.failed("memory", &what, &place);
                return Ok(());
            }
        };
        if ended && !self.end(&mut mapped.parts, &place)? {
            return Ok(());
        }
        if !ended && self.is_over(&mapped.parts, &place)? {
            return Ok(());
        }
        for note in mapped.notes {
            let (kind, what, fate) = (note.field, note.message.as_str(), Fate::Changed);
            tell(&mut self.import.report, index, Note { kind, what, place: &place, fate });
        }
        let added = self.import.add_record(&record, mapped.parts, mapped.date_assumed, None);
        self.take(added)
    }

    fn conversation(&mut self, mut talk: Talk) -> std::result::Result<(), Stop> {
        self.import.count_read();
        let (now, place) = (self.import.now, talk.place.clone());
        match self.import.talks.meet(&mut talk) {
            Met::New => {}
            Met::Again => {
                self.import.report.keep("conversations: unchanged", 1);
                return Ok(());
            }
            Met::Renamed => {
                let what = "has the name of another one in the file and was stored under one of its own";
                self.note(Note { kind: "conversation", what, place: &place, fate: Fate::Changed });
            }
        }
        let name = talk.name();
        let conversations = talk.into_conversations(now, self);
        let count = conversations.len();
        for (number, conversation) in (1..).zip(conversations) {
            let last = (number == count).then(|| LastPart { name: name.clone(), number });
            let added = self.import.add_conversation(conversation, last);
            self.take(added)?;
        }
        Ok(())
    }

    fn note(&mut self, note: Note<'_>) {
        let index = if note.fate == Fate::Failed {
            self.import.count_read();
            self.import.report.read - 1
        } else {
            self.import.report.read.saturating_sub(1)
        };
        tell(&mut self.import.report, index, note);
    }
}

impl Taking<'_> {
    /// What no longer holds would be found as if it did. So it is passed over; if it is here already, from an earlier
    /// file, it ends now. Tells whether there is something to end.
    fn end(
        &mut self,
        parts: &mut [omp_model::Memory],
        place: &omp_formats::Place,
    ) -> std::result::Result<bool, Stop> {
        let known = self.import.memory(parts[0].id).map_err(|error| self.refuse(error))?;
        let what = if known.is_some() {
            "does not hold any more and ends here"
        } else {
            "does not hold any more; search would find it as if it did"
        };
        let fate = if known.is_some() { Fate::Changed } else { Fate::Passed };
        self.note(Note { kind: "fact that has ended", what, place, fate });
        let now = self.import.now;
        for part in parts {
            part.expires_at = Some(part.expires_at.map_or(now, |at| at.min(now)));
        }
        Ok(known.is_some())
    }

    /// What was to be kept until a time that has passed would not be seen. It is
    /// passed over, unless it is here: then it ends.
    fn is_over(
        &mut self,
        parts: &[omp_model::Memory],
        place: &omp_formats::Place,
    ) -> std::result::Result<bool, Stop> {
        let first = &parts[0];
        if !first.is_expired(self.import.now)
            || self.import.memory(first.id).map_err(|error| self.refuse(error))?.is_some()
        {
            return Ok(false);
        }
        let what = "was to be kept until a time that has passed";
        self.note(Note { kind: "expired memory", what, place, fate: Fate::Passed });
        Ok(true)
    }

    fn failed(&mut self, kind: &str, what: &str, place: &omp_formats::Place) {
        let index = self.import.report.read - 1;
        tell(&mut self.import.report, index, Note { kind, what, place, fate: Fate::Failed });
    }
}

/// Puts a note into a report. Lists are limited, and what does not get into one is not put into words.
pub(super) fn tell(report: &mut ImportReport, index: u64, note: Note<'_>) {
    let Note { kind, what, place, fate } = note;
    let entry = |listed: usize| {
        let room = listed < ImportReport::MAX_LISTED;
        let text = |text: &str| if room { text.to_owned() } else { String::new() };
        let place = room.then(|| place.to_string()).filter(|place| !place.is_empty());
        ImportNote { index, place, field: kind.to_owned(), message: text(what) }
    };
    match fate {
        Fate::Changed => report.change(entry(report.changed.len())),
        Fate::Passed => report.pass(entry(report.passed.len())),
        Fate::Lost => report.lose(entry(report.lost.len())),
        Fate::Failed => report.fail(ImportIssue {
            index,
            line: place.line_number(),
            id: None,
            place: Some(place.to_string()).filter(|place| !place.is_empty()),
            error: ErrorCode::ValidationError,
            message: format!("{kind}: {what}."),
        }),
    }
}

/// A sink for the notes of a writer.
pub(super) struct Telling<'a> {
    pub(super) report: &'a mut ImportReport,
    /// The item that is written.
    pub(super) index: u64,
}

impl Sink for Telling<'_> {
    fn memory(&mut self, _: Draft) -> std::result::Result<(), Stop> {
        Err(Stop::Refused)
    }

    fn conversation(&mut self, _: Talk) -> std::result::Result<(), Stop> {
        Err(Stop::Refused)
    }

    fn note(&mut self, note: Note<'_>) {
        tell(self.report, self.index, note);
    }
}
