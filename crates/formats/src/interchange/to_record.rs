//! A memory becomes a record.

use omi::{Members, Record, Source};
use omp_model::{Memory, Tag};

use super::{Context, PROFILE, Profile, from_record};

/// The record of a memory that was made here.
pub fn native(memory: &Memory) -> Record {
    let mut record =
        Record::new(&memory.id.to_string(), memory.content.as_str(), &memory.created_at.to_string());
    record.set_kind(memory.kind.as_str());
    if !memory.tags.is_empty() {
        record.set_tags(&memory.tags.iter().map(Tag::as_str).collect::<Vec<_>>());
    }
    record.set_source(&source(memory));
    set_profile(&mut record, memory);
    record
}

fn source(memory: &Memory) -> Source {
    Source {
        platform: Some(memory.source.tool.as_str().to_owned()),
        reference: memory.source.session_id.as_ref().map(|session| session.as_str().to_owned()),
        ..Source::default()
    }
}

/// Says of a record all that the memory says more, and by which id it is known here.
pub fn set_profile(record: &mut Record, memory: &Memory) {
    record.set_profile(PROFILE, Profile::of(memory)).expect("a profile is JSON");
}

/// The record that a memory was imported from, with what was changed here since laid over it; an untouched one is
/// exactly what came in. The memory must be the record's only part.
pub fn overlay(mut record: Record, memory: &Memory, subject: Option<&str>) -> Record {
    // With the memory's own date as fallback, a record without a date counts as untouched.
    let Ok(mapped) = from_record(&record, Context { subject, fallback: memory.created_at }) else {
        return native(memory);
    };
    let before = &mapped.parts[0];
    let mut changed = false;
    let mut differs = |different: bool| {
        changed |= different;
        different
    };
    if differs(before.content != memory.content) {
        set(&mut record, "content", Some(memory.content.as_str()));
    }
    if differs(before.kind != memory.kind) {
        record.set_kind(memory.kind.as_str());
    }
    if differs(before.tags != memory.tags) {
        record.set_tags(&memory.tags.iter().map(Tag::as_str).collect::<Vec<_>>());
    }
    if differs(
        before.source.tool != memory.source.tool || before.source.session_id != memory.source.session_id,
    ) {
        // Into the source as it is written, so that members which we do not know stay.
        let written = record.members().get("source").and_then(|source| Members::parse(source.get()).ok());
        let (mut merged, new) = (written.unwrap_or_default(), source(memory));
        set(&mut merged, "platform", new.platform.as_deref());
        set(&mut merged, "ref", new.reference.as_deref());
        record.set("source", &merged).expect("members are JSON");
    }
    // Which id a memory got is no change of the record.
    let profile = (Profile { id: Some(memory.id), ..Profile::of(before) }, Profile::of(memory));
    let vector_only = Profile { embedding: profile.1.embedding.clone(), ..profile.0.clone() } == profile.1;
    if differs(!vector_only) || changed || profile.1.embedding.is_some() {
        set_profile(&mut record, memory);
    }
    record
}

fn set(members: &mut Members, name: &str, value: Option<&str>) {
    match value {
        Some(value) => members.set(name, value).expect("text is JSON"),
        None => drop(members.remove(name)),
    }
}

#[cfg(test)]
mod tests {
    use omp_model::{Content, MemoryPatch, Timestamp};

    use super::*;

    const RAW: &str = r#"{"zeta":1.50,"id":"m","content":"x","created":"2026-03-04","type":"insight","tags":["Tea Time"],"source":{"platform":"chat","method":"stated"},"confidence":0.9,"ext":{"com.example":{"big":12345678901234567890123}}}"#;

    fn imported() -> (Record, Memory) {
        let record = Record::parse(RAW).unwrap();
        let mapped = from_record(&record, Context { subject: None, fallback: Timestamp::default() }).unwrap();
        (record, mapped.parts.into_iter().next().unwrap())
    }

    fn text(record: &Record) -> String {
        serde_json::to_string(record.members()).unwrap()
    }

    #[test]
    fn an_untouched_memory_gives_back_the_very_record() {
        let (record, memory) = imported();
        assert_eq!(text(&overlay(record, &memory, None)), RAW);
    }

    #[test]
    fn only_what_was_changed_is_laid_over() {
        let (record, mut memory) = imported();
        let patch = MemoryPatch { content: Content::new("y").ok(), ..MemoryPatch::default() };
        patch.apply(&mut memory, Timestamp::from_millis(1_900_000_000_000));
        let profile = format!(
            r#"123}},"org.open-memory.omp":{{"v":1,"id":"{}","updated_at":"2030-03-17T17:46:40.000Z"}}}}"#,
            memory.id
        );
        let expected = RAW.replace(r#""content":"x""#, r#""content":"y""#).replace("123}}", &profile);
        assert_eq!(text(&overlay(record, &memory, None)), expected);
    }

    #[test]
    fn a_native_memory_survives_the_way_out_and_back_in() {
        let (_, mut memory) = imported();
        memory.id = omp_model::MemoryId::parse("mem_01j9xk2p3q4r5s6t").unwrap();
        memory.metadata = omp_model::Metadata::parse(r#"{"a":1.0}"#).unwrap();
        memory.namespace = omp_model::Namespace::new("n").ok();
        memory.expires_at = Some(Timestamp::from_millis(9_000_000_000_000));
        memory.source.timestamp = Timestamp::from_millis(77);
        let back =
            from_record(&native(&memory), Context { subject: Some("owner"), fallback: Timestamp::default() })
                .unwrap();
        assert_eq!((back.parts, back.notes), (vec![memory], vec![]));
    }
}
