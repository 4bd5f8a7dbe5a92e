//! Which model made a vector.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The model that made a vector. Vectors of different identities say nothing about each other.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ModelIdentity {
    /// What people call it, such as `all-MiniLM-L6-v2` or `ollama:nomic-embed-text`.
    pub name: String,
    /// What tells two models of one name apart: the first eight hexadecimal digits of a SHA-256 over whatever decides
    /// about the vectors and can be seen from here (the files, the prefixes).
    pub revision: String,
    /// How many numbers a vector has.
    pub dimensions: usize,
    /// Whether vectors have length 1, so that the dot product of two is their cosine. True of every embedder here.
    pub normalised: bool,
}

/// `name@revision/dimensions`, such as `all-MiniLM-L6-v2@3f2a91c0/384`.
impl fmt::Display for ModelIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}/{}", self.name, self.revision, self.dimensions)?;
        if self.normalised { Ok(()) } else { f.write_str("/raw") }
    }
}

/// A revision from the parts that decide about the vectors, told apart by their lengths.
pub(crate) fn revision_of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.len().to_le_bytes());
        digest.update(part);
    }
    digest.finalize()[..4].iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_reads_as_name_revision_and_dimensions() {
        let mut identity = ModelIdentity {
            name: "all-MiniLM-L6-v2".into(),
            revision: "3f2a91c0".into(),
            dimensions: 384,
            normalised: true,
        };
        assert_eq!(identity.to_string(), "all-MiniLM-L6-v2@3f2a91c0/384");
        let json = serde_json::to_string(&identity).unwrap();
        assert_eq!(
            json,
            r#"{"name":"all-MiniLM-L6-v2","revision":"3f2a91c0","dimensions":384,"normalised":true}"#
        );
        identity.normalised = false;
        assert_eq!(identity.to_string(), "all-MiniLM-L6-v2@3f2a91c0/384/raw");
    }

    #[test]
    fn moving_a_byte_from_one_part_to_the_next_changes_the_revision() {
        let one = revision_of([b"ab".as_slice(), b"c"]);
        let other = revision_of([b"a".as_slice(), b"bc"]);
        assert_ne!(one, other);
        assert_eq!(one.len(), 8);
    }
}
