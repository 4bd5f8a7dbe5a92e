//! Checks of the house that the compiler does not make.
//!
//! * `cargo xtask check`: the floors, the heavy libraries, the sizes of files.
//! * `cargo xtask gen`: makes the generated files anew (`openapi.json`, `docs/cli.md`). The tests fail when one is stale.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this is a command")]

mod floors;
mod sizes;

use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let problems = match std::env::args().nth(1).as_deref() {
        Some("check") => {
            let mut problems = floors::problems();
            problems.extend(sizes::problems());
            problems
        }
        Some("gen") => generate(),
        _ => {
            eprintln!("usage: cargo xtask check | gen");
            return ExitCode::from(2);
        }
    };
    for problem in &problems {
        eprintln!("{problem}");
    }
    if problems.is_empty() {
        println!("the house is in order");
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
