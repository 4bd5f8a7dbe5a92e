//! `omp conform`

use std::process::ExitCode;

use anyhow::Context as _;
use omp_client::conform::{self, ConformError, Options};
use omp_model::{Error, ErrorCode};

use crate::args::{Conform, Global};
use crate::printer::{Printer, clean};

pub(super) async fn run(global: &Global, args: &Conform, printer: &Printer) -> anyhow::Result<ExitCode> {
    if args.list {
        for clause in conform::clauses() {
            printer.line(format!(
                "{:<6} {}  {} [{}]",
                clause.force.to_string(),
                clause.id,
                clause.text,
                clause.source
            ))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let url = args.url.clone().or_else(|| global.server.clone());
    let url = url.context("say which server: omp conform --url http://localhost:3456")?;
    let options = Options { api_key: global.api_key.clone(), ..Options::new(url) };
    let report = conform::run(&options, &mut |outcome| {
        if !printer.json {
            // A reader that has gone ends the run at the report below.
            let _ = printer.line(clean(&outcome.to_string()));
        }
    })
    .await
    .map_err(|error| coded(&error))?;
    let told = format!(
        "{} passed, {} failed, {} skipped",
        report.passed,
        report.failed_must + report.failed_should,
        report.skipped
    );
    printer.either(&report, told)?;
    for id in &report.left_behind {
        printer.say(format!("made and not removed again: {}", clean(id)));
    }
    Ok(if report.failed_must == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Why there is no report, as any other error of a server.
fn coded(error: &ConformError) -> Error {
    let code = match error {
        ConformError::Url(_) => ErrorCode::ValidationError,
        ConformError::Client(_) | ConformError::Unreachable { .. } => ErrorCode::Unavailable,
        ConformError::KeyNeeded | ConformError::KeyRefused => ErrorCode::Unauthorized,
    };
    Error::new(code, format!("{error}."))
}
