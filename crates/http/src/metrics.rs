//! Figures for Prometheus, on a listener of their own: how many requests,
//! how fast, and how much there is of everything.
//!
//! Labels are routes, methods and statuses: few, and nothing of what anybody stored or asked.

use std::fmt::{self, Write as _};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use omp_service::{Service, Vitals};
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::answer::Failure;
use crate::trace::NO_ROUTE;

/// Upper ends of the buckets for durations, in seconds.
const BUCKETS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

const TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    method: Verb,
    route: String,
    status: u16,
}

/// Methods have names that anybody can make up; a label has few.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Verb(&'static str);

impl EncodeLabelValue for Verb {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> std::fmt::Result {
        encoder.write_str(self.0)
    }
}

impl From<&Method> for Verb {
    fn from(method: &Method) -> Self {
        const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
        Self(KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("other"))
    }
}

/// What the server counts. Cheap to clone.
#[derive(Clone)]
pub struct Metrics {
    requests: Family<Labels, Histogram>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self { requests: Family::new_with_constructor(|| Histogram::new(BUCKETS)) }
    }
}

impl Metrics {
    /// A request was answered.
    pub(crate) fn answered(&self, method: &Method, route: &str, status: StatusCode, took: Duration) {
        // Any path at all has no route; then its method and its status say little, and anybody can make them up.
        let method = if route == NO_ROUTE { Verb("other") } else { Verb::from(method) };
        let labels = Labels { method, route: route.to_owned(), status: status.as_u16() };
        self.requests.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// Everything in the text format.
    fn text(&self, vitals: &Vitals) -> Result<String, std::fmt::Error> {
        let mut registry = Registry::with_prefix("omp");
        let what = "Requests by method, route and status, and how long they took";
        registry.register_with_unit("http_request_duration", what, Unit::Seconds, self.requests.clone());
        let mut gauge = |name: &str, help: &str, value: u64| {
            let gauge = Gauge::<i64>::default();
            gauge.set(value.cast_signed());
            registry.register(name, help, gauge);
        };
        let store = &vitals.store;
        gauge("memories", "Memories that have not expired", vitals.memories);
        gauge("embedding_backlog", "Memories and conversations that wait for their vectors", vitals.waiting);
        gauge("index_owners", "Owners who have an index in memory", vitals.indices);
        gauge("index_bytes", "Bytes that the indices in memory take", vitals.index_bytes);
        gauge("store_bytes", "Bytes of the database file", store.bytes);
        gauge("store_log_bytes", "Bytes of the log that are not yet in the file", store.log_bytes);
        if let Some(free) = store.free_bytes {
            gauge("store_free_bytes", "Bytes that the disk still has", free);
        }
        gauge("store_up", "1 when the last write succeeded", u64::from(store.trouble.is_none()));
        let mut counter = |name: &str, help: &str, value: u64| {
            let counter = Counter::<u64>::default();
            counter.inc_by(value);
            registry.register(name, help, counter);
        };
        counter("store_commits", "Transactions", store.commits);
        counter(
            "store_writes",
            "Writes in transactions; by the transactions, this is the size of a batch",
            store.writes,
        );
        let mut text = String::new();
        encode(&mut text, &registry)?;
        Ok(text)
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

/// `GET /metrics`, for a listener that only those reach who may know how much there is.
pub fn metrics_router(metrics: Metrics, service: Service) -> Router {
    Router::new().route("/metrics", get(show)).with_state((metrics, service))
}

async fn show(State((metrics, service)): State<(Metrics, Service)>) -> Response {
    match service.vitals().await {
        Ok(vitals) => {
            let text = metrics.text(&vitals).expect("a string takes everything");
            ([(header::CONTENT_TYPE, TYPE)], text).into_response()
        }
        Err(error) => Failure(error).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_few_whatever_clients_make_up() {
        let metrics = Metrics::default();
        for n in 0..100 {
            let method = Method::from_bytes(format!("M{n}").as_bytes()).unwrap();
            metrics.answered(
                &method,
                "/v1/memories/{id}",
                StatusCode::METHOD_NOT_ALLOWED,
                Duration::from_millis(n),
            );
            metrics.answered(&method, NO_ROUTE, StatusCode::NOT_FOUND, Duration::ZERO);
        }
        let text = metrics.text(&Vitals {
            store: omp_service::StoreVitals::default(),
            memories: 7,
            waiting: 0,
            indices: 1,
            index_bytes: 2,
        });
        let text = text.unwrap();
        let counted = r#"omp_http_request_duration_seconds_count{method="other",route="/v1/memories/{id}",status="405"} 100"#;
        assert_eq!(text.matches("_seconds_count{").count(), 2);
        assert!(text.contains(counted) && text.contains("omp_memories 7"), "{text}");
    }
}
