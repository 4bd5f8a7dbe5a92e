//! A vector that stands for a memory's meaning.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// Between 1 and 4,096 finite numbers, kept as `f32`.
#[derive(Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Embedding(Vec<f32>);

impl Embedding {
    /// The most dimensions.
    pub const MAX_DIMENSIONS: usize = 4_096;

    /// Checks the numbers; the error is a sentence.
    pub fn new(values: Vec<f32>) -> Result<Self, String> {
        if values.is_empty() || values.len() > Self::MAX_DIMENSIONS {
            return Err(format!(
                "must have 1 to {} numbers; this has {}",
                Self::MAX_DIMENSIONS,
                values.len()
            ));
        }
        if values.iter().any(|v| !v.is_finite()) {
            return Err("must have finite numbers only".into());
        }
        Ok(Self(values))
    }

    /// The numbers.
    pub fn values(&self) -> &[f32] {
        &self.0
    }

    /// Little-endian `f32`s, as they are stored.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|v| v.to_le_bytes()).collect()
    }

    /// Reads what [`Embedding::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (chunks, rest) = bytes.as_chunks::<4>();
        rest.is_empty()
            .then(|| Self::new(chunks.iter().map(|c| f32::from_le_bytes(*c)).collect()).ok())
            .flatten()
    }
}

impl fmt::Debug for Embedding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} dimensions>", self.0.len())
    }
}

impl<'de> Deserialize<'de> for Embedding {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(Vec::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_give_the_same_vector_back() {
        let vector = Embedding::new(vec![0.1, -2.5]).unwrap();
        assert_eq!(Embedding::from_bytes(&vector.to_bytes()), Some(vector));
        assert_eq!(Embedding::from_bytes(&[1, 2, 3]), None);
    }
}
