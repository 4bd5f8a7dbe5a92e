//! `omp keys`

use std::process::ExitCode;

use omp_model::keys::{KeyWithSecret, RotateKey};
use omp_model::{Key, NamespacePattern, NewKey, Scope, Scopes};
use serde_json::json;

use crate::args::{CreateKey, Global, Keys};
use crate::printer::{Printer, clean};

pub(super) async fn run(global: &Global, args: Keys, printer: &Printer) -> anyhow::Result<ExitCode> {
    let api = global.access().await?;
    match args {
        Keys::Create(args) => secret(&api.create_key(new(args)).await?, printer)?,
        Keys::List => {
            let list = api.list_keys().await?;
            if printer.json {
                printer.value(&list)?;
                return Ok(ExitCode::SUCCESS);
            }
            list.keys.iter().try_for_each(|key| printer.line(line(key)))?;
        }
        Keys::Revoke { id } => {
            api.revoke_key(&id).await?;
            printer.say(format!("revoked {id}"));
            if printer.json {
                printer.value(&json!({"revoked": id}))?;
            }
        }
        Keys::Rotate { id, grace } => {
            secret(&api.rotate_key(&id, RotateKey { grace_seconds: grace }).await?, printer)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn new(args: CreateKey) -> NewKey {
    NewKey {
        user: args.user,
        scopes: if args.scopes.is_empty() { Scopes::READ_WRITE } else { Scopes::new(args.scopes) },
        tool: args.tool,
        own_tool_only: args.own_tool_only,
        namespaces: args.namespaces,
        default_namespace: args.default_namespace,
        expires_at: args.expires_at,
        ..NewKey::new(args.name)
    }
}

fn secret(made: &KeyWithSecret, printer: &Printer) -> std::io::Result<()> {
    if printer.json {
        return printer.value(made);
    }
    printer.say(format!(
        "{} ({}); this is its secret, which cannot be shown again:",
        made.key.id,
        clean(made.key.name.as_str())
    ));
    printer.line(&made.secret)
}

fn line(key: &Key) -> String {
    let scopes: Vec<&str> = key.scopes.iter().map(Scope::as_str).collect();
    let mut line = format!("{}  {}  {}  {}", key.id, key.user, scopes.join("+"), clean(key.name.as_str()));
    if let Some(tool) = &key.tool {
        let only = if key.own_tool_only { " only" } else { "" };
        line.push_str(&format!(" · tool {}{only}", clean(tool.as_str())));
    }
    if !key.namespaces.is_empty() {
        let patterns: Vec<&str> = key.namespaces.iter().map(NamespacePattern::as_str).collect();
        line.push_str(&format!(" · in {}", patterns.join(", ")));
    }
    if let Some(at) = key.revoked_at {
        line.push_str(&format!(" · revoked {at}"));
    } else if let Some(at) = key.expires_at {
        line.push_str(&format!(" · until {at}"));
    }
    if let Some(at) = key.last_used_at {
        line.push_str(&format!(" · last used {at}"));
    }
    line
}
