//! Headers of every answer that tell browsers what not to do, and requests that nobody can read.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use omp_model::{Error, ErrorCode};

/// An answer of the API is data: it is no page, and nothing in it may run.
const DATA: &str = "default-src 'none'; frame-ancestors 'none'";
/// The documents' viewer sets styles of elements and draws its icons from `data:`; its scripts are files of ours.
const DOCUMENTS: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Sets what is not set: no guessing of types, no frames, no foreign use, no traces in referrers and caches.
pub(crate) fn secure(headers: &mut HeaderMap, path: &str) {
    const fn value(text: &'static str) -> HeaderValue {
        HeaderValue::from_static(text)
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, value("nosniff"));
    headers.insert(header::X_FRAME_OPTIONS, value("DENY"));
    headers.insert(header::REFERRER_POLICY, value("no-referrer"));
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), value("same-origin"));
    let policy = if path.starts_with("/docs") { DOCUMENTS } else { DATA };
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(value(policy));
    if path.starts_with("/v1") || path.starts_with("/mcp") {
        headers.insert(header::CACHE_CONTROL, value("no-store"));
    }
}

/// Why a body cannot be read: it is compressed. A small one may stand for
/// more than any machine holds, so none is unpacked.
pub(crate) fn unreadable(headers: &HeaderMap) -> Option<Error> {
    let packed = headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .any(|coding| !coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity"));
    let message = "This server takes no compressed bodies; send the body as it is, without Content-Encoding.";
    packed.then(|| Error::new(ErrorCode::UnsupportedMediaType, message))
}
