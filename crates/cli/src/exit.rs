//! Exit statuses: 0 done; 1 refused or not valid; 2 wrong usage; 3 not found; 4 not allowed; 5 not available now;
//! 70 a fault of ours.

use std::io::ErrorKind;
use std::process::ExitCode;

use omp_model::{Error, ErrorCode};
use omp_store::StoreError;

use crate::printer::Printer;

/// Wrong usage.
const USAGE: u8 = 2;

/// Says what went wrong and gives its exit status. A reader of our output that has gone is no error.
pub(crate) fn report(error: &anyhow::Error, printer: &Printer) -> ExitCode {
    if error.chain().any(|cause| io_kind(cause) == Some(ErrorKind::BrokenPipe)) {
        return ExitCode::SUCCESS;
    }
    let error = coded(error);
    printer.error(&error);
    ExitCode::from(error.code.exit_code())
}

/// What was typed is no command. Help and the version are no errors, and go where they always go.
pub(crate) fn misused(error: &clap::Error, json: bool) -> ExitCode {
    if !json || !error.use_stderr() {
        error.exit();
    }
    let text = error.render().to_string();
    let message = if text.starts_with("error: ") {
        // The sentence, without the usage that follows it.
        text.trim_start_matches("error: ").split("\n\n").next().unwrap_or_default().trim().to_owned()
    } else {
        "A command is missing; `omp --help` lists them.".to_owned()
    };
    Printer::new(true, false).error(&Error::new(ErrorCode::ValidationError, message));
    ExitCode::from(USAGE)
}

/// The error with its row of the table, whatever it was made from.
pub(crate) fn coded(error: &anyhow::Error) -> Error {
    let mut message = format!("{error:#}");
    let Some(ours) = error.downcast_ref::<Error>() else { return Error::new(code(error), message) };
    // With words of this program around it, it tells by itself what to do.
    let bare = error.chain().next().is_some_and(<dyn std::error::Error>::is::<Error>);
    if bare && ours.code == ErrorCode::Unauthorized {
        message.push_str(" On the command line, OMP_API_KEY or --api-key gives it.");
    }
    Error { code: ours.code, message, details: ours.details.clone() }
}

fn code(error: &anyhow::Error) -> ErrorCode {
    match error.downcast_ref::<StoreError>() {
        Some(StoreError::Sealed(_) | StoreError::WrongPassphrase(_)) => ErrorCode::Unauthorized,
        Some(
            StoreError::NotADatabase(_)
            | StoreError::NotEncrypted(_)
            | StoreError::ShortPassphrase(_)
            | StoreError::NoEncryption
            | StoreError::Unsupported(_),
        ) => ErrorCode::ValidationError,
        Some(StoreError::Full(_)) => ErrorCode::StorageFull,
        Some(StoreError::ReadOnly(_) | StoreError::Denied { .. }) => ErrorCode::ReadOnly,
        Some(StoreError::Internal(_)) => ErrorCode::InternalError,
        Some(_) => ErrorCode::Unavailable,
        None if error.chain().any(|cause| io_kind(cause) == Some(ErrorKind::NotFound)) => ErrorCode::NotFound,
        None if error.chain().any(|cause| io_kind(cause) == Some(ErrorKind::StorageFull)) => {
            ErrorCode::StorageFull
        }
        None => ErrorCode::ValidationError,
    }
}

fn io_kind(cause: &(dyn std::error::Error + 'static)) -> Option<ErrorKind> {
    cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind)
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn errors_without_a_code_were_told_as_unavailable() {
        let refused = anyhow::anyhow!("a.json exists already");
        assert_eq!(coded(&refused).code, ErrorCode::ValidationError);
        let missing = std::fs::File::open("/nowhere").context("a.json cannot be opened").unwrap_err();
        assert_eq!(coded(&missing).code, ErrorCode::NotFound);
        let other = anyhow::Error::new(StoreError::NotADatabase("a.db".into()));
        assert_eq!(coded(&other).code, ErrorCode::ValidationError);
    }

    #[test]
    fn a_missing_key_names_the_option() {
        let error = || Error::new(ErrorCode::Unauthorized, "A key is needed.");
        assert!(coded(&anyhow::Error::new(error())).message.contains("--api-key"));
        let elsewhere = anyhow::Error::new(error()).context("http://other gave no export");
        let told = coded(&elsewhere);
        assert_eq!((told.code, told.message.contains("--api-key")), (ErrorCode::Unauthorized, false));
    }
}
