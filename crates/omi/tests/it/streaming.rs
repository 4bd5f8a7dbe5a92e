//! Files larger than memory.

use std::cell::Cell;
use std::io::{self, Read, Write};
use std::rc::Rc;

use omi::frames::Limits;
use omi::{Item, Level, ReadOptions, Reader, Writer, validate};

/// A text of `count` records that is never in memory as a whole.
struct Endless {
    piece: Vec<u8>,
    at: usize,
    next: u64,
    count: u64,
    document: bool,
    given: Rc<Cell<u64>>,
}

impl Endless {
    fn new(count: u64, document: bool) -> Self {
        let start = if document { "\n\"memories\":[" } else { "" };
        let end = if document { "," } else { "}\n" };
        let piece = format!(
            "{{\"format\":\"open-memory-interchange\",\"version\":\"0.1\",\"subject\":{{\"id\":\"u\"}}{end}{start}"
        );
        Self { piece: piece.into_bytes(), at: 0, next: 0, count, document, given: Rc::default() }
    }

    fn refill(&mut self) {
        self.piece.clear();
        self.at = 0;
        let comma = if self.document && self.next > 0 { "," } else { "" };
        let end = if self.document { "" } else { "\n" };
        if self.next < self.count {
            let id = self.next;
            let _ = write!(
                self.piece,
                "{comma}{{\"id\":\"m-{id}\",\"content\":\"Memory {id} [\\\"x\\\"]\",\"created\":\"2026-03-04T05:06:07Z\",\"type\":\"semantic\"}}{end}"
            );
        } else if self.next == self.count && self.document {
            self.piece.extend(b"]}");
        }
        self.next += 1;
    }
}

impl Read for Endless {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.at == self.piece.len() {
            self.refill();
        }
        let count = (&self.piece[self.at..]).read(out)?;
        self.at += count;
        self.given.set(self.given.get() + count as u64);
        Ok(count)
    }
}

/// Counts what is written.
struct Counted(Rc<Cell<u64>>);
impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.set(self.0.get() + bytes.len() as u64);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const COUNT: u64 = 200_000;

#[test]
fn a_reader_holds_little_more_than_the_record_at_hand() {
    for document in [true, false] {
        let source = Endless::new(COUNT, document);
        let given = Rc::clone(&source.given);
        let options = ReadOptions {
            limits: Limits { frame_bytes: 512, ..Limits::default() },
            ..ReadOptions::default()
        };
        let mut records = 0;
        for item in Reader::new(source, options) {
            let Item::Record { position, .. } = item else {
                assert!(matches!(item, Item::Envelope(_)), "{item:?}");
                continue;
            };
            records += 1;
            let ahead = given.get() - position.offset;
            assert!(ahead <= 256 * 1024, "{ahead} bytes are held at record {records}");
        }
        assert_eq!(records, COUNT);
    }
}

#[test]
fn a_long_file_is_judged_in_one_pass() {
    for document in [true, false] {
        let report = validate(Endless::new(COUNT, document), None).unwrap();
        assert_eq!((report.level, report.records, report.total()), (Some(Level::L1), COUNT, 0));
    }
}

#[test]
fn what_is_written_goes_out_at_once() {
    let given = Rc::new(Cell::new(0));
    let mut writer = None;
    let mut before = 0;
    for item in Reader::new(Endless::new(1000, true), ReadOptions::default()) {
        match item {
            Item::Envelope(envelope) => {
                writer = Some(Writer::document(Counted(Rc::clone(&given)), &envelope, false).unwrap());
            }
            Item::Record { record, .. } => {
                writer.as_mut().unwrap().write(&record).unwrap();
                assert!(given.get() > before);
                before = given.get();
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(writer.unwrap().count(), 1000);
}
