//! What a transfer changed, passed over and lost, in words.

use omp_model::transfer::{ImportNote, ImportReport};

use crate::printer::{Printer, clean};

/// Most items of each kind named in the text report; `--json` has more.
const NAMED: usize = 20;

/// Says it, counted by kind and with examples.
pub(super) fn print(report: &ImportReport, printer: &Printer) {
    for issue in report.errors.iter().take(NAMED) {
        let line = issue.line.filter(|_| issue.place.is_none()).map(|line| format!(", line {line}"));
        let place = issue.place.as_deref().map(|place| format!(", {}", clean(place)));
        let at = line.or(place).unwrap_or_default();
        let id = issue.id.as_deref().map(|id| format!(" ({})", clean(id))).unwrap_or_default();
        printer.say(format!("not valid: item {}{at}{id}: {}", issue.index, clean(&issue.message)));
    }
    if report.error_count > NAMED as u64 {
        printer.say(format!("not valid: and {} more; --json lists them", report.error_count - NAMED as u64));
    }
    notes("brought into form", &report.changed, &report.counts.changed, printer);
    notes("passed over", &report.passed, &report.counts.passed, printer);
    notes("lost", &report.lost, &report.counts.lost, printer);
}

/// A kind that occurs often is told once, with its number and the first place.
fn notes(
    what: &str,
    notes: &[ImportNote],
    counts: &std::collections::BTreeMap<String, u64>,
    printer: &Printer,
) {
    for (kind, count) in counts {
        let mut of_kind = notes.iter().filter(|note| note.field == *kind);
        let Some(first) = of_kind.next() else {
            printer.say(format!("{what}: {count} × `{}`", clean(kind)));
            continue;
        };
        let place = first.place.as_deref().map(|place| format!(", {}", clean(place))).unwrap_or_default();
        let message = clean(&first.message);
        let kind = clean(kind);
        if *count == 1 {
            printer.say(format!("{what}: item {}{place}: `{kind}` {message}", first.index));
        } else {
            printer.say(format!("{what}: {count} × `{kind}`, first item {}{place}: {message}", first.index));
        }
    }
}
