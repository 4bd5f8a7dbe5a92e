//! Whose request it is, as far as the network tells.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use axum::http::{Extensions, HeaderMap, HeaderName};
use ipnet::IpNet;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The other end of the connection; [`crate::serve`] puts it into every request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// The client's address for limits. `X-Forwarded-For` counts only where a trusted proxy wrote it: its last entry that
/// is no trusted proxy itself, for everything before that is what the client said.
pub(crate) fn address(extensions: &Extensions, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let peer = extensions.get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.0.to_canonical());
    let is_proxy = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    if !is_proxy(&peer) {
        return crowd(peer);
    }
    let lines = headers.get_all(FORWARDED_FOR).iter().filter_map(|line| line.to_str().ok());
    let hops: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
    let mut client = peer;
    for hop in hops.into_iter().rev() {
        // What no address is was not written by a proxy of ours: the hop before it is the last that is known.
        let Ok(address) = hop.parse::<IpAddr>() else { break };
        client = address.to_canonical();
        if !is_proxy(&client) {
            break;
        }
    }
    crowd(client)
}

/// A household has a whole /64 of IPv6 addresses; it counts as one.
fn crowd(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn seen(peer: &str, forwarded: &[&'static str], trusted: &[&str]) -> String {
        let mut extensions = Extensions::new();
        extensions.insert(Peer(peer.parse().unwrap()));
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(FORWARDED_FOR, HeaderValue::from_static(line));
        }
        let trusted: Vec<IpNet> =
            trusted.iter().map(|one| crate::settings::parse_proxy(one).unwrap()).collect();
        address(&extensions, &headers, &trusted).to_string()
    }

    #[test]
    fn what_a_client_says_of_itself_does_not_count() {
        assert_eq!(seen("10.0.0.9", &["1.2.3.4"], &[]), "10.0.0.9");
        assert_eq!(seen("10.0.0.9", &["1.2.3.4"], &["127.0.0.1"]), "10.0.0.9");
        assert_eq!(seen("127.0.0.1", &["6.6.6.6, 1.2.3.4"], &["127.0.0.1"]), "1.2.3.4");
        assert_eq!(
            seen("127.0.0.1", &["6.6.6.6", "1.2.3.4, 10.0.0.1"], &["127.0.0.1", "10.0.0.0/8"]),
            "1.2.3.4"
        );
        assert_eq!(seen("127.0.0.1", &["1.2.3.4, nonsense"], &["127.0.0.1"]), "127.0.0.1");
        assert_eq!(seen("127.0.0.1", &[], &["127.0.0.1"]), "127.0.0.1");
    }

    #[test]
    fn a_household_counts_as_one() {
        assert_eq!(seen("2001:db8:1:2:3:4:5:6", &[], &[]), "2001:db8:1:2::");
        assert_eq!(seen("::ffff:10.1.2.3", &[], &[]), "10.1.2.3");
    }
}
