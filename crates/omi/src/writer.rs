//! Writes files of both forms, one record at a time.

use std::fmt;
use std::io::{self, Write};

use serde_json::value::to_raw_value;

use crate::json::rewrite::{compact, new_line, pretty};
use crate::{Envelope, FORMAT, Members, Record, Serialization};

/// Writes an OMI file as it goes: the envelope first, then record after record.
///
/// It sets the envelope's `serialization` to the form it writes and changes nothing else: member order, number text
/// and string escapes stay, only white space between tokens is its own. Writing is unbuffered piece by piece; hand it
/// a [`BufWriter`](std::io::BufWriter) for a file.
///
/// ```
/// use omi::{Envelope, Record, Subject, Writer};
///
/// let mut envelope = Envelope::new();
/// envelope.set_subject(&Subject::new("u-7"));
/// let mut writer = Writer::lines(Vec::new(), &envelope)?;
/// writer.write(&Record::new("m-1", "Uses metric units.", "2026-03-04T05:06:07Z"))?;
/// let text = String::from_utf8(writer.finish()?).unwrap();
/// assert_eq!(text, concat!(
///     r#"{"format":"open-memory-interchange","version":"0.1","serialization":"jsonl","subject":{"id":"u-7"}}"#, "\n",
///     r#"{"id":"m-1","content":"Uses metric units.","created":"2026-03-04T05:06:07Z"}"#, "\n",
/// ));
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "a document is not complete without `finish`"]
pub struct Writer<W> {
    out: W,
    form: Form,
    count: u64,
    /// The text of one record, kept for its memory.
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Compact,
    Pretty,
    Lines,
}

impl<W: Write> Writer<W> {
    /// Begins a document: on one line, or `pretty` with two spaces a level.
    pub fn document(out: W, envelope: &Envelope, pretty: bool) -> io::Result<Self> {
        Self::begin(out, envelope, if pretty { Form::Pretty } else { Form::Compact })
    }

    /// Begins JSON Lines with a header line (omi.md JL2). A header is told by its `format` (JL3), so an envelope
    /// without one gets it. Errors when the envelope has a member `content`: as a line it would be a record.
    pub fn lines(out: W, envelope: &Envelope) -> io::Result<Self> {
        Self::begin(out, envelope, Form::Lines)
    }

    /// Begins a file of that form; a document is pretty.
    pub fn new(out: W, envelope: &Envelope, serialization: Serialization) -> io::Result<Self> {
        match serialization {
            Serialization::Json => Self::document(out, envelope, true),
            Serialization::JsonLines => Self::lines(out, envelope),
        }
    }

    fn begin(out: W, envelope: &Envelope, form: Form) -> io::Result<Self> {
        let mut envelope = envelope.clone();
        envelope.remove("memories");
        if form == Form::Lines {
            if envelope.contains("content") {
                let what = "the envelope has a member `content`, so as a line it would be read as a record";
                return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
            }
            if !envelope.contains("format") {
                envelope.insert_raw(0, "format", to_raw_value(FORMAT)?);
            }
        }
        envelope.set_serialization(match form {
            Form::Lines => Serialization::JsonLines,
            Form::Compact | Form::Pretty => Serialization::Json,
        });
        let mut writer = Self { out, form, count: 0, text: String::new() };
        object(&envelope, form, 0, &mut writer.text);
        if form == Form::Lines {
            writer.text.push('\n');
        } else {
            // Opened again for the records. There is a `serialization` before them, so a comma is right.
            let text = &mut writer.text;
            text.pop();
            text.truncate(text.trim_ascii_end().len());
            text.push(',');
            text.push_str(if form == Form::Pretty { "\n  \"memories\": [" } else { "\"memories\":[" });
        }
        writer.out.write_all(writer.text.as_bytes())?;
        Ok(writer)
    }

    /// Writes a record.
    pub fn write(&mut self, record: &Record) -> io::Result<()> {
        self.text.clear();
        if self.form != Form::Lines && self.count > 0 {
            self.text.push(',');
        }
        if self.form == Form::Pretty {
            new_line(2, &mut self.text);
        }
        object(record, self.form, 2, &mut self.text);
        if self.form == Form::Lines {
            self.text.push('\n');
        }
        self.count += 1;
        self.out.write_all(self.text.as_bytes())
    }

    /// How many records have been written.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Ends the file, with a final newline, and gives the output back.
    pub fn finish(mut self) -> io::Result<W> {
        let end = match self.form {
            Form::Lines => "",
            Form::Compact => "]}\n",
            Form::Pretty if self.count == 0 => "]\n}\n",
            Form::Pretty => "\n  ]\n}\n",
        };
        self.out.write_all(end.as_bytes())?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// Appends an object in the given form.
fn object(members: &Members, form: Form, level: usize, out: &mut String) {
    out.push('{');
    for (index, (name, raw)) in members.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        if form == Form::Pretty {
            new_line(level + 1, out);
        }
        out.push_str(&serde_json::to_string(name).expect("text always has a JSON form"));
        if form == Form::Pretty {
            out.push_str(": ");
            pretty(raw.get(), level + 1, out);
        } else {
            out.push(':');
            value(raw.get(), out);
        }
    }
    if form == Form::Pretty && !members.is_empty() {
        new_line(level, out);
    }
    out.push('}');
}

/// Appends a value without white space; only objects and arrays can have any.
fn value(raw: &str, out: &mut String) {
    if raw.starts_with(['{', '[']) { compact(raw, out) } else { out.push_str(raw) }
}

impl<W> fmt::Debug for Writer<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("form", &self.form).field("count", &self.count).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::Writer;
    use crate::{Envelope, Members, Record};

    fn envelope() -> Envelope {
        Envelope::from(Members::parse(r#"{"x": {"a": [1.0, {}]}, "z": "}"}"#).unwrap())
    }

    fn record() -> Record {
        Record::parse("{ \"id\" : \"a\",\n \"n\" : [ -0 , \"x y\" ] }").unwrap()
    }

    #[test]
    fn a_compact_document_stands_on_one_line() {
        let mut writer = Writer::document(Vec::new(), &envelope(), false).unwrap();
        writer.write(&record()).unwrap();
        writer.write(&Record::default()).unwrap();
        let text = String::from_utf8(writer.finish().unwrap()).unwrap();
        assert_eq!(
            text,
            "{\"x\":{\"a\":[1.0,{}]},\"z\":\"}\",\"serialization\":\"json\",\"memories\":[{\"id\":\"a\",\"n\":[-0,\"x y\"]},{}]}\n"
        );
    }

    #[test]
    fn a_pretty_document_is_indented_by_two() {
        let mut writer = Writer::document(Vec::new(), &envelope(), true).unwrap();
        writer.write(&record()).unwrap();
        let text = String::from_utf8(writer.finish().unwrap()).unwrap();
        let expected = r#"{
  "x": {
    "a": [
      1.0,
      {}
    ]
  },
  "z": "}",
  "serialization": "json",
  "memories": [
    {
      "id": "a",
      "n": [
        -0,
        "x y"
      ]
    }
  ]
}
"#;
        assert_eq!(text, expected);
    }

    #[test]
    fn a_document_without_records_is_complete() {
        for (pretty, end) in
            [(true, "\"json\",\n  \"memories\": []\n}\n"), (false, "\"json\",\"memories\":[]}\n")]
        {
            let writer = Writer::document(Vec::new(), &Envelope::default(), pretty).unwrap();
            let text = String::from_utf8(writer.finish().unwrap()).unwrap();
            assert!(text.ends_with(end), "{text}");
            assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
        }
    }
}
