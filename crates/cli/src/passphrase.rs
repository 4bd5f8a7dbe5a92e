//! Passphrases: from a file, or from whoever sits at the terminal.

use std::io::{self, IsTerminal as _};
use std::path::Path;

use anyhow::{Context as _, bail, ensure};

/// What a person types; a new one twice.
pub(crate) fn asked(new: bool) -> anyhow::Result<String> {
    if !io::stdin().is_terminal() {
        bail!("there is no terminal to ask for a passphrase at");
    }
    let given = rpassword::prompt_password("Passphrase: ")?;
    let again = if new { rpassword::prompt_password("Once more: ")? } else { given.clone() };
    ensure!(given == again, "the two are not the same");
    Ok(given)
}

/// The first line of a file.
pub(crate) fn in_file(path: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("the passphrase cannot be read from {}", path.display()))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
