//! Connections: taking them, how long they may dawdle, and ending them in order.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
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
use tokio::sync::Semaphore;
use tower::Service as _;

use crate::limits::Peer;
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

/// Answers on `listener`, encrypted with `tls` if there is one, until `shutdown` is done; then takes no new request and lets those under way finish.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    tls: Option<Tls>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let door = Door { router: router.with_state(()), http: builder(), tls };
    let renewing = door.tls.clone().map(|tls| tokio::spawn(tls.follow()));
    let (places, crowd) = (Arc::new(Semaphore::new(CONNECTIONS)), Arc::new(Crowd::default()));
    let graceful = GracefulShutdown::new();
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
        let (door, watcher) = (door.clone(), graceful.watcher());
        tokio::spawn(async move {
            door.answer(stream, peer, watcher).await;
            drop((place, seat));
        });
    }
    drop(listener);
    if let Some(renewing) = renewing {
        renewing.abort();
    }
    if tokio::time::timeout(GRACE, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not finish in time and were cut off");
    }
    Ok(())
}

fn builder() -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_PATIENCE).max_buf_size(HEAD_BYTES);
    http
}

/// The next connection; what goes wrong with one that was never there is passed over.
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
}

impl Door {
    async fn answer(&self, stream: TcpStream, peer: IpAddr, watcher: Watcher) {
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

    async fn speak<S>(&self, stream: S, peer: IpAddr, watcher: Watcher)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let router = self.router.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(Peer(peer));
            router.clone().call(request)
        });
        let connection = self.http.serve_connection(TokioIo::new(Stall::new(stream)), service);
        if let Err(error) = watcher.watch(connection).await {
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
