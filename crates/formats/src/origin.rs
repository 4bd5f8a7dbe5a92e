//! What a record was in another tool's file: our second profile of `ext`. With it an item goes back into its own
//! format as it was, also by way of an interchange file.

use omi::{Members, Record};
use serde::Serialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::draft::json;
use crate::interchange::{PROFILE, Profile};

/// The profile's name.
pub const NAME: &str = "org.open-memory.origin";

/// How good the date is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dated {
    /// Only the day is known.
    Day,
    /// The date is that of something else: the whole, the file, the import.
    Assumed,
}

/// The origin of a record.
#[derive(Debug, Clone)]
pub struct Origin {
    members: Members,
}

impl Origin {
    pub(crate) fn new(
        format: &str,
        scope: &str,
        id: &str,
        dated: Option<Dated>,
        raw: Option<Box<RawValue>>,
        extra: Vec<(&'static str, Box<RawValue>)>,
    ) -> Self {
        let mut members = Members::new();
        members.push_raw("v", json(&1));
        members.push_raw("format", json(format));
        if !scope.is_empty() {
            members.push_raw("scope", json(scope));
        }
        members.push_raw("id", json(id));
        if let Some(dated) = dated {
            members.push_raw("dated", json(if dated == Dated::Day { "day" } else { "assumed" }));
        }
        for (name, value) in extra {
            members.push_raw(name, value);
        }
        if let Some(raw) = raw {
            members.push_raw("raw", raw);
        }
        Self { members }
    }

    /// Puts it into the record, with a sum of what the record says now.
    pub(crate) fn put(mut self, record: &mut Record) {
        self.members.set_raw("sum", json(&sum(record)));
        record.set_profile(NAME, &self.members).expect("members are JSON");
    }

    /// The origin of a record that has one.
    pub fn of(record: &Record) -> Option<Self> {
        let members = record.ext()?.get_as::<Members>(NAME).ok()??;
        members.contains("format").then_some(Self { members })
    }

    /// The format's name.
    pub fn format(&self) -> String {
        self.text("format").unwrap_or_default()
    }

    /// Within what [`Origin::id`] names something.
    pub fn scope(&self) -> String {
        self.text("scope").unwrap_or_default()
    }

    /// The item's own name.
    pub fn id(&self) -> Option<String> {
        self.text("id")
    }

    /// How good the date is.
    pub fn dated(&self) -> Option<Dated> {
        match self.members.get_str("dated")?.as_ref() {
            "day" => Some(Dated::Day),
            "assumed" => Some(Dated::Assumed),
            _ => None,
        }
    }

    /// The untouched original.
    pub fn raw(&self) -> Option<&RawValue> {
        self.members.get("raw")
    }

    /// The untouched original, when it is a text.
    pub fn raw_text(&self) -> Option<String> {
        self.text("raw")
    }

    /// A member that the format's own reader has put there, as text.
    pub fn text(&self, name: &str) -> Option<String> {
        self.members.get_str(name).map(std::borrow::Cow::into_owned)
    }

    /// A member that the format's own reader has put there.
    pub fn get<T: serde::de::DeserializeOwned>(&self, name: &str) -> Option<T> {
        serde_json::from_str(self.members.get(name)?.get()).ok()
    }

    /// Whether the record still says what it said when it was read: then its original may be written as it is.
    pub fn is_untouched(&self, record: &Record) -> bool {
        self.members.get_str("sum").is_some_and(|was| was == sum(record))
    }

    /// Whether the other, of the same item, says what this one says: the same original, read in the same way.
    pub(crate) fn says_what(&self, other: &Self) -> bool {
        let member = |origin: &Self, name: &str| origin.members.get(name).map(|raw| raw.get().to_owned());
        ["format", "sum", "raw"].iter().all(|name| member(self, name) == member(other, name))
    }
}

/// What identifies a text without a name.
pub fn text_id(text: &str) -> String {
    let normal = omp_model::text::normal_form(text);
    format!("text-{}", hex(&Sha256::digest(normal.as_bytes())[..10]))
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        text.push_str(&format!("{byte:02x}"));
        text
    })
}

/// A sum of what a person or a tool would change: text, kind, tags, project, end, metadata.
fn sum(record: &Record) -> String {
    #[derive(Serialize)]
    struct Said<'a> {
        content: Option<&'a str>,
        kind: Option<&'a str>,
        tags: Vec<String>,
        profile: Option<(Option<&'a str>, Option<String>, String)>,
    }
    let profile = record.ext().and_then(|ext| ext.get_as::<Profile>(PROFILE).ok().flatten());
    let (content, kind) = (record.content(), record.kind());
    let said = Said {
        content: content.as_deref(),
        kind: kind.as_deref(),
        tags: record.tags().iter().map(ToString::to_string).collect(),
        profile: profile.as_ref().map(|profile| {
            (
                profile.namespace.as_ref().map(omp_model::Namespace::as_str),
                profile.expires_at.map(|at| at.to_string()),
                profile.metadata.to_json(),
            )
        }),
    };
    hex(&Sha256::digest(serde_json::to_vec(&said).expect("plain data is JSON"))[..8])
}
