//! A look at an input before it is read: names, and the beginnings of files.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use crate::{Input, Member, Outline};

/// How much of the beginning of a file is looked at.
pub(crate) const HEAD: usize = 256 * 1024;

/// Most files of one archive whose beginnings are looked at.
const MOST_HEADS: usize = 200;

/// The beginning of one file.
#[derive(Debug, Default)]
pub struct Head {
    bytes: Vec<u8>,
    outline: OnceCell<Outline>,
    text: OnceCell<String>,
}

impl Head {
    /// Its bytes, a quarter of a MiB of them or all.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its text; what is no text reads as U+FFFD.
    pub fn text(&self) -> &str {
        self.text.get_or_init(|| crate::input::decode(self.bytes.clone()))
    }

    /// Which members its JSON has.
    pub fn outline(&self) -> &Outline {
        self.outline.get_or_init(|| Outline::of(&self.bytes))
    }
}

/// A look at an input. Beginnings are read when they are asked for, each once.
pub struct Probe<'a> {
    input: RefCell<&'a mut Input>,
    members: Arc<[Member]>,
    single: bool,
    heads: RefCell<HashMap<Arc<str>, Rc<Head>>>,
}

impl<'a> Probe<'a> {
    /// Looks at `input`.
    pub fn new(input: &'a mut Input) -> Self {
        let (members, single) = (input.members(), input.is_single());
        // An archive may have thousands of pictures before what counts.
        let mut members = members.to_vec();
        members.sort_by_key(rank);
        let members = members.into();
        Self { input: RefCell::new(input), members, single, heads: RefCell::default() }
    }

    /// All files, those first whose names exports are known by.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The file, when the input is one file and neither folder nor archive.
    pub fn single(&self) -> Option<&Member> {
        self.members.first().filter(|_| self.single)
    }

    /// Files of this name (capitals count), in any folder.
    pub fn named<'p>(&'p self, name: &'p str) -> impl Iterator<Item = &'p Member> {
        self.members.iter().filter(move |member| member.name() == name)
    }

    /// The beginning of a file; an unreadable one begins with nothing.
    pub fn head(&self, member: &Member) -> Rc<Head> {
        if let Some(head) = self.heads.borrow().get(&member.path) {
            return Rc::clone(head);
        }
        let mut heads = self.heads.borrow_mut();
        if heads.len() >= MOST_HEADS {
            return Rc::default();
        }
        let bytes = self.input.borrow_mut().glance(member, HEAD);
        let head = Rc::new(Head { bytes, ..Head::default() });
        heads.insert(Arc::clone(&member.path), Rc::clone(&head));
        head
    }

    /// The outline of a file's JSON, taken from its beginning.
    pub fn outline(&self, member: &Member, test: impl FnOnce(&Outline) -> bool) -> bool {
        test(self.head(member).outline())
    }

    /// The first JSON file whose outline passes `test`. Of an archive, files with
    /// well-known names come first, then those at the top.
    pub fn json(&self, test: impl Fn(&Outline) -> bool) -> Option<&Member> {
        let mut members: Vec<&Member> =
            self.members.iter().filter(|member| self.may_be_json(member)).collect();
        members.sort_by_key(|member| (rank(member), member.path.matches('/').count()));
        members.into_iter().take(MOST_HEADS / 4).find(|member| self.outline(member, &test))
    }

    fn may_be_json(&self, member: &Member) -> bool {
        // Drive gives the prompts of AI Studio no ending.
        self.single
            || !member.name().contains('.')
            || [".json", ".jsonl", ".ndjson", ".af", ".txt"].iter().any(|ending| member.ends_with(ending))
    }
}

/// In which order files are looked at.
fn rank(member: &Member) -> u8 {
    let name = member.name();
    let known = ["memories.json", "manifest.json", "MyActivity.json", "My Activity.json"].contains(&name);
    // The names in a Takeout are in the person's language, that of the product is not.
    match member.ends_with(".json") {
        true if known || name.starts_with("conversations") || member.path.contains("Gemini") => 0,
        true => 1,
        false => 2,
    }
}

impl std::fmt::Debug for Probe<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Probe").field("members", &self.members.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{archive, decided};

    #[test]
    fn many_other_files_do_not_hide_what_an_archive_is() {
        let gpt = r#"[{"id":"c","mapping":{"a":{"message":null}}}]"#;
        let takeout = r#"[{"header":"Gemini Apps","title":"Prompted x","time":"2026-05-01T00:00:00Z","products":["Gemini"]}]"#;
        let claude = r#"[{"uuid":"c","name":"n","chat_messages":[]}]"#;
        for (name, text, other, format) in [
            ("export/conversations.json", gpt, "file-{}.txt", "chatgpt"),
            ("export/conversations-000.json", gpt, "{}.json", "chatgpt"),
            (
                "Takeout/My Activity/Gemini Apps/MyActivity.json",
                takeout,
                "Takeout/Keep/{}.json",
                "gemini-takeout",
            ),
            (
                "Takeout/Meine Aktivitäten/Gemini-Apps/MeineAktivitäten.json",
                takeout,
                "Takeout/{}.json",
                "gemini-takeout",
            ),
            ("conversations.json", claude, "images/{}.png", "claude-ai"),
        ] {
            let others: Vec<String> =
                (0..60).map(|number| other.replace("{}", &number.to_string())).collect();
            let files: Vec<(&str, &str)> =
                others.iter().map(|name| (name.as_str(), "{}")).chain([(name, text)]).collect();
            assert_eq!(decided(&mut archive(&files)), Some(format), "{name}");
        }
    }

    #[test]
    fn prompts_of_ai_studio_have_no_ending() {
        let prompt = r#"{"chunkedPrompt":{"chunks":[{"role":"user","text":"Hi"}]}}"#;
        let files = [("Drive/Untitled prompt", prompt), ("Drive/picture.png", "x")];
        assert_eq!(decided(&mut archive(&files)), Some("ai-studio"));
    }
}
