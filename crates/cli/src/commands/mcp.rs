//! `omp mcp`

use std::process::ExitCode;
use std::sync::Arc;

use omp_client::{Api, Embedded, Http};
use omp_model::Principal;

use super::logging;
use crate::args::{Global, LogFormat};

pub(super) async fn run(global: &Global) -> anyhow::Result<ExitCode> {
    logging::start("warn", LogFormat::Text);
    if let Some(url) = &global.server {
        let api: Arc<dyn Api> = Arc::new(Http::new(url, global.api_key.clone())?);
        omp_mcp::serve_stdio(api).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let service = global.service().await?;
    service.prepare_embeddings().await?;
    let background = tokio::spawn(service.clone().work_in_background(false));
    let store = service.store().clone();
    omp_mcp::serve_stdio(Arc::new(Embedded::resident(service, Principal::OWNER))).await?;
    background.abort();
    store.close().await?;
    Ok(ExitCode::SUCCESS)
}
