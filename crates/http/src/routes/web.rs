//! `/app`: the mobile web app. It uses the public API only and loads nothing from elsewhere.

use axum::extract::Path;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use omp_model::{Error, ErrorCode};

use crate::answer::{Answer, Failure};

/// Scripts, styles and requests of its own only: text of a memory can do nothing in this page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HTML: &str = "text/html; charset=utf-8";

/// The start page is the app.
pub(crate) async fn home() -> Redirect {
    Redirect::temporary("/app")
}

/// The app.
pub(crate) async fn page() -> Response {
    file(HTML, include_str!("../../../../web/app.html"))
}

/// What the app loads.
pub(crate) async fn asset(Path(name): Path<String>) -> Answer<Response> {
    match name.as_str() {
        "app.js" => Ok(file("text/javascript; charset=utf-8", include_str!("../../../../web/app.js"))),
        "app.css" => Ok(file("text/css; charset=utf-8", include_str!("../../../../web/app.css"))),
        "manifest.webmanifest" => Ok(manifest().await),
        "icon.svg" => Ok(file("image/svg+xml", include_str!("../../../../web/icon.svg"))),
        _ => Err(Failure(Error::new(ErrorCode::NotFound, "The web app has no such file."))),
    }
}

/// The app's manifest, also where the published server has it.
pub(crate) async fn manifest() -> Response {
    file("application/manifest+json", include_str!("../../../../web/manifest.webmanifest"))
}

fn file(media_type: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (HeaderName::from_static("content-security-policy"), HeaderValue::from_static(POLICY)),
    ];
    (headers, text).into_response()
}
