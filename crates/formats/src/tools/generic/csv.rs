//! CSV and its relatives.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use csv::{ByteRecord, Reader, ReaderBuilder};
use omi::Members;
use serde_json::Value;

use super::map::{Field, FieldMap, Origin};
use super::row::Row;
use super::{CSV_NAME, tell_guess};
use crate::draft::json;
use crate::{Input, Member, Place, Recognised, Sink, Stop};

/// What sets fields apart.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

pub(super) fn recognise(member: &Member, head: &str) -> Option<Recognised> {
    let named = [".csv", ".tsv"].iter().any(|ending| member.ends_with(ending));
    let first = head.lines().find(|line| !line.trim().is_empty())?;
    if first.starts_with(['{', '[', '#', '-', '<']) {
        return None;
    }
    let header = header(first.as_bytes(), delimiter(first))?;
    let known = FieldMap::guess(header.iter().map(String::as_str));
    let texts = known.has(Field::Content);
    match (named, texts) {
        (true, true) => {
            Some(Recognised::likely("its name ends as that of a table, and a column is the text"))
        }
        (true, false) => Some(Recognised::possible("its name ends as that of a table")),
        (false, true) if known.entries().count() > 1 => {
            Some(Recognised::possible("its first line names columns"))
        }
        (false, _) => None,
    }
}

/// The delimiter that a header has most of.
fn delimiter(header: &str) -> u8 {
    let count = |delimiter: u8| {
        let mut quoted = false;
        let outside = header.bytes().filter(|byte| {
            quoted ^= *byte == b'"';
            !quoted && *byte == delimiter
        });
        outside.count()
    };
    // Of equals the first one.
    DELIMITERS.iter().rev().copied().max_by_key(|delimiter| count(*delimiter)).unwrap_or(b',')
}

/// The names of the columns.
fn header(line: &[u8], delimiter: u8) -> Option<Vec<String>> {
    let mut record = ByteRecord::new();
    reader(line, delimiter).read_byte_record(&mut record).ok()?;
    Some(names(&record))
}

/// Names, each only once, so that every column can be named.
fn names(record: &ByteRecord) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(record.len());
    for (number, field) in record.iter().enumerate() {
        let text = String::from_utf8_lossy(field);
        let name = text.trim_start_matches('\u{FEFF}').trim();
        let name = if name.is_empty() { format!("column {}", number + 1) } else { name.to_owned() };
        let twice = names.contains(&name);
        names.push(if twice { format!("{name} ({})", number + 1) } else { name });
    }
    names
}

fn reader<R: Read>(read: R, delimiter: u8) -> Reader<R> {
    ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(read)
}

pub(super) fn read(
    input: &mut Input,
    member: &Member,
    map: Option<&FieldMap>,
    sink: &mut dyn Sink,
) -> Result<(), Stop> {
    let limits = input.limits();
    let head = input.head(member, crate::probe::HEAD)?;
    let first = String::from_utf8_lossy(&head);
    let first = first.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let read = input.open(member)?;
    let room = Rc::new(Cell::new(0));
    let mut rows = reader(Limited { inner: read, room: Rc::clone(&room) }, delimiter(first));
    let (mut record, place) = (ByteRecord::new(), member.place());
    let mut next = |record: &mut ByteRecord| {
        // What was read ahead counts for the row before.
        room.set(limits.item_bytes);
        let line = rows.position().line();
        rows.read_byte_record(record).map_err(|error| stop(error, &place.clone().line(line)))
    };
    if !next(&mut record)? {
        return Err(Stop::broken(&place, "this table is empty; its first row names the columns"));
    }
    let columns = names(&record);
    let guess;
    let map = if let Some(map) = map {
        check(map, &columns, &place)?;
        map
    } else {
        guess = FieldMap::guess(columns.iter().map(String::as_str));
        if !guess.has(Field::Content) {
            let what = format!("no column is known to hold the text; {}", say_which(&columns));
            return Err(Stop::broken(&place.clone().line(1), what));
        }
        tell_guess(&guess, &place, sink);
        &guess
    };
    let mut index = 0;
    while next(&mut record)? {
        let line = record.position().map_or(0, csv::Position::line);
        let place = member.place().line(line).index(index);
        index += 1;
        row(&record, &columns, member.name(), map, place, sink)?;
    }
    Ok(())
}

/// The rows of a table whose columns are known, for formats that are tables.
pub(in crate::tools) struct Rows<'a> {
    reader: Reader<Limited<Box<dyn Read + 'a>>>,
    room: Rc<Cell<usize>>,
    most: usize,
    place: Place,
    index: u64,
}

/// The fields of a row, unless one of them is no UTF-8, and where it stands.
pub(in crate::tools) type Fields = (Option<Vec<String>>, Place);

impl<'a> Rows<'a> {
    /// The names of a table's columns, from its beginning.
    pub(in crate::tools) fn columns(head: &[u8]) -> Option<Vec<String>> {
        header(head, b',')
    }

    /// Opens a table with commas, behind its header.
    pub(in crate::tools) fn open(input: &'a mut Input, member: &Member) -> Result<Self, Stop> {
        let (most, place) = (input.limits().item_bytes, member.place());
        let room = Rc::new(Cell::new(0));
        let limited = Limited { inner: input.open(member)?, room: Rc::clone(&room) };
        let mut rows = Self { reader: reader(limited, b','), room, most, place, index: 0 };
        rows.next()?;
        rows.index = 0;
        Ok(rows)
    }

    /// The next row.
    pub(in crate::tools) fn next(&mut self) -> Result<Option<Fields>, Stop> {
        self.room.set(self.most);
        let mut record = ByteRecord::new();
        let line = self.reader.position().line();
        let read = self.reader.read_byte_record(&mut record);
        if !read.map_err(|error| stop(error, &self.place.clone().line(line)))? {
            return Ok(None);
        }
        let line = record.position().map_or(line, csv::Position::line);
        let place = self.place.clone().line(line).index(self.index);
        self.index += 1;
        let text = |field: &[u8]| std::str::from_utf8(field).ok().map(str::to_owned);
        Ok(Some((record.iter().map(text).collect(), place)))
    }
}

/// One row.
fn row(
    record: &ByteRecord,
    columns: &[String],
    file: &str,
    map: &FieldMap,
    place: Place,
    sink: &mut dyn Sink,
) -> Result<(), Stop> {
    let extra = record.iter().skip(columns.len()).any(|field| !field.is_empty());
    if record.len() < columns.len() || extra {
        let what = format!(
            "has {} fields and the header {}: a text with the delimiter or a line break in it must stand in quotes",
            record.len(),
            columns.len()
        );
        sink.failed("row", &what, &place);
        return Ok(());
    }
    let mut fields = Vec::with_capacity(columns.len());
    let mut raw = Members::new();
    for (column, field) in columns.iter().zip(record) {
        let Ok(text) = std::str::from_utf8(field) else {
            let what = "is no UTF-8; save the table in that encoding";
            sink.failed("row", what, &place.inside(format!("column `{column}`")));
            return Ok(());
        };
        raw.push_raw(column, json(text));
        fields.push(text);
    }
    let raw = json(&raw);
    let value = |column: &str| position(columns, column).map(|at| Value::from(fields[at]));
    Row { format: CSV_NAME, file, map, value: &value, raw: raw.get(), place }.give(sink)
}

/// The place of a column by its name, or by its number from 1.
fn position(columns: &[String], column: &str) -> Option<usize> {
    let by_number = || column.parse::<usize>().ok()?.checked_sub(1).filter(|at| *at < columns.len());
    columns.iter().position(|name| name == column).or_else(by_number)
}

/// Every column of the map must be there.
fn check(map: &FieldMap, columns: &[String], place: &Place) -> Result<(), Stop> {
    for (field, origin) in map.entries() {
        if let Origin::Column(column) = origin
            && position(columns, column).is_none()
        {
            let what = format!(
                "the map takes {} from the column `{column}`, which is not there; {}",
                field.name(),
                say_which(columns)
            );
            return Err(Stop::broken(&place.clone().line(1), what));
        }
    }
    Ok(())
}

fn say_which(columns: &[String]) -> String {
    let names: Vec<String> = columns.iter().take(50).map(|name| format!("`{name}`")).collect();
    format!("name one with --map content=COLUMN; there are {}", names.join(", "))
}

fn stop(error: csv::Error, place: &Place) -> Stop {
    match error.into_kind() {
        csv::ErrorKind::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            Stop::broken(place, error.to_string())
        }
        csv::ErrorKind::Io(error) => error.into(),
        _ => Stop::broken(place, "this is no table"),
    }
}

/// Ends a row that does not end: a quote that is never closed would take in the whole file.
struct Limited<R> {
    inner: R,
    room: Rc<Cell<usize>>,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        let left = self.room.get().checked_sub(count).ok_or_else(|| {
            let what = "the row that begins here is longer than one may be; is a quote not closed?";
            io::Error::new(io::ErrorKind::FileTooLarge, what)
        })?;
        self.room.set(left);
        Ok(count)
    }
}
