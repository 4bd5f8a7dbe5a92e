//! Finds the entries of a text that a model has written.

use std::collections::HashMap;

use omp_model::Timestamp;

use crate::{Place, Sink, moment};

/// One memory of the text.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) text: String,
    /// The text in brackets, when it is a date.
    pub(super) date: Option<String>,
    /// The headings that it stands under; several when it stands in the text several times.
    pub(super) categories: Vec<String>,
    /// The lines as they are.
    pub(super) raw: String,
    pub(super) place: Place,
}

/// All entries, each text once.
pub(super) fn entries(text: &str, place: &Place, sink: &mut dyn Sink) -> Vec<Entry> {
    let (lines, fenced) = relevant(text);
    let marked = lines.iter().any(|(_, line)| parse_entry(line).is_some());
    let mut found: Vec<Entry> = Vec::new();
    let (mut open, mut after_blank, mut category) = (false, true, None::<String>);
    for (number, line) in lines {
        let here = place.clone().line(number);
        let trimmed = line.trim();
        if trimmed.is_empty() {
            after_blank = true;
            continue;
        }
        let indented = line.starts_with([' ', '\t']) && !after_blank;
        if let Some(name) = heading(trimmed).filter(|_| !indented) {
            (category, open, after_blank) = (Some(name.to_owned()), false, true);
            continue;
        }
        let entry = parse_entry(line).filter(|_| !(indented && open && bracketed(line).is_none()));
        if let Some((date, text)) = entry.or_else(|| row(trimmed)) {
            let categories = category.iter().cloned().collect();
            found.push(Entry { text, date, categories, raw: line.to_owned(), place: here });
            (open, after_blank) = (true, false);
            continue;
        }
        if trimmed.starts_with('|') {
            // The head of a table, or the line below it.
            continue;
        }
        let goes_on = open && (!after_blank || line.starts_with([' ', '\t']));
        if goes_on {
            let entry = found.last_mut().expect("one is open");
            entry.text.push('\n');
            entry.text.push_str(trimmed);
            entry.raw.push('\n');
            entry.raw.push_str(line);
        } else if is_remark(trimmed) || marked && !fenced && category.is_none() {
            sink.passed("text around the memories", "is the model's own remark", &here);
            open = false;
        } else {
            let categories = category.iter().cloned().collect();
            let text = trimmed.to_owned();
            found.push(Entry { text, date: None, categories, raw: line.to_owned(), place: here });
            open = true;
        }
        after_blank = false;
    }
    merged(found, sink)
}

/// The lines inside fences, if there are any; else all. With their numbers, from 1.
fn relevant(text: &str) -> (Vec<(u64, &str)>, bool) {
    let (mut inside, mut outside, mut fence) = (Vec::new(), Vec::new(), None::<(char, usize)>);
    for (number, line) in (1..).zip(text.lines()) {
        let trimmed = line.trim();
        let first = trimmed.chars().next().unwrap_or(' ');
        let length =
            if matches!(first, '`' | '~') { trimmed.chars().take_while(|c| *c == first).count() } else { 0 };
        match fence {
            None if length >= 3 => fence = Some((first, length)),
            Some((mark, least)) if first == mark && length >= least && trimmed.len() == length => {
                fence = None;
            }
            Some(_) => inside.push((number, line)),
            None => outside.push((number, line)),
        }
    }
    if inside.iter().any(|(_, line)| !line.trim().is_empty()) {
        return (inside, true);
    }
    (outside, false)
}

/// An entry for each different text; the categories of the others go to the first.
fn merged(found: Vec<Entry>, sink: &mut dyn Sink) -> Vec<Entry> {
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut entries: Vec<Entry> = Vec::with_capacity(found.len());
    for entry in found {
        if let Some(first) = numbers.get(&entry.text) {
            let first = &mut entries[*first];
            let new =
                entry.categories.into_iter().filter(|c| !first.categories.contains(c)).collect::<Vec<_>>();
            first.categories.extend(new);
            first.date = first.date.take().or(entry.date);
            sink.passed("repeated memory", "stands in the text twice and is one memory", &entry.place);
        } else {
            numbers.insert(entry.text.clone(), entries.len());
            entries.push(entry);
        }
    }
    entries
}

/// A line with a bullet, a number or a date before its text: the date, if it is one, and the text.
pub(super) fn parse_entry(line: &str) -> Option<(Option<String>, String)> {
    let (rest, has_bullet) = without_bullet(line.trim());
    if let Some((inside, text)) = bracketed(line) {
        if is_date(inside) {
            return Some((date(inside).map(|_| inside.to_owned()), text.to_owned()));
        }
        // What else stands in brackets belongs to the text.
        return Some((None, rest.to_owned()));
    }
    let (word, after) = rest.split_once([' ', ':']).unwrap_or((rest, ""));
    if Timestamp::parse_date(word.trim_end_matches(':')).is_some() {
        let text = separated(after.trim_start()).unwrap_or(after).trim();
        return (!text.is_empty()).then(|| (Some(word.trim_end_matches(':').to_owned()), text.to_owned()));
    }
    (has_bullet && !rest.is_empty()).then(|| (None, rest.to_owned()))
}

/// The text in brackets at the beginning of a line, after an optional bullet or number, and what follows the separator.
pub(super) fn bracketed(line: &str) -> Option<(&str, &str)> {
    let (rest, _) = without_bullet(line.trim());
    let (inside, rest) = rest.strip_prefix('[')?.split_once(']')?;
    let text = separated(rest.trim_start())?.trim();
    (inside.len() <= 60 && !text.is_empty()).then_some((inside.trim(), text))
}

/// The text after a dash or colon.
fn separated(text: &str) -> Option<&str> {
    text.strip_prefix(['-', '–', '—', '−', ':'])
}

fn without_bullet(text: &str) -> (&str, bool) {
    let rest = text
        .strip_prefix(['-', '*', '•', '‣', '+', '–'])
        .filter(|rest| rest.starts_with([' ', '\u{a0}', '\t']));
    if let Some(rest) = rest {
        return (rest.trim(), true);
    }
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let rest = text[digits..]
        .strip_prefix(['.', ')'])
        .filter(|rest| digits > 0 && digits <= 4 && rest.starts_with(' '));
    rest.map_or((text, false), |rest| (rest.trim(), true))
}

/// A line that begins a category.
fn heading(line: &str) -> Option<&str> {
    if line.starts_with('#') {
        let name = line.trim_start_matches('#').trim().trim_matches('*').trim_end_matches(':').trim();
        return (!name.is_empty()).then_some(name);
    }
    let bold = line.strip_prefix("**").and_then(|rest| rest.trim_end_matches(':').strip_suffix("**"));
    if let Some(name) = bold.filter(|name| !name.contains("**") && name.chars().count() <= 60) {
        return Some(name.trim_end_matches(':').trim());
    }
    if let Some(name) = line.strip_suffix(':') {
        let short = name.chars().count() <= 40
            && !name.contains(['[', ']', '.', ':'])
            && !name.starts_with(['-', '*']);
        return (short && !name.is_empty()).then_some(name);
    }
    let capitals = line.chars().count() <= 40
        && line.chars().filter(|c| c.is_alphabetic()).count() >= 3
        && !line.chars().any(char::is_lowercase)
        && line.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '&' | '/' | '-' | '_'));
    capitals.then_some(line)
}

/// A row of a table with a cell that is a date.
fn row(line: &str) -> Option<(Option<String>, String)> {
    let cells: Vec<&str> = line.strip_prefix('|')?.trim_end_matches('|').split('|').map(str::trim).collect();
    let at = cells.iter().position(|cell| is_date(cell.trim_matches(['[', ']'])))?;
    let when = cells[at].trim_matches(['[', ']']);
    let text = cells.iter().enumerate().filter(|(number, _)| *number != at).map(|(_, cell)| *cell);
    let text = text.max_by_key(|cell| cell.len()).filter(|text| !text.is_empty())?;
    Some((date(when).map(|_| when.to_owned()), text.to_owned()))
}

/// Beginnings of what models say when they are done.
const SAID: [&str; 9] = [
    "complete set",
    "complete list",
    "nothing else",
    "that is everything",
    "that's everything",
    "that is all",
    "that's all",
    "no other memories",
    "no further memories",
];

/// What models say around the memories.
fn is_remark(line: &str) -> bool {
    let line = line.to_lowercase();
    line.chars().count() <= 200 && SAID.iter().any(|said| line.contains(said))
}

/// Ways to say that a date is not known.
const NONE: [&str; 9] =
    ["unknown", "date unknown", "unknown date", "n/a", "n.a.", "null", "none", "undated", "no date"];

/// Whether a text in brackets is a date or says that there is none.
pub(super) fn is_date(text: &str) -> bool {
    let plain = text.trim().to_lowercase();
    NONE.contains(&plain.as_str()) || date(text).is_some()
}

/// The first moment of a day, month or year, in the forms that models write.
pub(super) fn date(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let looks_numeric =
        text.bytes().take(4).all(|b| b.is_ascii_digit()) && text.len() >= 4 && text.is_ascii();
    if looks_numeric {
        return match text.len() {
            4 => Timestamp::parse_date(&format!("{text}-01-01")),
            7 => Timestamp::parse_date(&format!("{}-01", text.replace('/', "-"))),
            10 => Timestamp::parse_date(&text.replace('/', "-")),
            11.. => moment::from_text(text),
            _ => None,
        };
    }
    let words: Vec<&str> = text.split([' ', ',', '.']).filter(|word| !word.is_empty()).collect();
    let (month, day, year) = match words[..] {
        [month, year] => (month, "1", year),
        [first, second, year] if first.bytes().all(|b| b.is_ascii_digit()) => (second, first, year),
        [month, day, year] => (month, day.trim_end_matches(['s', 't', 'n', 'd', 'r', 'h']), year),
        _ => return None,
    };
    let month = month_number(month)?;
    let day: u8 = day.parse().ok()?;
    (year.len() == 4).then(|| Timestamp::parse_date(&format!("{year}-{month:02}-{day:02}"))).flatten()
}

fn month_number(name: &str) -> Option<usize> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let name = name.to_lowercase();
    let found = MONTHS.iter().position(|month| {
        name.len() >= 3 && month.starts_with(&name) || name == "sept" && *month == "september"
    });
    found.map(|number| number + 1)
}
