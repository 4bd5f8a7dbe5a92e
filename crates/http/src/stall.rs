//! Clients that do not read their answers: a connection that cannot be written to for long is given up.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// Longest wait for the other side to take something.
const PATIENCE: Duration = Duration::from_mins(1);

/// A stream whose writes fail after a minute without progress.
pub(crate) struct Stall<S> {
    stream: S,
    /// Made when a write has to wait for the first time.
    alarm: Option<Pin<Box<Sleep>>>,
    waits: bool,
}

impl<S> Stall<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, alarm: None, waits: false }
    }

    /// What a write gave, unless it has been waiting too long.
    fn patient<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waits = false;
            return written;
        }
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep(PATIENCE)));
        if !self.waits {
            alarm.as_mut().reset(Instant::now() + PATIENCE);
            self.waits = true;
        }
        ready!(alarm.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not read its answer")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Stall<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Stall<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.patient(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, pieces);
        self.patient(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.patient(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let closed = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.patient(cx, closed)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_does_not_read_loses_the_connection_and_who_reads_slowly_does_not() {
        let (near, mut far) = tokio::io::duplex(4);
        let mut stream = Stall::new(near);
        let slow = tokio::spawn(async move {
            let mut bytes = [0; 4];
            for _ in 0..5 {
                tokio::time::sleep(PATIENCE / 2).await;
                far.read_exact(&mut bytes).await.unwrap();
            }
            far
        });
        stream.write_all(&[7; 20]).await.unwrap();
        let _far = slow.await.unwrap();
        let error = stream.write_all(&[7; 20]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
