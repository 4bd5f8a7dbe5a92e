//! `omp users`

use std::process::ExitCode;

use omp_model::keys::KeyName;
use omp_model::users::Legacy;
use omp_model::{NewKey, NewUser, Scopes, User};
use serde_json::json;

use crate::args::{Global, RemoveUser, Users};
use crate::printer::{Printer, counted};

pub(super) async fn run(global: &Global, args: Users, printer: &Printer) -> anyhow::Result<ExitCode> {
    let api = global.access().await?;
    match args {
        Users::Add { name, admin, no_key } => {
            let user = api.create_user(NewUser { name: name.clone(), admin }).await?;
            let first = KeyName::new("first key").expect("fits");
            let key = NewKey { user: Some(name), scopes: Scopes::ALL, ..NewKey::new(first) };
            let key = if no_key { None } else { Some(api.create_key(key).await?) };
            if printer.json {
                printer.value(&json!({"user": user, "key": key}))?;
                return Ok(ExitCode::SUCCESS);
            }
            printer.say(format!("added {}", user.name));
            if let Some(key) = key {
                printer.say("This is the user's key; it cannot be shown again:");
                printer.line(key.secret)?;
            }
        }
        Users::List => {
            let list = api.list_users().await?;
            if printer.json {
                printer.value(&list)?;
                return Ok(ExitCode::SUCCESS);
            }
            list.users.iter().try_for_each(|user| printer.line(line(user)))?;
        }
        Users::Remove(RemoveUser { name, hand_over_to, .. }) => {
            let told = hand_over_to.as_ref().map_or("deleted".to_owned(), |heir| format!("given to {heir}"));
            let legacy = hand_over_to.map_or(Legacy::Delete, Legacy::HandOverTo);
            let removed = api.delete_user(name.as_str(), legacy).await?;
            if printer.json {
                printer.value(&removed)?;
                return Ok(ExitCode::SUCCESS);
            }
            printer.say(format!(
                "removed {name}; memories {told}: {}, conversations: {}",
                removed.memories, removed.conversations
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn line(user: &User) -> String {
    format!(
        "{}{}  {}, {}, {}",
        user.name,
        if user.admin { " (admin)" } else { "" },
        counted(user.memories, "memory"),
        counted(user.conversations, "conversation"),
        counted(user.keys, "key")
    )
}
