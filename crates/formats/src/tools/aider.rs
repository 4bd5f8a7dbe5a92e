//! Aider's history of a project: one Markdown file for all its sessions.
//!
//! **Recognised** by lines `# aider chat started at 2026-05-01 10:20:30`; of a folder only when all files are such
//! histories, because the file lies in the project's own folder.
//!
//! **Read.** Each session is a conversation. Lines that begin with `####` are the user's, those with `>` what the program
//! says, which is passed over; everything else is the model's. Inside of fenced code a line is the model's whatever it
//! begins with, unless a session begins there. What stands before the first session is one without a date. Times have no
//! zone and are taken as UTC. The folder that the file lies in is the project. Keys are blotted out always.
//!
//! **Not written**: the file is the program's own.
//!
//! **Cannot carry** what the program said: files that were added, edits, costs; quotations in an answer, which look the
//! same.

use omp_model::conversation::Role;
use omp_model::{MessageOrigin, Timestamp};

use crate::origin::text_id;
use crate::tools::transcript::{project, without_keys};
use crate::{Format, Input, Member, Place, Probe, ReadOptions, Recognised, Sink, Stop, Talk, Turn, moment};

/// The format.
#[derive(Debug)]
pub struct Aider;

const NAME: &str = "aider";

impl Format for Aider {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "Aider's history (.aider.chat.history.md)"
    }

    fn recognise(&self, probe: &Probe<'_>) -> Option<Recognised> {
        let is_history =
            |member: &Member| probe.head(member).text().lines().any(|line| begun(line).is_some());
        let all = probe.members().len() <= MOST_LOOKED_AT && probe.members().iter().all(is_history);
        (all && !probe.members().is_empty())
            .then(|| Recognised::certain("it has lines such as `# aider chat started at …`"))
    }

    fn read(&self, input: &mut Input, _: &ReadOptions, sink: &mut dyn Sink) -> Result<(), Stop> {
        for member in input.members().iter() {
            if !input.is_single() && !member.ends_with(".md") {
                sink.passed("file", "is no history", &member.place());
                continue;
            }
            let text = input.text(member)?;
            history(&text, member, sink)?;
        }
        Ok(())
    }
}

/// How many files of a folder are looked at.
const MOST_LOOKED_AT: usize = 50;

/// When a session begins, if this line says so.
fn begun(line: &str) -> Option<Timestamp> {
    let at = line.strip_prefix("# aider chat started at ")?.trim_end();
    let in_form = at.len() == 19 && at.is_ascii() && at.as_bytes()[10] == b' ';
    in_form.then(|| moment::from_text(at)).flatten()
}

/// Whose a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Speaker {
    Of(Role),
    Program,
}

/// A session of which some lines have been read.
#[derive(Default)]
struct Session {
    begun: Option<Timestamp>,
    /// Which one of those that began in the same second.
    number: usize,
    model: Option<String>,
    turns: Vec<Turn>,
    /// Who spoke last, unless a blank line has ended it.
    last: Option<Speaker>,
    /// Inside fenced code of an answer: how long its fence is.
    fence: Option<usize>,
    place: Place,
}

fn history(text: &str, member: &Member, sink: &mut dyn Sink) -> Result<(), Stop> {
    let project = project(member.folder());
    let mut session = Session { place: member.place(), ..Session::default() };
    for (number, line) in (1..).zip(text.lines()) {
        let place = member.place().line(number);
        let Some(at) = begun(line) else {
            session.line(line, &place, sink);
            continue;
        };
        let same = if session.begun == Some(at) { session.number + 1 } else { 0 };
        let next = Session { begun: Some(at), number: same, place, ..Session::default() };
        std::mem::replace(&mut session, next).give(project.as_deref(), sink)?;
    }
    session.give(project.as_deref(), sink)
}

impl Session {
    fn line(&mut self, line: &str, place: &Place, sink: &mut dyn Sink) {
        let ticks = line.bytes().take_while(|byte| *byte == b'`').count();
        if let Some(length) = self.fence {
            if ticks >= length && line.trim_end().len() == ticks {
                self.fence = None;
            }
            return self.say(Role::Assistant, line);
        }
        if let Some(said) = line.strip_prefix("####").filter(|said| said.is_empty() || said.starts_with(' '))
        {
            return self.say(Role::User, said.trim());
        }
        if let Some(said) = line.strip_prefix('>').filter(|said| said.is_empty() || said.starts_with(' ')) {
            if self.last != Some(Speaker::Program) {
                sink.passed("output of the program", "is not part of the dialogue", place);
            }
            self.last = Some(Speaker::Program);
            let said = said.trim();
            if let Some(model) = said.strip_prefix("Main model: ").or_else(|| said.strip_prefix("Model: ")) {
                self.model = model.split(" with ").next().map(|model| model.trim().to_owned());
            }
            return;
        }
        if ticks >= 3 {
            self.fence = Some(ticks);
        }
        if line.trim().is_empty() && self.last != Some(Speaker::Of(Role::Assistant)) {
            // A blank line ends what the user or the program says.
            self.last = None;
            return;
        }
        self.say(Role::Assistant, line);
    }

    fn say(&mut self, role: Role, said: &str) {
        if self.last != Some(Speaker::Of(role)) {
            let origin = MessageOrigin {
                model: self.model.clone().filter(|_| role == Role::Assistant),
                ..MessageOrigin::default()
            };
            self.turns.push(Turn { role, text: String::new(), origin });
        }
        self.last = Some(Speaker::Of(role));
        if let Some(turn) = self.turns.last_mut() {
            if !turn.text.is_empty() {
                turn.text.push('\n');
            }
            turn.text.push_str(said);
        }
    }

    fn give(mut self, project: Option<&str>, sink: &mut dyn Sink) -> Result<(), Stop> {
        for turn in &mut self.turns {
            turn.text = without_keys(turn.text.trim().to_owned(), &self.place, sink);
        }
        self.turns.retain(|turn| !turn.text.is_empty());
        let first = self.turns.first();
        let id = match (self.begun, first) {
            (Some(at), _) => format!("{at}#{}", self.number),
            // Before the first session there may be nothing.
            (None, None) => return Ok(()),
            (None, Some(first)) => text_id(&first.text),
        };
        sink.conversation(Talk {
            format: NAME,
            id: format!("{}/{id}", project.unwrap_or_default()),
            model_unknown: "aider",
            namespace: project.map(str::to_owned),
            created: self.begun,
            turns: self.turns,
            place: self.place,
            ..Talk::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::Fate;
    use crate::testing::{archive, collect, decided, file};

    const HISTORY: &str = "
#### from before  

Yes.

# aider chat started at 2026-05-01 10:20:30

> Aider v0.70.0  
> Main model: m-1 with diff edit format  

#### fix the bug  
#### in two lines  

Sure, your key is AKIAABCDEFGHIJKLMNOP.

```py
# aider chat started at some time
#### no user
> no output
```

Done.

> Applied edit to a.py  

#### thanks  

# aider chat started at 2026-05-01 10:20:30

> Bye

# aider chat started at 2026-05-02 09:00:00

#### again
";

    #[test]
    fn each_session_is_a_conversation() {
        let path = "home/ana/boat/.aider.chat.history.md";
        assert_eq!(decided(&mut file(path, HISTORY.as_bytes())), Some("aider"));
        let found = collect("aider", path, HISTORY.as_bytes());
        let said =
            |n: usize| found.conversations[n].messages.iter().map(|m| m.content.as_str()).collect::<Vec<_>>();
        assert_eq!(found.conversations.len(), 3);
        assert_eq!(said(0), ["from before", "Yes."]);
        let answer = "Sure, your key is [key].\n\n```py\n# aider chat started at some time\n#### no user\n> no output\n```\n\nDone.";
        assert_eq!(said(1), ["fix the bug\nin two lines", answer, "thanks"]);
        assert_eq!(said(2), ["again"]);
        let talk = &found.conversations[1];
        assert_eq!((talk.model.as_str(), talk.topic.as_str()), ("m-1", "fix the bug"));
        assert_eq!(talk.created_at.to_string(), "2026-05-01T10:20:30.000Z");
        assert_eq!(talk.origin.as_ref().unwrap().namespace.as_deref(), Some("project:boat"));
        for (fate, kind, count) in [
            (Fate::Passed, "output of the program", 3),
            (Fate::Passed, "empty conversation", 1),
            (Fate::Changed, "key", 1),
        ] {
            assert_eq!(found.count(fate, kind), count, "{kind}");
        }
        assert!(found.records.is_empty(), "nothing becomes a memory");
    }

    #[test]
    fn a_history_that_goes_on_keeps_its_conversations() {
        let ids = |text: &str| {
            let found = collect("aider", "boat/.aider.chat.history.md", text.as_bytes());
            found.conversations.iter().map(|talk| talk.id).collect::<Vec<_>>()
        };
        assert_eq!(ids(HISTORY), ids(&format!("{HISTORY}#### and more\n\nYes.\n")));
        let project = [(".aider.chat.history.md", HISTORY), ("CLAUDE.md", "- One")];
        assert_eq!(decided(&mut archive(&project)), Some("rules"));
    }
}
