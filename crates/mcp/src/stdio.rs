//! MCP over standard input and output.

use std::sync::Arc;

use omp_client::Api;
use rmcp::ServiceExt;
use rmcp::transport::io::stdio_pipes;

use crate::handler::{Handler, Memories};
use crate::lines::Lines;

/// Answers one client on standard input and output until it closes them.
///
/// # Errors
///
/// When what comes is no MCP.
pub async fn serve_stdio(api: Arc<dyn Api>) -> std::io::Result<()> {
    let handler = Handler::new(Memories::Of(api));
    let (input, output) = stdio_pipes();
    let running = match handler.serve(Lines::new(input, output)).await {
        Ok(running) => running,
        // A client that only looked whether the program starts.
        Err(rmcp::service::ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
        // The SDK's own words quote what came, which may be anything.
        Err(_) => return Err(std::io::Error::other("what came in on standard input is not MCP")),
    };
    running.waiting().await.map(drop).map_err(std::io::Error::other)
}
