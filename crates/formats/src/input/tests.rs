use std::io::{Cursor, Write};

use super::*;
use crate::items::{Items, each_item, each_line};
use crate::testing::{Found, file, zip};
use crate::{Fate, Sink};

fn limited(bytes: Vec<u8>, limits: Limits) -> Result<Input, Stop> {
    Input::file(Cursor::new(bytes), None, limits)
}

fn small() -> Limits {
    Limits { ratio_from: 1 << 20, expanded: 8 << 20, ..Limits::default() }
}

/// An archive whose one file unfolds to so many zeros.
fn bomb(zeros: usize) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    writer.start_file("conversations.json", options).unwrap();
    writer.write_all(&vec![b'0'; zeros]).unwrap();
    writer.finish().unwrap().into_inner()
}

#[test]
fn a_bomb_is_refused_before_it_is_read() {
    let stop = limited(bomb(4 << 20), small()).unwrap_err();
    assert!(matches!(stop, Stop::Limit(_)) && stop.to_string().contains("unfold"), "{stop}");
    assert!(limited(bomb(4 << 20), Limits::default()).is_ok(), "a small file may be all zeros");
}

#[test]
fn a_bomb_that_lies_about_its_size_ends_while_it_is_read() {
    let mut bytes = bomb(4 << 20);
    // The size in the list at the end; what the file itself says is not asked.
    let (real, told) = ((4_u32 << 20).to_le_bytes(), 10_u32.to_le_bytes());
    let places: Vec<usize> = (0..bytes.len() - 4).filter(|at| bytes[*at..*at + 4] == real).collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at..at + 4].copy_from_slice(&told);
    }
    let Ok(mut input) = limited(bytes, small()) else { return };
    let member = input.members()[0].clone();
    let mut all = Vec::new();
    let read = input.open(&member).and_then(|mut read| Ok(read.read_to_end(&mut all)?));
    assert!(read.is_err() && all.len() < 2 << 20, "{} bytes came out", all.len());
}

#[test]
fn a_gzip_bomb_ends_while_it_is_read() {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(&vec![b' '; 4 << 20]).unwrap();
    let mut input = limited(packer.finish().unwrap(), small()).unwrap();
    let member = input.members()[0].clone();
    let stop = each_line(&mut input, &member, &mut Found::default(), |_, _| Ok(())).unwrap_err();
    assert!(stop.to_string().contains("unfold"), "{stop}");
}

#[test]
fn damage_is_one_of_the_file_and_not_of_the_machine() {
    let read_all = |bytes: Vec<u8>| {
        let mut input = limited(bytes, Limits::default())?;
        let member = input.members()[0].clone();
        each_line(&mut input, &member, &mut Found::default(), |_, _| Ok(()))
    };
    let text: String = (0..9_000).map(|number| number.to_string() + "\n").collect();
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(text.as_bytes()).unwrap();
    let packed = packer.finish().unwrap();
    let (mut corrupt, mut cut) = (packed.clone(), packed);
    corrupt[200..260].fill(0xFF);
    cut.truncate(500);
    let mut archive = zip(&[("a.jsonl", &text)]);
    archive[100] ^= 0xFF;
    for bytes in [corrupt, cut, archive] {
        let stop = read_all(bytes).unwrap_err();
        assert!(matches!(stop, Stop::Broken { .. }), "{stop:?}");
        assert!(stop.to_string().contains("damaged or cut off"), "{stop}");
    }
}

#[test]
fn why_nothing_could_be_looked_at_is_remembered() {
    let mut locked = zip(&[("conversations.json", "[]")]);
    // The mark of encryption, in the file's own header and in the list.
    let list = locked.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
    locked[6] |= 1;
    locked[list + 8] |= 1;
    let mut input = limited(locked, Limits::default()).unwrap();
    assert!(crate::format::candidates(&mut input).is_empty());
    let stop = input.unseen().unwrap();
    assert!(stop.to_string().contains("conversations.json: this file of the archive is encrypted"), "{stop}");
    let mut input = limited(zip(&[("a.txt", "text")]), Limits::default()).unwrap();
    crate::format::candidates(&mut input);
    assert!(input.unseen().is_none());
}

#[test]
fn a_single_file_is_dated_by_whoever_knows_when_it_was_changed() {
    let graph = r#"{"type":"entity","name":"Ana","entityType":"person","observations":["Rows"]}"#;
    let at = Timestamp::from_millis(1_700_000_000_000);
    let mut input = file("memory.jsonl", graph.as_bytes()).changed_at(Some(at));
    let (found, read) = crate::testing::read("mcp-memory", &mut input);
    read.unwrap();
    assert_eq!(found.memories()[0].created_at, at);
}

#[test]
fn names_that_lead_out_of_the_archive_are_passed_over() {
    let names = [
        "../a.json",
        "/etc/a.json",
        "x/../../a.json",
        "..\\a.json",
        "C:\\a.json",
        "good/a.json",
        "__MACOSX/._a",
    ];
    let files: Vec<_> = names.iter().map(|name| (*name, "[]")).collect();
    let input = limited(zip(&files), Limits::default()).unwrap();
    let members: Vec<_> = input.members().iter().map(|member| member.path.to_string()).collect();
    assert_eq!(members, ["good/a.json"]);
    assert_eq!(input.ignored().len(), 5);
}

#[test]
fn an_archive_of_too_many_files_and_a_broken_one_say_so() {
    let names: Vec<String> = (0..20).map(|number| format!("{number}.json")).collect();
    let files: Vec<_> = names.iter().map(|name| (name.as_str(), "[]")).collect();
    let stop = limited(zip(&files), Limits { files: 10, ..Limits::default() }).unwrap_err();
    assert_eq!(stop.to_string(), "the archive has 20 files; more than 10 are not read");
    let stop = limited(b"PK\x03\x04 and nothing more".to_vec(), Limits::default()).unwrap_err();
    assert!(stop.to_string().contains("ZIP archive cannot be read"), "{stop}");
}

#[test]
fn items_that_are_too_long_or_too_deep_are_named_and_the_others_read() {
    let limits = Limits { item_bytes: 1_000, ..Limits::default() };
    let text = format!(r#"["{}",{}1{},3]"#, "x".repeat(2_000), "[".repeat(400), "]".repeat(400));
    let mut input = limited(text.into_bytes(), limits).unwrap();
    let member = input.members()[0].clone();
    let (mut found, mut read) = (Found::default(), Vec::new());
    let each = |_: &mut dyn Sink, item: crate::items::Item<'_>| {
        read.push(item.raw.to_owned());
        Ok(())
    };
    each_item(&mut input, &member, Items::default(), &mut found, each).unwrap();
    assert_eq!(read, ["3"]);
    let told: Vec<_> = found.notes.iter().map(|note| (note.0, note.2.as_str(), note.3.as_str())).collect();
    assert_eq!(
        told,
        [
            (Fate::Failed, "this value is longer than the limit of 1000 bytes for one value", "line 1 [0]"),
            (Fate::Failed, "this value is nested deeper than the limit of 127 levels", "line 1 [1]"),
        ]
    );
}

#[test]
fn gzip_utf_16_and_windows_line_ends_are_read() {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(b"one\r\ntwo").unwrap();
    let mut input = file("a.txt.gz", &packer.finish().unwrap());
    let member = input.members()[0].clone();
    assert_eq!((member.name(), input.text(&member).unwrap()), ("a.txt", "one\ntwo".into()));
    let wide: Vec<u8> =
        [0xFF, 0xFE].into_iter().chain("né\r\n".encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let mut input = file("a.txt", &wide);
    let member = input.members()[0].clone();
    assert_eq!(input.text(&member).unwrap(), "né\n");
}

#[test]
fn a_text_that_is_too_long_is_no_text() {
    let mut input = limited(vec![b'x'; 100], Limits { text_bytes: 50, ..Limits::default() }).unwrap();
    let member = input.members()[0].clone();
    assert!(input.text(&member).unwrap_err().to_string().contains("longer than 50 bytes"));
}

#[cfg(unix)]
#[test]
fn a_folder_is_read_without_following_links() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::create_dir_all(path("a/.git")).unwrap();
    std::fs::write(path("a/x.json"), "{}").unwrap();
    std::fs::write(path("a/.git/y.json"), "{}").unwrap();
    std::fs::write(path("b.md"), "text").unwrap();
    std::os::unix::fs::symlink("/etc", path("etc")).unwrap();
    let mut input = Input::folder(folder.path(), Limits::default()).unwrap();
    let members = input.members();
    assert_eq!(members.iter().map(|m| &*m.path).collect::<Vec<_>>(), ["a/x.json", "b.md"]);
    assert_eq!(input.ignored(), [("etc".to_owned(), "is a link")]);
    assert_eq!(input.text(&members[1]).unwrap(), "text");
    assert!(members[1].modified.is_some());
}
