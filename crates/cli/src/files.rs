//! Files of other programs: read whole, and replaced in one step or not at all.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};

/// A file as it was found.
#[derive(Debug)]
pub(crate) struct Owned {
    /// What was asked for.
    pub(crate) path: PathBuf,
    /// Where it is really: a link is written through, never replaced.
    pub(crate) real: PathBuf,
    /// Its text; `None` when there is no file.
    pub(crate) text: Option<String>,
}

/// Who may read a file that is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Whoever may read new files of this person.
    AsUsual,
    /// Only this person, also if the file was there.
    OwnerOnly,
}

impl Owned {
    /// Reads a file. What cannot be written later is refused now, and nothing is changed by asking.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        let shown = path.display();
        let is_link = path.symlink_metadata().is_ok_and(|found| found.file_type().is_symlink());
        match std::fs::canonicalize(path) {
            Ok(real) => {
                let found = std::fs::metadata(&real)?;
                ensure!(found.is_file(), "{shown} is no file");
                ensure!(
                    !found.permissions().readonly(),
                    "{shown} is read-only; nothing was changed. Make it writable first"
                );
                let bytes = std::fs::read(&real).with_context(|| format!("{shown} cannot be read"))?;
                let text = String::from_utf8(bytes).ok();
                let text = text.with_context(|| format!("{shown} is not UTF-8 text; nothing was changed"))?;
                Ok(Self { path: path.to_owned(), real, text: Some(text) })
            }
            Err(_) if is_link => {
                let target = std::fs::read_link(path).unwrap_or_default();
                bail!("{shown} is a link to {}, which is not there; nothing was changed", target.display())
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Ok(Self { path: path.to_owned(), real: new_place(path)?, text: None })
            }
            Err(error) => Err(error).with_context(|| format!("{shown} cannot be opened")),
        }
    }

    /// Refuses what lies outside of a folder, whichever links lead there.
    pub(crate) fn require_inside(&self, folder: &Path) -> anyhow::Result<()> {
        let folder = std::fs::canonicalize(folder)?;
        ensure!(
            self.real.starts_with(&folder),
            "{} leads out of {}, to {}; nothing was changed. If that is meant, name it: --for file --file {}",
            self.path.display(),
            folder.display(),
            self.real.display(),
            self.real.display()
        );
        Ok(())
    }

    /// Puts a text in the place of what was read: beside it first, then under its name. `None` removes the file.
    ///
    /// Refused when somebody else has changed the file since it was read.
    pub(crate) fn replace(&self, text: Option<&str>, readers: Readers) -> anyhow::Result<()> {
        let shown = self.path.display();
        let now = match std::fs::read(&self.real) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error).with_context(|| format!("{shown} cannot be read")),
        };
        let same = now.as_deref() == self.text.as_deref().map(str::as_bytes);
        ensure!(same, "{shown} was changed by somebody else meanwhile; nothing was written, try again");
        let Some(text) = text else {
            if self.text.is_some() {
                std::fs::remove_file(&self.real).with_context(|| format!("{shown} cannot be removed"))?;
            }
            return Ok(());
        };
        self.write(text, readers).with_context(|| format!("{shown} cannot be written"))
    }

    fn write(&self, text: &str, readers: Readers) -> std::io::Result<()> {
        let folder = self.real.parent().unwrap_or(Path::new("/"));
        std::fs::create_dir_all(folder)?;
        let mut file = new_file(folder, readers)?;
        file.write_all(text.as_bytes())?;
        if let Ok(found) = std::fs::metadata(&self.real) {
            keep(&file, &found, readers)?;
        }
        file.as_file().sync_all()?;
        file.persist(&self.real).map_err(|failed| failed.error)?;
        // The name must survive a power cut too; where folders cannot be synced, they need not be.
        if let Ok(folder) = std::fs::File::open(folder) {
            let _ = folder.sync_all();
        }
        Ok(())
    }
}

/// Where a file is, or will be, over whichever links.
pub(crate) fn real_place(path: &Path) -> PathBuf {
    std::fs::canonicalize(path)
        .or_else(|_| new_place(path))
        .unwrap_or_else(|_: anyhow::Error| path.to_owned())
}

/// Where a file that is not there will be: its folder may be reached over links.
fn new_place(path: &Path) -> anyhow::Result<PathBuf> {
    let whole = std::path::absolute(path)?;
    for folder in whole.ancestors().skip(1) {
        if let Ok(real) = std::fs::canonicalize(folder) {
            return Ok(real.join(whole.strip_prefix(folder)?));
        }
    }
    Ok(whole)
}

#[cfg(unix)]
fn new_file(folder: &Path, readers: Readers) -> std::io::Result<tempfile::NamedTempFile> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = if readers == Readers::OwnerOnly { 0o600 } else { 0o666 };
    let permissions = std::fs::Permissions::from_mode(mode);
    tempfile::Builder::new().prefix(".omp-").permissions(permissions).tempfile_in(folder)
}

#[cfg(not(unix))]
fn new_file(folder: &Path, _: Readers) -> std::io::Result<tempfile::NamedTempFile> {
    tempfile::Builder::new().prefix(".omp-").tempfile_in(folder)
}

/// Gives the new file what the old one had: who may read it, and whose it is.
#[cfg(unix)]
fn keep(file: &tempfile::NamedTempFile, found: &std::fs::Metadata, readers: Readers) -> std::io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
    let mine = file.as_file().metadata()?;
    if (mine.uid(), mine.gid()) != (found.uid(), found.gid()) {
        fchown(file.as_file(), Some(found.uid()), Some(found.gid()))?;
    }
    let mode = found.permissions().mode() & 0o7777;
    let mode = if readers == Readers::OwnerOnly { mode & 0o700 } else { mode };
    file.as_file().set_permissions(std::fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn keep(_: &tempfile::NamedTempFile, _: &std::fs::Metadata, _: Readers) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    #[test]
    fn a_file_is_made_with_its_folders_and_removed() {
        let top = folder();
        let path = top.path().join("a/b/c.md");
        let file = Owned::open(&path).unwrap();
        file.replace(Some("one"), Readers::AsUsual).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "one");
        Owned::open(&path).unwrap().replace(None, Readers::AsUsual).unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn what_somebody_else_has_changed_meanwhile_is_not_overwritten() {
        let top = folder();
        let path = top.path().join("a.md");
        fs::write(&path, "one").unwrap();
        let file = Owned::open(&path).unwrap();
        fs::write(&path, "theirs").unwrap();
        assert!(file.replace(Some("two"), Readers::AsUsual).unwrap_err().to_string().contains("meanwhile"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "theirs");
        let absent = Owned::open(&top.path().join("b.md")).unwrap();
        fs::write(top.path().join("b.md"), "new").unwrap();
        assert!(absent.replace(Some("two"), Readers::AsUsual).is_err());
        assert_eq!(fs::read_dir(top.path()).unwrap().count(), 2, "nothing is left behind");
    }

    #[test]
    fn what_is_no_text_is_refused() {
        let top = folder();
        fs::write(top.path().join("a"), [0xff, 0xfe, 0x41, 0]).unwrap();
        assert!(Owned::open(&top.path().join("a")).unwrap_err().to_string().contains("not UTF-8"));
        assert!(Owned::open(top.path()).unwrap_err().to_string().contains("is no file"));
    }

    #[cfg(unix)]
    mod unix {
        use std::os::unix::fs::{PermissionsExt as _, symlink};

        use super::*;

        fn mode(path: &Path) -> u32 {
            fs::metadata(path).unwrap().permissions().mode() & 0o777
        }

        #[test]
        fn permissions_are_kept_unless_only_the_owner_may_read() {
            let top = folder();
            let path = top.path().join("a");
            fs::write(&path, "one").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
            Owned::open(&path).unwrap().replace(Some("two"), Readers::AsUsual).unwrap();
            assert_eq!(mode(&path), 0o640);
            Owned::open(&path).unwrap().replace(Some("key"), Readers::OwnerOnly).unwrap();
            assert_eq!(mode(&path), 0o600);
            let made = top.path().join("made");
            Owned::open(&made).unwrap().replace(Some("key"), Readers::OwnerOnly).unwrap();
            assert_eq!(mode(&made), 0o600);
        }

        #[test]
        fn a_read_only_file_is_refused_before_anything_happens() {
            let top = folder();
            let path = top.path().join("a");
            fs::write(&path, "one").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
            assert!(Owned::open(&path).unwrap_err().to_string().contains("read-only"));
        }

        #[test]
        fn a_link_is_written_through_and_stays_a_link() {
            let top = folder();
            fs::write(top.path().join("real"), "one").unwrap();
            symlink("real", top.path().join("link")).unwrap();
            let link = Owned::open(&top.path().join("link")).unwrap();
            link.require_inside(top.path()).unwrap();
            link.replace(Some("two"), Readers::AsUsual).unwrap();
            assert_eq!(fs::read_to_string(top.path().join("real")).unwrap(), "two");
            assert!(top.path().join("link").symlink_metadata().unwrap().is_symlink());
        }

        #[test]
        fn links_that_lead_out_or_nowhere_are_refused() {
            let (top, other) = (folder(), folder());
            fs::write(other.path().join("secret"), "one").unwrap();
            symlink(other.path().join("secret"), top.path().join("out")).unwrap();
            symlink(other.path(), top.path().join("folder")).unwrap();
            symlink("nothing", top.path().join("dangling")).unwrap();
            for path in ["out", "folder/new"] {
                let file = Owned::open(&top.path().join(path)).unwrap();
                assert!(
                    file.require_inside(top.path()).unwrap_err().to_string().contains("leads out"),
                    "{path}"
                );
            }
            let error = Owned::open(&top.path().join("dangling")).unwrap_err();
            assert!(error.to_string().contains("is a link to nothing, which is not there"), "{error}");
        }
    }
}
