//! What an export holds of memories, and the instructions of projects.

use omp_model::MemoryType;

use super::wire::{Memories, Project};
use super::{NAME, Projects};
use crate::draft::slug;
use crate::items::{Item, Items, each_item, why_bad};
use crate::{Draft, Input, Member, Place, Sink, Stop};

/// Reads the file of memories.
pub(super) fn read(
    input: &mut Input,
    member: &Member,
    projects: &Projects,
    sink: &mut dyn Sink,
) -> Result<(), Stop> {
    each_item(input, member, Items { arrays: &["memories"], itself: true }, sink, |sink, item| {
        let memories = match serde_json::from_str::<Memories<'_>>(item.raw) {
            Ok(memories) => memories,
            Err(error) => {
                sink.failed("memories", &why_bad(&error), &item.place);
                return Ok(());
            }
        };
        let account = memories.account_uuid.owned();
        let base = |text: String, place: Place| {
            let mut draft = Draft::new(NAME, "claude", text);
            draft.account.clone_from(&account);
            draft.place = place;
            draft
        };
        let scope = account.clone().unwrap_or_default();
        if let Some(text) = memories.conversations_memory.get() {
            for (heading, text) in paragraphs(text) {
                let mut draft = base(text.clone(), item.place.inside("conversations_memory"));
                draft.scope = format!("{scope}/{heading}");
                summary(&mut draft, &heading, &text);
                sink.memory(draft)?;
            }
        }
        for (project, text) in &memories.project_memories.0 {
            for (heading, text) in paragraphs(text.get().unwrap_or_default()) {
                let mut draft = base(text.clone(), item.place.inside(format!("project_memories.{project}")));
                draft.scope = format!("{scope}/{project}/{heading}");
                draft.namespace = Some(projects.namespace(project));
                draft.reference = Some(project.clone());
                summary(&mut draft, &heading, &text);
                sink.memory(draft)?;
            }
        }
        for file in memories.memory_files.0.iter().filter_map(|file| file.0.as_ref()) {
            let Some(text) = file.content.get() else { continue };
            let path = file.path.get().unwrap_or_default();
            let mut draft = base(text.to_owned(), item.place.inside(format!("memory_files {path}")));
            draft.scope.clone_from(&scope);
            draft.id = Some(format!("file:{path}"));
            draft.reference = Some(path.to_owned());
            draft.method = Some("extracted");
            (draft.created, draft.updated) = (file.created_at.0.or(file.updated_at.0), file.updated_at.0);
            draft.raw_text(text);
            sink.memory(draft)?;
        }
        Ok(())
    })
}

fn summary(draft: &mut Draft, heading: &str, text: &str) {
    draft.method = Some("summarized");
    if !heading.is_empty() {
        draft.tags = vec![slug(heading).into_owned()];
        draft.extra("heading", heading);
    }
    draft.raw_text(text);
}

/// The instructions of a project, and its name for what belongs to it.
pub(super) fn project(
    project: &Project<'_>,
    item: &Item<'_>,
    projects: &mut Projects,
    sink: &mut dyn Sink,
) -> Result<(), Stop> {
    let Some(id) = project.uuid.get() else {
        sink.failed("project", "has no `uuid`", &item.place);
        return Ok(());
    };
    if let Some(name) = project.name.get() {
        projects.0.insert(id.to_owned(), name.to_owned());
    }
    for doc in project.docs.0.iter().filter_map(|doc| doc.0.as_ref()) {
        let name = doc.file_name.get().or(doc.file_uuid.get()).unwrap_or("docs");
        sink.passed("document of a project", "is a file and no memory", &item.place.inside(name));
    }
    let prompt = project.prompt_template.get().filter(|text| !text.trim().is_empty());
    let Some(prompt) = prompt.filter(|_| !project.is_starter_project.0) else { return Ok(()) };
    let mut draft = Draft::new(NAME, "claude", prompt);
    draft.id = Some(format!("project:{id}:instructions"));
    draft.kind = MemoryType::Procedural;
    draft.tags = vec!["project".into(), "instructions".into()];
    draft.namespace = Some(projects.namespace(id));
    draft.reference = Some(id.to_owned());
    draft.method = Some("stated");
    (draft.created, draft.updated) = (project.created_at.0, project.updated_at.0);
    draft.raw_text(prompt);
    draft.place = item.place.inside("prompt_template");
    sink.memory(draft)
}

/// The paragraphs and bullets of a text with headings (`## …` or a bold line), each with its heading.
fn paragraphs(text: &str) -> Vec<(String, String)> {
    let (mut found, mut heading, mut open): (Vec<(String, String)>, String, bool) =
        (Vec::new(), String::new(), false);
    for line in text.lines() {
        let trimmed = line.trim();
        let bold = trimmed.strip_prefix("**").and_then(|rest| rest.strip_suffix("**"));
        let bold = bold.filter(|name| !name.contains("**") && name.chars().count() <= 80);
        if trimmed.is_empty() || trimmed.chars().all(|c| matches!(c, '-' | '*' | '_')) {
            open = false;
        } else if let Some(name) = trimmed.starts_with('#').then(|| trimmed.trim_start_matches('#')).or(bold)
        {
            name.trim().trim_end_matches(':').clone_into(&mut heading);
            open = false;
        } else if let Some(bullet) = bullet(line) {
            found.push((heading.clone(), bullet.to_owned()));
            open = true;
        } else if open {
            let text = &mut found.last_mut().expect("one is open").1;
            text.push('\n');
            text.push_str(trimmed);
        } else {
            found.push((heading.clone(), trimmed.to_owned()));
            open = true;
        }
    }
    found
}

/// The text of a bullet that is not below another.
fn bullet(line: &str) -> Option<&str> {
    line.strip_prefix(['-', '*', '•'])?
        .strip_prefix([' ', '\t'])
        .map(str::trim)
        .filter(|text| !text.is_empty())
}
