//! How often a key, or an address without one, may ask. Only a server with a key counts: without one it serves this
//! machine alone.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use omp_model::{Error, ErrorCode};

use super::client;
use super::sign_in::SignIns;
use crate::App;
use crate::answer::Failure;
use crate::settings::Settings;

/// Requests without a key that an address may send a second, ten times as many at once: the web app, health checks.
const KEYLESS: NonZeroU32 = NonZeroU32::new(50).unwrap();
/// So many seconds' worth may come at once.
const BURST: NonZeroU32 = NonZeroU32::new(10).unwrap();
/// Those who have not asked for long are forgotten each time so many requests were counted.
const FORGET_EACH: u32 = 100_000;

/// The counts of a server.
pub(crate) struct Limits {
    keys: Option<DefaultKeyedRateLimiter<u64>>,
    addresses: DefaultKeyedRateLimiter<IpAddr>,
    sign_ins: SignIns,
    clock: DefaultClock,
    hasher: RandomState,
    counted: AtomicU32,
}

impl Limits {
    pub(crate) fn new(settings: &Settings) -> Self {
        let quota = |rate: NonZeroU32| Quota::per_second(rate).allow_burst(rate.saturating_mul(BURST));
        Self {
            keys: NonZeroU32::new(settings.rate).map(|rate| RateLimiter::keyed(quota(rate))),
            addresses: RateLimiter::keyed(quota(KEYLESS)),
            sign_ins: SignIns::new(),
            clock: DefaultClock::default(),
            hasher: RandomState::new(),
            counted: AtomicU32::new(0),
        }
    }

    /// How long a request without a key must wait.
    fn keyless(&self, address: IpAddr) -> Option<Duration> {
        self.count();
        let refused = self.addresses.check_key(&address).err()?;
        Some(refused.wait_time_from(self.clock.now()))
    }

    /// How long a request with this key must wait.
    fn keyed(&self, key: &[u8]) -> Option<Duration> {
        self.count();
        let refused = self.keys.as_ref()?.check_key(&self.hasher.hash_one(key)).err()?;
        Some(refused.wait_time_from(self.clock.now()))
    }

    fn count(&self) {
        if self.counted.fetch_add(1, Ordering::Relaxed) % FORGET_EACH == FORGET_EACH - 1 {
            self.addresses.retain_recent();
            if let Some(keys) = &self.keys {
                keys.retain_recent();
            }
        }
    }
}

/// Around what needs a key. Stands outside of the check of the key and learns from its answer.
pub(crate) async fn limit_keys(State(app): State<App>, request: Request, next: Next) -> Response {
    if !app.service.is_locked().await {
        return next.run(request).await;
    }
    let limits = &app.limits;
    let address = client::address(request.extensions(), request.headers(), &app.settings.trusted_proxies);
    let Some(key) = request.headers().get(header::AUTHORIZATION).cloned() else {
        return match limits.keyless(address) {
            Some(wait) => too_many("without a key from this address", wait),
            None => next.run(request).await,
        };
    };
    if let Some(wait) = limits.sign_ins.wait(address, key.as_bytes(), Instant::now()) {
        return too_many("with wrong keys from this address", wait);
    }
    let known = limits.sign_ins.knows(address, key.as_bytes());
    if known && let Some(wait) = limits.keyed(key.as_bytes()) {
        return too_many("with this key", wait);
    }
    let response = next.run(request).await;
    if response.status() == StatusCode::UNAUTHORIZED {
        if limits.sign_ins.failed(address, key.as_bytes(), Instant::now()) {
            tracing::warn!(%address, "many wrong keys from one address: it is not listened to for a while");
        }
    } else if !known && response.status().is_success() {
        limits.sign_ins.succeeded(address, key.as_bytes());
    }
    response
}

/// Around what needs no key.
pub(crate) async fn limit_addresses(State(app): State<App>, request: Request, next: Next) -> Response {
    if app.service.is_locked().await {
        let address = client::address(request.extensions(), request.headers(), &app.settings.trusted_proxies);
        if let Some(wait) = app.limits.keyless(address) {
            return too_many("from this address", wait);
        }
    }
    next.run(request).await
}

/// 429, and when to come again.
fn too_many(whose: &str, wait: Duration) -> Response {
    let seconds = wait.as_secs() + 1;
    let plural = if seconds == 1 { "" } else { "s" };
    let message = format!("Too many requests {whose}; try again in {seconds} second{plural}.");
    let mut response = Failure(Error::new(ErrorCode::RateLimited, message)).into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_asks_too_often_waits_and_others_do_not() {
        let limits = Limits::new(&Settings { rate: 2, ..Settings::default() });
        let passed = (0..100).filter(|_| limits.keyed(b"Bearer one").is_none()).count();
        assert!((20..30).contains(&passed), "ten seconds' worth at once: {passed}");
        assert!(limits.keyed(b"Bearer one").is_some_and(|wait| wait <= Duration::from_secs(1)));
        assert!(limits.keyed(b"Bearer two").is_none());
        let none = Limits::new(&Settings { rate: 0, ..Settings::default() });
        assert!((0..10_000).all(|_| none.keyed(b"Bearer one").is_none()));
    }
}
