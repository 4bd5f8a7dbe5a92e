//! How a tool starts this program.

use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::{Map, Value};

use crate::args::Global;

/// The program and its environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Launch {
    /// The program, from the root of the file system.
    pub(crate) command: String,
    env: Vec<(&'static str, Secret)>,
}

/// A value that may be a key: no `Debug` shows it.
#[derive(Clone, PartialEq, Eq)]
struct Secret(String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<{} bytes>", self.0.len())
    }
}

impl Launch {
    /// This program, with the server or file that it works on now.
    pub(crate) fn of(global: &Global) -> anyhow::Result<Self> {
        anyhow::ensure!(
            global.database.is_none() || global.server.is_some(),
            "tools are not given the address of a database: run `omp serve --database` and set them up with --server"
        );
        let command = program()?;
        let command =
            command.to_str().with_context(|| format!("{} is no text", command.display()))?.to_owned();
        let mut env = Vec::new();
        if let Some(server) = &global.server {
            env.push(("OMP_SERVER", Secret(server.clone())));
            env.extend(global.api_key.iter().map(|key| ("OMP_API_KEY", Secret(key.clone()))));
        } else if let Some(file) = &global.db {
            let file = std::path::absolute(file)?;
            env.push(("OMP_DB_PATH", Secret(file.to_string_lossy().into_owned())));
        }
        Ok(Self { command, env })
    }

    /// The key that is written, if one is.
    pub(crate) fn key(&self) -> Option<&str> {
        self.env.iter().find(|(name, _)| *name == "OMP_API_KEY").map(|(_, key)| key.0.as_str())
    }

    /// The environment as JSON; `None` when nothing is set.
    pub(crate) fn environment(&self) -> Option<Value> {
        let members =
            self.env.iter().map(|(name, value)| ((*name).to_owned(), Value::from(value.0.as_str())));
        let members: Map<String, Value> = members.collect();
        (!members.is_empty()).then_some(Value::Object(members))
    }

    /// A line for a shell that runs this program with these words.
    ///
    /// A hook gets no environment of its own, so what it is to know stands on the line; never a key.
    pub(crate) fn shell_line(&self, words: &[&str]) -> String {
        let mut line = quoted(&self.command);
        for word in words {
            line.push(' ');
            line.push_str(&quoted(word));
        }
        for (name, option) in [("OMP_SERVER", "--server"), ("OMP_DB_PATH", "--db")] {
            if let Some((_, value)) = self.env.iter().find(|(other, _)| *other == name) {
                line.push_str(&format!(" {option} {}", quoted(&value.0)));
            }
        }
        line
    }
}

/// The program by the path that people start it by: an installer's link stays right when the version behind it changes.
fn program() -> anyhow::Result<PathBuf> {
    let running = std::env::current_exe().context("the path of this program cannot be found out")?;
    let real = std::fs::canonicalize(&running).unwrap_or_else(|_| running.clone());
    let name = running.file_name().unwrap_or_default();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut known =
        std::env::split_paths(&path).filter(|folder| folder.is_absolute()).map(|folder| folder.join(name));
    Ok(known.find(|other| std::fs::canonicalize(other).is_ok_and(|other| other == real)).unwrap_or(running))
}

/// A word for a shell.
fn quoted(word: &str) -> String {
    let plain =
        |c: char| c.is_ascii_alphanumeric() || "/._-:=+@%,".contains(c) || (cfg!(windows) && c == '\\');
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else if cfg!(windows) {
        format!("\"{word}\"")
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn launch(command: &str) -> Launch {
        let env =
            vec![("OMP_SERVER", Secret("https://m.example".into())), ("OMP_API_KEY", Secret("k".repeat(32)))];
        Launch { command: command.into(), env }
    }

    #[cfg(unix)]
    #[test]
    fn a_path_with_spaces_is_one_word_of_the_shell_and_the_key_stays_out() {
        let line = launch("/Users/A B/it's/omp").shell_line(&["hook", "session-start"]);
        assert_eq!(line, r"'/Users/A B/it'\''s/omp' hook session-start --server https://m.example");
    }

    #[test]
    fn no_debug_shows_the_key() {
        let shown = format!("{:?}", launch("/omp"));
        assert!(!shown.contains("kkkk"), "{shown}");
    }
}
