//! One file a command: arguments in, the product's verbs called, the answer printed.

mod audit;
mod completions;
mod conform;
mod context;
mod conversations;
mod convert;
mod counts;
mod doctor;
mod edit;
mod encryption;
mod export;
mod extract;
mod forget;
mod handoff;
mod history;
mod hook;
mod import;
mod inject;
mod inspect;
mod keys;
mod list;
mod log;
mod logging;
mod losses;
mod mcp;
mod migrate;
mod namespaces;
mod recall;
mod recent;
mod reindex;
mod remember;
mod save;
mod sealing;
mod serve;
mod setup;
mod show;
mod source;
mod upkeep;
mod users;
mod validate;

use std::process::ExitCode;
use std::time::Duration;

use crate::args::{Args, Command};
use crate::printer::Printer;

/// How long threads may take to end when a command has.
const GRACE: Duration = Duration::from_secs(1);
/// The same of a server, whose last exports may still be written.
const SERVER_GRACE: Duration = Duration::from_secs(20);

/// Runs the command that was typed.
pub(crate) fn run(args: Args, printer: &Printer) -> anyhow::Result<ExitCode> {
    let Args { global, command } = args;
    let global = global.without_empty();
    match command {
        Command::Completions { shell } => return completions::run(shell),
        Command::Validate(args) => return validate::run(&args, printer),
        Command::Convert(args) => return convert::run(&global, &args, printer),
        Command::Inspect(args) => return inspect::run(&args, printer),
        Command::Setup(args) => return setup::run(&global, &args, printer),
        _ => {}
    }
    let serves = matches!(command, Command::Serve(_));
    let runtime = runtime(serves)?;
    let ended = runtime.block_on(async {
        match command {
            Command::Serve(args) => serve::run(&global, &args, printer).await,
            Command::Mcp => mcp::run(&global).await,
            Command::Remember(args) => remember::run(&global, args, printer).await,
            Command::Recall(args) => recall::run(&global, args, printer).await,
            Command::List(args) => list::run(&global, args, printer).await,
            Command::Show(args) => show::run(&global, &args, printer).await,
            Command::Edit(args) => edit::run(&global, args, printer).await,
            Command::History(args) => history::run(&global, &args, printer).await,
            Command::Forget(args) => forget::run(&global, &args, printer).await,
            Command::Context(args) => context::run(&global, args, printer).await,
            Command::Inject(args) => inject::run(&global, args, printer).await,
            Command::Recent(args) => recent::run(&global, &args, printer).await,
            Command::Conversations(args) => conversations::run(&global, args, printer).await,
            Command::Log(args) => log::run(&global, &args, printer).await,
            Command::Extract(args) => extract::run(&global, args, printer).await,
            Command::Compress(args) => extract::compress(&global, args, printer).await,
            Command::Handoff(args) => handoff::run(&global, args, printer).await,
            Command::Save(args) => save::run(&global, args, printer).await,
            Command::Hook(args) => hook::run(&global, &args, printer).await,
            Command::Import(args) => import::run(&global, &args, printer).await,
            Command::Export(args) => export::run(&global, &args, printer).await,
            Command::Backup(args) => upkeep::backup(&global, &args, printer).await,
            Command::Restore(args) => upkeep::restore(&global, &args, printer).await,
            Command::Encrypt(args) => encryption::encrypt(&global, &args, printer),
            Command::Decrypt => encryption::decrypt(&global, printer),
            Command::Users(args) => users::run(&global, args, printer).await,
            Command::Namespaces(args) => namespaces::run(&global, args, printer).await,
            Command::Tags => counts::tags(&global, printer).await,
            Command::Stats => counts::stats(&global, printer).await,
            Command::Audit(args) => audit::run(&global, args, printer).await,
            Command::Keys(args) => keys::run(&global, args, printer).await,
            Command::Migrate(args) => migrate::run(&global, &args, printer).await,
            Command::Reindex => reindex::run(&global, printer).await,
            Command::Doctor => doctor::run(&global, printer).await,
            Command::Conform(args) => conform::run(&global, &args, printer).await,
            Command::Completions { .. }
            | Command::Validate(_)
            | Command::Convert(_)
            | Command::Setup(_)
            | Command::Inspect(_) => {
                unreachable!("done above, without a runtime")
            }
        }
    });
    // A thread that still waits for a provider's answer, which nobody wants any more, must not keep the program.
    runtime.shutdown_timeout(if serves { SERVER_GRACE } else { GRACE });
    ended
}

/// A server has a thread for each core, two at least, and reads its database on them. With more, one that waits for the
/// disk would hold up fewer of the others, but what a request hands on (MCP does so several times) would be taken up by
/// a thread that has to be woken first, and all reads would be slower for it.
fn runtime(server: bool) -> std::io::Result<tokio::runtime::Runtime> {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let threads = if server { cores.max(2) } else { 2 };
    tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()
}
