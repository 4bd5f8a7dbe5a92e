//! Connections: taking them, how long they may dawdle, and ending them in order.

use std::collections::HashMap;
use std::future::poll_fn;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;
use tower::Service as _;

use crate::limits::Peer;
use crate::readiness::{Late, while_opening};
use crate::stall::Stall;
use crate::tls::Tls;

/// Connections at once; more wait to be taken. Below the 1,024 files that a process may usually open.
const CONNECTIONS: usize = 900;
/// Connections at once from one address, unless it is this machine: nobody takes all places.
const FROM_ONE: usize = 100;
/// Longest that the head of a request may take to arrive, and that a connection may idle.
const HEAD_PATIENCE: Duration = Duration::from_secs(30);
/// Longest head of a request in bytes, and the largest piece in which a body is read.
const HEAD_BYTES: usize = 64 << 10;
/// How long requests may go on after the server was told to stop.
const GRACE: Duration = Duration::from_secs(20);
/// Pause after the system refused a connection: it has no more files.
const BREATH: Duration = Duration::from_millis(200);

/// How long opening the database may take before whoever asks is told.
/// Until then connections wait, as a start is short.
const QUIET: Duration = Duration::from_secs(1);
/// Connections at once that are only told that nothing is served.
const TURNED_AWAY: usize = 100;

/// Answers on `listener`, encrypted with `tls` if there is one, until `shutdown` is done; then lets the requests under
/// way finish, and answers nothing new but probes.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    tls: Option<Tls>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let door = Door { router: router.with_state(()), http: builder(), tls, late: false };
    let renewing = door.tls.clone().map(|tls| tokio::spawn(tls.follow()));
    let (places, crowd) = (Arc::new(Semaphore::new(CONNECTIONS)), Arc::new(Crowd::default()));
    let graceful = GracefulShutdown::new();
    let late = door.turning_away(door.router.clone());
    let (stop, stopped) = watch::channel(());
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await.map_err(io::Error::other)?;
            let (stream, peer) = accept(&listener).await;
            Ok::<_, io::Error>((place, stream, peer))
        };
        let (place, stream, peer) = tokio::select! {
            biased;
            () = &mut shutdown => break,
            next = next => next?,
        };
        let Some(seat) = crowd.seat(peer) else {
            tracing::debug!(%peer, "too many connections from one address");
            continue;
        };
        let (door, late, watcher, mut stopped) =
            (door.clone(), late.clone(), graceful.watcher(), stopped.clone());
        tokio::spawn(async move {
            tokio::select! {
                biased;
                said = timeout(HEAD_PATIENCE, stream.readable()) => if said.is_ok() {
                    door.answer(stream, peer, Some(watcher)).await;
                },
                // What has said nothing by then has not begun.
                _ = stopped.changed() => {
                    drop(watcher);
                    late.answer(stream, peer, None).await;
                }
            }
            drop((place, seat));
        });
    }
    drop(stop);
    tokio::select! {
        ended = timeout(GRACE, graceful.shutdown()) => if ended.is_err() {
            tracing::warn!("some requests did not finish in time and were cut off");
        },
        () = late.take_all(&listener) => {}
    }
    if let Some(renewing) = renewing {
        renewing.abort();
    }
    Ok(())
}

/// Opens what a server needs. When that takes long, whoever connects meanwhile is told so, and that the process lives.
pub async fn meanwhile<T>(
    listener: TcpListener,
    tls: Option<Tls>,
    opening: impl Future<Output = T>,
) -> (TcpListener, T) {
    let listener = Arc::new(listener);
    let taking = tokio::spawn({
        let listener = Arc::clone(&listener);
        async move {
            tokio::time::sleep(QUIET).await;
            tracing::info!("the database is being opened, which takes a while");
            let door = Door { router: while_opening(), http: builder(), tls, late: false };
            door.turning_away(door.router.clone()).take_all(&listener).await;
        }
    });
    let opened = opening.await;
    taking.abort();
    // It has ended when this returns, and let go of the listener.
    let _ = taking.await;
    (Arc::into_inner(listener).expect("nobody else has it"), opened)
}

fn builder() -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_PATIENCE).max_buf_size(HEAD_BYTES);
    http
}

/// The next connection; errors of connections that broke off before they were accepted are passed over.
async fn accept(listener: &TcpListener) -> (TcpStream, IpAddr) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer.ip()),
            Err(error) if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) => {
            }
            Err(error) => {
                tracing::error!(%error, "no connection can be taken");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}

/// What a connection is answered with.
#[derive(Clone)]
struct Door {
    router: Router,
    http: http1::Builder,
    tls: Option<Tls>,
    /// Whether the server has stopped taking requests.
    late: bool,
}

impl Door {
    /// A door for those who come too early or too late: one request a connection.
    fn turning_away(&self, router: Router) -> Self {
        let mut http = builder();
        http.keep_alive(false);
        Self { router, http, tls: self.tls.clone(), late: true }
    }

    /// Takes connections and answers them, for ever. What is not answered when this is dropped may still be.
    async fn take_all(&self, listener: &TcpListener) {
        let places = Arc::new(Semaphore::new(TURNED_AWAY));
        loop {
            let (stream, peer) = accept(listener).await;
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
            let door = self.clone();
            tokio::spawn(async move {
                door.answer(stream, peer, None).await;
                drop(place);
            });
        }
    }

    async fn answer(&self, stream: TcpStream, peer: IpAddr, watcher: Option<Watcher>) {
        // Answers are small: waiting to fill a packet would add 40 ms to some.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
        let Some(tls) = &self.tls else { return self.speak(stream, peer, watcher).await };
        match tls.accept(stream).await {
            Ok(stream) => self.speak(stream, peer, watcher).await,
            // Scanners, plain HTTP, clients that do not trust the certificate.
            Err(error) => tracing::debug!(%error, "no encryption was agreed on"),
        }
    }

    async fn speak<S>(&self, stream: S, peer: IpAddr, watcher: Option<Watcher>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (router, late) = (self.router.clone(), self.late);
        let service = service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(Peer(peer));
            if late {
                request.extensions_mut().insert(Late);
            }
            router.clone().call(request)
        });
        let mut connection = self.http.serve_connection(TokioIo::new(Stall::new(stream)), service);
        // Told to end before it has read anything, a connection is closed, even if a request waits in it: so it reads first.
        let begun = poll_fn(|context| Poll::Ready(Pin::new(&mut connection).poll(context))).await;
        let ended = match (begun, watcher) {
            (Poll::Ready(ended), _) => ended,
            (Poll::Pending, Some(watcher)) => watcher.watch(connection).await,
            (Poll::Pending, None) => connection.await,
        };
        if let Err(error) = ended {
            // Peers go away in the middle of things all the time.
            tracing::trace!(%error, "a connection ended early");
        }
    }
}

/// How many connections each address has.
#[derive(Default)]
struct Crowd(Mutex<HashMap<IpAddr, usize>>);

/// A connection's place among those of its address; `None` inside for this machine, which is not counted.
struct Seat(Option<(Arc<Crowd>, IpAddr)>);

impl Crowd {
    /// A place for one more connection, if there is one.
    fn seat(self: &Arc<Self>, peer: IpAddr) -> Option<Seat> {
        // Behind a proxy on this machine stands everybody.
        if peer.to_canonical().is_loopback() {
            return Some(Seat(None));
        }
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(peer).or_default();
        if *count >= FROM_ONE {
            return None;
        }
        *count += 1;
        Some(Seat(Some((Arc::clone(self), peer))))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let Some((crowd, peer)) = &self.0 else { return };
        let mut counts = crowd.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(peer) {
            *count -= 1;
            if *count == 0 {
                counts.remove(peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_does_not_take_all_places() {
        let crowd = Arc::new(Crowd::default());
        let [far, other, here] =
            ["203.0.113.7", "203.0.113.8", "127.0.0.1"].map(|a| a.parse::<IpAddr>().unwrap());
        let seats: Vec<_> = (0..FROM_ONE).map(|_| crowd.seat(far).unwrap()).collect();
        assert!(crowd.seat(far).is_none() && crowd.seat(other).is_some() && crowd.seat(here).is_some());
        drop(seats);
        assert!(crowd.seat(far).is_some() && crowd.0.lock().unwrap().is_empty());
    }
}
