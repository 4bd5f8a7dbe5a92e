//! An answer that is on its way, for async code and for code that can wait.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use futures_channel::oneshot;

use crate::EmbedError;

/// An answer that will come. Await it in any runtime, or [`wait`](Pending::wait) for it. Whoever drops it takes the
/// request back, unless a thread is already at it.
#[must_use = "dropping it takes the request back"]
#[derive(Debug)]
pub struct Pending<T>(State<T>);

#[derive(Debug)]
enum State<T> {
    Ready(Option<T>),
    Coming(oneshot::Receiver<Result<T, EmbedError>>),
}

/// What a thread answers with.
pub(super) struct Reply<T>(oneshot::Sender<Result<T, EmbedError>>);

/// An answer's two ends.
pub(super) fn promise<T>() -> (Reply<T>, Pending<T>) {
    let (sender, receiver) = oneshot::channel();
    (Reply(sender), Pending(State::Coming(receiver)))
}

impl<T> Reply<T> {
    pub(super) fn send(self, answer: Result<T, EmbedError>) {
        // Nobody there any more is as good as an answer.
        let _ = self.0.send(answer);
    }

    /// Whether nobody waits for this any more.
    pub(super) fn is_unwanted(&self) -> bool {
        self.0.is_canceled()
    }
}

impl<T> Pending<T> {
    pub(super) fn ready(answer: T) -> Self {
        Self(State::Ready(Some(answer)))
    }

    /// Blocks until the answer is there. Not for async code.
    ///
    /// # Errors
    ///
    /// When embedding failed, or [`EmbedError::Closed`] when the pool ended first.
    pub fn wait(mut self) -> Result<T, EmbedError>
    where
        T: Unpin,
    {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        loop {
            match Pin::new(&mut self).poll(&mut context) {
                Poll::Ready(answer) => return answer,
                Poll::Pending => thread::park(),
            }
        }
    }
}

impl<T: Unpin> Future for Pending<T> {
    type Output = Result<T, EmbedError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            State::Ready(answer) => Poll::Ready(answer.take().ok_or(EmbedError::Closed)),
            State::Coming(receiver) => {
                Pin::new(receiver).poll(context).map(|answer| answer.unwrap_or(Err(EmbedError::Closed)))
            }
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
