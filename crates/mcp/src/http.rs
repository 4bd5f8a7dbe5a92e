//! MCP over HTTP: one endpoint for both eras. Who is asking was found out before a
//! request comes here, and stands in its extensions.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt::Display;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use ::http::request::Parts;
use ::http::{HeaderValue, Method, Request, Response, StatusCode, header};
use bytes::Bytes;
use http_body::Body;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, Limited};
use omp_model::{KeyId, OwnerId, Principal};
use omp_service::Service;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::handler::{Handler, Memories};
use crate::{batch, malformed};

/// How long a session of the older protocols stays without a request. Its client makes a new one after that.
const IDLE: Duration = Duration::from_mins(30);
/// Sessions of one key at once. A client that makes one for every call and ends none is stopped here.
const SESSIONS: usize = 5_000;
/// The longest transcript, each character escaped as a pair of surrogates, and what stands around it.
const BODY: usize = 4 << 20;

type Streamable = StreamableHttpService<Handler, LocalSessionManager>;
/// Whose sessions: a person's, with one of their keys.
type Holder = (OwnerId, Option<KeyId>);
/// A holder's endpoint, and the sessions in it.
type Endpoint = (Streamable, Arc<LocalSessionManager>);
type Answer = Response<BoxBody<Bytes, Infallible>>;

/// MCP for everybody who may come in, as a service of HTTP requests. Cheap to clone.
///
/// Every key has sessions of its own: the id of another's names nothing. Within a session,
/// each request does what its key allows by then.
#[derive(Clone)]
pub struct HttpDoor {
    service: Service,
    holders: Arc<Mutex<HashMap<Holder, Endpoint>>>,
    stop: CancellationToken,
}

impl HttpDoor {
    /// Over the use cases.
    pub fn new(service: Service) -> Self {
        Self { service, holders: Arc::default(), stop: CancellationToken::new() }
    }

    /// Ends all sessions and open streams, which would keep a server from stopping.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    fn of(&self, holder: Holder) -> Endpoint {
        let mut holders = self.holders.lock().unwrap_or_else(PoisonError::into_inner);
        holders.entry(holder).or_insert_with(|| self.start()).clone()
    }

    fn start(&self) -> Endpoint {
        let mut sessions = LocalSessionManager::default();
        sessions.session_config.keep_alive = Some(IDLE);
        let sessions = Arc::new(sessions);
        // Whoever is before us has checked the names and origins that requests come under.
        let mut config = StreamableHttpServerConfig::default().disable_allowed_hosts();
        config.json_response = true;
        config.max_request_body_bytes = BODY;
        config.cancellation_token = self.stop.child_token();
        let memories = Memories::OfTheCaller(self.service.clone());
        let handler = move || Ok(Handler::new(memories.clone()));
        (StreamableHttpService::new(handler, Arc::clone(&sessions), config), sessions)
    }

    async fn answer<B>(&self, request: Request<B>) -> Answer
    where
        B: Body + Send + 'static,
        B::Error: Display,
    {
        let holder = request.extensions().get().map(|by: &Principal| (by.user(), by.key()));
        let Some(holder) = holder else {
            tracing::error!("a request came to MCP and nobody asked who sent it");
            return bare(StatusCode::INTERNAL_SERVER_ERROR);
        };
        let (streamable, sessions) = self.of(holder);
        if begins_session(&request) && sessions.sessions.read().await.len() >= SESSIONS {
            let mut answer = bare(StatusCode::SERVICE_UNAVAILABLE);
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
            return answer;
        }
        if request.method() == Method::POST {
            return post(&streamable, request).await;
        }
        let ends = request.method() == Method::DELETE;
        let mut answer = streamable.handle(request).await;
        // The session is over when this is answered; the SDK says that it
        // will be, which some clients take for a failure.
        if ends && answer.status() == StatusCode::ACCEPTED {
            *answer.status_mut() = StatusCode::NO_CONTENT;
        }
        answer
    }
}

/// Answers messages.
async fn post<B>(streamable: &Streamable, request: Request<B>) -> Answer
where
    B: Body + Send + 'static,
    B::Error: Display,
{
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body.map_err(|error| error.to_string()), BODY).collect().await else {
        return bare(StatusCode::PAYLOAD_TOO_LARGE);
    };
    let came = body.to_bytes();
    if batch::is_array(&came) {
        return post_array(streamable, &parts, &came).await;
    }
    let answer = streamable.handle(Request::from_parts(parts, Full::new(came.clone()))).await;
    // What is no message, the SDK takes for a wrong media type.
    match answer.status() {
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            malformed::answer(&came).map_or(answer, |error| json(StatusCode::BAD_REQUEST, &error))
        }
        _ => answer,
    }
}

/// Answers an array of messages: one after another, as if each had come alone.
async fn post_array(streamable: &Streamable, parts: &Parts, came: &Bytes) -> Answer {
    // Clients of that version do not name it in a header, those of later ones do.
    let version = parts.headers.get("mcp-protocol-version").map(HeaderValue::as_bytes);
    let known = version.is_none_or(|version| version == batch::VERSION.as_bytes())
        && parts.headers.contains_key("mcp-session-id");
    let messages = if known { batch::split(came) } else { Err(batch::unknown()) };
    let messages = match messages {
        Ok(messages) => messages,
        Err(error) => return json(StatusCode::BAD_REQUEST, &error),
    };
    let mut answers = Vec::new();
    for message in messages {
        if let Some(error) = malformed::answer(message) {
            answers.push(error);
            continue;
        }
        let mut request = Request::new(Full::new(came.slice_ref(message)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = parts.uri.clone();
        *request.headers_mut() = parts.headers.clone();
        *request.extensions_mut() = parts.extensions.clone();
        let answer = streamable.handle(request).await;
        match answer.status() {
            StatusCode::ACCEPTED => {}
            StatusCode::OK => answers.extend(messages_of(answer).await),
            _ => return answer, // such as a session that is over
        }
    }
    if answers.is_empty() { bare(StatusCode::ACCEPTED) } else { json(StatusCode::OK, &Value::Array(answers)) }
}

/// What an answer says, as one message or as a stream of events that ends with it.
async fn messages_of(answer: Answer) -> Option<Value> {
    let body = answer.into_body().collect().await.ok()?.to_bytes();
    let whole = std::iter::once(&body[..]);
    let events = body.split(|byte| *byte == b'\n').filter_map(|line| line.strip_prefix(b"data:"));
    let mut read = whole.chain(events).filter_map(|text| serde_json::from_slice::<Value>(text).ok());
    read.rfind(|message| message.get("method").is_none())
}

fn json(status: StatusCode, message: &Value) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(message.to_string())).boxed());
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

/// Whether a request may make a session: since 2026-07-28 there are none.
fn begins_session<B>(request: &Request<B>) -> bool {
    let version = request.headers().get("mcp-protocol-version").map(HeaderValue::as_bytes);
    request.method() == Method::POST
        && !request.headers().contains_key("mcp-session-id")
        && version.is_none_or(|version| version < b"2026-07-28".as_slice())
}

fn bare(status: StatusCode) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::new()).boxed());
    *answer.status_mut() = status;
    answer
}

impl<B> tower_service::Service<Request<B>> for HttpDoor
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Display,
{
    type Response = Answer;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Answer, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let door = self.clone();
        Box::pin(async move { Ok(door.answer(request).await) })
    }
}
