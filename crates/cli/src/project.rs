//! Which project a folder belongs to, and so which namespace.
//!
//! The nearest `omp.toml` from the folder upwards says it (`namespace = "project:boat"`). Without one it is the git
//! repository: `project:` and the name of its folder, in the form of namespaces. A worktree belongs to its repository.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use omp_model::Namespace;
use toml_edit::DocumentMut;

/// The file that names a project.
const FILE: &str = "omp.toml";

/// A project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Project {
    /// Its folder.
    pub(crate) root: PathBuf,
    /// Where its memories are.
    pub(crate) namespace: Namespace,
}

/// The project of the folder that the program runs in.
pub(crate) fn here() -> anyhow::Result<Option<Project>> {
    let folder = std::env::current_dir().context("the current folder cannot be found out")?;
    of(&folder)
}

/// The same where there must be one.
pub(crate) fn required() -> anyhow::Result<Project> {
    here()?.context("this folder is in no project: neither omp.toml nor a git repository is here or above")
}

/// The project of a folder. The home folder is none, even if it is a repository.
pub(crate) fn of(folder: &Path) -> anyhow::Result<Option<Project>> {
    for root in folder.ancestors() {
        let file = root.join(FILE);
        match std::fs::read_to_string(&file) {
            Ok(text) => {
                let namespace = named(&text).map_err(|what| anyhow::anyhow!("{}: {what}", file.display()))?;
                return Ok(Some(Project { root: root.to_owned(), namespace }));
            }
            Err(error) if is_absent(&error) => {}
            Err(error) => return Err(error).with_context(|| format!("{} cannot be read", file.display())),
        }
    }
    let home = etcetera::home_dir().ok();
    let repository = folder.ancestors().find(|root| root.join(".git").exists());
    let Some(root) = repository.filter(|root| home.as_deref() != Some(*root)) else { return Ok(None) };
    let main = main_worktree(root).unwrap_or_else(|| root.to_owned());
    let name = main.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let namespace =
        Namespace::normalize(&name).and_then(|name| Namespace::normalize(&format!("project:{name}")));
    let namespace = namespace.with_context(|| {
        format!(
            "the folder name `{name}` gives no namespace; name one in {FILE}: namespace = \"project:name\""
        )
    })?;
    Ok(Some(Project { root: root.to_owned(), namespace }))
}

fn is_absent(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{IsADirectory, NotADirectory, NotFound, PermissionDenied};
    // A folder above that may not be looked into says nothing.
    matches!(error.kind(), NotFound | NotADirectory | IsADirectory | PermissionDenied)
}

/// The namespace that an `omp.toml` names.
fn named(text: &str) -> Result<Namespace, String> {
    let document =
        text.parse::<DocumentMut>().map_err(|error| format!("is not TOML: {}", error.message()))?;
    if let Some((other, _)) = document.iter().find(|(name, _)| *name != "namespace") {
        return Err(format!("has `{other}`, which is not known here; it holds `namespace` only"));
    }
    let name = document.get("namespace").and_then(|item| item.as_str());
    let name = name.ok_or("must say namespace = \"project:name\"")?;
    Namespace::new(name).map_err(|what| format!("`namespace` {what}"))
}

/// The folder of the repository that a worktree belongs to.
fn main_worktree(root: &Path) -> Option<PathBuf> {
    let link = std::fs::read_to_string(root.join(".git")).ok()?;
    let git = root.join(link.trim().strip_prefix("gitdir:")?.trim());
    let worktrees = git.parent().filter(|folder| folder.ends_with(".git/worktrees"))?;
    worktrees.parent()?.parent().map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn namespace_of(folder: &Path) -> Option<String> {
        of(folder).unwrap().map(|project| project.namespace.to_string())
    }

    #[test]
    fn the_repository_names_the_project_and_a_worktree_belongs_to_it() {
        let top = tempfile::tempdir().unwrap();
        let (boat, tree) = (top.path().join("My Boat.js"), top.path().join("feature"));
        fs::create_dir_all(boat.join(".git/worktrees/feature")).unwrap();
        fs::create_dir_all(boat.join("src/deep")).unwrap();
        fs::create_dir_all(&tree).unwrap();
        let link = format!("gitdir: {}\n", boat.join(".git/worktrees/feature").display());
        fs::write(tree.join(".git"), link).unwrap();
        for folder in [&boat, &boat.join("src/deep"), &tree] {
            assert_eq!(namespace_of(folder).as_deref(), Some("project:my-boat-js"), "{}", folder.display());
        }
        assert_eq!(of(&boat.join("src")).unwrap().unwrap().root, boat);
        assert_eq!(namespace_of(top.path()), None);
    }

    #[test]
    fn a_file_names_it_for_everything_below() {
        let top = tempfile::tempdir().unwrap();
        let repository = top.path().join("code/boat");
        fs::create_dir_all(repository.join(".git")).unwrap();
        fs::write(top.path().join(FILE), "# ours\nnamespace = \"team:harbour\"\n").unwrap();
        assert_eq!(namespace_of(&repository).as_deref(), Some("team:harbour"));
        fs::write(repository.join(FILE), "namespace = 'boat'").unwrap();
        assert_eq!(namespace_of(&repository).as_deref(), Some("boat"));
    }

    #[test]
    fn what_is_wrong_with_the_file_is_said() {
        for (text, said) in [
            ("namespace = ", "is not TOML"),
            ("", "must say namespace"),
            ("namespace = 3", "must say namespace"),
            ("namespace = \"My Boat\"", "`namespace` must match"),
            ("namespace = \"a\"\nkey = 1", "has `key`, which is not known here"),
        ] {
            let error = named(text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }

    #[test]
    fn a_folder_name_without_letters_asks_for_a_file() {
        let top = tempfile::tempdir().unwrap();
        let repository = top.path().join("記憶");
        fs::create_dir_all(repository.join(".git")).unwrap();
        assert!(of(&repository).unwrap_err().to_string().contains("name one in omp.toml"));
    }
}
