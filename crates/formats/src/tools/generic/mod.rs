//! Any table of texts: CSV, JSON, JSON Lines.
//!
//! **Recognised** as what is left: a CSV file by its name or its header, JSON by items with a member such as `text` or
//! `note`. Everything that knows its own format goes before.
//!
//! **Read** by a [`FieldMap`]. Without one, columns with usual names are taken for what they are usually called, and the
//! report says which. A column that means nothing stays in the original. CSV has a header row and fields set apart with
//! comma, semicolon, tab or bar, whichever the header has most of. JSON is an array, lines, or an object with an array in
//! `items`, `memories`, `results` or the member that the map names. An item without an id is known by its text; ids count
//! within the name of the file, because in two files the row 1 is not the same.
//!
//! **Not written**: there is no table that anybody expects.
//!
//! **Cannot carry** nothing that is mapped; what is not, stays in the original.

mod csv;
mod json;
mod map;
mod row;

pub(in crate::tools) use self::csv::Rows;
pub use self::map::FieldMap;
use crate::{Format, Input, Outline, Probe, ReadOptions, Recognised, Root, Sink, Stop};

/// A table of one form, or of whichever the file has.
#[derive(Debug)]
pub struct Table {
    name: &'static str,
    title: &'static str,
    form: Option<Form>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Csv,
    Json,
}

const CSV_NAME: &str = "csv";
const JSON_NAME: &str = "json";

/// Rows of text.
pub static CSV: Table = Table {
    name: CSV_NAME,
    title: "CSV or TSV with a header row; `--map` says which column is what",
    form: Some(Form::Csv),
};
/// Objects.
pub static JSON: Table = Table {
    name: JSON_NAME,
    title: "JSON or JSON Lines of any shape; `--map` says which member is what",
    form: Some(Form::Json),
};
/// Either.
pub static GENERIC: Table = Table {
    name: "generic",
    title: "CSV, JSON or JSON Lines, whichever the file is, by `--map`",
    form: None,
};

impl Format for Table {
    fn name(&self) -> &'static str {
        self.name
    }

    fn title(&self) -> &'static str {
        self.title
    }

    fn recognise(&self, probe: &Probe<'_>) -> Option<Recognised> {
        let member = probe.single()?;
        let head = probe.head(member);
        match self.form? {
            Form::Csv => csv::recognise(member, head.text()),
            Form::Json => json::recognise(head.outline()),
        }
    }

    fn read(&self, input: &mut Input, options: &ReadOptions, sink: &mut dyn Sink) -> Result<(), Stop> {
        let members = input.members();
        let (map, single) = (options.map.as_ref(), input.is_single());
        let mut found = false;
        for member in members.iter() {
            let named = if [".csv", ".tsv"].iter().any(|ending| member.ends_with(ending)) {
                Some(Form::Csv)
            } else {
                let json = [".json", ".jsonl", ".ndjson"].iter().any(|ending| member.ends_with(ending));
                json.then_some(Form::Json)
            };
            let form = match (self.form, named) {
                (Some(form), _) if single || named == Some(form) => form,
                (None, Some(form)) => form,
                (None, None) if single => {
                    let head = input.head(member, crate::probe::HEAD)?;
                    let json = Outline::of(&head).root != Root::Other;
                    if json { Form::Json } else { Form::Csv }
                }
                _ => {
                    sink.passed("file", "is no table", &member.place());
                    continue;
                }
            };
            found = true;
            match form {
                Form::Csv => csv::read(input, member, map, sink)?,
                Form::Json => json::read(input, member, map, sink)?,
            }
        }
        if found { Ok(()) } else { Err(Stop::broken(&crate::Place::default(), "there is no table in it")) }
    }

    fn takes_map(&self) -> bool {
        true
    }
}

/// Tells once which columns were taken for what.
fn tell_guess(map: &FieldMap, place: &crate::Place, sink: &mut dyn Sink) {
    let known: Vec<String> = map
        .entries()
        .filter_map(|(field, origin)| match origin {
            map::Origin::Column(column) => Some(format!("{} is `{column}`", field.name())),
            map::Origin::Constant(_) => None,
        })
        .collect();
    let what = format!("were guessed by their names: {}; `--map` says it otherwise", known.join(", "));
    sink.changed("columns", &what, place);
}

#[cfg(test)]
mod tests;
