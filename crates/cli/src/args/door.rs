//! Who may come in, and how.

use clap::Args;
use clap::builder::FalseyValueParser;
use omp_http::{DEFAULT_RATE, IpNet, Origin, Settings, parse_proxy};

#[derive(Debug, Args)]
#[command(next_help_heading = "Access")]
pub(crate) struct Door {
    /// Say that something in front of the server encrypts what other machines send: a reverse proxy, a tunnel, a VPN, a
    /// port that a container publishes to this machine only
    #[arg(long, env = "OMP_BEHIND_TLS", hide_env_values = true, value_parser = FalseyValueParser::new())]
    pub(crate) behind_tls: bool,
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
}

impl Door {
    /// As the door takes them.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            cors_origins: self.cors_origin.clone(),
            rate: self.rate_limit,
            trusted_proxies: self.trusted_proxy.clone(),
        }
    }
}
