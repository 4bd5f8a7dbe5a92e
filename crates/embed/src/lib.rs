//! Text to vectors: the built-in model, models on disk, endpoints, and the threads they run on.
//!
//! * [`Embedder`] is what all of them are: blocking, one text in, one vector of length 1 for each window out. Every
//!   embedder has a [`ModelIdentity`]; vectors of different identities are never compared.
//! * [`builtin`] is all-MiniLM-L6-v2 with 8-bit weights, inside the program: 384 dimensions, English, no network.
//! * [`folder`] is any model of the BERT family on disk, as ONNX with its tokenizer.
//! * [`remote`] is an endpoint that speaks OpenAI's or Ollama's protocol. Text leaves the machine, so nobody gets it unasked.
//! * [`Pool`] owns the threads that embedders run on, loads the model when it is first needed and lets go of it when it was
//!   not needed for a while. Its answers are futures of no particular runtime.
//! * [`EmbeddingSettings`] reads what was configured and makes one of the above.
//!
//! # Windows
//!
//! A model sees a bounded number of tokens. A longer text is cut into windows that overlap and gets one
//! vector for each, in the order of the text, [`MAX_WINDOWS`] at most; what lies behind them has no vector.
//! The first window is always the beginning of the text, so whoever finds that later windows do harm can
//! ignore them. A query has one vector: its beginning. A text with nothing in it but blanks has none, since a
//! vector of nothing is a little like everything.

pub mod builtin;
mod embedder;
mod encoder;
mod error;
pub mod folder;
mod identity;
mod pool;
pub mod remote;
mod settings;
mod tokens;

pub use embedder::{Embedder, Purpose, Windows};
pub use error::EmbedError;
pub use identity::ModelIdentity;
pub use pool::{Ending, Factory, Pending, Pool, PoolOptions, QueryVector, TextVectors};
pub use settings::{EmbeddingSettings, RawSettings, SettingsError};
pub use tokens::MAX_WINDOWS;
