//! Messages as lines, which is how MCP goes over standard input and output. As the SDK's own transport, but what is no
//! message is answered, and so are arrays where the version has them.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::StreamExt;
use rmcp::RoleServer;
use rmcp::model::{ClientJsonRpcMessage, ClientNotification, ServerJsonRpcMessage, ServerResult};
use rmcp::transport::Transport;
use rmcp::transport::async_rw::{DEFAULT_MAX_LINE_LENGTH, JsonRpcMessageCodec};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::Mutex;
use tokio_util::codec::{AnyDelimiterCodec, Decoder, FramedRead};

use crate::batch::{self, Batch, Batches};
use crate::malformed;

type Writing = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

/// A client at the other end of two streams.
pub(crate) struct Lines<R, W> {
    input: FramedRead<R, AnyDelimiterCodec>,
    /// The stream of lines pauses once after one that is too long.
    pauses: bool,
    output: Arc<Mutex<W>>,
    /// An answer of ours, being written. It stands here because the SDK
    /// drops `receive` whenever something else happens.
    writing: Option<Writing>,
    /// What is left of an array.
    waiting: VecDeque<ClientJsonRpcMessage>,
    batches: Batches,
    takes_arrays: bool,
}

impl<R: AsyncRead, W: AsyncWrite + Unpin + Send + 'static> Lines<R, W> {
    pub(crate) fn new(input: R, output: W) -> Self {
        let codec = AnyDelimiterCodec::new_with_max_length(b"\n".into(), b"".into(), DEFAULT_MAX_LINE_LENGTH);
        Self {
            input: FramedRead::new(input, codec),
            pauses: false,
            output: Arc::new(Mutex::new(output)),
            writing: None,
            waiting: VecDeque::new(),
            batches: Batches::default(),
            takes_arrays: false,
        }
    }

    fn write(&self, message: Option<Value>) -> Writing {
        let output = Arc::clone(&self.output);
        Box::pin(async move {
            let Some(message) = message else { return Ok(()) };
            let mut output = output.lock().await;
            output.write_all(format!("{message}\n").as_bytes()).await?;
            output.flush().await
        })
    }

    /// Puts the message or the messages of a line in `waiting`; what has to be answered at once.
    fn take(&mut self, line: &[u8]) -> Option<Value> {
        if batch::is_array(line) {
            return if self.takes_arrays { self.take_array(line) } else { Some(batch::unknown()) };
        }
        match read(line) {
            Ok(message) => {
                self.waiting.extend(message);
                None
            }
            Err(answer) => Some(answer),
        }
    }

    fn take_array(&mut self, line: &[u8]) -> Option<Value> {
        let messages = match batch::split(line) {
            Ok(messages) => messages,
            Err(answer) => return Some(answer),
        };
        let mut batch = Batch::default();
        for message in messages {
            match read(message) {
                Ok(message) => {
                    if let Some(ClientJsonRpcMessage::Request(request)) = &message {
                        batch.open.insert(request.id.clone());
                    }
                    self.waiting.extend(message);
                }
                Err(answer) => batch.answers.push(answer),
            }
        }
        self.batches.begin(batch)
    }
}

/// The message, none where the SDK passes over it, or the error that answers it.
fn read(line: &[u8]) -> Result<Option<ClientJsonRpcMessage>, Value> {
    let mut codec = JsonRpcMessageCodec::<ClientJsonRpcMessage>::default();
    codec.decode_eof(&mut line.into()).map_err(|_| malformed::answer(line).unwrap_or_default())
}

impl<R, W> Transport<RoleServer> for Lines<R, W>
where
    R: AsyncRead + Unpin + Send,
    W: AsyncWrite + Unpin + Send + 'static,
{
    type Error = io::Error;

    fn send(
        &mut self,
        message: ServerJsonRpcMessage,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        if let ServerJsonRpcMessage::Response(answer) = &message
            && let ServerResult::InitializeResult(begun) = &answer.result
        {
            self.takes_arrays = begun.protocol_version.as_str() == batch::VERSION;
        }
        match self.batches.keep(message) {
            None => {
                let complete = self.batches.complete();
                self.write(complete)
            }
            Some(message) => self.write(serde_json::to_value(message).ok()),
        }
    }

    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        loop {
            if let Some(writing) = &mut self.writing {
                let written = writing.await;
                self.writing = None;
                written.ok()?;
            }
            if let Some(message) = self.waiting.pop_front() {
                if let ClientJsonRpcMessage::Notification(told) = &message
                    && let ClientNotification::CancelledNotification(cancelled) = &told.notification
                    && let Some(id) = &cancelled.params.request_id
                {
                    self.batches.forget(id);
                    let complete = self.batches.complete();
                    self.writing = complete.map(|answers| self.write(Some(answers)));
                }
                return Some(message);
            }
            match self.input.next().await {
                Some(Ok(line)) => {
                    let line = line.trim_ascii();
                    let answer = if line.is_empty() { None } else { self.take(line) };
                    self.writing = answer.map(|answer| self.write(Some(answer)));
                }
                Some(Err(error)) => {
                    tracing::error!(%error, "a line on standard input was left out");
                    self.pauses = true;
                }
                None if self.pauses => self.pauses = false,
                None => return None,
            }
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        self.output.lock().await.shutdown().await
    }
}
