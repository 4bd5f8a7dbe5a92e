//! The HTTP door: every endpoint of Open Memory Protocol over the use cases of `omp-service`.
//!
//! A handler reads its request into valid values, calls one use case and writes the answer; it decides nothing. Around
//! all of them stand, from outside in: the error envelope and what is told of each request, then the `admission`, which
//! asks for the origin, the limits and the key.

mod admission;
mod answer;
mod api_key;
#[cfg(feature = "bench")]
mod bare;
mod bodies;
mod body;
mod envelope;
mod headers;
mod limits;
mod mcp;
mod metrics;
mod openapi;
mod origin;
mod pace;
mod query;
mod readiness;
mod routes;
mod serve;
mod settings;
mod stall;
mod tls;
mod trace;
mod whose;

use std::convert::Infallible;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use omp_model::OsRandom;
use omp_service::Service;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;
use utoipa_swagger_ui::SwaggerUi;

pub use self::api_key::{ApiKey, WeakKey};
#[cfg(feature = "bench")]
pub use self::bare::bare_router;
use self::limits::Limits;
pub use self::metrics::{Metrics, metrics_router};
pub use self::openapi::document as openapi_document;
pub use self::readiness::Leaving;
use self::readiness::Readiness;
pub use self::serve::{meanwhile, serve};
pub use self::settings::{BadOrigin, DEFAULT_RATE, IpNet, Origin, Settings, parse_proxy};
pub use self::tls::{Tls, TlsError};
use self::trace::RequestIds;

/// Requests that are worked on at once; more wait.
const CONCURRENT: usize = 1_024;
/// Longest that a request may take which is no import or export and asks no model.
const TIMEOUT: Duration = Duration::from_mins(1);

/// What every handler and every layer has at hand. Each of them takes a clone for each request, so that is one count.
#[derive(Clone)]
pub(crate) struct App(Arc<AppParts>);

pub(crate) struct AppParts {
    service: Service,
    settings: Settings,
    limits: Limits,
    requests: RequestIds,
    readiness: Readiness,
    /// Whether a key is needed, as far as is known: the configuration has one, or the last request was told so.
    locked: AtomicBool,
}

impl Deref for App {
    type Target = AppParts;

    fn deref(&self) -> &AppParts {
        &self.0
    }
}

impl App {
    fn new(service: Service, settings: Settings, locked: bool) -> Self {
        let (limits, requests) = (Limits::new(&settings), RequestIds::new(&OsRandom));
        Self(Arc::new(AppParts {
            service,
            settings,
            limits,
            requests,
            readiness: Readiness::default(),
            locked: AtomicBool::new(locked),
        }))
    }
}

/// All routes. With a key every call under `/v1` but the health check must bring it; without one only this machine is
/// answered.
pub fn router(service: Service, key: Option<ApiKey>, settings: Settings) -> Router {
    routes(service, key, settings, None)
}

/// The same with MCP at `/mcp`, under the same key. A request comes to `mcp` with its
/// [`Principal`](omp_model::Principal) among its extensions.
pub fn router_with_mcp<M>(service: Service, key: Option<ApiKey>, settings: Settings, mcp: M) -> Router
where
    M: tower::Service<Request, Error = Infallible> + Clone + Send + Sync + 'static,
    M::Response: IntoResponse,
    M::Future: Send + 'static,
{
    routes(service, key, settings, Some(mcp::endpoint(mcp)))
}

fn routes(
    service: Service,
    key: Option<ApiKey>,
    settings: Settings,
    mcp: Option<(Router<App>, Router<App>)>,
) -> Router {
    let has_key = key.is_some();
    let service = match key {
        Some(key) => service.with_server_key(key.hash()),
        None => service,
    };
    let app = App::new(service, settings, has_key);
    let timeout = TimeoutLayer::with_status_code(axum::http::StatusCode::REQUEST_TIMEOUT, TIMEOUT);
    let (protocol, document) = routes::protocol().split_for_parts();
    let (transfer, more) = routes::transfer().split_for_parts();
    let document = openapi::complete(document.merge_from(more));
    let (endpoint, metadata) = mcp.unwrap_or_default();
    let keyed = Router::new().merge(protocol.layer(timeout)).merge(transfer);
    let keyless = Router::new()
        .merge(routes::health().split_for_parts().0)
        .merge(routes::web())
        .merge(metadata)
        .merge(SwaggerUi::new("/docs").url("/openapi.json", document));
    let routes = Router::new()
        .merge(endpoint.layer(from_fn_with_state(app.clone(), admission::keyed)))
        .layer(from_fn_with_state(app.clone(), mcp::around))
        .merge(keyed.layer(from_fn_with_state(app.clone(), admission::keyed)))
        // Last, so that what is nobody's route comes through here.
        .merge(keyless.layer(from_fn_with_state(app.clone(), admission::keyless)));
    let routes = match origin::cors(&app.settings.cors_origins) {
        Some(cors) => routes.layer(cors),
        None => routes,
    };
    routes::probes()
        .split_for_parts()
        .0
        .layer(from_fn_with_state(app.clone(), admission::probes))
        .merge(routes)
        .layer(CatchPanicLayer::new())
        .layer(from_fn_with_state(app.clone(), trace::observe))
        .layer(GlobalConcurrencyLimitLayer::new(CONCURRENT))
        .with_state(app)
}
