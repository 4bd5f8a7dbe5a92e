//! Reaching the database: the address, the pool, and the server's errors in our words.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Pool, PoolError, QueueMode, RecyclingMethod, Runtime,
};
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres::error::{Error, SqlState};
use tokio_postgres::{Client, Connection, Socket};

use super::tls::{self, Connector};
use crate::{Result, StoreError};

/// How long opening a connection, and waiting for one of the pool, may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server that is gone without a word is noticed: a connection at rest is tried after so long,
/// so often and so many times, and what was sent is given up when nobody has acknowledged it by
/// then. The system's own patience is two hours.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVE_RETRIES: u32 = 3;
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

/// What every connection is told when it is made. Compiling queries to machine code costs more than these queries take.
/// Nobody waits for ever for a lock that a server which has gone still holds. What finds rows by
/// their numbers or stores new ones is planned once, not for every value; [`Session`](super::session::Session) has the
/// other statements planned by their values.
const SESSION: &str = "SET jit = off; SET idle_in_transaction_session_timeout = '60s'; SET lock_timeout = '30s'; \
     SET plan_cache_mode = force_generic_plan";

/// How connections are made, and pools of them.
pub(super) struct Way {
    config: tokio_postgres::Config,
    connector: Connector,
    place: Arc<str>,
}

impl Way {
    /// To the database that the address names.
    pub(super) fn to(url: &str) -> Result<Self> {
        let address = Address::parse(url)?;
        let place: Arc<str> = address.place().into();
        let connector = tls::connector(address.root_certificate.as_deref())
            .map_err(|reason| StoreError::Denied { place: place.to_string(), reason })?;
        Ok(Self { config: address.config, connector, place })
    }

    /// The server and the database, for people: without user and password.
    pub(super) fn place(&self) -> &Arc<str> {
        &self.place
    }

    /// Makes a connection; whoever takes it drives it.
    pub(super) async fn connect(&self) -> Result<(Client, Connection<Socket, tls::Stream<Socket>>)> {
        self.config.connect(self.connector.clone()).await.map_err(|error| self.failed(&error))
    }

    /// The error of a call in our words.
    pub(super) fn failed(&self, error: &Error) -> StoreError {
        failure(&self.place, error)
    }

    /// So many connections at most. A connection is driven by the runtime in which it is first asked for, and those
    /// that are open when no work is under way stay open: making one costs more than many queries.
    pub(super) fn pool(&self, connections: usize) -> Result<Pool> {
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(self.config.clone(), self.connector.clone(), recycling);
        let prepare = Hook::async_fn(|client: &mut deadpool_postgres::ClientWrapper, _| {
            Box::pin(async move { client.batch_execute(SESSION).await.map_err(HookError::Backend) })
        });
        Pool::builder(manager)
            .max_size(connections)
            // The engine's process that answered last has at hand what the next question needs.
            .queue_mode(QueueMode::Lifo)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(PATIENCE))
            .create_timeout(Some(PATIENCE))
            .post_create(prepare)
            .build()
            .map_err(|error| StoreError::Internal(format!("the pool of connections failed: {error}")))
    }
}

/// Where the database is.
struct Address {
    config: tokio_postgres::Config,
    /// A file with the certificates to trust, in place of the machine's.
    root_certificate: Option<String>,
}

impl Address {
    /// Reads `postgres://user:password@host:port/database?sslmode=…&sslrootcert=…`.
    fn parse(url: &str) -> Result<Self> {
        let wrong = |reason: String| StoreError::Denied { place: "this address".into(), reason };
        let (url, root_certificate) = without_root_certificate(url);
        // The text of the error may repeat a part of the address, and so of the password.
        let mut config = tokio_postgres::Config::from_str(&url).map_err(|_| {
            wrong(
                "it cannot be read; it looks like postgres://user:password@host:5432/database?sslmode=require"
                    .into(),
            )
        })?;
        if config.get_hosts().is_empty() {
            return Err(wrong(
                "it names no server; it looks like postgres://user:password@host:5432/database".into(),
            ));
        }
        // Connections of one server that led to a primary and to its standby would show different states of the data.
        if config.get_hosts().len() > 1 {
            if config.get_target_session_attrs() == TargetSessionAttrs::ReadOnly
                || url.contains("target_session_attrs=any")
            {
                return Err(wrong(
                    "it names several servers, of which the one that takes writes is used: leave out \
                     target_session_attrs, or name one replica"
                        .into(),
                ));
            }
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        if config.get_application_name().is_none() {
            config.application_name("open-memory");
        }
        // The first of several may be gone without a word: there must be time left for the next.
        let servers = u32::try_from(config.get_hosts().len()).unwrap_or(u32::MAX);
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(if servers > 1 { PATIENCE / servers.saturating_add(1) } else { PATIENCE });
        }
        // The driver does not tell its own two hours from those of an address.
        if !url.contains("keepalives_idle=") {
            config.keepalives_idle(KEEPALIVE_IDLE);
        }
        if config.get_keepalives_interval().is_none() {
            config.keepalives_interval(KEEPALIVE_INTERVAL);
        }
        if config.get_keepalives_retries().is_none() {
            config.keepalives_retries(KEEPALIVE_RETRIES);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(UNACKNOWLEDGED);
        }
        #[cfg(unix)]
        if config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_))) {
            // Nobody but the system stands in between: as everywhere else, nothing is encrypted.
            config.ssl_mode(SslMode::Disable);
        }
        // Who says which certificate to trust does not want to go on without.
        if root_certificate.is_some() && config.get_ssl_mode() == SslMode::Prefer {
            config.ssl_mode(SslMode::Require);
        }
        Ok(Self { config, root_certificate })
    }

    /// The server and the database, for people: without user and password.
    fn place(&self) -> String {
        let hosts = self.config.get_hosts().iter().enumerate().map(|(index, host)| {
            let ports = self.config.get_ports();
            let port = ports.get(index).or(ports.first()).copied().unwrap_or(5432);
            match host {
                Host::Tcp(name) => format!("{name}:{port}"),
                #[cfg(unix)]
                Host::Unix(folder) => format!("{}:{port}", folder.display()),
            }
        });
        let hosts = hosts.collect::<Vec<_>>().join(",");
        let database = self.config.get_dbname().or(self.config.get_user()).unwrap_or_default();
        format!("postgres://{hosts}/{database}")
    }
}

/// Takes `sslrootcert` out of an address: the driver does not know it.
fn without_root_certificate(url: &str) -> (String, Option<String>) {
    let Some((base, query)) = url.split_once('?') else { return (url.to_owned(), None) };
    let mut file = None;
    let mut kept = Vec::new();
    for part in query.split('&') {
        match part.strip_prefix("sslrootcert=") {
            Some(name) => file = Some(name.replace("%2F", "/").replace("%2f", "/")),
            None => kept.push(part),
        }
    }
    (format!("{base}?{}", kept.join("&")), file)
}

/// Why no connection came.
pub(super) fn no_connection(place: &str, error: &PoolError) -> StoreError {
    match error {
        PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
            failure(place, error)
        }
        PoolError::Timeout(_) => unreachable(place, "no connection was free or could be made in time".into()),
        PoolError::Closed => StoreError::Closed,
        _ => StoreError::Internal("the pool of connections failed".into()),
    }
}

fn unreachable(place: &str, reason: String) -> StoreError {
    StoreError::Unreachable { place: place.to_owned(), reason }
}

/// The error of a call in our words.
pub(super) fn failure(place: &str, error: &Error) -> StoreError {
    let denied = |reason: String| StoreError::Denied { place: place.to_owned(), reason };
    let Some(db) = error.as_db_error() else {
        // The driver's words, and the system's behind them; both speak of connections, never of rows.
        let cause = std::error::Error::source(error).map(ToString::to_string);
        if error.is_closed() || is_connection(error) {
            return unreachable(place, cause.unwrap_or_else(|| error.to_string()));
        }
        return StoreError::Internal(format!("the database driver failed: {error}"));
    };
    let (code, message) = (db.code(), db.message());
    match *code {
        SqlState::DISK_FULL => StoreError::Full(place.into()),
        SqlState::READ_ONLY_SQL_TRANSACTION => {
            denied("it is read-only: a replica in recovery, or a session that may only read".into())
        }
        SqlState::INSUFFICIENT_PRIVILEGE => denied(format!(
            "{message}; the user needs the right to create tables in its schema, or must own them"
        )),
        SqlState::INVALID_PASSWORD | SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            denied(message.to_owned())
        }
        SqlState::INVALID_CATALOG_NAME => denied(format!("{message}; make it with `createdb`")),
        // What a transaction asks before it commits; see tx.rs.
        SqlState::INVALID_ARGUMENT_FOR_LOG => StoreError::BeingFilled(place.to_owned()),
        SqlState::DATA_CORRUPTED | SqlState::INDEX_CORRUPTED => StoreError::Corrupt(place.into()),
        // No transaction here is serializable: a standby has cancelled a read that stood in the way of what it replays.
        SqlState::T_R_SERIALIZATION_FAILURE => unreachable(place, message.to_owned()),
        SqlState::T_R_DEADLOCK_DETECTED | SqlState::LOCK_NOT_AVAILABLE | SqlState::QUERY_CANCELED => {
            StoreError::Busy
        }
        _ => match &code.code()[..2] {
            // Connections, resources, an operator who stops the server.
            "08" | "53" | "57" => unreachable(place, message.to_owned()),
            // A message of these classes can repeat values, which are memory content.
            "22" | "23" => StoreError::Internal(format!(
                "the database engine failed ({}{})",
                code.code(),
                db.constraint().map(|name| format!(", {name}")).unwrap_or_default()
            )),
            _ => StoreError::Internal(format!("the database engine failed: {message} ({})", code.code())),
        },
    }
}

/// Whether a driver's error is of a connection that was being made or used.
fn is_connection(error: &Error) -> bool {
    let source = std::error::Error::source(error);
    let text = error.to_string();
    source.is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
        || ["error connecting", "error communicating", "connection closed", "timeout", "error performing TLS"]
            .iter()
            .any(|start| text.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(url: &str) -> String {
        Address::parse(url).map_or_else(|error| error.to_string(), |address| address.place())
    }

    #[test]
    fn an_address_is_shown_without_user_and_password() {
        assert_eq!(
            place("postgres://anna:s3cret@db.example:5433/memories?sslmode=require"),
            "postgres://db.example:5433/memories"
        );
        assert_eq!(place("postgresql://anna@db/"), "postgres://db:5432/anna");
    }

    #[test]
    fn what_is_no_address_is_told_without_repeating_it() {
        for wrong in ["postgres://anna:s3cret@db:port/x", "postgres://", "s3cret"] {
            let told = place(wrong);
            assert!(told.contains("postgres://user:password@host"), "{told}");
            assert!(!told.contains("s3cret"), "{told}");
        }
    }

    #[test]
    fn a_server_that_is_gone_is_noticed_as_soon_as_the_address_says_or_within_a_minute() {
        let times = |url: &str| {
            let config = Address::parse(url).ok().unwrap().config;
            let seconds = |time: Option<Duration>| time.unwrap().as_secs();
            let retries = config.get_keepalives_retries().unwrap();
            let idle = config.get_keepalives_idle().as_secs();
            let unacknowledged = config.get_tcp_user_timeout().copied();
            (idle, seconds(config.get_keepalives_interval()), retries, seconds(unacknowledged))
        };
        assert_eq!(times("postgres://db/memories"), (30, 10, 3, 30));
        let said = "keepalives_idle=7200&keepalives_interval=5&keepalives_retries=9&tcp_user_timeout=60";
        assert_eq!(times(&format!("postgres://db/memories?{said}")), (7_200, 5, 9, 60));
    }

    #[test]
    fn of_several_servers_the_one_that_takes_writes_is_used_however_late_the_others_answer() {
        let config = Address::parse("postgres://one,two:5433/memories").ok().unwrap().config;
        assert_eq!(config.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
        assert!(*config.get_connect_timeout().unwrap() * 2 < PATIENCE);
        for attrs in ["any", "read-only"] {
            let told = place(&format!("postgres://one,two/memories?target_session_attrs={attrs}"));
            assert!(told.contains("leave out target_session_attrs"), "{told}");
        }
        let config = Address::parse("postgres://one/memories").ok().unwrap().config;
        assert_eq!(config.get_target_session_attrs(), TargetSessionAttrs::Any, "it may be a replica");
    }

    #[cfg(unix)]
    #[test]
    fn a_socket_of_the_system_is_not_encrypted() {
        for url in [
            "postgres://anna@%2Frun%2Fpostgresql/memories?sslmode=require",
            "postgres:///memories?user=anna&host=/run/postgresql",
        ] {
            assert_eq!(place(url), "postgres:///run/postgresql:5432/memories");
            assert_eq!(Address::parse(url).ok().unwrap().config.get_ssl_mode(), SslMode::Disable);
        }
    }

    #[test]
    fn a_certificate_to_trust_asks_for_encryption() {
        let url = "postgres://db/memories?sslrootcert=%2Fetc%2Fca.pem&application_name=x";
        let address = Address::parse(url).ok().unwrap();
        assert_eq!(address.root_certificate.as_deref(), Some("/etc/ca.pem"));
        assert_eq!(address.config.get_ssl_mode(), SslMode::Require);
    }
}
