//! Token ids to a vector: the network, on one thread.

use std::sync::{Arc, Mutex, PoisonError};

use rten::{Model, NodeId, RunOptions, ThreadPool};
use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, Tensor};

use crate::EmbedError;
use crate::embedder::normalise;

/// How the states of all tokens become one vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pooling {
    /// Their mean, `[CLS]` and `[SEP]` included.
    Mean,
    /// The state of the first token, `[CLS]`.
    Cls,
}

/// What the network wants to be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Input {
    Ids,
    Mask,
    Types,
}

/// A network that is ready to run.
pub(crate) struct Encoder {
    model: Model,
    inputs: Vec<(NodeId, Input)>,
    output: NodeId,
    pooling: Pooling,
    /// One for each caller that was ever here at once. A pool of one thread each keeps texts from competing for cores
    /// within the library, which would also be slower in total.
    threads: Mutex<Vec<Arc<ThreadPool>>>,
}

impl Encoder {
    /// Looks through the network's inputs and outputs. The error is a sentence's second half.
    pub(crate) fn new(model: Model, pooling: Pooling) -> Result<Self, String> {
        let name = |id: NodeId| {
            model.node_info(id).and_then(|node| node.name().map(str::to_owned)).unwrap_or_default()
        };
        let mut inputs = Vec::new();
        for &id in model.input_ids() {
            let input = match name(id).as_str() {
                "input_ids" => Input::Ids,
                "attention_mask" => Input::Mask,
                "token_type_ids" => Input::Types,
                other => {
                    return Err(format!(
                        "it has an input `{other}`; input_ids, attention_mask and token_type_ids were expected"
                    ));
                }
            };
            inputs.push((id, input));
        }
        if !inputs.iter().any(|(_, input)| *input == Input::Ids) {
            return Err("it has no input `input_ids`".into());
        }
        let wanted = ["last_hidden_state", "token_embeddings", "sentence_embedding"];
        let named =
            wanted.iter().find_map(|w| model.output_ids().iter().copied().find(|&id| name(id) == **w));
        let output = named.or_else(|| model.output_ids().first().copied()).ok_or("it has no output")?;
        Ok(Self { inputs, output, pooling, threads: Mutex::default(), model })
    }

    /// The vector of one window, of length 1.
    pub(crate) fn encode(&self, ids: &[u32]) -> Result<Vec<f32>, EmbedError> {
        let failed = |problem: String| EmbedError::Run(problem);
        let ids: Vec<i32> = ids.iter().map(|&id| i32::try_from(id).unwrap_or_default()).collect();
        let shape = [1, ids.len()];
        let ids = NdTensor::from_data(shape, ids);
        let (mask, types) = (NdTensor::<i32, 2>::full(shape, 1), NdTensor::<i32, 2>::zeros(shape));
        let of = |input| match input {
            Input::Ids => ids.view(),
            Input::Mask => mask.view(),
            Input::Types => types.view(),
        };
        let inputs = self.inputs.iter().map(|&(id, input)| (id, of(input).into())).collect();

        let threads = self.threads().pop().unwrap_or_else(|| Arc::new(ThreadPool::with_num_threads(1)));
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(&threads)));
        let outputs = self.model.run(inputs, &[self.output], Some(options));
        self.threads().push(threads);

        let output = outputs.map_err(|e| failed(e.to_string()))?.into_iter().next();
        let states: Tensor<f32> = output
            .ok_or_else(|| failed("it gave no output".into()))?
            .try_into()
            .map_err(|_| failed("its output holds no 32-bit floats".into()))?;
        let vector = self.pool(&states).map_err(failed)?;
        normalise(vector).ok_or_else(|| failed("its vector is zero or not finite".into()))
    }

    fn threads(&self) -> std::sync::MutexGuard<'_, Vec<Arc<ThreadPool>>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pool(&self, states: &Tensor<f32>) -> Result<Vec<f32>, String> {
        let shape = states.shape().to_vec();
        let data = states.to_vec();
        match (shape.as_slice(), self.pooling) {
            // Already one vector: the network pools by itself.
            (&[1, _], _) => Ok(data),
            (&[1, tokens, width], Pooling::Cls) if tokens > 0 => Ok(data[..width].to_vec()),
            (&[1, tokens, width], Pooling::Mean) if tokens > 0 && width > 0 => {
                let mut sums = vec![0.0_f32; width];
                for state in data.chunks_exact(width) {
                    for (sum, x) in sums.iter_mut().zip(state) {
                        *sum += x;
                    }
                }
                Ok(sums) // the length is made 1 in any case, so the division would change nothing
            }
            _ => Err(format!("its output has the shape {shape:?}; [1, tokens, dimensions] was expected")),
        }
    }
}
