//! Subscriptions: whoever reads a resource is told when it is another text.
//!
//! The store numbers every change and says when it is worth looking at the number; a resource is read again only when
//! that has changed, and whoever waits is told only when the resource has.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use omp_client::Api;
use omp_model::Error;
use rmcp::model::Extensions;
use tokio_util::task::AbortOnDropHandle;

use crate::handler::Memories;
use crate::resources::{Place, is_missing};

/// Subscriptions of one client at once.
pub(crate) const MOST: usize = 50;
/// After this time it is found out anew whether the client may still know.
const RECHECK: Duration = Duration::from_secs(30);
/// The rest after something went wrong.
const REST: Duration = Duration::from_secs(5);

/// What one client of the older protocols has subscribed to.
#[derive(Default)]
pub(crate) struct Subscriptions(Mutex<HashMap<String, AbortOnDropHandle<()>>>);

impl Subscriptions {
    /// Begins one, in the place of one to the same address. `false` when there are too many.
    pub(crate) fn begin(&self, uri: &str, task: impl Future<Output = ()> + Send + 'static) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, task| !task.is_finished());
        if all.len() >= MOST && !all.contains_key(uri) {
            return false;
        }
        all.insert(uri.to_owned(), AbortOnDropHandle::new(tokio::spawn(task)));
        true
    }

    /// Ends one.
    pub(crate) fn end(&self, uri: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(uri);
    }
}

/// How a place looked, and when.
pub(crate) struct Seen {
    at: String,
    /// `None` where nothing was.
    text: Option<String>,
}

impl Seen {
    /// How it looks at `at`, or later. What is gone is a change too; what could not be read is none.
    async fn look(place: &Place, api: &dyn Api, at: String) -> Result<Self, Error> {
        match place.read(api).await {
            Ok(text) => Ok(Self { at, text: Some(text) }),
            Err(error) if is_missing(&error) => Ok(Self { at, text: None }),
            Err(error) => Err(error),
        }
    }

    /// How it looks now.
    pub(crate) async fn now(memories: &Memories, request: &Extensions, place: &Place) -> Result<Self, Error> {
        let api = memories.still_of(request).await?;
        let at = api.next_change(None).await?;
        Self::look(place, api.as_ref(), at).await
    }
}

/// Tells of every change of a place until nobody listens (`tell` gives `false`) or the client may not know any more.
/// Where it is not known how the place looked when the client began to listen, the first look is told as a change: it
/// may be one.
pub(crate) async fn follow<T, F>(
    memories: Memories,
    request: Extensions,
    place: Place,
    mut known: Option<Seen>,
    tell: T,
) where
    T: Fn() -> F + Send,
    F: Future<Output = bool> + Send,
{
    loop {
        let Ok(api) = memories.still_of(&request).await else { return };
        let since = known.as_ref().map(|known| known.at.as_str());
        match tokio::time::timeout(RECHECK, api.next_change(since)).await {
            Err(_) => {}
            Ok(Err(_)) => tokio::time::sleep(REST).await,
            Ok(Ok(at)) => {
                // The key may have ended while we waited.
                let Ok(api) = memories.still_of(&request).await else { return };
                let Ok(seen) = Seen::look(&place, api.as_ref(), at).await else {
                    tokio::time::sleep(REST).await;
                    continue;
                };
                let changed = known.as_ref().is_none_or(|known| known.text != seen.text);
                known = Some(seen);
                if changed && !tell().await {
                    return;
                }
            }
        }
    }
}
