//! Which model makes the vectors.

use clap::Args;
use omp_service::embed::{EmbeddingSettings, RawSettings, SettingsError};

#[derive(Debug, Args)]
#[command(next_help_heading = "Options for search by meaning")]
pub(crate) struct Vectors {
    /// Where vectors come from: builtin (nothing leaves the machine), off, folder, openai or ollama
    #[arg(
        long,
        env = "OMP_EMBEDDING_PROVIDER",
        hide_env_values = true,
        global = true,
        value_name = "PROVIDER"
    )]
    embedding_provider: Option<String>,
    /// For folder: a folder with model.onnx and its tokenizer
    #[arg(long, env = "OMP_EMBEDDING_PATH", hide_env_values = true, global = true, value_name = "FOLDER")]
    embedding_path: Option<String>,
    /// For openai and ollama: the address of the endpoint
    #[arg(long, env = "OMP_EMBEDDING_URL", hide_env_values = true, global = true, value_name = "URL")]
    embedding_url: Option<String>,
    /// For openai and ollama: the model
    #[arg(long, env = "OMP_EMBEDDING_MODEL", hide_env_values = true, global = true, value_name = "NAME")]
    embedding_model: Option<String>,
    /// For openai: the length of the vectors, if the model can make them shorter
    #[arg(long, env = "OMP_EMBEDDING_DIMENSIONS", hide_env_values = true, global = true, value_name = "N")]
    embedding_dimensions: Option<String>,
    /// Megabytes that search indices may take in memory; what does not fit is searched in the database
    #[arg(long, env = "OMP_INDEX_MB", hide_env_values = true, global = true, value_name = "MB")]
    pub(crate) index_mb: Option<u64>,
}

impl Vectors {
    /// What that means. Keys and prefixes are read from the environment only: a command line can be seen by others.
    pub(crate) fn settings(&self) -> Result<EmbeddingSettings, SettingsError> {
        let variable = |name: &str| std::env::var(name).ok();
        EmbeddingSettings::read(RawSettings {
            provider: self.embedding_provider.clone(),
            path: self.embedding_path.clone(),
            url: self.embedding_url.clone(),
            model: self.embedding_model.clone(),
            dimensions: self.embedding_dimensions.clone(),
            key: variable("OMP_EMBEDDING_KEY"),
            query_prefix: variable("OMP_EMBEDDING_QUERY_PREFIX"),
            document_prefix: variable("OMP_EMBEDDING_DOCUMENT_PREFIX"),
        })
    }
}
