//! `omp namespaces`

use std::process::ExitCode;

use omp_model::ShareAccess;
use omp_model::shares::{Share, ShareList};
use serde_json::json;

use crate::args::{Global, Namespaces};
use crate::printer::Printer;

pub(super) async fn run(global: &Global, args: Namespaces, printer: &Printer) -> anyhow::Result<ExitCode> {
    match args {
        Namespaces::List => {
            let list = global.api().await?.namespaces().await?;
            if printer.json {
                printer.value(&list)?;
            } else {
                let mut all = list.namespaces.iter();
                all.try_for_each(|one| printer.line(format!("{:>8}  {}", one.memories, one.namespace)))?;
            }
        }
        Namespaces::Move { from, to } => {
            let moved = global.access().await?.move_namespace(&from, to.as_ref()).await?;
            let place = to.as_ref().map_or("the default namespace", |name| name.as_str());
            printer.say(format!("moved {moved} memories from {from} to {place}"));
            if printer.json {
                printer.value(&json!({"memories": moved}))?;
            }
        }
        Namespaces::Delete { namespace, .. } => {
            let deleted = global.access().await?.delete_namespace(&namespace).await?;
            printer.say(format!("deleted {deleted} memories of {namespace}"));
            if printer.json {
                printer.value(&json!({"memories": deleted}))?;
            }
        }
        Namespaces::Share { namespace, user, write } => {
            let access = if write { ShareAccess::Write } else { ShareAccess::Read };
            let share = global.access().await?.share(&namespace, &user, access).await?;
            printer.say(format!("{user} may {} {namespace}", verbs(access)));
            if printer.json {
                printer.value(&share)?;
            }
        }
        Namespaces::Unshare { namespace, user } => {
            global.access().await?.unshare(&namespace, &user).await?;
            printer.say(format!("{user} sees {namespace} no more"));
        }
        Namespaces::Shares => {
            let ShareList { given, received } = global.access().await?.list_shares().await?;
            if printer.json {
                printer.value(&ShareList { given, received })?;
                return Ok(ExitCode::SUCCESS);
            }
            for Share { namespace, user, access, .. } in &given {
                printer.line(format!("{user} may {} {namespace}", verbs(*access)))?;
            }
            for Share { owner, namespace, access, .. } in &received {
                printer.line(format!("you may {} {namespace} of {owner}", verbs(*access)))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn verbs(access: ShareAccess) -> &'static str {
    match access {
        ShareAccess::Read => "read",
        ShareAccess::Write => "read and write",
    }
}
