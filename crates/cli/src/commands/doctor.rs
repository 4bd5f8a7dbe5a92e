//! `omp doctor`

use std::process::ExitCode;

use omp_client::Api as _;
use serde_json::json;

use crate::args::Global;
use crate::printer::{Printer, counted};

pub(super) async fn run(global: &Global, printer: &Printer) -> anyhow::Result<ExitCode> {
    if let Some(url) = &global.server {
        let health = global.api().await?.health().await?;
        let told = format!(
            "{url}: {}, {}, {}",
            health.status,
            health.compliance,
            counted(health.memories_count, "memory")
        );
        printer.either(&health, told)?;
        return Ok(ExitCode::SUCCESS);
    }
    let service = global.service().await?;
    let store = service.store().clone();
    let info = store.info().await?;
    let (checks, log) = (store.check().await?, store.vitals().log_bytes);
    let problems = checks.iter().filter(|check| check.problem.is_some()).count();
    let health = omp_client::Embedded::new(service).health().await?;
    if printer.json {
        let checks: Vec<_> = checks.iter().map(|c| json!({"name": c.name, "problem": c.problem})).collect();
        printer.value(&json!({
            "version": health.server_version, "engine": info.engine, "database": info.location,
            "schema_version": info.schema_version, "bytes": info.bytes, "log_bytes": log, "memories": health.memories_count,
            "checks": checks,
        }))?;
    } else {
        printer.line(format!("omp {}, {}", health.server_version, info.engine))?;
        let and_log = if log == 0 { String::new() } else { format!(" and {log} in the write-ahead log") };
        printer.line(format!(
            "{} (schema {}, {} bytes{and_log})",
            info.location, info.schema_version, info.bytes
        ))?;
        printer.line(counted(health.memories_count, "memory"))?;
        for check in &checks {
            let outcome = check.problem.as_deref().unwrap_or("in order");
            printer.line(format!("{}: {outcome}", check.name))?;
        }
    }
    store.close().await?;
    Ok(if problems == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
