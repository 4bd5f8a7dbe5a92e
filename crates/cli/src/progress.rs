//! Progress bars, for work that takes long while a person looks on.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::printer::Printer;

/// A bar over so many bytes, or a count of bytes when the end is not known; nothing where nobody looks.
pub(crate) fn bytes(printer: &Printer, total: Option<u64>) -> Option<ProgressBar> {
    if !printer.shows_progress() {
        return None;
    }
    let template = if total.is_some() {
        "{wide_bar} {bytes}/{total_bytes} {eta} {msg}"
    } else {
        "{spinner} {bytes} {bytes_per_sec} {msg}"
    };
    let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    bar.set_style(ProgressStyle::with_template(template).expect("a valid template"));
    bar.enable_steady_tick(Duration::from_millis(200));
    Some(bar)
}

/// A bar over what is left of a number of memories and conversations; nothing where nobody looks.
pub(crate) fn countdown(printer: &Printer) -> Option<ProgressBar> {
    if !printer.shows_progress() {
        return None;
    }
    let bar = ProgressBar::new(0);
    let style =
        ProgressStyle::with_template("{wide_bar} {pos}/{len} memories and conversations {per_sec} {eta}");
    bar.set_style(style.expect("a valid template"));
    bar.enable_steady_tick(Duration::from_millis(200));
    Some(bar)
}

/// A bar over what is moved, which says what is being done; nothing where nobody looks.
pub(crate) fn moving(printer: &Printer) -> Option<ProgressBar> {
    if !printer.shows_progress() {
        return None;
    }
    let bar = ProgressBar::new(0);
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} memories and conversations {eta}");
    bar.set_style(style.expect("a valid template"));
    bar.enable_steady_tick(Duration::from_millis(200));
    Some(bar)
}

/// A bar over a number of conversations; nothing where nobody looks.
pub(crate) fn conversations(printer: &Printer, total: u64) -> Option<ProgressBar> {
    if !printer.shows_progress() {
        return None;
    }
    let bar = ProgressBar::new(total);
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} conversations {eta}");
    bar.set_style(style.expect("a valid template"));
    bar.enable_steady_tick(Duration::from_millis(200));
    Some(bar)
}

/// The bar as what the client tells its progress to.
pub(crate) fn teller(bar: Option<&ProgressBar>) -> Option<omp_client::Progress> {
    let bar = bar?.clone();
    Some(Box::new(move |done| {
        bar.set_position(done.bytes);
        if let Some(memories) = done.memories {
            bar.set_message(format!("{memories} memories"));
        }
    }))
}
