//! What every source of vectors can do.

use crate::{EmbedError, ModelIdentity};

/// The vectors of one text, one for each window in the order of the text. Empty when the text is blank.
pub type Windows = Vec<Vec<f32>>;

/// What a vector is for. Some models want to be told, by words put before the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// A question or a few words to search with. Gets one vector.
    Query,
    /// A text to be found. Gets one vector for each window.
    Document,
}

/// A source of vectors. Calls block for milliseconds to seconds; [`Pool`](crate::Pool) keeps them off an async runtime.
pub trait Embedder: Send + Sync {
    /// The model behind the vectors.
    fn identity(&self) -> &ModelIdentity;

    /// The vectors of one text, each [`ModelIdentity::dimensions`] long and of length 1.
    ///
    /// # Errors
    ///
    /// When the model or its endpoint fails. No error tells the text.
    fn embed(&self, purpose: Purpose, text: &str) -> Result<Windows, EmbedError>;

    /// The vectors of several texts, in their order. The vectors of a text are the same as when it is alone: an
    /// embedder of this machine takes one text after the other, and only what saves round trips does otherwise.
    ///
    /// # Errors
    ///
    /// When one of the texts fails.
    fn embed_all(&self, purpose: Purpose, texts: &[&str]) -> Result<Vec<Windows>, EmbedError> {
        texts.iter().map(|text| self.embed(purpose, text)).collect()
    }

    /// How well the model knows the words of a text: 1 well, 0 not at all, as with a language
    /// that it never saw. 1 where that cannot be told.
    fn fit(&self, _text: &str) -> f32 {
        1.0
    }

    /// How many texts are worth handing over at once: 1 where [`embed_all`](Self::embed_all) takes them one by one.
    fn batch(&self) -> usize {
        1
    }
}

/// Makes a vector length 1. `None` if it has none: all zero, or not finite.
pub(crate) fn normalise(mut vector: Vec<f32>) -> Option<Vec<f32>> {
    // In f64, as squares of large values of an endpoint may not fit into an f32.
    let length = vector.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
    if !length.is_finite() || length < 1e-12 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "a vector's numbers are f32")]
    for x in &mut vector {
        *x = (f64::from(*x) / length) as f32;
    }
    Some(vector)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_get_length_one_and_those_without_a_length_are_refused() {
        for vector in [vec![3.0, 4.0], vec![3e30, 4e30], vec![3e-9, 4e-9]] {
            let vector = normalise(vector).unwrap();
            assert!((vector[0] - 0.6).abs() < 1e-6 && (vector[1] - 0.8).abs() < 1e-6, "{vector:?}");
        }
        assert_eq!(normalise(vec![0.0, 0.0]), None);
        assert_eq!(normalise(vec![1.0, f32::NAN]), None);
        assert_eq!(normalise(vec![1.0, f32::INFINITY]), None);
        assert_eq!(normalise(Vec::new()), None);
    }
}
