//! The routes without anybody at the door, for measuring what the door costs. Compiled for `benches/door.rs` only.

use axum::middleware::from_fn_with_state;
use axum::{Extension, Router};
use omp_model::Principal;
use omp_service::Service;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

use crate::{App, CONCURRENT, Settings, TIMEOUT, routes, trace};

/// The protocol's routes with no key, no limits and no look at where a request comes from; with `observed`, named,
/// logged and given headers like all others.
pub fn bare_router(service: Service, observed: bool) -> Router {
    let app = App::new(service, Settings::default(), false);
    let timeout = TimeoutLayer::with_status_code(axum::http::StatusCode::REQUEST_TIMEOUT, TIMEOUT);
    let routes: Router<App> = Router::from(routes::protocol().split_for_parts().0).layer(timeout);
    let routes = routes.layer(Extension(Principal::OWNER)).layer(CatchPanicLayer::new());
    let routes =
        if observed { routes.layer(from_fn_with_state(app.clone(), trace::observe)) } else { routes };
    routes.layer(GlobalConcurrencyLimitLayer::new(CONCURRENT)).with_state(app)
}
