//! A model folder on disk: any model of the BERT family as ONNX, in the layout that sentence-transformers writes.
//!
//! | file | what for |
//! |---|---|
//! | `model.onnx` or `onnx/model.onnx` | the network: `input_ids`, optionally `attention_mask` and `token_type_ids`, to states of tokens or one vector |
//! | `tokenizer.json`, or else `vocab.txt` | the tokenizer |
//! | `1_Pooling/config.json` | mean or CLS; the mean if there is no such file |
//! | `sentence_bert_config.json` | `max_seq_length` |
//! | `config.json` | `max_position_embeddings`, the most that `max_seq_length` may be |
//! | `tokenizer_config.json` | `do_lower_case`, needed beside `vocab.txt` only |

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rten::ModelOptions;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::embedder::{Embedder, Purpose, Windows};
use crate::encoder::{Encoder, Pooling};
use crate::identity::revision_of;
use crate::tokens::Tokens;
use crate::{EmbedError, ModelIdentity};

/// Windows are never longer than this, whatever the model allows: long ones cost more time than they find.
const MOST_TOKENS: usize = 512;

/// The shortest window that makes sense: two special tokens and some words.
const LEAST_TOKENS: usize = 8;

/// Where a model lies and what it wants to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderSettings {
    /// The folder.
    pub path: PathBuf,
    /// Put before every query, such as `query: ` for E5.
    pub query_prefix: String,
    /// Put before every window's text, such as `passage: ` for E5. Before the text only, so a second window has none.
    pub document_prefix: String,
}

/// A model from a folder, loaded.
pub struct Folder {
    identity: ModelIdentity,
    tokens: Tokens,
    encoder: Encoder,
    settings: FolderSettings,
}

#[derive(Deserialize)]
struct PoolingConfig {
    #[serde(default)]
    pooling_mode_cls_token: bool,
    #[serde(default)]
    pooling_mode_mean_tokens: bool,
}

#[derive(Deserialize)]
struct SentenceConfig {
    max_seq_length: Option<usize>,
}

#[derive(Deserialize)]
struct ModelConfig {
    max_position_embeddings: Option<usize>,
    pad_token_id: Option<usize>,
    model_type: Option<String>,
}

#[derive(Deserialize)]
struct TokenizerConfig {
    do_lower_case: Option<bool>,
}

impl Folder {
    /// Reads the folder and embeds a word with it, so that a model that cannot run is found out here.
    ///
    /// # Errors
    ///
    /// When a file is missing or not what it should be: which one, and what was expected.
    pub fn load(settings: FolderSettings) -> Result<Self, EmbedError> {
        let folder = settings.path.as_path();
        if !folder.is_dir() {
            return Err(EmbedError::Missing {
                path: folder.display().to_string(),
                expected: "a folder with model.onnx and tokenizer.json or vocab.txt was expected".into(),
            });
        }
        let (network_path, network) = read_network(folder)?;
        let pooling = pooling(folder)?;
        let window = window(folder)?;
        let (tokens, tokenizer) = read_tokens(folder, window)?;

        let revision = revision_of([
            network.as_slice(),
            &weights_beside(&network_path)?,
            &tokenizer,
            format!("{pooling:?} {window}").as_bytes(),
            settings.query_prefix.as_bytes(),
            settings.document_prefix.as_bytes(),
        ]);
        let bad = |problem: String| bad(&network_path, problem);
        // From the file and not from memory: only so are weights found that lie in a file beside it.
        drop(network);
        let model = ModelOptions::with_all_ops()
            .prepack_weights(true)
            .load_file(&network_path)
            .map_err(|e| bad(format!("{e}; an ONNX model was expected")))?;
        let encoder = Encoder::new(model, pooling).map_err(bad)?;
        let name = folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy().into_owned();
        let identity = ModelIdentity { name, revision, dimensions: 0, normalised: true };
        let mut model = Self { identity, tokens, encoder, settings };
        let probe = model.embed(Purpose::Query, "word")?;
        model.identity.dimensions =
            probe.first().ok_or_else(|| bad("its tokenizer finds nothing in a plain word".into()))?.len();
        Ok(model)
    }
}

impl Embedder for Folder {
    fn identity(&self) -> &ModelIdentity {
        &self.identity
    }

    fn embed(&self, purpose: Purpose, text: &str) -> Result<Windows, EmbedError> {
        if text.trim().is_empty() {
            return Ok(Windows::new());
        }
        let prefix = match purpose {
            Purpose::Query => &self.settings.query_prefix,
            Purpose::Document => &self.settings.document_prefix,
        };
        let windows = self.tokens.windows(purpose, &format!("{prefix}{text}"))?;
        windows.iter().map(|ids| self.encoder.encode(ids)).collect()
    }
}

fn bad(file: &Path, problem: String) -> EmbedError {
    EmbedError::BadModel { file: file.display().to_string(), problem }
}

/// The file's bytes, or `None` if there is no such file.
fn read(path: &Path) -> Result<Option<Vec<u8>>, EmbedError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(bad(path, e.to_string())),
    }
}

/// A JSON file, or `None` if there is no such file.
fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, EmbedError> {
    let Some(bytes) = read(path)? else { return Ok(None) };
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|e| bad(path, format!("it is not the JSON that was expected: {e}")))
}

fn read_network(folder: &Path) -> Result<(PathBuf, Vec<u8>), EmbedError> {
    for name in ["model.onnx", "onnx/model.onnx"] {
        let path = folder.join(name);
        if let Some(bytes) = read(&path)? {
            return Ok((path, bytes));
        }
    }
    let mut expected = "the network as ONNX was expected there (or as onnx/model.onnx)".to_owned();
    if ["model.safetensors", "pytorch_model.bin"].iter().any(|name| folder.join(name).exists()) {
        expected.push_str("; safetensors and PyTorch files are not read: export the model to ONNX first");
    }
    Err(EmbedError::Missing { path: folder.join("model.onnx").display().to_string(), expected })
}

/// The weights of a network that keeps them in a file of their own, under the name that exporters use.
fn weights_beside(network: &Path) -> Result<Vec<u8>, EmbedError> {
    for suffix in [".data", "_data"] {
        let mut name = network.as_os_str().to_owned();
        name.push(suffix);
        if let Some(bytes) = read(Path::new(&name))? {
            return Ok(bytes);
        }
    }
    Ok(Vec::new())
}

fn pooling(folder: &Path) -> Result<Pooling, EmbedError> {
    let path = folder.join("1_Pooling/config.json");
    match read_json::<PoolingConfig>(&path)? {
        None | Some(PoolingConfig { pooling_mode_mean_tokens: true, pooling_mode_cls_token: false }) => {
            Ok(Pooling::Mean)
        }
        Some(PoolingConfig { pooling_mode_cls_token: true, pooling_mode_mean_tokens: false }) => Ok(Pooling::Cls),
        Some(_) => Err(bad(
            &path,
            "it asks for neither or both of pooling_mode_mean_tokens and pooling_mode_cls_token; one of them was expected"
                .into(),
        )),
    }
}

fn window(folder: &Path) -> Result<usize, EmbedError> {
    let wanted = read_json::<SentenceConfig>(&folder.join("sentence_bert_config.json"))?;
    let config_path = folder.join("config.json");
    let config = read_json::<ModelConfig>(&config_path)?;
    let positions = config.as_ref().and_then(|c| {
        // RoBERTa and its kin count positions from behind the padding token.
        let roberta = c.model_type.as_deref().is_some_and(|kind| kind.contains("roberta") || kind == "mpnet");
        let lost = if roberta { c.pad_token_id.unwrap_or(1) + 1 } else { 0 };
        c.max_position_embeddings.map(|most| most.saturating_sub(lost))
    });
    let positions = positions.unwrap_or(MOST_TOKENS);
    let window = wanted.and_then(|c| c.max_seq_length).unwrap_or(MOST_TOKENS).min(positions).min(MOST_TOKENS);
    if window < LEAST_TOKENS {
        return Err(bad(
            &config_path,
            format!("it allows {window} tokens; at least {LEAST_TOKENS} were expected"),
        ));
    }
    Ok(window)
}

/// The tokenizer, and the bytes that decide about it.
fn read_tokens(folder: &Path, window: usize) -> Result<(Tokens, Vec<u8>), EmbedError> {
    let json = folder.join("tokenizer.json");
    if let Some(bytes) = read(&json)? {
        let tokens = Tokens::from_json(&bytes, window).map_err(|e| bad(&json, e))?;
        return Ok((tokens, bytes));
    }
    let vocab = folder.join("vocab.txt");
    let Some(mut bytes) = read(&vocab)? else {
        return Err(EmbedError::Missing {
            path: json.display().to_string(),
            expected: "the model's tokenizer was expected there, or its vocab.txt".into(),
        });
    };
    let config = read_json::<TokenizerConfig>(&folder.join("tokenizer_config.json"))?;
    let lowercase = config.and_then(|c| c.do_lower_case).unwrap_or(true);
    let text = std::str::from_utf8(&bytes).map_err(|_| bad(&vocab, "it is not UTF-8".into()))?;
    let tokens = Tokens::from_vocab(text, lowercase, window).map_err(|e| bad(&vocab, e))?;
    bytes.push(u8::from(lowercase));
    Ok((tokens, bytes))
}

#[cfg(test)]
#[path = "folder_tests.rs"]
mod tests;
