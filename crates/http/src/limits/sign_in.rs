//! Wrong keys: an address that brings many is not listened to for a while.
//!
//! While it is not listened to, a right key is refused like a wrong one, so that nothing is learnt by going on. Keys
//! that were right from the same address before are let in all the same: whoever floods the server from behind the same
//! router does not shut its neighbours out.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use omp_service::Budget;

/// Wrong keys that an address may bring at once. Guessing a key takes more than the age of the world at any such
/// number; what counts is that a program with an old key does not shut out the others of its machine.
const BURST: u32 = 100;
/// And then one in this time.
const EACH: Duration = Duration::from_secs(1);
/// Right keys with their addresses that are remembered.
const KNOWN: usize = 10_000;
/// Addresses that are remembered for their wrong keys, before the oldest are forgotten.
const BARRED: usize = 10_000;
/// An address is named in the log once in this time.
const QUIET: Duration = Duration::from_mins(10);

/// The wrong keys of an address, which servers that share a store count together: guessing at several is no faster.
pub(super) fn wrong_keys(address: IpAddr) -> Budget {
    Budget { name: format!("wrong keys from {address}"), at_once: BURST, each: EACH }
}

/// Until when an address is not listened to, and when the log last named it.
struct Bar {
    until: Instant,
    told: Instant,
}

/// Who brought right and wrong keys.
pub(super) struct SignIns {
    barred: Mutex<HashMap<IpAddr, Bar>>,
    any_barred: AtomicBool,
    known: RwLock<HashSet<u64>>,
    hasher: RandomState,
}

impl SignIns {
    pub(super) fn new() -> Self {
        Self {
            barred: Mutex::default(),
            any_barred: AtomicBool::new(false),
            known: RwLock::default(),
            hasher: RandomState::new(),
        }
    }

    /// How long this address must wait before this key is looked at; `None` is not at all.
    pub(super) fn wait(&self, address: IpAddr, key: &[u8], now: Instant) -> Option<Duration> {
        if !self.any_barred.load(Ordering::Relaxed) {
            return None;
        }
        let barred = self.barred.lock().unwrap_or_else(PoisonError::into_inner);
        let until = barred.get(&address).map(|bar| bar.until).filter(|until| *until > now)?;
        drop(barred);
        if self.knows(address, key) { None } else { Some(until - now) }
    }

    /// Whether this key was right from this address before.
    pub(super) fn knows(&self, address: IpAddr, key: &[u8]) -> bool {
        self.known.read().unwrap_or_else(PoisonError::into_inner).contains(&self.mark(address, key))
    }

    /// The key was right.
    pub(super) fn succeeded(&self, address: IpAddr, key: &[u8]) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN {
            known.clear();
        }
        known.insert(self.mark(address, key));
    }

    /// The key was wrong.
    pub(super) fn failed(&self, address: IpAddr, key: &[u8]) {
        // A key that was right and is not any more (revoked, expired) has no privilege left.
        if self.knows(address, key) {
            self.known.write().unwrap_or_else(PoisonError::into_inner).remove(&self.mark(address, key));
        }
    }

    /// The address has brought too many wrong keys: it is not listened to
    /// for so long. True when this is news for the log.
    pub(super) fn bar(&self, address: IpAddr, wait: Duration, now: Instant) -> bool {
        let until = now + wait;
        let mut barred = self.barred.lock().unwrap_or_else(PoisonError::into_inner);
        if barred.len() >= BARRED {
            barred.retain(|_, bar| bar.told + QUIET > now);
        }
        if barred.len() >= BARRED {
            barred.clear();
        }
        self.any_barred.store(true, Ordering::Relaxed);
        match barred.get_mut(&address) {
            Some(bar) => {
                bar.until = until;
                let news = bar.told + QUIET <= now;
                if news {
                    bar.told = now;
                }
                news
            }
            None => barred.insert(address, Bar { until, told: now }).is_none(),
        }
    }

    fn mark(&self, address: IpAddr, key: &[u8]) -> u64 {
        self.hasher.hash_one((address, key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guessing_ends_and_neighbours_go_on() {
        let sign_ins = SignIns::new();
        let now = Instant::now();
        let [here, there] = ["10.0.0.1", "10.0.0.2"].map(|text| text.parse::<IpAddr>().unwrap());
        sign_ins.succeeded(here, b"mine");
        let news = (0..1_000).filter(|_| sign_ins.bar(here, EACH, now)).count();
        assert_eq!(news, 1, "the log is told once");
        assert!(sign_ins.wait(here, b"a right key that was never here", now).is_some());
        assert_eq!(sign_ins.wait(here, b"mine", now), None);
        assert_eq!(sign_ins.wait(there, b"guess", now), None);
        assert_eq!(sign_ins.wait(here, b"guess", now + EACH * 2), None, "a while, not for ever");
        sign_ins.failed(here, b"mine");
        assert!(sign_ins.wait(here, b"mine", now).is_some(), "a revoked key is like any other");
    }
}
