//! Google AI Studio: the prompts that it keeps in Drive, a JSON file for each.
//!
//! **Recognised** by `chunkedPrompt`, which holds the turns.
//!
//! **Read.** A file, or a folder of them. The model's thoughts are passed over; the settings' model is the model. The file
//! says no date of its own: turns may have one, else the file's counts.
//!
//! **Not written**: nothing takes it back as memory.
//!
//! **Cannot carry**: files in Drive, settings, safety ratings.

use omp_model::MessageOrigin;
use omp_model::conversation::Role;
use serde::Deserialize;

use crate::items::{Items, each_item, why_bad};
use crate::loose::{Flag, List, Object, Word};
use crate::moment::Moment;
use crate::origin::text_id;
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
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Chunks<'a> {
    #[serde(borrow)]
    chunks: List<Object<Chunk<'a>>>,
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
    drive_document: Object<File<'a>>,
    #[serde(borrow)]
    drive_image: Object<File<'a>>,
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
        let files: Vec<String> = [&chunk.drive_document, &chunk.drive_image]
            .into_iter()
            .filter_map(|file| file.0.as_ref()?.id.owned())
            .collect();
        if !files.is_empty() {
            sink.lost("attached file", "is not kept; its name is", &place);
        }
        let text = match chunk.text.get() {
            Some(text) => text.to_owned(),
            None if files.is_empty() => continue,
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
    // Without an id or a name, what was asked first tells one prompt from another.
    let first = || turns.first().map(|turn: &Turn| text_id(&turn.text));
    let id =
        prompt.id.owned().or_else(|| Some(name.to_owned()).filter(|name| !name.is_empty())).or_else(first);
    let topic = prompt.title.owned().or_else(|| Some(name.to_owned()).filter(|_| prompt.id.get().is_none()));
    sink.conversation(Talk {
        format: NAME,
        id: id.unwrap_or_default(),
        model,
        model_unknown: "gemini",
        topic,
        created: turns.iter().find_map(|turn| turn.origin.created_at).or(member.modified),
        turns,
        place,
        ..Talk::default()
    })
}
