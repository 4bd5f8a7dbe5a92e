//! Which column means what.

use serde_json::Value;

/// What a column or member can mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Field {
    Content,
    Id,
    CreatedAt,
    UpdatedAt,
    ObservedAt,
    ExpiresAt,
    ValidFrom,
    ValidTo,
    Type,
    Tags,
    Namespace,
    User,
    Session,
    Tool,
    Confidence,
    Metadata,
    /// Within what ids name something.
    Scope,
}

impl Field {
    /// Their names in a map, and the names of columns that are taken for them without one: small letters and digits
    /// only, the surest first.
    const ALL: [(Self, &'static str, &'static [&'static str]); 17] = [
        (
            Self::Content,
            "content",
            &[
                "content",
                "text",
                "memory",
                "memorytext",
                "note",
                "fact",
                "body",
                "message",
                "observation",
                "description",
                "summary",
                "value",
            ],
        ),
        (Self::Id, "id", &["id", "uuid", "memoryid", "guid"]),
        (
            Self::CreatedAt,
            "created_at",
            &[
                "createdat",
                "created",
                "createtime",
                "createdtime",
                "creationdate",
                "createddate",
                "timestamp",
                "ts",
                "date",
                "datetime",
                "time",
                "datesaved",
                "savedat",
                "addedat",
            ],
        ),
        (
            Self::UpdatedAt,
            "updated_at",
            &["updatedat", "updated", "updatetime", "modifiedat", "modified", "lastmodified", "lastupdated"],
        ),
        (Self::ObservedAt, "observed_at", &["observedat", "observed"]),
        (Self::ExpiresAt, "expires_at", &["expiresat", "expires", "expirationdate", "expiry"]),
        (Self::ValidFrom, "valid_from", &["validfrom"]),
        (Self::ValidTo, "valid_to", &["validto", "validuntil"]),
        (Self::Type, "type", &["type", "memorytype", "kind"]),
        (Self::Tags, "tags", &["tags", "tag", "labels", "categories", "category", "keywords", "topics"]),
        (Self::Namespace, "namespace", &["namespace", "project", "workspace", "folder", "collection"]),
        (Self::User, "user", &["userid", "user", "owner", "account"]),
        (Self::Session, "session", &["sessionid", "session", "conversationid", "threadid", "chatid"]),
        (Self::Tool, "tool", &["tool", "platform", "app", "source"]),
        (Self::Confidence, "confidence", &["confidence"]),
        (Self::Metadata, "metadata", &[]),
        (Self::Scope, "scope", &[]),
    ];

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known, _)| *known == name).map(|(field, ..)| *field)
    }

    /// Its name in a map.
    pub(super) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(field, ..)| *field == self).map_or("", |(_, name, _)| name)
    }

    fn names() -> String {
        let names: Vec<&str> = Self::ALL.iter().map(|(_, name, _)| *name).collect();
        names.join(", ")
    }
}

/// Where the value of a field comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// The column of this name, or of this number from 1; in JSON the member, `a.b` for one inside another.
    Column(String),
    /// Always this.
    Constant(String),
}

/// Which column of a table (or member of a JSON object) means what.
///
/// As text `content=text,created_at=ts`, one entry a comma or a line, lines that begin with `#` left out; or as a JSON
/// object `{"content": "text", "tags": ["labels", "topics"]}`. A column named by number is counted from 1. A value in
/// quotes is none of a column but meant itself: `tool='diary'`. A field may be named several times: texts are put under
/// one another, tags come together, of others the first one counts that is not empty. `items=NAME` names the member of
/// a JSON object that holds the items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldMap {
    entries: Vec<(Field, Origin)>,
    items: Option<String>,
}

impl FieldMap {
    /// Reads a map. The error says which entry is wrong and what was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut map = Self { entries: Vec::new(), items: None };
        let text = text.trim_start_matches('\u{FEFF}').trim();
        if text.starts_with('{') {
            let members: serde_json::Map<String, Value> = serde_json::from_str(text).map_err(|error| {
                format!("is no valid JSON object: line {}, column {}", error.line(), error.column())
            })?;
            for (name, value) in &members {
                let columns = match value {
                    Value::Array(columns) => columns.iter().collect(),
                    one => vec![one],
                };
                for column in columns {
                    let column = column
                        .as_str()
                        .ok_or_else(|| format!("has `{name}`, which must be the name of a column"))?;
                    map.add(name, column)?;
                }
            }
        } else {
            let entries = text.lines().filter(|line| !line.trim_start().starts_with('#'));
            for entry in entries.flat_map(|line| line.split(',')).filter(|entry| !entry.trim().is_empty()) {
                let (name, column) = entry.split_once('=').ok_or_else(|| {
                    format!(
                        "has the entry `{}`, which must be FIELD=COLUMN such as content=text",
                        entry.trim()
                    )
                })?;
                map.add(name.trim(), column.trim())?;
            }
        }
        if map.entries.iter().all(|(field, _)| *field != Field::Content) {
            return Err("must say where the text is: content=COLUMN".into());
        }
        Ok(map)
    }

    fn add(&mut self, name: &str, column: &str) -> Result<(), String> {
        if column.is_empty() {
            return Err(format!("names no column for `{name}`"));
        }
        if name == "items" {
            self.items = Some(column.to_owned());
            return Ok(());
        }
        let field = Field::parse(name)
            .ok_or_else(|| format!("has the field `{name}`; there are {}, items", Field::names()))?;
        let quoted = |mark: char| column.strip_prefix(mark)?.strip_suffix(mark);
        let origin = match quoted('\'').or_else(|| quoted('"')) {
            Some(constant) => Origin::Constant(constant.to_owned()),
            None => Origin::Column(column.to_owned()),
        };
        self.entries.push((field, origin));
        Ok(())
    }

    /// The member that holds the items.
    pub(super) fn items(&self) -> Option<&str> {
        self.items.as_deref()
    }

    /// What it says, in its order.
    pub(super) fn entries(&self) -> impl Iterator<Item = (Field, &Origin)> {
        self.entries.iter().map(|(field, origin)| (*field, origin))
    }

    /// What the usual names of columns mean: for each field the surest of these names.
    pub(super) fn guess<'a>(columns: impl Iterator<Item = &'a str>) -> Self {
        let columns: Vec<&str> = columns.collect();
        let mut entries = Vec::new();
        for (field, _, names) in Field::ALL {
            let column =
                names.iter().find_map(|name| columns.iter().find(|column| squeezed(column).eq(name.chars())));
            entries.extend(column.map(|column| (field, Origin::Column((*column).to_owned()))));
        }
        Self { entries, items: None }
    }

    /// Whether a text is known.
    pub(super) fn has(&self, field: Field) -> bool {
        self.entries.iter().any(|(known, _)| *known == field)
    }
}

/// A column's name without what is written differently: capitals, gaps, underscores.
fn squeezed(name: &str) -> impl Iterator<Item = char> {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_is_read_in_both_forms() {
        let text = "content=title, content=body\n# remarks\ntool='diary'\nitems=notes";
        let json = r#"{"content": ["title", "body"], "tool": "'diary'", "items": "notes"}"#;
        let map = FieldMap::parse(text).unwrap();
        assert_eq!(Ok(&map), FieldMap::parse(json).as_ref());
        assert_eq!(map.items(), Some("notes"));
        assert_eq!(map.entries().last(), Some((Field::Tool, &Origin::Constant("diary".into()))));
    }

    #[test]
    fn what_is_wrong_with_a_map_is_said() {
        for (text, expected) in [
            ("", "content=COLUMN"),
            ("created_at=ts", "content=COLUMN"),
            ("content", "FIELD=COLUMN"),
            ("content=", "names no column for `content`"),
            ("text=content", "the field `text`"),
            ("{\"content\":7}", "`content`, which must be the name"),
            ("{\"content\":", "no valid JSON"),
        ] {
            let error = FieldMap::parse(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn usual_names_are_known_however_they_are_written() {
        let map = FieldMap::guess(["ID", "Memory Text", "Created At", "colour"].into_iter());
        let known: Vec<_> = map.entries().map(|(field, _)| field).collect();
        assert_eq!(known, [Field::Content, Field::Id, Field::CreatedAt]);
        // The surer name wins, wherever it stands.
        let map = FieldMap::guess(["value", "text"].into_iter());
        assert_eq!(map.entries().next(), Some((Field::Content, &Origin::Column("text".into()))));
    }
}
