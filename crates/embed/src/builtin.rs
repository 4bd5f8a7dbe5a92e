//! The model inside the program: all-MiniLM-L6-v2 with 8-bit weights.
//!
//! English, 384 dimensions, windows of 256 tokens. `model/make.py` makes its files from the float weights and says how;
//! `NOTICE` says whose work it is. The weights are read where they lie in the program, so loading copies only the
//! matrices, into the layout that multiplies fast.

use rten::{ModelOptions, include_external_data};

use crate::encoder::{Encoder, Pooling};
use crate::tokens::Tokens;
use crate::{EmbedError, Embedder, ModelIdentity, Purpose, Windows};

/// What the model is called in its identity.
pub const NAME: &str = "all-MiniLM-L6-v2";

/// How many numbers a vector has.
pub const DIMENSIONS: usize = 384;

/// SHA-256 of `model/SHA256SUMS`, which holds the digests of the network, the weights and the vocabulary.
pub const MODEL_SHA256: &str = "44494765eb39196ad8e4ab9ffcf51631d5457a7269f090549b4d76b37fb5d361";

/// How many tokens a window has, `[CLS]` and `[SEP]` included.
pub const WINDOW: usize = 256;

const NETWORK: &[u8] = include_bytes!("../model/all-MiniLM-L6-v2.int8.onnx");
const VOCAB: &str = include_str!("../model/vocab.txt");

/// By this name the network asks for its weights.
const WEIGHTS_NAME: &str = "all-MiniLM-L6-v2.int8.onnx.data";

fn weights() -> &'static [u8] {
    include_external_data!("../model/all-MiniLM-L6-v2.int8.onnx.data")
}

/// The identity of the built-in model; nothing needs to be loaded to know it.
#[must_use]
pub fn identity() -> ModelIdentity {
    ModelIdentity {
        name: NAME.to_owned(),
        revision: MODEL_SHA256.chars().take(8).collect(),
        dimensions: DIMENSIONS,
        normalised: true,
    }
}

/// The built-in model, loaded.
pub struct Builtin {
    identity: ModelIdentity,
    tokens: Tokens,
    encoder: Encoder,
}

impl Builtin {
    /// Loads the model: tens of milliseconds.
    ///
    /// # Errors
    ///
    /// When the program was built with files that do not belong together.
    pub fn load() -> Result<Self, EmbedError> {
        let bad = |problem| EmbedError::BadModel { file: "the built-in model".into(), problem };
        let model = ModelOptions::with_all_ops()
            .prepack_weights(true)
            .external_data_static(WEIGHTS_NAME, weights())
            .load_static_slice(NETWORK)
            .map_err(|e| bad(e.to_string()))?;
        let encoder = Encoder::new(model, Pooling::Mean).map_err(bad)?;
        let tokens = Tokens::from_vocab(VOCAB, true, WINDOW).map_err(bad)?;
        Ok(Self { identity: identity(), tokens, encoder })
    }
}

impl Embedder for Builtin {
    fn identity(&self) -> &ModelIdentity {
        &self.identity
    }

    fn embed(&self, purpose: Purpose, text: &str) -> Result<Windows, EmbedError> {
        self.tokens.windows(purpose, text)?.iter().map(|ids| self.encoder.encode(ids)).collect()
    }

    fn fit(&self, text: &str) -> f32 {
        self.tokens.fit(text)
    }
}

#[cfg(test)]
#[path = "builtin_tests.rs"]
mod tests;
