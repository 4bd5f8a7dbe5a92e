//! Subscriptions: whoever reads a resource is told when it is another text.
//!
//! The store numbers every change, so waiting costs a look at one number; a resource is read again only when that has
//! changed, and whoever waits is told only when the resource has.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

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

/// Tells of every change of a place until nobody listens (`tell` gives `false`) or the client may not know any more.
pub(crate) async fn follow<T, F>(memories: Memories, request: Extensions, place: Place, tell: T)
where
    T: Fn() -> F + Send,
    F: Future<Output = bool> + Send,
{
    let (mut at, mut known) = (None, None);
    loop {
        let Ok(api) = memories.still_of(&request).await else { return };
        match tokio::time::timeout(RECHECK, api.next_change(at.as_deref())).await {
            Err(_) => {}
            Ok(Err(_)) => tokio::time::sleep(REST).await,
            Ok(Ok(now)) => {
                at = Some(now);
                // The key may have ended while we waited.
                let Ok(api) = memories.still_of(&request).await else { return };
                let text = match place.read(api.as_ref()).await {
                    Ok(text) => Some(text),
                    // What is gone is a change too; what could not be read is none.
                    Err(error) if is_missing(&error) => None,
                    Err(_) => continue,
                };
                let changed = known.as_ref().is_some_and(|known| *known != text);
                known = Some(text);
                if changed && !tell().await {
                    return;
                }
            }
        }
    }
}
