//! Exit statuses: 0 done; 1 refused or not valid; 2 wrong usage; 3 not found; 4 not allowed; 5 not available now;
//! 70 a fault of ours.

use std::process::ExitCode;

use omp_model::{Error, ErrorCode};
use omp_store::StoreError;

use crate::printer::Printer;

/// Says what went wrong and gives its exit status. A reader of our output that has gone is no error.
pub(crate) fn report(error: &anyhow::Error, printer: &Printer) -> ExitCode {
    let broken_pipe = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
    };
    if error.chain().any(broken_pipe) {
        return ExitCode::SUCCESS;
    }
    printer.error(error);
    ExitCode::from(status(error))
}

fn status(error: &anyhow::Error) -> u8 {
    if let Some(error) = error.downcast_ref::<Error>() {
        return error.code.exit_code();
    }
    match error.downcast_ref::<StoreError>() {
        Some(StoreError::Sealed(_) | StoreError::WrongPassphrase(_)) => ErrorCode::Unauthorized.exit_code(),
        None
        | Some(
            StoreError::NotEncrypted(_)
            | StoreError::ShortPassphrase(_)
            | StoreError::NoEncryption
            | StoreError::Unsupported(_),
        ) => 1,
        Some(StoreError::Internal(_)) => ErrorCode::InternalError.exit_code(),
        Some(_) => ErrorCode::Unavailable.exit_code(),
    }
}
