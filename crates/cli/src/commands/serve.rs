//! `omp serve`

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use omp_http::{ApiKey, Settings};
use omp_mcp::HttpDoor;
use omp_service::Service;
use tokio::net::TcpListener;

use super::logging;
use crate::args::{Global, Serve};
use crate::printer::Printer;
use crate::settings;

pub(super) async fn run(global: &Global, args: &Serve, printer: &Printer) -> anyhow::Result<ExitCode> {
    logging::start("info", args.log_format);
    let key = key(global, args)?;
    let port = settings::port(args.port)?;
    let tls = args.door.tls()?;
    require_safe_address(args, key.is_some(), tls.is_some())?;
    let listener = TcpListener::bind((args.host, port))
        .await
        .with_context(|| format!("cannot listen on {}:{port}; --port takes another one", args.host))?;
    let kept = std::time::Duration::from_hours(24 * args.keep_audit);
    let (listener, service) = omp_http::meanwhile(listener, tls.clone(), global.service()).await;
    let service = service?.with_audit_kept(kept);
    let address = listener.local_addr()?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    printer.line(format!("{scheme}://{address}"))?;
    introduce(&service, &format!("{scheme}://{address}"), key.is_some(), printer).await?;
    let settings = args.door.settings();
    start_metrics(args, &settings, &service, printer).await?;
    service.prepare_embeddings().await?;
    let background = tokio::spawn(service.clone().work_in_background(true));
    let (store, finishing) = (service.store().clone(), service.clone());
    let mcp = HttpDoor::new(service.clone());
    let leaving = settings.leaving.clone();
    let router = omp_http::router_with_mcp(service, key, settings, mcp.clone());
    let drain = std::time::Duration::from_secs(args.door.drain);
    let stopping = async move {
        stop_signal().await;
        leaving.begin();
        // A second signal ends the draining early.
        let _ = tokio::time::timeout(drain, stop_signal()).await;
        mcp.stop();
    };
    let served = omp_http::serve(listener, router, tls, stopping).await;
    // Also when it failed: something may wait to be written down.
    background.abort();
    finishing.finish().await;
    store.close().await?;
    served?;
    printer.say("stopped");
    Ok(ExitCode::SUCCESS)
}

/// Refuses an address at which others could read what belongs to the person.
fn require_safe_address(args: &Serve, has_key: bool, has_tls: bool) -> anyhow::Result<()> {
    if !has_key && !args.host.is_loopback() {
        bail!(
            "{} can be reached from other machines, and no key is set. Set OMP_API_KEY to a key of at least 32 \
             characters (`openssl rand -hex 32` makes one), or leave --host out to serve this machine only.",
            args.host
        );
    }
    if !args.host.is_loopback() && !has_tls && !args.door.behind_tls {
        bail!(
            "{} can be reached from other machines, and without TLS your key and your memories would cross the network \
             for anybody to read. Give a certificate with --tls-cert and --tls-key; or, if something in front of the server encrypts (a reverse proxy, a tunnel, a VPN, a port \
             that a container publishes to this machine only), say so with --behind-tls or OMP_BEHIND_TLS=true; or \
             leave --host out to serve this machine only.",
            args.host
        );
    }
    Ok(())
}

/// Says on stderr what is served, and to whom.
async fn introduce(service: &Service, url: &str, has_key: bool, printer: &Printer) -> anyhow::Result<()> {
    printer.say(format!(
        "Open Memory {} keeps your memories in {}",
        env!("CARGO_PKG_VERSION"),
        service.store().info().await?.location
    ));
    printer.say(format!("API documentation: {url}/docs   web app: {url}/app"));
    if !has_key && service.is_locked().await {
        printer.say("This store has keys, so every request needs one; `omp keys` lists and makes them.");
    } else if !has_key {
        printer.say("No key is set: only this machine is served. OMP_API_KEY sets one.");
    }
    if service.is_replica() {
        printer.say(
            "This database is a read replica: searches, lists, gets, contexts and what MCP reads are served. Writes and exports \
             are refused; they go to a server of the primary.",
        );
    }
    Ok(())
}

/// Serves the figures for Prometheus at an address of their own, if there is one.
async fn start_metrics(
    args: &Serve,
    settings: &Settings,
    service: &Service,
    printer: &Printer,
) -> anyhow::Result<()> {
    if let (Some(at), Some(metrics)) = (args.door.metrics_listen, &settings.metrics) {
        let listener = TcpListener::bind(at).await.with_context(|| {
            format!("cannot show figures on {at}; --metrics-listen takes another address")
        })?;
        printer.say(format!("figures for Prometheus: http://{}/metrics", listener.local_addr()?));
        let router = omp_http::metrics_router(metrics.clone(), service.clone());
        tokio::spawn(omp_http::serve(listener, router, None, std::future::pending()));
    }
    Ok(())
}

fn key(global: &Global, args: &Serve) -> anyhow::Result<Option<ApiKey>> {
    match global.api_key.as_deref().filter(|key| !key.is_empty()) {
        None => Ok(None),
        Some(key) if args.allow_weak_key => Ok(Some(ApiKey::weak(key))),
        Some(key) => {
            Ok(Some(ApiKey::new(key).context("--allow-weak-key takes it all the same, for trials")?))
        }
    }
}

/// Done when the person or the system asks the server to stop.
async fn stop_signal() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}
