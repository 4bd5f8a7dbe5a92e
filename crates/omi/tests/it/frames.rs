//! The scanner.

use std::io::Read;

use omi::frames::{Frame, FrameErrorKind, Frames, Limits};
use proptest::collection::vec;
use proptest::prelude::*;

/// Hands out one byte at a time.
struct Drip<'a>(&'a [u8]);

impl Read for Drip<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let Some((first, rest)) = self.0.split_first() else { return Ok(0) };
        out[0] = *first;
        self.0 = rest;
        Ok(1)
    }
}

/// Everything the scanner says, one line each.
fn told<R: Read>(mut frames: Frames<R>) -> Vec<String> {
    let mut told = Vec::new();
    while let Some(frame) = frames.next() {
        told.push(match frame {
            Ok(Frame::Member { name, raw, position }) => {
                format!("{}:{} {name} = {raw}", position.line, position.column)
            }
            Ok(Frame::Open { member, position }) => {
                format!("{}:{} {member} [", position.line, position.column)
            }
            Ok(Frame::Element { member, index, raw, position }) => {
                format!("{}:{} {member}[{index}] = {raw}", position.line, position.column)
            }
            Ok(Frame::Line { raw, position }) => format!("{}:{} | {raw}", position.line, position.column),
            Err(error) => format!(
                "{}:{} {}! {}",
                error.position.line,
                error.position.column,
                if error.is_fatal() { "!" } else { "" },
                error.kind
            ),
        });
        assert!(told.len() < 1000, "the scanner does not end");
    }
    told
}

fn document(text: &str) -> Vec<String> {
    let limits = Limits { frame_bytes: 40, depth: 5 };
    let arrays = ["memories", "conversations"];
    let whole = told(Frames::document(text.as_bytes(), &arrays, limits));
    assert_eq!(whole, told(Frames::document(Drip(text.as_bytes()), &arrays, limits)), "byte by byte");
    whole
}

fn lines(text: &[u8]) -> Vec<String> {
    let limits = Limits { frame_bytes: 40, depth: 5 };
    let whole = told(Frames::lines(text, limits));
    assert_eq!(whole, told(Frames::lines(Drip(text), limits)), "byte by byte");
    whole
}

#[test]
fn members_and_elements_come_in_order_with_their_places() {
    let text = "{\n  \"a\" : {\"x\": [1, 2]} ,\n  \"memories\": [ {\"é\\\"]\": 1} ,\n 2, \"s,\"\n], \"conversations\":[],\"z\":-1}\n";
    assert_eq!(
        document(text),
        [
            "2:9 a = {\"x\": [1, 2]}",
            "3:15 memories [",
            "3:17 memories[0] = {\"é\\\"]\": 1}",
            "4:2 memories[1] = 2",
            "4:5 memories[2] = \"s,\"",
            "5:20 conversations [",
            "5:27 z = -1",
        ]
    );
}

#[test]
fn a_chosen_member_that_is_no_array_is_a_member() {
    assert_eq!(document(r#"{"memories":{"a":1}}"#), [r#"1:13 memories = {"a":1}"#]);
}

#[test]
fn a_broken_element_does_not_hide_the_next() {
    assert_eq!(
        document(r#"{"memories":[{"a":1,},{"b":tru},[1},{"c":1}]}"#),
        [
            "1:13 memories [",
            "1:14 memories[0] = {\"a\":1,}",
            "1:23 memories[1] = {\"b\":tru}",
            "1:33 memories[2] = [1}",
            "1:37 memories[3] = {\"c\":1}",
        ]
    );
}

#[test]
fn commas_too_many_and_too_few_are_told_and_passed() {
    assert_eq!(
        document(r#"{"memories":[{"a":1} {"b":1},,{"c":1},],"x":,"y":1,}"#),
        [
            "1:13 memories [",
            "1:14 memories[0] = {\"a\":1}",
            "1:22 ! a comma is missing between two values",
            "1:22 memories[1] = {\"b\":1}",
            "1:30 ! there is a comma too many",
            "1:31 memories[2] = {\"c\":1}",
            "1:39 ! there is a comma too many",
            "1:45 ! the value of this member is missing",
            "1:50 y = 1",
            "1:52 ! there is a comma too many",
        ]
    );
}

#[test]
fn what_cannot_be_mended_ends_the_stream() {
    for (text, last) in [
        ("", "1:1 !! the file is empty"),
        (" \n ", "2:2 !! the file is empty"),
        ("[1]", "1:1 !! the top level is an array, but an object is expected"),
        ("7", "1:1 !! the top level is a number, but an object is expected"),
        ("// x\n{}", "1:1 !! unexpected character: JSON text is expected"),
        ("{} x", "1:4 !! something follows after the end of the top-level value"),
        ("{}\n{}", "2:1 !! something follows after the end of the top-level value"),
        ("{a:1}", "1:2 !! unexpected character: a member name in double quotes is expected"),
        ("{\"a\" 1}", "1:6 !! unexpected character: a colon is expected after the member name"),
        ("{\"memories\":[{\"a\":1}}", "1:21 !! unexpected character: a closing bracket `]` is expected"),
        (
            "{\"memories\":[{\"a\":1",
            "1:20 !! the file ends too early: what begins at line 1, column 14 is not closed",
        ),
        ("{\"memories\":[", "1:14 !! the file ends too early: what begins at line 1, column 1 is not closed"),
        ("{\"a\":1", "1:7 !! the file ends too early: what begins at line 1, column 6 is not closed"),
        ("{\"a", "1:4 !! the file ends too early: what begins at line 1, column 1 is not closed"),
    ] {
        assert_eq!(document(text).last().map(String::as_str), Some(last), "{text}");
    }
}

#[test]
fn a_frame_over_a_limit_is_passed_over() {
    let long = format!(r#"{{"memories":[1,"{}",[[[[[[]]]]]],2],"y":3}}"#, "x".repeat(50));
    assert_eq!(
        document(&long),
        [
            "1:13 memories [",
            "1:14 memories[0] = 1",
            "1:16 ! this value is longer than the limit of 40 bytes for one value",
            "1:69 ! this value is nested deeper than the limit of 5 levels",
            "1:82 memories[3] = 2",
            "1:89 y = 3",
        ]
    );
    let text = format!("{}\n[[[[[[]]]]]]\n{{}}\n", "x".repeat(50));
    assert_eq!(
        lines(text.as_bytes()),
        [
            "1:1 ! this value is longer than the limit of 40 bytes for one value",
            "2:1 ! this value is nested deeper than the limit of 5 levels",
            "3:1 | {}",
        ]
    );
}

#[test]
fn lines_are_trimmed_and_blank_ones_passed_over() {
    assert_eq!(
        lines(b"\xEF\xBB\xBF {\"a\":1} \r\n\n \t\r\n{}\n[x"),
        ["1:2 | {\"a\":1}", "4:1 | {}", "5:1 | [x"]
    );
    assert_eq!(lines(b"{}\x0c\n"), ["1:1 | {}\u{c}"], "a form feed is no white space in JSON");
    assert!(lines(b"").is_empty());
    assert!(lines(b"\n\r\n").is_empty());
}

#[test]
fn bytes_that_are_not_utf_8_spoil_one_frame_only() {
    assert_eq!(
        lines(b"{}\n{\"a\":\"\xC3\xA9\xFF\"}\n{}\n"),
        ["1:1 | {}", "2:8 ! the text is not valid UTF-8", "3:1 | {}"]
    );
    let text = b"{\"memories\":[\"\xFF\",1]}";
    let mut frames = Frames::document(&text[..], &["memories"], Limits::default());
    frames.next().unwrap().unwrap();
    let error = frames.next().unwrap().unwrap_err();
    assert!(matches!(error.kind, FrameErrorKind::Utf8));
    assert_eq!(
        (error.position.offset, error.index, error.member.as_deref()),
        (14, Some(0), Some("memories"))
    );
    assert!(matches!(frames.next(), Some(Ok(Frame::Element { index: 1, raw: "1", .. }))));
}

#[test]
fn a_byte_order_mark_is_passed_over_and_told() {
    let mut frames = Frames::document(&b"\xEF\xBB\xBF{\"a\":1}"[..], &[], Limits::default());
    let Some(Ok(Frame::Member { position, .. })) = frames.next() else { panic!("a member is expected") };
    assert_eq!((position.offset, position.column), (8, 6));
    assert!(frames.has_byte_order_mark());
}

#[test]
fn a_top_level_array_is_read_when_asked_for() {
    let frames = Frames::array(&b"[ {\"a\":1}, 2\n]\n"[..], Limits::default());
    assert_eq!(told(frames), ["1:3 [0] = {\"a\":1}", "1:12 [1] = 2"]);
    assert_eq!(
        told(Frames::array(&b"{}"[..], Limits::default())),
        ["1:1 !! the top level is an object, but an array is expected"]
    );
}

#[test]
fn an_error_of_the_source_is_told_once() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the disk is gone"))
        }
    }
    assert_eq!(
        told(Frames::document(Broken, &[], Limits::default())),
        ["1:1 !! the input could not be read: the disk is gone"]
    );
    assert_eq!(
        told(Frames::lines(Broken, Limits::default())),
        ["1:1 !! the input could not be read: the disk is gone"]
    );
}

#[test]
fn a_frame_does_not_show_its_text_in_debug() {
    let mut frames = Frames::document(&b"{\"a\":\"SECRET\"}"[..], &[], Limits::default());
    assert_eq!(
        format!("{:?}", frames.next().unwrap().unwrap()),
        "Member(\"a\", 8 bytes at line 1, column 6)"
    );
}

/// Hands out pieces of the given sizes, over and over.
struct Pieces<'a> {
    text: &'a [u8],
    sizes: std::iter::Cycle<std::slice::Iter<'a, usize>>,
}

impl Read for Pieces<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let size = self.sizes.next().map_or(1, |size| *size).min(self.text.len()).min(out.len());
        let (piece, rest) = self.text.split_at(size);
        out[..size].copy_from_slice(piece);
        self.text = rest;
        Ok(size)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]
    #[test]
    fn how_the_text_arrives_makes_no_difference(
        inner in r#"([\[\]{},:"\\ \n1é]|"a":|\{"a":1\},|"memories":\[){0,20}"#,
        wrapped in any::<bool>(),
        sizes in vec(1_usize..9, 1..4),
    ) {
        let text = if wrapped { format!("{{\"memories\":[{inner}],\"x\":1}}") } else { inner };
        let limits = Limits { frame_bytes: 12, depth: 3 };
        let pieces = || Pieces { text: text.as_bytes(), sizes: sizes.iter().cycle() };
        let arrays = ["memories"];
        prop_assert_eq!(
            told(Frames::document(text.as_bytes(), &arrays, limits)),
            told(Frames::document(pieces(), &arrays, limits))
        );
        prop_assert_eq!(told(Frames::lines(text.as_bytes(), limits)), told(Frames::lines(pieces(), limits)));
        prop_assert_eq!(told(Frames::array(text.as_bytes(), limits)), told(Frames::array(pieces(), limits)));
    }
}
