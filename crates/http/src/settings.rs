//! What the person who runs the server decides about its door.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use axum::http::{HeaderValue, Uri};
pub use ipnet::IpNet;

use crate::metrics::Metrics;
use crate::readiness::Leaving;

/// Requests a second that one key may go on with when nothing else is said.
pub const DEFAULT_RATE: u32 = 200;

/// The door's settings. The default lets nobody in who need not be: no origins, no proxies.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Pages of these origins may use the API from a browser (CORS).
    pub cors_origins: Vec<Origin>,
    /// Requests a second for each key, ten times as many at once; 0 sets no limit. Without a key there is none.
    pub rate: u32,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Where requests are counted, if they are.
    pub metrics: Option<Metrics>,
    /// Says when the server is about to end.
    pub leaving: Leaving,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cors_origins: Vec::new(),
            rate: DEFAULT_RATE,
            trusted_proxies: Vec::new(),
            metrics: None,
            leaving: Leaving::default(),
        }
    }
}

/// Where a web page comes from, as a browser writes it: scheme, host and perhaps a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(String);

/// A text that is no origin.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{0}` is not an origin; write scheme and host as a browser does, such as https://notes.example or http://localhost:5173"
)]
pub struct BadOrigin(String);

impl Origin {
    /// As a header's value.
    pub(crate) fn header(&self) -> HeaderValue {
        HeaderValue::from_str(&self.0).expect("an origin was parsed from a URI")
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialEq<[u8]> for Origin {
    fn eq(&self, other: &[u8]) -> bool {
        self.0.as_bytes() == other
    }
}

impl FromStr for Origin {
    type Err = BadOrigin;

    /// Takes no wildcard: whoever may read a person's memories is named.
    fn from_str(text: &str) -> Result<Self, BadOrigin> {
        let bad = || BadOrigin(text.chars().filter(|c| !c.is_control()).take(100).collect());
        let trimmed = text.trim().trim_end_matches('/').to_ascii_lowercase();
        let (scheme, host) = trimmed.split_once("://").ok_or_else(bad)?;
        let whole: Uri = format!("http://{host}/").parse().map_err(|_| bad())?;
        let plain = whole.authority().is_some_and(|a| a.as_str() == host && !host.contains(['@', '*']));
        let known = matches!(scheme, "http" | "https") || scheme.ends_with("-extension");
        if plain && known { Ok(Self(trimmed)) } else { Err(bad()) }
    }
}

/// A proxy's address, or its network (`10.0.0.0/8`).
pub fn parse_proxy(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    let network = text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
    network.ok_or_else(|| "must be an address or a network, such as 127.0.0.1 or 172.17.0.0/16".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_named_one_by_one() {
        for good in [
            "https://notes.example",
            "http://localhost:5173/",
            "HTTPS://Notes.Example",
            "chrome-extension://abc",
        ] {
            assert!(good.parse::<Origin>().is_ok(), "{good}");
        }
        for bad in [
            "*",
            "https://*",
            "notes.example",
            "https://a/b",
            "https://me@a",
            "null",
            "",
            "file://",
            "javascript://a",
        ] {
            assert!(bad.parse::<Origin>().is_err(), "{bad}");
        }
    }

    #[test]
    fn proxies_are_addresses_or_networks() {
        assert!(parse_proxy("127.0.0.1").unwrap().contains(&"127.0.0.1".parse::<IpAddr>().unwrap()));
        assert!(parse_proxy(" 172.17.0.0/16 ").unwrap().contains(&"172.17.3.4".parse::<IpAddr>().unwrap()));
        assert!(parse_proxy("localhost").is_err());
    }
}
