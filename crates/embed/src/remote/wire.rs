//! What goes over the wire: requests and answers of both protocols.

use serde::{Deserialize, Serialize};

use super::{Protocol, RemoteSettings};

/// Both protocols have the same request, but for the dimensions.
#[derive(Serialize)]
pub(super) struct Request<'a> {
    model: &'a str,
    input: &'a [String],
    /// OpenAI's libraries ask for base64 by default and some servers follow them.
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding_format: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<usize>,
}

#[derive(Deserialize)]
struct OpenAiAnswer {
    data: Vec<OpenAiVector>,
}

#[derive(Deserialize)]
struct OpenAiVector {
    index: usize,
    embedding: Vec<f32>,
}

#[derive(Deserialize)]
struct OllamaAnswer {
    embeddings: Vec<Vec<f32>>,
}

pub(super) fn request<'a>(settings: &'a RemoteSettings, input: &'a [String]) -> Request<'a> {
    let open_ai = settings.protocol == Protocol::OpenAi;
    Request {
        model: &settings.model,
        input,
        encoding_format: open_ai.then_some("float"),
        dimensions: settings.dimensions.filter(|_| open_ai),
    }
}

/// The vectors of an answer in the order of the texts. The error is a sentence's second half; it quotes nothing.
pub(super) fn vectors(protocol: Protocol, answer: &[u8], expected: usize) -> Result<Vec<Vec<f32>>, String> {
    let not_json = |what: &str| format!("it is not {what}; is the address right?");
    let vectors = match protocol {
        Protocol::Ollama => {
            let answer: OllamaAnswer =
                serde_json::from_slice(answer).map_err(|_| not_json("an object with `embeddings`"))?;
            answer.embeddings
        }
        Protocol::OpenAi => {
            let answer: OpenAiAnswer = serde_json::from_slice(answer)
                .map_err(|_| not_json("an object with `data` of `embedding`s"))?;
            let mut data = answer.data;
            data.sort_by_key(|vector| vector.index);
            if data.iter().enumerate().any(|(at, vector)| vector.index != at) {
                return Err("its `index`es are not those of the texts".into());
            }
            data.into_iter().map(|vector| vector.embedding).collect()
        }
    };
    if vectors.len() != expected {
        return Err(format!("it holds {} vectors for {expected} texts", vectors.len()));
    }
    Ok(vectors)
}
