//! JSON of any size as its items, one at a time.

use std::io::{BufRead, BufReader, Read};

use omi::frames::{Frame, FrameError, FrameErrorKind, Frames};

use crate::halves::{mend, mended};
use crate::{Input, Member, Place, Sink, Stop};

/// What the items of a file are.
#[derive(Debug, Clone, Copy, Default)]
pub struct Items<'a> {
    /// Members of a top-level object that hold the items in an array. A top-level array holds items without a name.
    pub arrays: &'a [&'a str],
    /// When the top-level object has none of these arrays: whether it is an item itself.
    pub itself: bool,
}

/// One item.
#[derive(Debug, Clone)]
pub struct Item<'a> {
    /// The array member that holds it; empty for a top-level array and for the whole.
    pub array: &'a str,
    /// Its JSON text, which may be broken inside.
    pub raw: &'a str,
    /// Where it stands.
    pub place: Place,
}

/// Reads a JSON file item by item: `each` is called for the elements of a top-level array, or of the arrays named in
/// `items`. What cannot be read is told to the sink. Holds no more than one item.
pub fn each_item(
    input: &mut Input,
    member: &Member,
    items: Items<'_>,
    sink: &mut dyn Sink,
    mut each: impl FnMut(&mut dyn Sink, Item<'_>) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let (limits, place) = (input.limits(), member.place());
    let mut read = BufReader::with_capacity(1 << 16, input.open(member)?);
    let is_array = first_byte(&mut read)? == Some(b'[');
    let mut frames = if is_array {
        Frames::array(read, limits.frames())
    } else {
        Frames::document(read, items.arrays, limits.frames())
    };
    let (mut found, mut failed) = (is_array, None);
    while let Some(frame) = frames.next() {
        match frame {
            Ok(Frame::Element { member, index, raw, position }) => {
                let place = place.clone().at(position).index(index);
                let raw = mended(raw, &place, sink);
                each(sink, Item { array: member, raw: &raw, place })?;
            }
            Ok(Frame::Open { .. }) => found = true,
            Ok(_) => {}
            Err(error) if items.itself && !found => {
                failed = Some(error);
                break;
            }
            Err(error) => fault(error, &place, sink)?,
        }
    }
    if let Some(error) = failed.filter(FrameError::is_fatal) {
        fault(error, &place, sink)?;
    }
    if !found && items.itself {
        drop(frames);
        let whole = whole(input, member, sink)?;
        each(sink, Item { array: "", raw: &whole, place })?;
    }
    Ok(())
}

/// Reads JSON Lines: `each` is called for every line that is not blank.
pub fn each_line(
    input: &mut Input,
    member: &Member,
    sink: &mut dyn Sink,
    mut each: impl FnMut(&mut dyn Sink, Item<'_>) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let (limits, place) = (input.limits(), member.place());
    let mut frames = Frames::lines(input.open(member)?, limits.frames());
    while let Some(frame) = frames.next() {
        match frame {
            Ok(Frame::Line { raw, position }) => {
                let place = place.clone().at(position);
                let raw = mended(raw, &place, sink);
                each(sink, Item { array: "", raw: &raw, place })?;
            }
            Ok(_) => {}
            Err(error) => fault(error, &place, sink)?,
        }
    }
    Ok(())
}

/// The members of a top-level object that are small: `each` gets the name and the JSON text of every one that is not in
/// `arrays`. For headers beside the items.
pub fn each_member(
    input: &mut Input,
    member: &Member,
    arrays: &[&str],
    mut each: impl FnMut(&str, &str),
) -> Result<(), Stop> {
    let limits = input.limits();
    let mut frames = Frames::document(input.open(member)?, arrays, limits.frames());
    while let Some(frame) = frames.next() {
        if let Ok(Frame::Member { name, raw, .. }) = frame {
            each(name, &mend(raw));
        }
    }
    Ok(())
}

/// A whole file of JSON that is one item; errors when it is longer than one may be.
pub fn whole(input: &mut Input, member: &Member, sink: &mut dyn Sink) -> Result<String, Stop> {
    let most = input.limits().item_bytes;
    let mut bytes = Vec::new();
    input.open(member)?.take(most as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > most {
        let what = format!("this is one value of more than {most} bytes, which is not read");
        return Err(Stop::broken(&member.place(), what));
    }
    Ok(mended(&crate::input::decode(bytes), &member.place(), sink).into_owned())
}

/// Why an item cannot be used, in words that hold no text of it.
pub fn why_bad(error: &serde_json::Error) -> String {
    use serde_json::error::Category;
    match error.classify() {
        Category::Syntax => {
            format!("is no valid JSON (its line {}, column {})", error.line(), error.column())
        }
        Category::Eof => "ends too early".to_owned(),
        Category::Data => {
            format!(
                "has a member of another type than expected (its line {}, column {})",
                error.line(),
                error.column()
            )
        }
        Category::Io => "cannot be read".to_owned(),
    }
}

fn first_byte(read: &mut impl BufRead) -> Result<Option<u8>, Stop> {
    let head = read.fill_buf()?;
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    Ok(head.iter().copied().find(|byte| !byte.is_ascii_whitespace()))
}

/// A fault from which reading goes on is an item that failed; any other ends the reading.
fn fault(error: FrameError, place: &Place, sink: &mut dyn Sink) -> Result<(), Stop> {
    let mut at = place.clone().at(error.position);
    if let Some(index) = error.index {
        at = at.index(index);
    }
    if let FrameErrorKind::Io(error) = error.kind {
        return Err(error.into());
    }
    let what = error.kind.to_string();
    if error.is_fatal() {
        return Err(Stop::broken(&at, what));
    }
    sink.failed("item", &what, &at);
    Ok(())
}
