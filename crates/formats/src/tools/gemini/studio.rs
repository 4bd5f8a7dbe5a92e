//! Google AI Studio: the prompts that it keeps in Drive, a JSON file for each.
//!
//! **Recognised** by `chunkedPrompt`, which holds the turns.
//!
//! **Read.** A file, or a folder of them. The model's thoughts are passed over; the settings' model is the model. The file
//! says no date of its own: turns may have one, else the file's counts.
//!
//! **Not written**: nothing takes it back as memory.
//!
//! **Cannot carry**: files in Drive and in the prompt, settings, safety ratings, the system's instruction, what was typed
//! and not sent.

use omp_model::MessageOrigin;
use omp_model::conversation::Role;
use serde::Deserialize;

use crate::items::{Items, each_item, why_bad};
use crate::loose::{Flag, List, Object, Word};
use crate::moment::Moment;
use crate::talk::begun;
use crate::{Format, Input, Member, Outline, Probe, ReadOptions, Recognised, Sink, Stop, Talk, Turn};

/// The format.
#[derive(Debug)]
pub struct AiStudio;

const NAME: &str = "ai-studio";

impl Format for AiStudio {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "Google AI Studio prompts (a file from Drive or a folder of them)"
    }

    fn recognise(&self, probe: &Probe<'_>) -> Option<Recognised> {
        probe.json(is_prompt).map(|_| Recognised::certain("it has `chunkedPrompt`"))
    }

    fn read(&self, input: &mut Input, _: &ReadOptions, sink: &mut dyn Sink) -> Result<(), Stop> {
        let mut found = false;
        for member in input.members().iter() {
            let head = input.head(member, crate::probe::HEAD)?;
            if !(input.is_single() || is_prompt(&Outline::of(&head))) {
                sink.passed("file", "is no prompt of AI Studio", &member.place());
                continue;
            }
            found = true;
            each_item(input, member, Items { arrays: &[], itself: true }, sink, |sink, item| {
                match serde_json::from_str::<Object<Prompt<'_>>>(item.raw) {
                    Ok(Object(Some(prompt))) if prompt.said.0.is_some() => give(&prompt, member, sink),
                    Ok(_) => {
                        sink.failed("conversation", "has no `chunkedPrompt`", &item.place);
                        Ok(())
                    }
                    Err(error) => {
                        sink.failed("conversation", &why_bad(&error), &item.place);
                        Ok(())
                    }
                }
            })?;
        }
        if !found {
            return Err(Stop::broken(&crate::Place::default(), "there are no prompts of AI Studio in it"));
        }
        Ok(())
    }
}

fn is_prompt(outline: &Outline) -> bool {
    outline.has(".chunkedPrompt")
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Prompt<'a> {
    #[serde(borrow)]
    id: Word<'a>,
    #[serde(borrow)]
    title: Word<'a>,
    #[serde(rename = "chunkedPrompt", borrow)]
    said: Object<Chunks<'a>>,
    #[serde(borrow)]
    run_settings: Object<Settings<'a>>,
    #[serde(borrow)]
    system_instruction: Object<Instruction<'a>>,
}

/// What the model was told beforehand.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Instruction<'a> {
    #[serde(borrow)]
    text: Word<'a>,
    #[serde(borrow)]
    parts: List<Object<Part<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Chunks<'a> {
    #[serde(borrow)]
    chunks: List<Object<Chunk<'a>>>,
    /// What was typed and not sent.
    #[serde(borrow)]
    pending_inputs: List<Object<Chunk<'a>>>,
}

/// A piece of a text; `thought` when the model keeps it to itself.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Part<'a> {
    #[serde(borrow)]
    text: Word<'a>,
    thought: Flag,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Settings<'a> {
    #[serde(borrow)]
    model: Word<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Chunk<'a> {
    #[serde(borrow)]
    id: Word<'a>,
    #[serde(borrow)]
    role: Word<'a>,
    #[serde(borrow)]
    text: Word<'a>,
    is_thought: Flag,
    create_time: Moment,
    #[serde(borrow)]
    parts: List<Object<Part<'a>>>,
    #[serde(borrow)]
    drive_document: Object<File<'a>>,
    #[serde(borrow)]
    drive_image: Object<File<'a>>,
    #[serde(borrow)]
    drive_audio: Object<File<'a>>,
    #[serde(borrow)]
    drive_video: Object<File<'a>>,
    #[serde(borrow)]
    youtube_video: Object<File<'a>>,
    // Files inside the prompt have no name.
    #[serde(borrow)]
    inline_data: Object<File<'a>>,
    #[serde(borrow)]
    inline_file: Object<File<'a>>,
    #[serde(borrow)]
    inline_image: Object<File<'a>>,
    #[serde(borrow)]
    inline_audio: Object<File<'a>>,
    #[serde(borrow)]
    inline_video: Object<File<'a>>,
}

impl Chunk<'_> {
    /// Its text; in some files that is only in its parts.
    fn said(&self) -> Option<String> {
        let of_parts = || {
            let parts = self.parts.0.iter().filter_map(|part| part.0.as_ref()).filter(|part| !part.thought.0);
            let said: String = parts.filter_map(|part| part.text.get()).collect();
            Some(said).filter(|said| !said.trim().is_empty())
        };
        self.text.owned().filter(|text| !text.trim().is_empty()).or_else(of_parts)
    }

    /// How many files it has, and the names of those that have one.
    fn files(&self) -> (usize, Vec<String>) {
        let files: Vec<&File<'_>> = [
            &self.drive_document,
            &self.drive_image,
            &self.drive_audio,
            &self.drive_video,
            &self.youtube_video,
            &self.inline_data,
            &self.inline_file,
            &self.inline_image,
            &self.inline_audio,
            &self.inline_video,
        ]
        .into_iter()
        .filter_map(|file| file.0.as_ref())
        .collect();
        (files.len(), files.iter().filter_map(|file| file.id.owned()).collect())
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct File<'a> {
    #[serde(borrow)]
    id: Word<'a>,
}

fn give(prompt: &Prompt<'_>, member: &Member, sink: &mut dyn Sink) -> Result<(), Stop> {
    let place = member.place();
    let settings = prompt.run_settings.0.as_ref();
    let model = settings.and_then(|settings| settings.model.owned());
    let model = model.map(|model| model.trim_start_matches("models/").to_owned());
    let mut turns = Vec::new();
    let says = |told: &Instruction<'_>| {
        told.text.get().is_some()
            || told.parts.0.iter().any(|part| part.0.as_ref().is_some_and(|part| part.text.get().is_some()))
    };
    if prompt.system_instruction.0.as_ref().is_some_and(says) {
        sink.passed("system message", "is not part of the dialogue", &place);
    }
    let pending = prompt.said.0.iter().flat_map(|prompt| &prompt.pending_inputs.0);
    for _ in pending.filter_map(|chunk| chunk.0.as_ref()?.said()) {
        sink.passed("message that was not sent", "is not part of the dialogue", &place);
    }
    for chunk in prompt.said.0.iter().flat_map(|prompt| &prompt.chunks.0).filter_map(|chunk| chunk.0.as_ref())
    {
        if chunk.is_thought.0 {
            sink.passed("thoughts", "are not part of the dialogue", &place);
            continue;
        }
        let role = match chunk.role.get() {
            Some("user") => Role::User,
            Some("model") => Role::Assistant,
            _ => {
                sink.passed("message of another role", "is not part of the dialogue", &place);
                continue;
            }
        };
        let (count, files) = chunk.files();
        if count > 0 {
            sink.lost("attached file", "is not kept; its name is", &place);
        }
        let text = match chunk.said() {
            Some(text) => text,
            None if count == 0 => {
                sink.passed("empty message", "says nothing", &place);
                continue;
            }
            None => "[file]".to_owned(),
        };
        let origin = MessageOrigin {
            id: chunk.id.owned(),
            created_at: chunk.create_time.0,
            model: model.clone().filter(|_| role == Role::Assistant),
            attachments: files,
            ..MessageOrigin::default()
        };
        turns.push(Turn { role, text, origin });
    }
    let name = member.name().trim_end_matches(".json");
    // Drive calls every new one `Untitled prompt`.
    let id = prompt.id.owned().unwrap_or_else(|| begun(name, &turns));
    let topic = prompt.title.owned().or_else(|| Some(name.to_owned()).filter(|_| prompt.id.get().is_none()));
    sink.conversation(Talk {
        format: NAME,
        id,
        model,
        model_unknown: "gemini",
        topic,
        created: turns.iter().find_map(|turn| turn.origin.created_at).or(member.modified),
        turns,
        place,
        ..Talk::default()
    })
}
