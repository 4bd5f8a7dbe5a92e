//! `omp`: one memory for all of a person's AI tools. The server, and the command line over a server or a file.

/// The memory of a request is taken by one thread and given back by another, the writer: the system's allocator lets them
/// wait for each other then.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod args;
mod commands;
mod connect;
mod exit;
mod files;
mod passphrase;
mod printer;
mod progress;
mod project;
mod reach;
mod sessions;
mod settings;
mod setup;

use std::process::ExitCode;

use clap::Parser;

use crate::args::Args;
use crate::printer::Printer;

fn main() -> ExitCode {
    let args = Args::parse();
    let printer = Printer::new(args.global.json, args.global.quiet);
    match commands::run(args, &printer) {
        Ok(code) => code,
        Err(error) => exit::report(&error, &printer),
    }
}
