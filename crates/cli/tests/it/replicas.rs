//! Servers over a read replica of PostgreSQL: a hot standby and its primary, both started for the test.

use std::fs::File;
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::mcp::session::Session;
use crate::program::{Home, Server};

/// Two database servers, the second of which follows the first.
struct Pair {
    child: Child,
    said: Lines<BufReader<ChildStdout>>,
    primary: String,
    standby: String,
    log: PathBuf,
}

impl Pair {
    fn start() -> Self {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/postgres");
        let mut command = Command::new(scripts.join("run"));
        command.arg(scripts.join("standby")).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut line = || said.next().expect("tests/postgres/standby failed").unwrap();
        let (primary, standby, log) = (line(), line(), line().into());
        Self { child, said, primary, standby, log }
    }

    fn tell(&mut self, word: &str) {
        writeln!(self.child.stdin.as_ref().unwrap(), "{word}").unwrap();
        assert_eq!(self.said.next().unwrap().unwrap(), "done");
    }

    /// Both addresses in one, for a server that goes where writes are taken.
    fn both(&self) -> String {
        let place = self.standby.rsplit('@').next().unwrap();
        format!("{},{place}", self.primary.strip_suffix("/omp").unwrap())
    }

    /// What the standby's server has refused. It writes that down whoever asked.
    fn refused(&self) -> Vec<String> {
        let log = std::fs::read_to_string(&self.log).unwrap();
        log.lines().filter(|line| line.contains("ERROR:")).map(str::to_owned).collect()
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        // Both end with their input.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// A server with a key, and where its log goes.
struct Keyed {
    server: Server,
    key: String,
    log: PathBuf,
}

impl Keyed {
    fn start(home: &Home, key: &str) -> Self {
        let mut command = home.command(&["serve", "--port", "0"]);
        let log = home.path("log");
        command.stdout(Stdio::piped()).stderr(File::create(&log).unwrap());
        Self { server: Server::wait_for(command.spawn().unwrap()), key: key.to_owned(), log }
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let bearer = format!("Bearer {}", self.key);
        let headers = [("content-type", "application/json"), ("authorization", &*bearer)];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (status, _, answer) = self.server.call(method, path, &headers, body.as_bytes()).unwrap();
        (status, serde_json::from_slice(&answer).unwrap_or(Value::Null))
    }

    /// Asks until the answer is as wanted.
    fn until(&self, method: &str, path: &str, body: &Value, wanted: impl Fn(u16, &Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let (status, answer) = self.ask(method, path, body);
            if wanted(status, &answer) {
                return answer;
            }
            assert!(begun.elapsed() < Duration::from_mins(1), "{method} {path}: {status} {answer}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Searches until this is the first that is found, in this mode.
    fn finds(&self, question: &str, mode: &str, content: &str) {
        let query = json!({"q": question, "mode": mode});
        self.until("POST", "/v1/memories/search", &query, |_, found| {
            found["mode_used"] == mode && found["memories"][0]["content"] == content
        });
    }

    fn health(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        self.until("GET", "/v1/health", &Value::Null, |_, health| wanted(health))
    }

    fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }
}

fn home(database: &str) -> Home {
    Home { folder: tempfile::tempdir().unwrap(), database: Some(database.to_owned()) }
}

fn memory(content: &str) -> Value {
    json!({"content": content, "type": "semantic", "source": {"tool": "t"}})
}

/// The sentence that every write gets.
fn is_refusal(message: &str) -> bool {
    message.contains("reads from a replica") && message.contains("the server of the primary")
}

fn refuses_every_write(replica: &Keyed, id: &str) {
    let one = format!("/v1/memories/{id}");
    let talk =
        json!({"model": "m", "topic": "t", "messages": [{"role": "user", "content": "I live in Lisbon."}]});
    let said = json!({"transcript": "user: I live in Lisbon.", "provider": "rules"});
    for (method, path, body) in [
        ("POST", "/v1/memories", memory("new")),
        ("PUT", &one, json!({"tags": ["x"]})),
        ("DELETE", &one, Value::Null),
        ("POST", "/v1/conversations", talk),
        ("POST", "/v1/extract", said.clone()),
        ("POST", "/v1/extract/jobs", json!({"provider": "rules"})),
        ("POST", "/v1/compress", said),
        (
            "POST",
            "/v1/import",
            json!({"omp_version": "0.2", "exported_at": "2026-01-01T00:00:00Z", "memories": []}),
        ),
        ("GET", "/v1/export", Value::Null),
        ("POST", "/v1/keys", json!({"name": "another"})),
        ("POST", "/v1/users", json!({"name": "anna"})),
        ("DELETE", "/v1/namespaces/x", Value::Null),
    ] {
        let (status, answer) = replica.ask(method, path, &body);
        assert_eq!((status, &answer["error"]), (503, &json!("read_only")), "{method} {path}: {answer}");
        assert!(is_refusal(answer["message"].as_str().unwrap()), "{method} {path}: {answer}");
    }
}

#[test]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
fn a_replica_serves_what_is_read_refuses_what_is_written_and_writes_when_it_is_promoted() {
    let mut pair = Pair::start();
    let (here, there) = (home(&pair.both()), home(&pair.standby));
    let early = there.omp(&["list"]);
    assert!(early.code == 5 && early.err.contains("on the primary, then this one again"), "{}", early.err);
    let key = ["keys", "create", "k", "--scope", "read", "--scope", "write", "--scope", "admin", "--json"];
    let key = here.ok(&key).json()["secret"].as_str().unwrap().to_owned();
    let writing = Keyed::start(&here, &key);
    let begun = Instant::now();
    while there.omp(&["list", "--json"]).code != 0 {
        assert!(begun.elapsed() < Duration::from_mins(1), "the standby does not follow");
    }
    let replica = Keyed::start(&there, &key);
    replica.until("GET", "/v1/memories", &Value::Null, |status, _| status == 200);
    assert!(replica.log().contains("This database is a read replica"), "{}", replica.log());

    // What is written on the one is found on the other, by words, then by meaning.
    let bicycle = "She rides a bicycle to the office";
    let (status, stored) = writing.ask("POST", "/v1/memories", &memory(bicycle));
    assert_eq!(status, 201, "{stored}");
    let id = stored["id"].as_str().unwrap();
    replica.finds("bicycle", "keyword", bicycle);
    replica.finds("how does she commute to work", "semantic", bicycle);
    for path in [
        &*format!("/v1/memories/{id}"),
        "/v1/context?q=bicycle",
        "/v1/conversations/search?q=bicycle",
        "/v1/tags",
        "/v1/keys",
        "/v1/audit",
    ] {
        assert_eq!(replica.ask("GET", path, &Value::Null).0, 200, "{path}");
    }
    let found = there.ok(&["recall", "bicycle"]);
    assert!(found.out.contains(bicycle), "{}", found.out);
    let mut session = Session::start(&there, "2025-06-18");
    let (recalled, _) = session.ok("omp_recall", json!({"query": "bicycle"}));
    assert!(recalled.contains(bicycle), "{recalled}");

    // Who waits is told without LISTEN.
    let answer = session.request("resources/subscribe", json!({"uri": "omp://memories/context"}));
    assert!(answer["error"].is_null(), "{answer}");
    assert_eq!(writing.ask("POST", "/v1/memories", &memory("Tea")).0, 201);
    session.notification("notifications/resources/updated");

    refuses_every_write(&replica, id);
    let refused = session.refused("omp_remember", json!({"content": "new"}));
    assert!(is_refusal(&refused), "{refused}");
    let refused = there.omp(&["remember", "new"]);
    assert!(refused.code == 5 && is_refusal(&refused.err), "{}", refused.err);
    let wrong =
        replica.server.call("GET", "/v1/memories", &[("authorization", "Bearer wrong")], b"").unwrap();
    assert_eq!(wrong.0, 401);

    let health = replica.health(|health| health["replica"]["behind_ms"] == 0);
    assert_eq!((&health["status"], &health["store"]), (&json!("ok"), &json!("read_only")), "{health}");
    assert_eq!(
        (&health["replica"]["connected"], &health["replica"]["behind_bytes"]),
        (&json!(true), &json!(0))
    );
    assert_eq!(writing.health(|_| true)["replica"], Value::Null);
    there.ok(&["doctor"]);
    assert!(replica.log().contains("failures to sign in could not be written down"), "{}", replica.log());

    // Nobody has even tried to write there.
    assert_eq!(pair.refused(), [""; 0]);

    // Without its primary it goes on; the other server does not take the standby for a primary.
    pair.tell("stop");
    let health = replica.health(|health| health["replica"]["connected"] == false);
    assert_eq!(health["status"], "degraded", "{health}");
    assert_eq!(replica.ask("GET", "/readyz", &Value::Null).0, 200);
    replica.finds("bicycle", "keyword", bicycle);
    replica.finds("how does she commute to work", "semantic", bicycle);
    assert_eq!(replica.ask("POST", "/v1/memories", &memory("new")).1["error"], "read_only");
    assert_eq!(writing.ask("GET", "/readyz", &Value::Null).0, 503);
    assert_eq!(writing.ask("POST", "/v1/memories", &memory("new")).1["error"], "unavailable");
    assert_eq!(session.end(), Some(0));

    pair.tell("promote");
    for (server, text) in [(&replica, "He drinks green tea"), (&writing, "The vault has a password")] {
        server.until("POST", "/v1/memories", &memory(text), |status, _| status == 201);
        assert_eq!(server.health(|_| true)["replica"], Value::Null);
    }
    // Vectors are made again, too.
    for server in [&replica, &writing] {
        server.finds("beverage that he likes", "semantic", "He drinks green tea");
    }
    assert_eq!(replica.ask("GET", "/v1/export", &Value::Null).0, 200);
}
