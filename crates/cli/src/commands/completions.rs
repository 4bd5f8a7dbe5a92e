//! `omp completions`

use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Args;

pub(super) fn run(shell: Shell) -> ExitCode {
    clap_complete::generate(shell, &mut Args::command(), "omp", &mut std::io::stdout());
    ExitCode::SUCCESS
}
