//! A rule file as the units that can be understood alone.

/// One point or paragraph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::tools) struct Unit {
    /// The headings above it, from the outermost; the title of the file is none of them.
    pub(in crate::tools) headings: Vec<String>,
    /// What it says, without the mark of a list.
    pub(in crate::tools) text: String,
    /// Its lines as they are.
    pub(in crate::tools) raw: String,
    /// The line at which it begins, from 1.
    pub(in crate::tools) line: u64,
}

/// What was left out of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tools) enum Left {
    Comment,
    Import,
}

/// The front matter and the rest.
pub(in crate::tools) fn front_matter(text: &str) -> (Option<&str>, &str) {
    let Some(rest) = text.strip_prefix("---\n") else { return (None, text) };
    let mut at = 0;
    for line in rest.split_inclusive('\n') {
        if matches!(line.trim_end(), "---" | "...") {
            return (Some(&rest[..at]), &rest[at + line.len()..]);
        }
        at += line.len();
    }
    (None, text)
}

/// All units; `left` is told what is none, with its line. `first_line` is the number of the first line.
pub(in crate::tools) fn units(text: &str, first_line: u64, mut left: impl FnMut(Left, u64)) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    let mut headings: Vec<(usize, String)> = Vec::new();
    let mut scan = Scan::default();
    for (number, line) in (first_line..).zip(text.lines()) {
        let trimmed = line.trim();
        if let Some(length) = scan.fence {
            scan.extend(&mut units, line);
            if trimmed.len() >= length && trimmed.chars().all(|c| c == '`' || c == '~') {
                scan.fence = None;
            }
            continue;
        }
        if scan.comment {
            scan.comment = !line.contains("-->");
            continue;
        }
        let indented = line.starts_with([' ', '\t']);
        if trimmed.is_empty() {
            scan.blank += 1;
            continue;
        }
        if trimmed.starts_with("<!--") && !indented {
            left(Left::Comment, number);
            scan.comment = !line.contains("-->");
            scan.open = false;
            continue;
        }
        if let Some((level, name)) = heading(line) {
            headings.retain(|(other, _)| *other < level);
            headings.push((level, name.to_owned()));
            scan.open = false;
            scan.blank = 0;
            continue;
        }
        let fence = trimmed
            .chars()
            .take_while(|c| *c == '`')
            .count()
            .max(trimmed.chars().take_while(|c| *c == '~').count());
        if fence >= 3 {
            scan.fence = Some(fence);
            if units.is_empty() || scan.after_heading(&units, &headings) {
                units.push(unit(&headings, trimmed, line, number));
                (scan.open, scan.list, scan.blank) = (true, false, 0);
            } else {
                // Code belongs to what is said before it.
                scan.open = true;
                scan.extend(&mut units, line);
            }
            continue;
        }
        if trimmed.starts_with('@') && !trimmed.contains(' ') && trimmed.len() > 1 {
            left(Left::Import, number);
            scan.open = false;
            continue;
        }
        let point = point(line).filter(|_| !indented);
        let goes_on = scan.open && (indented && scan.list || scan.blank == 0 && point.is_none());
        if goes_on {
            scan.extend(&mut units, line);
        } else if let Some(text) = point {
            units.push(unit(&headings, text, line, number));
            (scan.open, scan.list, scan.blank) = (true, true, 0);
        } else if trimmed.chars().all(|c| matches!(c, '-' | '*' | '_')) && trimmed.len() >= 3 {
            scan.open = false;
        } else {
            units.push(unit(&headings, trimmed, line, number));
            (scan.open, scan.list, scan.blank) = (true, false, 0);
        }
    }
    units
}

#[derive(Default)]
struct Scan {
    /// A unit goes on.
    open: bool,
    /// It is a point of a list.
    list: bool,
    /// Blank lines since the last line.
    blank: usize,
    /// Inside fenced code: how long its fence is.
    fence: Option<usize>,
    comment: bool,
}

impl Scan {
    /// Adds a line to the last unit. Of a point, the indentation of its own text goes.
    fn extend(&mut self, units: &mut [Unit], line: &str) {
        let Some(unit) = units.last_mut() else { return };
        let spaces = line.len() - line.trim_start_matches(' ').len();
        let cut = if self.list { spaces.min(2) } else { 0 };
        for _ in 0..=self.blank {
            unit.text.push('\n');
            unit.raw.push('\n');
        }
        self.blank = 0;
        unit.text.push_str(line[cut..].trim_end());
        unit.raw.push_str(line);
    }

    fn after_heading(&self, units: &[Unit], headings: &[(usize, String)]) -> bool {
        !self.open && units.last().is_some_and(|unit| unit.headings != path(headings))
    }
}

fn unit(headings: &[(usize, String)], text: &str, raw: &str, line: u64) -> Unit {
    Unit { headings: path(headings), text: text.to_owned(), raw: raw.to_owned(), line }
}

/// The headings but for the title.
fn path(headings: &[(usize, String)]) -> Vec<String> {
    headings.iter().filter(|(level, _)| *level > 1).map(|(_, name)| name.clone()).collect()
}

/// A heading's level and name.
pub(in crate::tools) fn heading(line: &str) -> Option<(usize, &str)> {
    let level = line.bytes().take_while(|b| *b == b'#').count();
    let name = line[level..].strip_prefix(' ').filter(|_| (1..=6).contains(&level))?;
    let name = name.trim().trim_end_matches('#').trim_end();
    (!name.is_empty()).then_some((level, name))
}

/// The text of a point of a list.
pub(in crate::tools) fn point(line: &str) -> Option<&str> {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let rest = match line.strip_prefix(['-', '*', '+']) {
        Some(rest) => rest,
        None if (1..=3).contains(&digits) => line[digits..].strip_prefix(['.', ')'])?,
        None => return None,
    };
    rest.strip_prefix(' ').map(str::trim).filter(|text| !text.is_empty())
}
