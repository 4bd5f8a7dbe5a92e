//! The routes: one file a resource.

mod ai;
mod audit;
mod context;
mod conversations;
mod counts;
mod handoff;
mod health;
mod keys;
mod memories;
mod namespaces;
mod probes;
mod search;
mod shares;
mod transfer;
mod users;
mod web;

use axum::Router;
use axum::routing::get;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;

pub(crate) use self::probes::get_livez;

/// Everything of the protocol that is answered in bounded time.
pub(crate) fn protocol() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        // Memories
        .routes(routes!(memories::create_memory, memories::list_memories))
        .routes(routes!(search::search_memories, search::search_memories_by_query))
        .routes(routes!(context::get_context))
        .routes(routes!(memories::get_memory, memories::update_memory, memories::delete_memory))
        .routes(routes!(memories::get_memory_history))
        .routes(routes!(memories::restore_memory))
        .routes(routes!(namespaces::list_namespaces))
        .routes(routes!(counts::list_tags))
        .routes(routes!(counts::get_stats))
        // Conversations
        .routes(routes!(conversations::create_conversation, conversations::list_conversations))
        .routes(routes!(conversations::search_conversations))
        .routes(routes!(conversations::get_conversation, conversations::delete_conversation))
        // Who may see what
        .routes(routes!(users::create_user, users::list_users))
        .routes(routes!(users::get_user, users::delete_user))
        .routes(routes!(keys::create_key, keys::list_keys))
        .routes(routes!(keys::revoke_key))
        .routes(routes!(keys::rotate_key))
        .routes(routes!(shares::list_shares))
        .routes(routes!(shares::share_namespace, shares::unshare_namespace))
        .routes(routes!(audit::get_audit))
}

/// What may take as long as the data is large, or as a model thinks.
pub(crate) fn transfer() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(ai::extract_memories))
        .routes(routes!(ai::start_extract_job, ai::list_extract_jobs))
        .routes(routes!(ai::get_extract_job, ai::cancel_extract_job))
        .routes(routes!(ai::compress_conversation))
        .routes(routes!(handoff::hand_off_conversation))
        .routes(routes!(transfer::export_memories))
        .routes(routes!(transfer::import_memories))
        .routes(routes!(namespaces::delete_namespace))
        .routes(routes!(namespaces::move_namespace))
}

/// The health check, which needs no key.
pub(crate) fn health() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(health::get_health))
}

/// The probes, which need no key and are outside of limits: `livez` must answer whatever the store does.
pub(crate) fn probes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(probes::get_livez)).routes(routes!(probes::get_readyz))
}

/// Whether a route is one of them.
pub(crate) fn is_probe(route: &str) -> bool {
    matches!(route, "/livez" | "/readyz")
}

/// The web app, which needs no key either: the person types it in there.
pub(crate) fn web() -> Router<App> {
    Router::new()
        .route("/", get(web::home))
        .route("/app", get(web::page))
        .route("/app/", get(web::home))
        .route("/app/{file}", get(web::asset))
        .route("/manifest.json", get(web::manifest))
}
