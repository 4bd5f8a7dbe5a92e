//! Encrypted exports, in the age format.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use age::secrecy::SecretString;
use age::stream::StreamWriter;
use age::{DecryptError, Decryptor, Encryptor, IdentityFile, armor::ArmoredReader, scrypt};
use anyhow::{Context as _, bail, ensure};
use omp_model::{Error, ErrorCode};
use omp_store::SHORTEST_PASSPHRASE;

use crate::args::{Opening, Sealing};
use crate::passphrase;

/// How encrypted files begin, in both of their forms.
const BEGINNINGS: [&[u8]; 2] = [b"age-encryption.org/", b"-----BEGIN AGE ENCRYPTED FILE-----"];

impl Sealing {
    /// Whether the file is to be encrypted.
    pub(crate) fn is_asked(&self) -> bool {
        self.passphrase || !self.encrypt_to.is_empty()
    }

    /// What encrypts, if that is asked for.
    fn encryptor(&self) -> anyhow::Result<Option<Encryptor>> {
        if self.passphrase {
            let passphrase = given_passphrase(true)?;
            return Ok(Some(Encryptor::with_user_passphrase(passphrase)));
        }
        if self.encrypt_to.is_empty() {
            return Ok(None);
        }
        let recipients = self.encrypt_to.iter().map(|one| one as &dyn age::Recipient);
        Ok(Some(Encryptor::with_recipients(recipients)?))
    }
}

/// A writer that encrypts if it was asked to. Clones write to the same place.
#[derive(Clone)]
pub(super) struct Sealed(Arc<Mutex<Out>>);

enum Out {
    Plain(Box<dyn Write + Send>),
    Encrypted(StreamWriter<Box<dyn Write + Send>>),
    Done,
}

impl Sealed {
    pub(super) fn new(sealing: &Sealing, out: Box<dyn Write + Send>) -> anyhow::Result<Self> {
        let out = match sealing.encryptor()? {
            Some(encryptor) => Out::Encrypted(encryptor.wrap_output(out)?),
            None => Out::Plain(out),
        };
        Ok(Self(Arc::new(Mutex::new(out))))
    }

    /// Writes the end. A file without it is known to be cut off.
    pub(super) fn finish(&self) -> io::Result<()> {
        let mut out = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *out, Out::Done) {
            Out::Plain(mut out) => out.flush(),
            Out::Encrypted(out) => out.finish()?.flush(),
            Out::Done => Ok(()),
        }
    }
}

impl Write for Sealed {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Out::Plain(out) => out.write(piece),
            Out::Encrypted(out) => out.write(piece),
            Out::Done => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Out::Plain(out) => out.flush(),
            Out::Encrypted(out) => out.flush(),
            Out::Done => Ok(()),
        }
    }
}

/// Whether a file is encrypted; it is at its beginning before and after.
pub(super) fn is_sealed(file: &mut File) -> io::Result<bool> {
    let mut beginning = Vec::new();
    Read::by_ref(file).take(64).read_to_end(&mut beginning)?;
    file.rewind()?;
    Ok(BEGINNINGS.iter().any(|known| beginning.starts_with(known)))
}

/// The same file if it is not encrypted, else what is in it, in a file without a name: an import may read it twice.
pub(super) fn opened(mut file: File, opening: &Opening) -> anyhow::Result<File> {
    if !is_sealed(&mut file)? {
        return Ok(file);
    }
    let decryptor = Decryptor::new_buffered(ArmoredReader::new(BufReader::new(file)));
    let decryptor =
        decryptor.context("the file begins like an encrypted one, but is none that can be read")?;
    let reader = if decryptor.is_scrypt() {
        decryptor
            .decrypt(std::iter::once(&scrypt::Identity::new(given_passphrase(false)?) as &dyn age::Identity))
    } else {
        let Some(path) = &opening.identity else {
            bail!("the file is encrypted for a key; --identity names the file that holds it");
        };
        let identities = identities(path)?;
        decryptor.decrypt(identities.iter().map(|identity| &**identity as &dyn age::Identity))
    };
    let denied =
        |what| anyhow::Error::new(Error::new(ErrorCode::Unauthorized, what)).context("nothing was read");
    let mut reader = reader.map_err(|error| match error {
        DecryptError::NoMatchingKeys => denied("the file was encrypted for other keys"),
        DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed => {
            denied("the passphrase is wrong")
        }
        error => anyhow::anyhow!("the file cannot be decrypted: {error}"),
    })?;
    let mut plain = tempfile::tempfile()?;
    io::copy(&mut reader, &mut plain)
        .context("the encrypted file is cut off or was changed; nothing was imported")?;
    plain.rewind()?;
    Ok(plain)
}

fn identities(path: &Path) -> anyhow::Result<Vec<Box<dyn age::Identity + Send + Sync>>> {
    let file = File::open(path).with_context(|| format!("{} cannot be opened", path.display()))?;
    let what = || format!("{} holds no age key; it must have a line `AGE-SECRET-KEY-1…`", path.display());
    // What is wrong with a line is not told: it may be a key.
    let identities =
        IdentityFile::from_buffer(BufReader::new(file)).ok().and_then(|file| file.into_identities().ok());
    identities.filter(|identities| !identities.is_empty()).with_context(what)
}

/// The passphrase from the environment, else from whoever sits at the terminal; a new one twice.
fn given_passphrase(new: bool) -> anyhow::Result<SecretString> {
    let given = match std::env::var("OMP_PASSPHRASE") {
        Ok(given) => given,
        Err(_) => passphrase::asked(new).context("OMP_PASSPHRASE has no passphrase")?,
    };
    ensure!(
        !new || given.chars().count() >= SHORTEST_PASSPHRASE,
        "a passphrase for a file needs at least {SHORTEST_PASSPHRASE} characters: whoever has the file can try as many as they like"
    );
    Ok(SecretString::from(given))
}
