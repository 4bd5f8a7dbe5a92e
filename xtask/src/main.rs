//! Checks of the house that the compiler does not make.
//!
//! * `cargo xtask check`: the floors, the heavy libraries, the sizes of files.
//! * `cargo xtask mcpb PROGRAM [FOLDER [ADDRESS]]`: packs a program as an `.mcpb` bundle; with the address that bundles will
//!   lie at, also the `server.json` of the MCP registry, for all bundles in the folder.
//! * `cargo xtask gen`: makes the generated files anew (`openapi.json`, `docs/cli.md`, `docs/mcp-tools.json`). The tests fail when one is stale.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this is a command")]

mod bundle;
mod floors;
mod sizes;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let problems = match std::env::args().nth(1).as_deref() {
        Some("check") => {
            let mut problems = floors::problems();
            problems.extend(sizes::problems());
            problems
        }
        Some("gen") => generate(),
        Some("mcpb") if std::env::args().len() > 2 => mcpb().err().into_iter().collect(),
        _ => {
            eprintln!("usage: cargo xtask check | gen | mcpb PROGRAM [FOLDER [ADDRESS]]");
            return ExitCode::from(2);
        }
    };
    for problem in &problems {
        eprintln!("{problem}");
    }
    if problems.is_empty() {
        if std::env::args().nth(1).as_deref() == Some("check") {
            println!("the house is in order");
        }
        return ExitCode::SUCCESS;
    }
    ExitCode::FAILURE
}

/// The tests that compare generated files write them when told to.
fn generate() -> Vec<String> {
    let run = |package: &str| {
        let status = Command::new(env!("CARGO"))
            .args(["test", "--quiet", "--package", package, "--test", "it", "generated"])
            .env("OMP_UPDATE", "1")
            .status();
        match status {
            Ok(status) if status.success() => None,
            _ => Some(format!("the generated files of {package} could not be made")),
        }
    };
    ["omp-http", "omp"].into_iter().filter_map(run).collect()
}

/// Packs a program, and tells the registry of it if an address is given.
fn mcpb() -> Result<(), String> {
    let mut args = std::env::args().skip(2);
    let program = args.next().unwrap_or_default();
    let folder = PathBuf::from(args.next().unwrap_or_else(|| "target/mcpb".into()));
    let bundle = bundle::pack(Path::new(&program), &folder)?;
    println!("{}", bundle.display());
    let Some(address) = args.next() else { return Ok(()) };
    let listed = std::fs::read_dir(&folder).map_err(|error| error.to_string())?;
    let mut bundles: Vec<PathBuf> = listed.filter_map(|entry| Some(entry.ok()?.path())).collect();
    bundles.retain(|path| path.extension().is_some_and(|extension| extension == "mcpb"));
    bundles.sort();
    let server = bundle::server_json(&bundles, &address)?;
    let path = folder.join("server.json");
    let text = serde_json::to_string_pretty(&server).expect("a value is JSON");
    std::fs::write(&path, text + "\n")
        .map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
    println!("{}", path.display());
    Ok(())
}
