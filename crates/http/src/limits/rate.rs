//! How often a key, or an address without one, may ask. Only a server with a key counts: without one it serves this
//! machine alone.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use omp_model::{Error, ErrorCode, Secret};
use omp_service::Budget;

use super::client;
use super::sign_in::{SignIns, wrong_keys};
use crate::App;
use crate::admission::{Refusal, bearer};
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
    /// Requests a second for each key.
    rate: Option<NonZeroU32>,
    addresses: DefaultKeyedRateLimiter<IpAddr>,
    sign_ins: SignIns,
    clock: DefaultClock,
    counted: AtomicU32,
}

impl Limits {
    pub(crate) fn new(settings: &Settings) -> Self {
        let quota = Quota::per_second(KEYLESS).allow_burst(KEYLESS.saturating_mul(BURST));
        Self {
            rate: NonZeroU32::new(settings.rate),
            addresses: RateLimiter::keyed(quota),
            sign_ins: SignIns::new(),
            clock: DefaultClock::default(),
            counted: AtomicU32::new(0),
        }
    }

    /// How long a request without a key must wait.
    fn keyless(&self, address: IpAddr) -> Option<Duration> {
        if self.counted.fetch_add(1, Ordering::Relaxed) % FORGET_EACH == FORGET_EACH - 1 {
            self.addresses.retain_recent();
        }
        let refused = self.addresses.check_key(&address).err()?;
        Some(refused.wait_time_from(self.clock.now()))
    }

    /// What a key may ask. All servers that share a store count it together, so it goes by the key's id, which says
    /// nothing of the key; the key of the configuration has none.
    fn of_key(&self, bearer: Option<&str>) -> Option<Budget> {
        let rate = self.rate?;
        let name = match bearer.and_then(Secret::key_of) {
            Some(id) => format!("key {id}"),
            None => "the server's key".to_owned(),
        };
        let at_once = rate.saturating_mul(BURST).get();
        Some(Budget { name, at_once, each: Duration::from_secs(1) / rate.get() })
    }
}

/// Who asks for what needs a key, before the key is looked at.
pub(crate) struct Asker {
    address: IpAddr,
    /// The header with the key, and whether it was right from this address before.
    key: Option<(HeaderValue, bool)>,
}

/// Counts a request for what needs a key, when keys are needed.
pub(crate) async fn count_asker(app: &App, parts: &Parts) -> Result<Asker, Refusal> {
    let limits = &app.limits;
    let address = client::address(&parts.extensions, &parts.headers, &app.settings.trusted_proxies);
    let Some(key) = parts.headers.get(header::AUTHORIZATION).cloned() else {
        let wait = limits.keyless(address);
        return refuse("without a key from this address", wait).map(|()| Asker { address, key: None });
    };
    let wait = limits.sign_ins.wait(address, key.as_bytes(), Instant::now());
    refuse("with wrong keys from this address", wait)?;
    let known = limits.sign_ins.knows(address, key.as_bytes());
    if known && let Some(budget) = limits.of_key(bearer(&parts.headers)) {
        refuse("with this key", app.service.spend(&budget).await)?;
    }
    Ok(Asker { address, key: Some((key, known)) })
}

impl Asker {
    /// What became of the key: right or wrong, or `None` when nobody could tell.
    pub(crate) async fn learn(self, app: &App, right: Option<bool>) {
        let (Some((key, known)), address, sign_ins) = (self.key, self.address, &app.limits.sign_ins) else {
            return;
        };
        match right {
            Some(true) if !known => sign_ins.succeeded(address, key.as_bytes()),
            Some(false) => {
                sign_ins.failed(address, key.as_bytes());
                if let Some(wait) = app.service.spend(&wrong_keys(address)).await
                    && sign_ins.bar(address, wait, Instant::now())
                {
                    tracing::warn!(%address, "many wrong keys from one address: it is not listened to for a while");
                }
            }
            _ => {}
        }
    }
}

/// Counts a request for what needs no key, when keys are needed for the rest.
pub(crate) fn count_address(app: &App, parts: &Parts) -> Result<(), Refusal> {
    let address = client::address(&parts.extensions, &parts.headers, &app.settings.trusted_proxies);
    refuse("from this address", app.limits.keyless(address))
}

/// Refuses whoever must wait.
fn refuse(whose: &str, wait: Option<Duration>) -> Result<(), Refusal> {
    wait.map_or(Ok(()), |wait| Err(Refusal::new(too_many(whose, wait))))
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
    fn a_key_is_counted_by_its_id_and_never_by_itself() {
        let limits = Limits::new(&Settings { rate: 200, ..Settings::default() });
        let secret = format!("omp_{}_{}", "0".repeat(16), "7".repeat(50));
        for bearer in [secret.as_str(), "a password that somebody chose"] {
            let budget = limits.of_key(Some(bearer)).unwrap();
            assert_eq!((budget.at_once, budget.each), (2_000, Duration::from_millis(5)));
            assert!(!budget.name.contains("777") && !budget.name.contains("password"), "{budget:?}");
        }
        let none = Limits::new(&Settings { rate: 0, ..Settings::default() });
        assert_eq!(none.of_key(Some(&secret)), None);
    }
}
