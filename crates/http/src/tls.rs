//! TLS of our own: a certificate and its key from files, read again when they change.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Longest that a client may take to agree on encryption.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How often the files are looked at: those who renew certificates do so weeks before the end.
const LOOK: Duration = Duration::from_mins(1);

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{file} cannot be read: {error}")]
    Unreadable {
        /// Which file.
        file: PathBuf,
        /// Why.
        error: String,
    },
    /// A file has no certificates.
    #[error(
        "{0} holds no certificate; it must be a PEM file with lines `-----BEGIN CERTIFICATE-----`, the server's own first"
    )]
    NoCertificate(PathBuf),
    /// A file has no key.
    #[error(
        "{0} holds no private key; it must be a PEM file with a line such as `-----BEGIN PRIVATE KEY-----`, without a passphrase"
    )]
    NoKey(PathBuf),
    /// Both can be read and do not go together.
    #[error("the key in {key} does not go with the certificate in {certificate}: {error}")]
    Unusable {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// Why.
        error: rustls::Error,
    },
}

/// A server's certificate, and what is needed to speak with it.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    files: Arc<Files>,
}

struct Files {
    certificate: PathBuf,
    key: PathBuf,
    provider: Arc<CryptoProvider>,
    current: RwLock<Arc<CertifiedKey>>,
}

impl Tls {
    /// Reads a certificate with its chain, and its key, from PEM files.
    pub fn from_files(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let current = RwLock::new(Arc::new(read(certificate, key, &provider)?));
        let (certificate, key) = (certificate.to_owned(), key.to_owned());
        let files = Arc::new(Files { certificate, key, provider: Arc::clone(&provider), current });
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider knows TLS 1.2 and 1.3")
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&files) as _);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), files })
    }

    /// Agrees on encryption with a client, unless that takes too long.
    pub(crate) async fn accept(&self, stream: TcpStream) -> std::io::Result<TlsStream<TcpStream>> {
        tokio::time::timeout(HANDSHAKE, self.acceptor.accept(stream)).await?
    }

    /// Reads the files again whenever they change. New connections get the new certificate; one that cannot be used is
    /// told of, and the old one stays.
    pub(crate) async fn follow(self) {
        let mut seen = self.files.changed();
        loop {
            tokio::time::sleep(LOOK).await;
            let now = self.files.changed();
            if now == seen {
                continue;
            }
            seen = now;
            match self.files.reload() {
                Ok(()) => tracing::info!("the TLS certificate was read again"),
                Err(error) => {
                    tracing::warn!(%error, "the new TLS certificate cannot be used; the old one stays");
                }
            }
        }
    }
}

impl Files {
    /// When each file was written last.
    fn changed(&self) -> [Option<SystemTime>; 2] {
        [&self.certificate, &self.key]
            .map(|file| std::fs::metadata(file).and_then(|about| about.modified()).ok())
    }

    fn reload(&self) -> Result<(), TlsError> {
        let new = Arc::new(read(&self.certificate, &self.key, &self.provider)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }
}

impl ResolvesServerCert for Files {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Files").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

fn read(certificate: &Path, key: &Path, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
    let unreadable = |file: &Path, error: String| TlsError::Unreadable { file: file.to_owned(), error };
    let bytes = |file: &Path| std::fs::read(file).map_err(|error| unreadable(file, error.to_string()));
    let chain = CertificateDer::pem_slice_iter(&bytes(certificate)?)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| unreadable(certificate, error.to_string()))?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate(certificate.to_owned()));
    }
    let secret = PrivateKeyDer::from_pem_slice(&bytes(key)?).map_err(|error| match error {
        pem::Error::NoItemsFound => TlsError::NoKey(key.to_owned()),
        error => unreadable(key, error.to_string()),
    })?;
    CertifiedKey::from_der(chain, secret, provider).map_err(|error| TlsError::Unusable {
        certificate: certificate.to_owned(),
        key: key.to_owned(),
        error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path) -> CertificateDer<'static> {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(folder.join("crt"), made.cert.pem()).unwrap();
        std::fs::write(folder.join("key"), made.signing_key.serialize_pem()).unwrap();
        made.cert.der().clone()
    }

    #[tokio::test(start_paused = true)]
    async fn a_renewed_certificate_is_used_and_a_broken_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let first = write(folder.path());
        let tls = Tls::from_files(&folder.path().join("crt"), &folder.path().join("key")).unwrap();
        let shown = || tls.files.current.read().unwrap().cert[0].clone();
        assert_eq!(shown(), first);
        let _following = tokio::spawn(tls.clone().follow());
        tokio::time::sleep(Duration::from_secs(1)).await;
        // The file's time must differ, however fast this is.
        let later = |name: &str, seconds| {
            let file = std::fs::File::options().append(true).open(folder.path().join(name)).unwrap();
            file.set_modified(SystemTime::now() + Duration::from_secs(seconds)).unwrap();
        };
        let second = write(folder.path());
        later("crt", 10);
        tokio::time::sleep(LOOK * 2).await;
        assert_eq!(shown(), second);
        std::fs::write(folder.path().join("crt"), "half a certi").unwrap();
        later("crt", 20);
        tokio::time::sleep(LOOK * 2).await;
        assert_eq!(shown(), second);
    }
}
