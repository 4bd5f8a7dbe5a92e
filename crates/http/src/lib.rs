//! The HTTP door: every endpoint of Open Memory Protocol over the use cases of `omp-service`.
//!
//! A handler reads its request into valid values, calls one use case and writes the answer; it decides nothing.
//! Around all of them stand, from outside in: the error envelope, the limits, the key.

mod answer;
mod auth;
mod bodies;
mod body;
mod envelope;
mod openapi;
mod pace;
mod query;
mod routes;

use std::time::Duration;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::serve::ListenerExt;
use omp_service::Service;
use tokio::net::TcpListener;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;
use utoipa_swagger_ui::SwaggerUi;

pub use self::auth::{ApiKey, WeakKey};
pub use self::openapi::document as openapi_document;

/// Requests that are worked on at once; more wait.
const CONCURRENT: usize = 1_024;
/// Longest that a request may take which is no import or export.
const TIMEOUT: Duration = Duration::from_mins(1);
/// How long requests may go on after the server was told to stop.
const GRACE: Duration = Duration::from_secs(20);

/// What every handler has at hand.
#[derive(Clone)]
pub(crate) struct App {
    service: Service,
    key: Option<ApiKey>,
}

/// All routes. With a key every call under `/v1` but the health check must bring it; without one only this machine is
/// answered.
pub fn router(service: Service, key: Option<ApiKey>) -> Router {
    let app = App { service, key };
    let timeout = TimeoutLayer::with_status_code(axum::http::StatusCode::REQUEST_TIMEOUT, TIMEOUT);
    let (protocol, document) = routes::protocol().split_for_parts();
    let (transfer, more) = routes::transfer().split_for_parts();
    let document = openapi::complete(document.merge_from(more));
    Router::new()
        .merge(protocol.layer(timeout))
        .merge(transfer)
        .layer(from_fn_with_state(app.clone(), auth::require_key))
        .merge(routes::health().split_for_parts().0)
        .merge(routes::web())
        .merge(SwaggerUi::new("/docs").url("/openapi.json", document))
        .layer(from_fn_with_state(app.clone(), auth::require_local_host))
        .layer(CatchPanicLayer::new())
        .layer(from_fn(envelope::wrap))
        .layer(GlobalConcurrencyLimitLayer::new(CONCURRENT))
        .with_state(app)
}

/// Answers on `listener` until `shutdown` is done; then takes no new request and lets those under way finish.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    // Answers are small: waiting to fill a packet would add 40 ms to some.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
    });
    let (told, stopping) = tokio::sync::oneshot::channel::<()>();
    let shutdown = async move {
        shutdown.await;
        // Nobody listens any more when the server has ended by itself.
        let _ = told.send(());
    };
    let server = axum::serve(listener, router).with_graceful_shutdown(shutdown);
    tokio::select! {
        result = server => result,
        () = async { if stopping.await.is_ok() { tokio::time::sleep(GRACE).await } else { std::future::pending().await } } => {
            tracing::warn!("some requests did not finish in time and were cut off");
            Ok(())
        }
    }
}
