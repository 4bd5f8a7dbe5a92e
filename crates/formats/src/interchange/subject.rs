//! Whom a record is about, also where its file does not say so in the right form.

use omi::{Members, Subject};

/// The subject among the members of a record or an envelope. It must be an object with an `id`; but a label alone, or a
/// text in the object's place, tells as much as an id would: whom it is about must not become somebody else.
pub fn subject(members: &Members) -> Option<Subject> {
    if let Some(text) = some(members, "subject") {
        return Some(Subject::new(text));
    }
    let subject = members.get_as::<Members>("subject").ok()??;
    let text = |name| subject.get_str(name).map(std::borrow::Cow::into_owned);
    let id = some(&subject, "id").or_else(|| some(&subject, "label"))?;
    Some(Subject { id, kind: text("type"), label: text("label") })
}

fn some(members: &Members, name: &str) -> Option<String> {
    members.get_str(name).filter(|text| !text.is_empty()).map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_or_a_text_does_for_an_id() {
        let id = |json: &str| subject(&Members::parse(json).unwrap()).map(|subject| subject.id);
        for json in [
            r#"{"subject":{"id":"bob","label":"Bob"}}"#,
            r#"{"subject":{"label":"bob","type":"person"}}"#,
            r#"{"subject":{"id":"","label":"bob"}}"#,
            r#"{"subject":"bob"}"#,
        ] {
            assert_eq!(id(json).as_deref(), Some("bob"), "{json}");
        }
        for json in ["{}", r#"{"subject":null}"#, r#"{"subject":""}"#, r#"{"subject":{"type":"person"}}"#] {
            assert_eq!(id(json), None, "{json}");
        }
    }
}
