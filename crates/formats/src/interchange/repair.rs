//! What came in broken goes out whole: one bad member must not make a whole
//! export one that others refuse (omi.md R1, R2).

use omi::{Envelope, FORMAT, Members, Record, VERSION};
use omp_model::Memory;
use serde_json::value::RawValue;

use super::to_record::set_profile;
use super::{Note, subject};
use crate::draft::json;

/// The profile of `ext` that keeps members which had to make way, as they came.
pub const REPAIRED: &str = "org.open-memory.repaired";

/// What a known member must be; anything else keeps a file from every level. Dates in a wrong form do not, and stay.
const RECORD: [(&str, Check); 13] = [
    ("id", some_text),
    ("created", text),
    ("type", text),
    ("subject", who),
    ("confidence", share),
    ("lang", text),
    ("tags", texts),
    ("source", origin),
    ("entities", things),
    ("relations", objects),
    ("valid_from", bound),
    ("valid_to", bound),
    ("ext", object),
];

const ENVELOPE: [(&str, Check); 4] =
    [("subject", who), ("generated_at", text), ("generator", text), ("ext", object)];

/// Looks at the member of that name, which is there.
type Check = fn(&Members, &str) -> Form;

/// What a look at a member finds.
enum Form {
    /// It is what it must be.
    Good,
    /// It is not.
    Bad,
    /// It is not, and this can be used of it.
    Partly(Box<RawValue>),
}

/// What is wrong with the known members of a record, `content` and `created` aside, for a report.
pub(super) fn faults(record: &Record) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut note = |field, message: &str| notes.push(Note { field, message: message.to_owned() });
    for (name, check) in RECORD {
        let Some(raw) = record.members().get(name) else {
            if name == "id" {
                note(name, "is missing; the memory is known by its text");
            }
            continue;
        };
        match check(record.members(), name) {
            _ if name == "created" => {}
            Form::Good if name.starts_with("valid_") => {
                let date = record.members().get_str(name);
                if date.is_some_and(|date| !omi::is_full_date(&date)) {
                    note(name, "is not a calendar date; it is kept as it came");
                }
            }
            Form::Good => {}
            _ if raw.get() == "null" => note(name, "is null and was taken as absent"),
            Form::Bad if name == "id" => {
                note(name, "is not a text that says something; the memory is known by its text");
            }
            Form::Bad if name == "type" => note(name, "is not a text; stored as semantic"),
            Form::Bad if name == "confidence" => {
                note(name, "is not a number from 0 to 1; it is kept as it came");
            }
            Form::Bad => {
                note(name, "is not of the type that it must be of; it is kept as it came and not used");
            }
            Form::Partly(_) if name == "subject" => {
                note(name, "has no `id` in the right form; its text was taken for one");
            }
            Form::Partly(_) => note(name, "is partly of a type that it must not be of; the rest was used"),
        }
    }
    notes
}

/// Makes the record of a memory one that any reader takes: what is missing comes from the memory, and known members of
/// a wrong type go where they do no harm ([`REPAIRED`]). A good record is left as it is.
pub fn repair(record: &mut Record, memory: &Memory) {
    let mut aside = Members::new();
    for (name, check) in RECORD {
        mend(record, name, check, &mut aside);
    }
    let unnamed = !record.members().contains("id");
    if unnamed {
        record.set("id", memory.id.to_string()).expect("text is JSON");
    }
    if !record.members().contains("created") {
        record.set("created", memory.created_at.to_string()).expect("text is JSON");
    }
    keep(record, &aside);
    if unnamed {
        // Only with the profile is it found again by an id of ours.
        set_profile(record, memory);
    }
}

/// Makes an envelope one that any reader takes, in the same way. As a header line (`as_line`) it can have no `content`.
pub fn repair_envelope(envelope: &mut Envelope, as_line: bool) {
    let mut aside = Members::new();
    for (name, check) in ENVELOPE {
        mend(envelope, name, check, &mut aside);
    }
    for (name, constant) in [("format", FORMAT), ("version", VERSION)] {
        if envelope.get_str(name).as_deref() != Some(constant) {
            put_aside(name, envelope.members().get(name), &mut aside);
            envelope.set(name, constant).expect("text is JSON");
        }
    }
    if as_line && let Some(content) = envelope.remove("content") {
        aside.push_raw("content", content);
    }
    keep(envelope, &aside);
}

fn mend(members: &mut Members, name: &str, check: Check, aside: &mut Members) {
    let Some(raw) = members.get(name) else { return };
    let form = check(members, name);
    if !matches!(form, Form::Good) {
        put_aside(name, Some(raw), aside);
    }
    match form {
        Form::Good => {}
        Form::Bad => drop(members.remove(name)),
        Form::Partly(usable) => members.set_raw(name, usable),
    }
}

fn put_aside(name: &str, raw: Option<&RawValue>, aside: &mut Members) {
    if let Some(raw) = raw.filter(|raw| raw.get() != "null") {
        aside.push_raw(name, raw.to_owned());
    }
}

/// Puts into `ext`, which is good by now, what had to make way; beside what did so before.
fn keep(members: &mut Members, aside: &Members) {
    if aside.is_empty() {
        return;
    }
    let mut ext = members.get_as::<Members>("ext").ok().flatten().unwrap_or_default();
    let before = ext.get_as::<Members>(REPAIRED).ok().flatten();
    let before = before.and_then(|profile| profile.get_as::<Members>("members").ok().flatten());
    let mut all = before.unwrap_or_default();
    aside.iter().for_each(|(name, raw)| all.set_raw(name, raw.to_owned()));
    let mut profile = Members::new();
    profile.push_raw("v", json(&1));
    profile.push_raw("members", json(&all));
    ext.set_raw(REPAIRED, json(&profile));
    members.set_raw("ext", json(&ext));
}

fn good_if(good: bool) -> Form {
    if good { Form::Good } else { Form::Bad }
}

fn is_text(raw: &RawValue) -> bool {
    raw.get().starts_with('"')
}

fn is_object(raw: &RawValue) -> bool {
    raw.get().starts_with('{')
}

fn raw<'a>(members: &'a Members, name: &str) -> &'a RawValue {
    members.get(name).expect("only what is there is looked at")
}

fn text(members: &Members, name: &str) -> Form {
    good_if(is_text(raw(members, name)))
}

fn some_text(members: &Members, name: &str) -> Form {
    good_if(members.get_str(name).is_some_and(|text| !text.is_empty()))
}

fn object(members: &Members, name: &str) -> Form {
    good_if(is_object(raw(members, name)))
}

fn bound(members: &Members, name: &str) -> Form {
    let raw = raw(members, name);
    good_if(is_text(raw) || raw.get() == "null")
}

fn share(members: &Members, name: &str) -> Form {
    let share = raw(members, name).get();
    let number = share.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    good_if(number && share.parse::<f64>().is_ok_and(|share| (0.0..=1.0).contains(&share)))
}

fn texts(members: &Members, name: &str) -> Form {
    list(members, name, is_text)
}

fn objects(members: &Members, name: &str) -> Form {
    list(members, name, is_object)
}

fn things(members: &Members, name: &str) -> Form {
    list(members, name, |item| is_object(item) || is_text(item))
}

fn list(members: &Members, name: &str, fits: fn(&RawValue) -> bool) -> Form {
    let Ok(Some(items)) = members.get_as::<Vec<&RawValue>>(name) else { return Form::Bad };
    if items.iter().all(|item| fits(item)) {
        return Form::Good;
    }
    let usable: Vec<&RawValue> = items.into_iter().filter(|item| fits(item)).collect();
    if usable.is_empty() { Form::Bad } else { Form::Partly(json(&usable)) }
}

fn origin(members: &Members, name: &str) -> Form {
    some_members(members, name, &["platform", "ref", "method"])
        .map_or(Form::Bad, |(mended, source)| if mended { Form::Partly(json(&source)) } else { Form::Good })
}

fn who(members: &Members, name: &str) -> Form {
    let Some(about) = subject(members) else { return Form::Bad };
    let Some((mended, mut object)) = some_members(members, name, &["type", "label"]) else {
        return Form::Partly(json(&about));
    };
    let named = matches!(some_text_of(&object, "id"), Form::Good);
    if named && !mended {
        return Form::Good;
    }
    if !named {
        object.set_raw("id", json(&about.id));
    }
    Form::Partly(json(&object))
}

fn some_text_of(members: &Members, name: &str) -> Form {
    if members.contains(name) { some_text(members, name) } else { Form::Bad }
}

/// The member of that name if it is an object, without those of its members in `names` that are no texts; and whether
/// there were any.
fn some_members(members: &Members, name: &str, names: &[&str]) -> Option<(bool, Members)> {
    let mut object = members.get_as::<Members>(name).ok()??;
    let wrong: Vec<&&str> =
        names.iter().filter(|name| object.get(name).is_some_and(|raw| !is_text(raw))).collect();
    for name in &wrong {
        object.remove(name);
    }
    Some((!wrong.is_empty(), object))
}

#[cfg(test)]
mod tests {
    use omp_model::Timestamp;

    use super::super::{Context, from_record};
    use super::*;

    fn repaired(json: &str) -> Record {
        let mut record = Record::parse(json).unwrap();
        let context = Context { subject: None, fallback: Timestamp::from_millis(5_000) };
        let memory = from_record(&record, context).unwrap().parts.remove(0);
        repair(&mut record, &memory);
        record
    }

    fn level(record: &Record) -> Option<omi::Level> {
        let mut envelope = Envelope::new();
        envelope.set_subject(&omi::Subject::new("u"));
        let mut writer = omi::Writer::lines(Vec::new(), &envelope).unwrap();
        writer.write(record).unwrap();
        omi::validate(&writer.finish().unwrap()[..], None).unwrap().level
    }

    #[test]
    fn a_good_record_is_left_as_it_is() {
        let text = r#"{"id":"a","content":"x","created":"last Tuesday","subject":{"id":"u","z":1},"tags":[],"confidence":1e0,"valid_to":null,"source":{"ref":"r","y":2},"entities":["a",{}],"ext":{"p":1e400}}"#;
        assert_eq!(serde_json::to_string(repaired(text).members()).unwrap(), text);
    }

    #[test]
    fn every_record_that_can_be_imported_can_be_exported() {
        let good = r#""id":"a","content":"x","created":"2026-01-01T00:00:00Z","type":"t""#;
        for member in [
            r#""tags":null"#,
            r#""tags":"a,b""#,
            r#""tags":["a",5]"#,
            r#""lang":null"#,
            r#""confidence":7"#,
            r#""confidence":"high""#,
            r#""type":3"#,
            r#""source":"chat""#,
            r#""source":{"platform":5,"ref":"r"}"#,
            r#""subject":"bob""#,
            r#""subject":{"label":"Bob"}"#,
            r#""subject":{"id":5}"#,
            r#""subject":{"id":"b","type":5}"#,
            r#""valid_from":2026"#,
            r#""ext":"x""#,
            r#""entities":{}"#,
            r#""relations":["a"]"#,
            r#""id":5"#,
            r#""id":"""#,
            r#""created":5"#,
        ] {
            let record = repaired(&format!("{{{good},{member}}}"));
            let untyped = member.contains("\"type\":3");
            let expected = if untyped { omi::Level::L0 } else { omi::Level::L1 };
            assert_eq!(
                level(&record),
                Some(expected),
                "{member}: {}",
                serde_json::to_string(record.members()).unwrap()
            );
        }
        assert_eq!(level(&repaired(r#"{"content":"x"}"#)), Some(omi::Level::L0));
    }

    #[test]
    fn what_made_way_is_kept_and_what_can_be_used_is_used() {
        let record = repaired(
            r#"{"id":"a","content":"x","created":"y","tags":["a",5],"lang":null,"subject":{"label":"Bob"},"confidence":7.0,"ext":{"p":1}}"#,
        );
        assert_eq!(
            serde_json::to_string(record.members()).unwrap(),
            r#"{"id":"a","content":"x","created":"y","tags":["a"],"subject":{"label":"Bob","id":"Bob"},"ext":{"p":1,"org.open-memory.repaired":{"v":1,"members":{"subject":{"label":"Bob"},"confidence":7.0,"tags":["a",5]}}}}"#
        );
    }

    #[test]
    fn an_envelope_gets_what_it_must_have() {
        let mut envelope = Envelope::from(
            Members::parse(
                r#"{"version":"9","content":"c","ext":"x","subject":{"label":"Bob"},"license":"CC0"}"#,
            )
            .unwrap(),
        );
        repair_envelope(&mut envelope, true);
        let header = omi::Writer::lines(Vec::new(), &envelope).unwrap().finish().unwrap();
        let report = omi::validate(&header[..], None).unwrap();
        assert_eq!((report.level, report.layout), (Some(omi::Level::L1), Some(omi::Layout::Headed)));
        let ext = envelope.ext().unwrap();
        let kept = ext.get(REPAIRED).unwrap().get();
        for part in [r#""version":"9""#, r#""content":"c""#, r#""ext":"x""#] {
            assert!(kept.contains(part), "{kept}");
        }
    }
}
