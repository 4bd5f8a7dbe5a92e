//! A way to a server that takes its time: what is waited for can be counted by it, on a busy machine too.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

/// An address at which `server` answers, each time later by `delay`.
/// Whoever sends several questions at once waits once.
pub async fn distant(server: String, delay: Duration) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let Ok(server) = TcpStream::connect(&server).await else { continue };
            for stream in [&client, &server] {
                let _ = stream.set_nodelay(true);
            }
            let ((mut from_client, to_client), (from_server, mut to_server)) =
                (client.into_split(), server.into_split());
            tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_server).await });
            let (sender, receiver) = mpsc::unbounded_channel();
            tokio::spawn(receive(from_server, sender, delay));
            tokio::spawn(forward(receiver, to_client));
        }
    });
    Ok(address)
}

type Answer = (Instant, Vec<u8>);

async fn receive(
    mut from: tokio::net::tcp::OwnedReadHalf,
    to: mpsc::UnboundedSender<Answer>,
    delay: Duration,
) {
    let mut piece = vec![0; 65_536];
    while let Ok(read @ 1..) = from.read(&mut piece).await {
        if to.send((Instant::now() + delay, piece[..read].to_vec())).is_err() {
            return;
        }
    }
}

async fn forward(mut from: mpsc::UnboundedReceiver<Answer>, mut to: tokio::net::tcp::OwnedWriteHalf) {
    while let Some((due, answer)) = from.recv().await {
        sleep_until(due).await;
        if to.write_all(&answer).await.is_err() {
            return;
        }
    }
}
