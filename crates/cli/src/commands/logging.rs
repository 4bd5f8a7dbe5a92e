//! What is logged, and what never is.

use std::io::IsTerminal;

use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

use crate::args::LogFormat;

/// What happens goes to stderr; `OMP_LOG` says how much (`warn`, `omp_http=debug`, …), by default `usual`.
pub(super) fn start(usual: &str, format: LogFormat) {
    let filter = EnvFilter::try_from_env("OMP_LOG").unwrap_or_else(|_| EnvFilter::new(usual));
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(colours);
    let lines = match format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    // The libraries of MCP, of outgoing requests and of PostgreSQL print whole messages and the values of statements,
    // and in them is what people remember. They are turned away before all layers, so that spans of MCP are not even made.
    let quiet = ["rmcp", "ureq", "tokio_postgres"];
    let ours = filter_fn(move |metadata| !quiet.iter().any(|name| metadata.target().starts_with(name)));
    tracing_subscriber::registry().with(lines).with(filter).with(ours).init();
}
