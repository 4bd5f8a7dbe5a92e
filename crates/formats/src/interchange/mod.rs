//! Records of Open Memory Interchange as memories, and back (omi.md section (i)).
//!
//! A record says more than a memory can: validity dates, confidence, language, entities, relations, unknown members,
//! free ids and tags. So the record is kept untouched beside the memory, and going back starts from it: what was
//! not changed here comes out as it came in. What a memory says more than a record goes into our profile ([`Profile`])
//! of `ext`.

mod again;
mod from_record;
mod profile;
mod repair;
mod subject;
mod to_record;

pub use again::{memories, say_the_same};
pub(crate) use from_record::split;
pub use from_record::{Context, Mapped, Note, from_record, part_id};
pub use profile::{NAME as PROFILE, Profile};
pub use repair::{REPAIRED, repair, repair_envelope};
pub use subject::subject;
pub use to_record::{native, overlay, set_profile};

/// The subject of memories that were made here.
pub const OWNER: &str = "owner";

/// How originals of this format are marked in the store.
pub const FORMAT: &str = "omi";
