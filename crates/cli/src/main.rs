//! `omp`: one memory for all of a person's AI tools. The server, and the command line over a server or a database.

/// A request's memory is allocated on one thread and freed on another, the writer's; with the system's allocator
/// the two would then wait for each other.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod args;
mod commands;
mod connect;
mod exit;
mod files;
mod memory_scope;
mod passphrase;
mod printer;
mod progress;
mod project;
mod sessions;
mod settings;
mod setup;

use std::process::ExitCode;

use clap::Parser;

use crate::args::Args;
use crate::printer::Printer;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return exit::misused(&error, std::env::args_os().any(|arg| arg == "--json")),
    };
    let printer = Printer::new(args.global.json, args.global.quiet);
    match commands::run(args, &printer) {
        Ok(code) => code,
        Err(error) => exit::report(&error, &printer),
    }
}
