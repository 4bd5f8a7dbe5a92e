//! Who may come in, and how.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::Args;
use clap::builder::FalseyValueParser;
use omp_http::{DEFAULT_RATE, IpNet, Leaving, Metrics, Origin, Settings, Tls, TlsError, parse_proxy};

#[derive(Debug, Args)]
#[command(next_help_heading = "Access")]
pub(crate) struct Door {
    /// Say that something in front of the server encrypts what other machines send: a reverse proxy, a tunnel, a VPN, a
    /// port that a container publishes to this machine only
    #[arg(long, env = "OMP_BEHIND_TLS", hide_env_values = true, value_parser = FalseyValueParser::new())]
    pub(crate) behind_tls: bool,
    /// Speak HTTPS with the certificate (and its chain) in this PEM file; it is read again when it changes
    #[arg(long, env = "OMP_TLS_CERT", hide_env_values = true, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The certificate's private key, a PEM file without a passphrase
    #[arg(long, env = "OMP_TLS_KEY", hide_env_values = true, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Let web pages of this origin use the API from a browser, such as `https://notes.example`; several with commas
    #[arg(
        long,
        env = "OMP_CORS_ORIGINS",
        hide_env_values = true,
        value_name = "ORIGIN",
        value_delimiter = ','
    )]
    cors_origin: Vec<Origin>,
    /// Requests a second for each key, ten times as many at once; 0 sets no limit
    #[arg(long, env = "OMP_RATE_LIMIT", hide_env_values = true, value_name = "N", default_value_t = DEFAULT_RATE)]
    rate_limit: u32,
    /// Believe the `X-Forwarded-For` of this proxy (an address or a network); several with commas
    #[arg(
        long,
        env = "OMP_TRUSTED_PROXIES",
        hide_env_values = true,
        value_name = "ADDRESS",
        value_delimiter = ',',
        value_parser = parse_proxy
    )]
    trusted_proxy: Vec<IpNet>,
    /// Show figures for Prometheus at this address under `/metrics`, such as `127.0.0.1:9464`, or a port alone on this
    /// machine
    #[arg(long, env = "OMP_METRICS_LISTEN", hide_env_values = true, value_name = "ADDRESS", value_parser = listen_address)]
    pub(crate) metrics_listen: Option<SocketAddr>,
    /// After being told to stop, go on serving for so many seconds while `/readyz` says that it ends: long enough for a
    /// balancer to notice. Being told again ends it
    #[arg(long, env = "OMP_DRAIN", hide_env_values = true, value_name = "SECONDS", default_value_t = 0)]
    pub(crate) drain: u64,
}

fn listen_address(text: &str) -> Result<SocketAddr, String> {
    let port = text.parse().ok().map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let what = "must be an address with a port, such as 127.0.0.1:9464, or a port";
    port.or_else(|| text.parse().ok()).ok_or_else(|| what.to_owned())
}

impl Door {
    /// TLS of our own, if it is asked for.
    pub(crate) fn tls(&self) -> Result<Option<Tls>, TlsError> {
        let files = self.tls_cert.as_deref().zip(self.tls_key.as_deref());
        files.map(|(certificate, key)| Tls::from_files(certificate, key)).transpose()
    }

    /// As the door takes them.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            cors_origins: self.cors_origin.clone(),
            rate: self.rate_limit,
            trusted_proxies: self.trusted_proxy.clone(),
            metrics: self.metrics_listen.map(|_| Metrics::default()),
            leaving: Leaving::default(),
        }
    }
}
