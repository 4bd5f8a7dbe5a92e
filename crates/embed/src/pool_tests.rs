use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};

use super::*;
use crate::Purpose;

/// Tells what it is given, and may be made to wait at each text.
struct Fake {
    identity: ModelIdentity,
    seen: SyncSender<String>,
    /// A text is done when something can be taken from here.
    go: Option<Arc<Mutex<Receiver<()>>>>,
}

impl Embedder for Fake {
    fn identity(&self) -> &ModelIdentity {
        &self.identity
    }

    fn embed(&self, _: Purpose, text: &str) -> Result<Windows, EmbedError> {
        self.seen.send(text.to_owned()).unwrap();
        if let Some(go) = &self.go {
            go.lock().unwrap().recv().unwrap();
        }
        assert_ne!(text, "panic");
        Ok(vec![vec![1.0]])
    }
}

fn identity(revision: &str) -> ModelIdentity {
    ModelIdentity { name: "fake".into(), revision: revision.into(), dimensions: 1, normalised: true }
}

struct Stage {
    pool: Pool,
    seen: Receiver<String>,
    go: std::sync::mpsc::Sender<()>,
    loads: Arc<AtomicUsize>,
}

/// A pool of one thread for documents; `held` makes every text wait for `go`.
fn stage(held: bool) -> Stage {
    let (seen_sender, seen) = sync_channel(1000);
    let (go, go_receiver) = channel();
    let go_receiver = Arc::new(Mutex::new(go_receiver));
    let loads = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&loads);
    let factory: Factory = Box::new(move || {
        let number = counter.fetch_add(1, Ordering::SeqCst);
        Ok(Arc::new(Fake {
            identity: identity(if number < 2 { "first" } else { "other" }),
            seen: seen_sender.clone(),
            go: held.then(|| Arc::clone(&go_receiver)),
        }))
    });
    Stage { pool: Pool::start(&options(), None, factory).unwrap(), seen, go, loads }
}

fn options() -> PoolOptions {
    PoolOptions { threads: 1, queue: 4, idle: None, cached_queries: 10 }
}

fn texts(text: &str) -> Vec<String> {
    vec![text.to_owned()]
}

#[test]
fn the_model_is_loaded_when_it_is_needed_and_again_after_it_was_let_go_of() {
    let stage = stage(false);
    assert!(!stage.pool.is_loaded() && stage.pool.identity().is_none());
    let answer = stage.pool.documents(texts("a")).unwrap().wait().unwrap();
    assert_eq!(*answer.model, identity("first"));
    assert_eq!(answer.texts, [vec![vec![1.0]]]);
    assert!(stage.pool.is_loaded());
    stage.pool.release();
    assert!(!stage.pool.is_loaded());
    assert_eq!(stage.pool.identity().as_deref(), Some(&identity("first")));
    let _ = stage.pool.documents(texts("b")).unwrap().wait().unwrap();
    assert_eq!(stage.loads.load(Ordering::SeqCst), 2);
}

#[test]
fn a_query_does_not_wait_for_documents() {
    let stage = stage(true);
    let documents = stage.pool.documents(vec!["a".into(), "b".into()]).unwrap();
    assert_eq!(stage.seen.recv().unwrap(), "a");
    let query = stage.pool.query("q").unwrap();
    // The thread for queries is at it while the other still holds the document.
    assert_eq!(stage.seen.recv().unwrap(), "q");
    for () in [(); 3] {
        stage.go.send(()).unwrap();
    }
    assert!(query.wait().unwrap().vector.is_some());
    assert_eq!(documents.wait().unwrap().texts.len(), 2);
}

#[test]
fn what_nobody_waits_for_is_skipped() {
    let stage = stage(true);
    let first = stage.pool.documents(texts("first")).unwrap();
    assert_eq!(stage.seen.recv().unwrap(), "first");
    drop(stage.pool.documents(texts("unwanted")).unwrap());
    let last = stage.pool.documents(texts("last")).unwrap();
    stage.go.send(()).unwrap();
    stage.go.send(()).unwrap();
    assert!(first.wait().is_ok() && last.wait().is_ok());
    assert_eq!(stage.seen.try_iter().collect::<Vec<_>>(), ["last"]);
}

#[test]
fn a_request_stops_between_texts_when_nobody_waits_any_more() {
    let stage = stage(true);
    let request = stage.pool.documents(vec!["a".into(), "b".into(), "c".into()]).unwrap();
    assert_eq!(stage.seen.recv().unwrap(), "a");
    drop(request);
    stage.go.send(()).unwrap();
    stage.go.send(()).unwrap();
    let _ = stage.pool.documents(texts("next")).unwrap().wait().unwrap();
    assert_eq!(stage.seen.try_iter().collect::<Vec<_>>(), ["next"]);
}

#[test]
fn as_much_waits_as_may_and_no_more() {
    let stage = stage(true);
    let first = stage.pool.documents(texts("first")).unwrap();
    assert_eq!(stage.seen.recv().unwrap(), "first");
    let mut waiting: Vec<_> = (0..4).map(|_| stage.pool.documents(texts("waits")).unwrap()).collect();
    let error = stage.pool.documents(texts("too many")).unwrap_err();
    assert_eq!(error, EmbedError::Busy { waiting: 4 });
    assert!(error.is_temporary());
    assert_eq!(stage.pool.waiting(), 4);
    // Who left does not count.
    drop(waiting.pop());
    waiting.push(stage.pool.documents(texts("instead")).unwrap());
    for () in [(); 5] {
        stage.go.send(()).unwrap();
    }
    assert!(first.wait().is_ok());
    for pending in waiting {
        assert!(pending.wait().is_ok());
    }
}

#[test]
fn vectors_of_queries_are_kept_for_as_long_as_the_model_is_the_same() {
    let stage = stage(false);
    let ask = |text: &str| stage.pool.query(text).unwrap().wait().unwrap();
    assert_eq!(ask("tea").vector, ask("tea").vector);
    assert_eq!(stage.seen.try_iter().count(), 1);
    stage.pool.release();
    let _ = ask("coffee"); // loads the same model
    let _ = ask("tea");
    assert_eq!(stage.seen.try_iter().collect::<Vec<_>>(), ["coffee"]);
    stage.pool.release();
    let _ = ask("milk"); // loads another
    assert_eq!(*ask("tea").model, identity("other"));
    assert_eq!(stage.seen.try_iter().collect::<Vec<_>>(), ["milk", "tea"]);
}

#[test]
fn the_model_is_let_go_of_when_nobody_needs_it() {
    /// Tells when it is gone.
    struct Mortal(ModelIdentity, SyncSender<()>);
    impl Embedder for Mortal {
        fn identity(&self) -> &ModelIdentity {
            &self.0
        }
        fn embed(&self, _: Purpose, _: &str) -> Result<Windows, EmbedError> {
            Ok(Vec::new())
        }
    }
    impl Drop for Mortal {
        fn drop(&mut self) {
            let _ = self.1.send(());
        }
    }
    let (sender, gone) = sync_channel(10);
    let factory: Factory = Box::new(move || Ok(Arc::new(Mortal(identity("m"), sender.clone()))));
    let options = PoolOptions { idle: Some(Duration::from_millis(1)), ..options() };
    let pool = Pool::start(&options, Some(identity("m")), factory).unwrap();
    assert_eq!(pool.identity().as_deref(), Some(&identity("m")));
    for _ in 0..3 {
        let answer = pool.documents(texts("a")).unwrap().wait().unwrap();
        assert_eq!(answer.texts, [Windows::new()]);
        gone.recv().unwrap();
    }
}

#[test]
fn a_pool_that_drains_does_what_waits_and_one_that_drops_says_so() {
    let stage_one = stage(false);
    let waiting: Vec<_> = (0..3).map(|n| stage_one.pool.documents(texts(&n.to_string())).unwrap()).collect();
    stage_one.pool.shutdown(Ending::Drain);
    assert!(waiting.into_iter().all(|pending| pending.wait().is_ok()));
    assert_eq!(stage_one.pool.query("late").unwrap_err(), EmbedError::Closed);

    let stage_two = stage(true);
    let running = stage_two.pool.documents(texts("running")).unwrap();
    assert_eq!(stage_two.seen.recv().unwrap(), "running");
    let waiting = stage_two.pool.documents(texts("waiting")).unwrap();
    stage_two.pool.shared.queue.close(Ending::Drop);
    assert_eq!(waiting.wait().unwrap_err(), EmbedError::Closed);
    stage_two.go.send(()).unwrap();
    assert!(running.wait().is_ok());
}

#[test]
fn a_model_that_panics_or_does_not_load_fails_the_request_only() {
    let stage = stage(false);
    let panicked = stage.pool.documents(texts("panic")).unwrap().wait();
    assert!(matches!(panicked, Err(EmbedError::Run(_))));
    assert!(stage.pool.documents(texts("fine")).unwrap().wait().is_ok());

    let factory: Factory = Box::new(|| Err(EmbedError::Run("no memory".into())));
    let pool = Pool::start(&options(), None, factory).unwrap();
    for _ in 0..2 {
        assert_eq!(pool.query("q").unwrap().wait().unwrap_err(), EmbedError::Run("no memory".into()));
    }
}
