//! `omp migrate`

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{bail, ensure};
use indicatif::ProgressBar;
use omp_model::{Clock as _, OsRandom, SystemClock};
use omp_store::relocation::{MoveError, MoveProgress, Moved, MovedOwner, Phase, plan, relocate};
use omp_store::{Check, DatabaseKey, PostgresOptions, PostgresStore, Relocation, SqliteOptions, SqliteStore};
use serde_json::json;

use crate::args::{Global, Migrate};
use crate::printer::Printer;
use crate::{passphrase, progress};

/// A database by its address.
enum Place {
    File(PathBuf),
    Postgres(String),
}

impl Place {
    /// Reads `sqlite:FILE` or `postgres://…`. What is wrong is told without repeating it: it may hold a password.
    fn read(option: &str, text: &str) -> anyhow::Result<Self> {
        let text = text.trim();
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(text.to_owned()));
        }
        match text.strip_prefix("sqlite:") {
            Some(path) if !path.is_empty() => Ok(Self::File(PathBuf::from(path))),
            _ => bail!(
                "{option} takes sqlite:FILE, such as sqlite:memory.db, or postgres://user@host/database"
            ),
        }
    }
}

pub(super) async fn run(global: &Global, args: &Migrate, printer: &Printer) -> anyhow::Result<ExitCode> {
    let from = if let Some(from) = &args.from {
        Place::read("--from", from)?
    } else {
        global.require_database("migrate without --from")?;
        let url = global.database.as_ref().map(|url| Place::Postgres(url.trim().to_owned()));
        url.map_or_else(|| global.file().map(Place::File), Ok)?
    };
    let to = Place::read("--to", &args.to)?;
    let source = source(global, &from).await?;
    if args.dry_run {
        let counts = plan(&*source).await?;
        printer.either(
            &json!({"from": source.place(), "would_move": counts}),
            format!("{}: {} would be moved; nothing was written", source.place(), all(&counts)),
        )?;
        source.close().await?;
        return Ok(ExitCode::SUCCESS);
    }
    let target = target(global, args, &to).await?;
    let bar = progress::moving(printer);
    let tell = |progress| {
        if let Some(bar) = &bar {
            show(bar, progress);
        }
    };
    let moved = relocate(&*source, &*target, &SystemClock, &OsRandom, &tell).await;
    if let Some(bar) = &bar {
        bar.finish_and_clear();
    }
    let moved = moved.map_err(in_its_words)?;
    printer.say("everything is moved and compared; now the target looks at its lists and its word index");
    let problems: Vec<Check> =
        target.check().await?.into_iter().filter(|check| check.problem.is_some()).collect();
    let places = (source.place(), target.place());
    source.close().await?;
    target.close().await?;
    print(&moved, &places, &problems, printer)?;
    Ok(if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// An error of a database has its own exit status.
fn in_its_words(error: MoveError) -> anyhow::Error {
    match error {
        MoveError::Store(error) => error.into(),
        error => error.into(),
    }
}

async fn source(global: &Global, place: &Place) -> anyhow::Result<Arc<dyn Relocation>> {
    let now = SystemClock.now();
    Ok(match place {
        Place::Postgres(url) => Arc::new(PostgresStore::open(&PostgresOptions::new(url, now)).await?),
        Place::File(path) => {
            ensure!(path.is_file(), "{} is no file; there is nothing to move", path.display());
            // A passphrase may be meant for the target alone.
            let key = if SqliteStore::is_plain(path) { None } else { global.database_key()? };
            Arc::new(SqliteStore::open(&SqliteOptions { path: path.clone(), now, key })?)
        }
    })
}

async fn target(global: &Global, args: &Migrate, place: &Place) -> anyhow::Result<Arc<dyn Relocation>> {
    let now = SystemClock.now();
    Ok(match place {
        Place::Postgres(url) => {
            ensure!(args.to_passphrase_file.is_none(), "--to-passphrase-file is for a target that is a file");
            Arc::new(PostgresStore::open_to_fill(&PostgresOptions::new(url, now)).await?)
        }
        Place::File(path) => {
            let key = match &args.to_passphrase_file {
                Some(file) => Some(Arc::new(DatabaseKey::new(passphrase::in_file(file)?)?)),
                None => global.database_key()?,
            };
            Arc::new(SqliteStore::open_to_fill(&SqliteOptions { path: path.clone(), now, key })?)
        }
    })
}

fn show(bar: &ProgressBar, progress: MoveProgress) {
    bar.set_length(progress.total);
    bar.set_position(progress.done);
    bar.set_message(match progress.phase {
        Phase::Copying => "copying",
        Phase::CatchingUp => "catching up",
        Phase::Comparing => "comparing",
    });
}

fn print(
    moved: &Moved,
    (from, to): &(String, String),
    problems: &[Check],
    printer: &Printer,
) -> anyhow::Result<()> {
    let Moved { owners, keys, shares, audit, as_of, passes, corrected, source_changed } = moved;
    let problems: Vec<String> = problems
        .iter()
        .map(|check| format!("{}: {}", check.name, check.problem.as_deref().unwrap_or_default()))
        .collect();
    let user = |owner: &MovedOwner| json!({"user": owner.name, "rows": owner.rows, "digest": owner.digest});
    let report = json!({
        "from": from, "to": to, "as_of": as_of, "users": owners.iter().map(user).collect::<Vec<_>>(), "keys": keys,
        "shares": shares, "audit": audit, "passes": passes, "corrected": corrected, "source_changed": source_changed,
        "problems": problems,
    });
    if printer.json {
        return Ok(printer.value(&report)?);
    }
    for owner in owners {
        printer.line(format!("{}: {} ({})", owner.name, all(&owner.rows), owner.digest))?;
    }
    printer.line(format!("{keys} keys, {shares} shares, {audit} entries of the audit"))?;
    printer.line(format!("{to} holds, row by row, what {from} held at {as_of}"))?;
    for problem in problems {
        printer.line(problem)?;
    }
    if *source_changed {
        printer.say("the source has been written to since, and that is not in the target: stop what writes to it, and run this again");
    } else {
        printer.say("what is written to the source from now on is not in the target; until that is used, this command run again brings it over");
    }
    Ok(())
}

/// `2 conversations, 30 memories`
fn all(counts: &BTreeMap<&'static str, u64>) -> String {
    let counts = counts.iter().map(|(what, count)| format!("{count} {what}"));
    counts.collect::<Vec<_>>().join(", ")
}
