//! The OpenAPI document: made from the routes themselves.

use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Info, License, OpenApi, RefOr};

use crate::routes;

/// The whole document, as `GET /openapi.json` gives it.
pub fn document() -> OpenApi {
    complete(routes::protocol().split_for_parts().1.merge_from(routes::transfer().split_for_parts().1))
}

/// Adds what the routes have in common: who we are, and the key.
pub(crate) fn complete(document: OpenApi) -> OpenApi {
    let probes = routes::probes().split_for_parts().1;
    let mut document = document.merge_from(routes::health().split_for_parts().1).merge_from(probes);
    let mut info = Info::new("Open Memory", env!("CARGO_PKG_VERSION"));
    info.description = Some(
        "One memory for all of a person's AI tools, on a server that they own. \
         This server speaks Open Memory Protocol 0.1 and carries Open Memory Interchange files. \
         Every error has the body `{error, message, details}`."
            .into(),
    );
    info.license = Some(License::new("Apache-2.0"));
    document.info = info;
    let bearer =
        HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("The server's API key.")).build();
    let components = document.components.get_or_insert_default();
    components.security_schemes.insert("key".into(), RefOr::T(SecurityScheme::Http(bearer)));
    document
}
