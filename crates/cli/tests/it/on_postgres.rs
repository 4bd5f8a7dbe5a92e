//! The program on a PostgreSQL database. Most of these tests need one: `tests/postgres/run
//! cargo test --workspace --test it -- --ignored`.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::jobs::{asked_about, begin, kill, save, slow, until};
use crate::program::{Home, Server};
use crate::searching::embedded;

/// A home whose memories are in a PostgreSQL database.
fn home() -> Home {
    let home = Home::new();
    assert!(home.database.is_some(), "OMP_TEST_DATABASE_URL names no database; tests/postgres/run sets it");
    home
}

#[test]
fn a_database_that_does_not_answer_is_told() {
    let home = Home::new();
    // Nothing listens on this port: it is reserved.
    let run = home.omp(&["list", "--database", "postgres://anna:s3cret@127.0.0.1:1/memories"]);
    assert_eq!(run.code, 5);
    assert!(
        run.err.contains("the database at postgres://127.0.0.1:1/memories cannot be reached"),
        "{}",
        run.err
    );
    assert!(!run.err.contains("s3cret"), "{}", run.err);
}

#[test]
fn what_belongs_to_files_is_refused_for_a_database() {
    let home = Home::new();
    let run = home.omp(&["backup", "copy.db", "--database", "postgres://anna@db/memories"]);
    assert!(run.code == 1 && run.err.contains("pg_dump"), "{}", run.err);
}

#[test]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
fn the_doctor_tells_which_database_it_is_and_that_it_is_sound() {
    let home = home();
    home.ok(&["remember", "Prefers green tea", "--tag", "drinks"]);
    let doctor = home.ok(&["doctor", "--json"]).json();
    assert!(doctor["engine"].as_str().unwrap().starts_with("PostgreSQL "), "{doctor}");
    assert!(doctor["database"].as_str().unwrap().starts_with("postgres://127.0.0.1:"), "{doctor}");
    assert_eq!(doctor["memories"], 1);
    let checks = doctor["checks"].as_array().unwrap();
    assert!(checks.len() > 5 && checks.iter().all(|check| check["problem"].is_null()), "{doctor}");
}

#[test]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
fn the_doctor_tells_that_a_superuser_passes_the_second_wall() {
    let admin = std::env::var("OMP_TEST_DATABASE_ADMIN_URL").unwrap();
    let run = home().omp(&["doctor", "--json", "--database", &admin]);
    let checks = run.json()["checks"].clone();
    let wall = checks.as_array().unwrap().iter().find(|check| check["name"] == "the second wall").unwrap();
    assert!(run.code == 1 && wall["problem"].as_str().unwrap().contains("superuser"), "{checks}");
}

#[test]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
fn what_one_server_stores_the_other_finds_at_once() {
    let home = home();
    let servers = [home.serve(None), home.serve(None)];
    for number in 0..20 {
        let (here, there) = (&servers[number % 2], &servers[(number + 1) % 2]);
        let word = format!("zebra{number}");
        let (status, memory) = here.json("POST", "/v1/memories", &body(&format!("About {word}")));
        assert_eq!(status, 201);
        let (_, found) =
            there.json("GET", &format!("/v1/memories/search?q={word}&mode=keyword"), &Value::Null);
        assert_eq!(found["memories"][0]["id"], memory["id"], "{found}");
        let path = format!("/v1/memories/{}", memory["id"].as_str().unwrap());
        assert_eq!(there.json("DELETE", &path, &Value::Null).0, 204);
        let (_, gone) = here.json("GET", &format!("/v1/memories/search?q={word}&mode=keyword"), &Value::Null);
        assert_eq!(gone["total"], 0, "{gone}");
    }
}

/// What was found lately is kept beside the index; a change that is acknowledged shows all the same, on every server.
#[test]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
fn what_was_found_before_is_found_as_it_is_now() {
    let home = home();
    let servers = [home.serve(None), home.serve(None)];
    let (_, counter) = servers[0].json("POST", "/v1/memories", &body("The zebra has seen 0 lions"));
    servers[0].json("POST", "/v1/memories", &body("Another zebra sleeps"));
    let path = format!("/v1/memories/{}", counter["id"].as_str().unwrap());
    let find = |server: &Server| {
        let (status, found) =
            server.json("GET", "/v1/memories/search?q=zebra+lions&mode=keyword&limit=2", &Value::Null);
        assert_eq!((status, &found["total"]), (200, &json!(2)), "{found}");
        let content = found["memories"][0]["content"].as_str().unwrap();
        let seen = content.strip_prefix("The zebra has seen ").and_then(|rest| rest.split(' ').next());
        seen.and_then(|seen| seen.parse::<u64>().ok()).unwrap_or_else(|| panic!("{found}"))
    };
    let acknowledged = AtomicU64::new(0);
    let done = AtomicBool::new(false);
    let looked = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for server in [&servers[0], &servers[1], &servers[1]] {
            let (acknowledged, done, looked) = (&acknowledged, &done, &looked);
            scope.spawn(move || {
                while !done.load(Ordering::Acquire) {
                    let before = acknowledged.load(Ordering::Acquire);
                    let seen = find(server);
                    assert!(seen >= before, "{seen} was found after {before} was acknowledged");
                    looked.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        // Also when it fails, so that the others end.
        let changed = std::panic::catch_unwind(AssertUnwindSafe(|| {
            for lions in 1..=200 {
                let text = json!({ "content": format!("The zebra has seen {lions} lions") });
                let (status, changed) = servers[lions % 2].json("PUT", &path, &text);
                assert_eq!(status, 200, "{changed}");
                acknowledged.store(lions as u64, Ordering::Release);
                // Quiet for a while, so that something is at hand when the next change comes.
                std::thread::sleep(Duration::from_millis(lions as u64 % 8));
            }
        }));
        done.store(true, Ordering::Release);
        changed.unwrap();
    });
    assert!(looked.into_inner() > 20, "nobody looked while it changed");
    assert_eq!(servers.each_ref().map(find), [200, 200]);
    servers[1].json("PUT", &path, &json!({"namespace": "elsewhere", "tags": ["counted"]}));
    for server in &servers {
        let (_, found) = server.json("GET", "/v1/memories/search?q=lions&mode=keyword", &Value::Null);
        let memory = &found["memories"][0];
        let moved = (&memory["namespace"], &memory["tags"]);
        assert_eq!(moved, (&json!("elsewhere"), &json!(["counted"])), "{found}");
    }
    assert_eq!(servers[0].json("DELETE", &path, &Value::Null).0, 204);
    for server in &servers {
        let (_, found) = server.json("GET", "/v1/memories/search?q=zebra&mode=keyword", &Value::Null);
        let contents: Vec<_> =
            found["memories"].as_array().unwrap().iter().map(|memory| &memory["content"]).collect();
        assert_eq!(contents, ["Another zebra sleeps"], "{found}");
    }
}

/// More than there are connections, each of which asks the database for what is not at hand.
#[test]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
fn many_searches_at_once_are_all_answered() {
    let home = home();
    let server = home.serve(None);
    // Few of these are at hand: they take far more than the index of their words.
    let words: Vec<String> = (0..100).map(|number| format!("zebra{number}")).collect();
    for word in &words {
        let text = format!("{word} {}", "grazes ".repeat(1_200));
        assert_eq!(server.json("POST", "/v1/memories", &body(&text)).0, 201);
    }
    std::thread::scope(|scope| {
        for nth in 0..40 {
            let (server, words) = (&server, &words);
            scope.spawn(move || {
                for word in words.iter().cycle().skip(nth * 7).step_by(3).take(20) {
                    let path = format!("/v1/memories/search?q={word}&mode=keyword");
                    let (status, found) = server.json("GET", &path, &Value::Null);
                    let content = found["memories"][0]["content"].as_str().unwrap_or_default();
                    assert!(status == 200 && content.starts_with(&format!("{word} ")), "{status} {found}");
                }
            });
        }
    });
}

/// Where there is no room for the index in memory, pgvector answers; where
/// that is missing too, the answer says what to do.
#[test]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
fn a_search_by_meaning_does_without_the_index_in_memory() {
    let home = home();
    let mut command = home.command(&["serve", "--port", "0"]);
    command.env("OMP_INDEX_MB", "0");
    let server = Server::start(command);
    for text in ["She rides a bicycle to the office", "The database password is in the vault"] {
        assert_eq!(server.json("POST", "/v1/memories", &body(text)).0, 201);
    }
    embedded(&server);
    for mode in ["semantic", "hybrid"] {
        let question = json!({"q": "how does she commute to work", "mode": mode, "explain": true});
        let (status, found) = server.json("POST", "/v1/memories/search", &question);
        assert_eq!(status, 200, "{found}");
        if std::env::var("OMP_TEST_PGVECTOR").as_deref() == Ok("0") {
            let reason = found["degraded"]["reason"].as_str().unwrap();
            assert_eq!(found["mode_used"], "keyword");
            assert!(
                reason.contains("OMP_INDEX_MB") && reason.contains("CREATE EXTENSION vector"),
                "{reason}"
            );
            continue;
        }
        assert_eq!((&found["mode_used"], &found["degraded"]), (&json!(mode), &Value::Null), "{found}");
        assert_eq!(found["memories"][0]["content"], "She rides a bicycle to the office", "{found}");
        assert_eq!(found["model"]["name"], "all-MiniLM-L6-v2");
        assert!(found["explain"][0]["similarity"].as_f64().unwrap() > 0.2, "{found}");
        let count = found["memories"].as_array().unwrap().len();
        assert_eq!(
            (found["scores"].as_array().unwrap().len(), found["total"].as_u64()),
            (count, Some(count as u64))
        );
    }
    let (_, found) = server.json("GET", "/v1/memories/search?q=vault&mode=hybrid&explain=true", &Value::Null);
    assert_eq!(found["memories"][0]["content"], "The database password is in the vault", "{found}");
}

/// How many of many requests with this key a server lets through, and the longest pause that it asks for.
fn flood(server: &Server, key: &str) -> (u64, u64) {
    let bearer = format!("Bearer {key}");
    let (mut through, mut longest) = (0, 0);
    for _ in 0..60 {
        let (status, head, _) =
            server.call("GET", "/v1/memories?limit=1", &[("authorization", &bearer)], b"").unwrap();
        let retry = head.lines().find_map(|line| line.strip_prefix("retry-after: "));
        match (status, retry) {
            (200, None) => through += 1,
            (429, Some(seconds)) => longest = longest.max(seconds.parse().unwrap()),
            _ => panic!("{head}"),
        }
    }
    (through, longest)
}

/// A key may ask twice a second, and twenty times at once, however many servers it asks.
#[test]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
fn a_limit_holds_over_all_servers_together() {
    const KEY: &str = "0123456789abcdef0123456789abcdef";
    let home = home();
    let key = home.ok(&["keys", "create", "flood", "--json"]).json()["secret"].as_str().unwrap().to_owned();
    let serve = || {
        let mut command = home.command(&["serve", "--port", "0", "--rate-limit", "2"]);
        command.env("OMP_API_KEY", KEY);
        Server::start(command)
    };
    let servers = [serve(), serve()];
    for server in &servers {
        // The first time that a key is right it is not counted.
        assert_eq!(server.json("GET", "/v1/health", &Value::Null).0, 200);
        let bearer = format!("Bearer {key}");
        assert_eq!(server.call("GET", "/v1/tags", &[("authorization", &bearer)], b"").unwrap().0, 200);
    }
    let begun = std::time::Instant::now();
    let floods = std::thread::scope(|scope| {
        let floods = [&servers[0], &servers[1]].map(|server| scope.spawn(|| flood(server, &key)));
        floods.map(|flood| flood.join().unwrap())
    });
    let came_back = begun.elapsed().as_secs_f64() * 2.0;
    let through = floods[0].0 + floods[1].0;
    let most = 20.0 + came_back + 2.0;
    assert!(through >= 20 && f64::from(u32::try_from(through).unwrap()) <= most, "{through} of {most}");
    // Whoever waits for as long as they are told is let in.
    let pause = floods.iter().map(|(_, longest)| *longest).max().unwrap();
    assert!((1..10).contains(&pause), "{pause}");
    std::thread::sleep(Duration::from_secs(pause));
    let bearer = format!("Bearer {key}");
    assert_eq!(servers[0].call("GET", "/v1/tags", &[("authorization", &bearer)], b"").unwrap().0, 200);
    // Another key has a limit of its own.
    let bearer = format!("Bearer {KEY}");
    assert_eq!(servers[0].call("GET", "/v1/tags", &[("authorization", &bearer)], b"").unwrap().0, 200);
}

/// A job is begun on one server, seen and cancelled through the other.
#[test]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
fn a_job_of_one_server_is_seen_and_cancelled_through_the_other() {
    let (provider, go) = slow();
    let home = home();
    let ids = save(&home, &["Rome", "Porto", "Lisbon"]);
    let (here, there) = (provider.serve(&home), provider.serve(&home));
    let job = begin(&here, &json!({"conversation_ids": ids}));
    go.send(()).unwrap();
    let seen = until(&there, &job, |job| job["done"] == 1);
    assert_eq!((&seen["total"], &seen["extracted"]), (&json!(3), &json!(1)), "{seen}");
    assert_eq!(there.json("GET", "/v1/extract/jobs", &Value::Null).1["jobs"], json!([seen]));
    // Both count together.
    let other = begin(&there, &json!({"conversation_ids": ids}));
    for server in [&here, &there] {
        let (status, refused) = server.json("POST", "/v1/extract/jobs", &json!({"provider": "rules"}));
        assert_eq!((status, &refused["error"]), (503, &json!("unavailable")), "{refused}");
    }
    asked_about(&provider, "Porto", 1);
    asked_about(&provider, "Rome", 2);
    for path in [&job, &other] {
        let (status, cancelled) = there.json("DELETE", path, &Value::Null);
        assert_eq!((status, &cancelled["state"]), (200, &json!("cancelled")), "{cancelled}");
        assert_eq!(here.json("GET", path, &Value::Null).1, cancelled);
    }
    // Whoever is answered now has lost the job; only then does another one get so far.
    go.send(()).unwrap();
    go.send(()).unwrap();
    let rules = begin(&here, &json!({"provider": "rules", "namespace": "by-rules"}));
    assert_eq!(until(&there, &rules, |job| job["state"] == "done")["done"], 3);
    assert_eq!(asked_about(&provider, "Lisbon", 0), 0, "the cancelled job went on");
    assert_eq!(here.json("GET", &job, &Value::Null).1["done"], 1);
}

/// The server that began it is killed; the other one goes on with it.
#[test]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
fn a_job_of_a_killed_server_is_taken_over_by_the_other() {
    let (provider, go) = slow();
    let home = home();
    let ids = save(&home, &["Rome", "Porto", "Lisbon"]);
    let (here, there) = (provider.serve(&home), provider.serve(&home));
    let job = begin(&here, &json!({"conversation_ids": ids}));
    go.send(()).unwrap();
    until(&there, &job, |job| job["done"] == 1);
    asked_about(&provider, "Porto", 1);
    kill(here);
    for _ in 0..3 {
        go.send(()).unwrap();
    }
    let done = until(&there, &job, |job| job["state"] == "done");
    assert_eq!((&done["done"], &done["extracted"]), (&json!(3), &json!(3)), "{done}");
    let asked = ["Rome", "Porto", "Lisbon"].map(|place| asked_about(&provider, place, 1));
    assert_eq!(asked, [1, 2, 1]);
    assert_eq!(there.json("GET", "/v1/memories", &Value::Null).1["total"], 3);
    home.assert_sound();
}

const WRITERS: u64 = 4;
const EACH: u64 = 120;

fn body(content: &str) -> Value {
    json!({"content": content, "type": "semantic", "source": {"tool": "t"}})
}

/// Clients write to two servers; one is killed and started again, then the other. A client whose request breaks asks
/// the other server the same again (`dedupe=exact` makes that safe). Nothing is lost, and nothing is there twice.
#[test]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
fn killed_servers_lose_nothing_and_double_nothing_behind_retries() {
    let home = home();
    let mut servers = [Arc::new(home.serve(None)), Arc::new(home.serve(None))];
    let done = Arc::new(AtomicU64::new(0));
    let addresses = Arc::new(std::sync::RwLock::new(servers.clone()));
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (addresses, done) = (Arc::clone(&addresses), Arc::clone(&done));
            std::thread::spawn(move || write(writer, &addresses, &done))
        })
        .collect();
    for round in 0..4_usize {
        // A quarter of the work each; what is under way is cut off in the middle.
        while done.load(Ordering::SeqCst) < (round as u64 + 1) * WRITERS * EACH / 6 {
            std::thread::sleep(Duration::from_millis(2));
        }
        let which = round % 2;
        let kill =
            std::process::Command::new("kill").args(["-9", &servers[which].child.id().to_string()]).status();
        assert!(kill.unwrap().success());
        servers[which] = Arc::new(home.serve(None));
        addresses.write().unwrap()[which] = Arc::clone(&servers[which]);
    }
    let ids: Vec<(String, String)> = writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect();
    assert_eq!(ids.len() as u64, WRITERS * EACH);
    let export = home.ok(&["export"]).json();
    let mut stored: HashMap<&str, Vec<&str>> = HashMap::new();
    for memory in export["memories"].as_array().unwrap() {
        stored.entry(memory["content"].as_str().unwrap()).or_default().push(memory["id"].as_str().unwrap());
    }
    assert_eq!(stored.len() as u64, WRITERS * EACH);
    for (content, id) in &ids {
        assert_eq!(stored[content.as_str()], [id.as_str()], "{content}");
    }
    home.assert_sound();
}

/// What was acknowledged: contents and ids.
fn write(
    writer: u64,
    servers: &std::sync::RwLock<[Arc<Server>; 2]>,
    done: &AtomicU64,
) -> Vec<(String, String)> {
    let mut acknowledged = Vec::new();
    for number in 0..EACH {
        let content = format!("Writer {writer} says number {number} of many");
        let text = body(&content).to_string();
        let mut attempt = writer + number;
        let id = loop {
            attempt += 1;
            assert!(attempt < writer + number + 2_000, "no retry heals it: {content}");
            let server = Arc::clone(&servers.read().unwrap()[usize::from(attempt.is_multiple_of(2))]);
            let headers = [("content-type", "application/json")];
            match server.call("POST", "/v1/memories?dedupe=exact", &headers, text.as_bytes()) {
                Ok((200 | 201, _, answer)) => {
                    let answer: Value = serde_json::from_slice(&answer).unwrap();
                    break answer["id"].as_str().unwrap().to_owned();
                }
                Ok((503, ..)) | Err(_) => std::thread::sleep(Duration::from_millis(5)),
                Ok((status, _, answer)) => panic!("{status}: {}", String::from_utf8_lossy(&answer)),
            }
        };
        acknowledged.push((content, id));
        done.fetch_add(1, Ordering::SeqCst);
    }
    acknowledged
}
