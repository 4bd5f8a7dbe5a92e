//! A conversation in, structured answers out.
//!
//! * [`Model`] is one trait over four wire formats ([`Provider`]): Anthropic Messages, OpenAI Responses, Chat Completions of any
//!   compatible address, Google Gemini. A model is asked for text or for JSON of a schema; what comes back is checked here,
//!   because a schema that was asked for is not one that was kept.
//! * [`script`] turns a conversation into numbered turns and cuts it into windows.
//! * [`extract`], [`reconcile`] and [`summary`] are the questions: the prompts, the schemas, and what is believed of the
//!   answers. A memory without a sentence of the conversation that bears it is not believed.
//! * [`rules`] answers the first of them without any model, and says so.
//!
//! Nothing is stored here and nothing is looked up.

pub mod answers;
mod error;
pub mod extract;
mod loose;
mod model;
mod provider;
pub mod reconcile;
mod remote;
pub mod rules;
pub mod script;
mod settings;
pub mod summary;
mod wire;

pub use error::AiError;
pub use extract::{Candidate, Extracted};
pub use model::{Ask, Form, Model};
pub use omp_outbound::Key;
pub use provider::Provider;
pub use remote::{ModelSettings, Remote};
pub use script::{Script, Spoken, Window};
pub use settings::{AiSettings, Engine, NoModel, RawSettings, SettingsError};
