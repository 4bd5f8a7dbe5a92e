//! `omp completions`

use std::io::Write as _;
use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Args;

pub(super) fn run(shell: Shell) -> anyhow::Result<ExitCode> {
    // Written at once: the generator does not expect that a reader stops reading.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "omp", &mut script);
    std::io::stdout().write_all(&script)?;
    Ok(ExitCode::SUCCESS)
}
