//! Extraction in the background that outlives the server that began it.

use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use serde_json::{Value, json};

use crate::ai::{Provider, finding, says};
use crate::program::{Home, Server};

const OWN_KEY: &str = "sk-brought-along-0123456789";

/// A provider that finds one thing in each conversation, as soon as it is let; about Oslo
/// it thinks for ever. It takes nothing for known.
pub(crate) fn slow() -> (Provider, Sender<()>) {
    let (go, permits) = channel();
    let permits = Mutex::new(permits);
    let provider = Provider::answering(move |asked| {
        if judges(asked) {
            return says(&json!({"decisions": [{"memory": 0, "decision": "new", "known": ""}]}));
        }
        let place =
            ["Oslo", "Lisbon", "Porto", "Rome"].into_iter().find(|place| asked.contains(place)).unwrap();
        if place == "Oslo" {
            std::thread::park();
        }
        permits.lock().unwrap().recv().unwrap();
        let (content, quote) =
            (format!("The user loves walking in {place}."), format!("I love walking in {place}"));
        says(&json!({"memories": [finding(&content, 0, &quote)]}))
    });
    (provider, go)
}

/// Whether a request is about what is known, and not about a conversation.
fn judges(asked: &str) -> bool {
    !asked.contains("<conversation>")
}

/// Saves a conversation about each place; their ids.
pub(crate) fn save(home: &Home, places: &[&str]) -> Vec<String> {
    let conversation = |place: &&str| {
        let said = format!("User: I love walking in {place}.\nAI: Good.");
        let saved = home.with_input(&["save", "--json"], &said);
        saved.json()["conversations"][0]["id"].as_str().unwrap().to_owned()
    };
    places.iter().map(conversation).collect()
}

/// Begins a job that must begin; its path.
pub(crate) fn begin(server: &Server, body: &Value) -> String {
    let (status, job) = server.json("POST", "/v1/extract/jobs", body);
    assert_eq!((status, &job["state"]), (202, &json!("running")), "{job}");
    format!("/v1/extract/jobs/{}", job["id"].as_str().unwrap())
}

/// The job as soon as this holds for it.
pub(crate) fn until(server: &Server, path: &str, holds: impl Fn(&Value) -> bool) -> Value {
    let mut last = Value::Null;
    for _ in 0..3_000 {
        let (status, job) = server.json("GET", path, &Value::Null);
        assert_eq!(status, 200, "{job}");
        if holds(&job) {
            return job;
        }
        assert_eq!(job["state"], "running", "{job}");
        last = job;
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("it never comes to that: {last}")
}

/// What the provider was asked to read about a place, as soon as it was that often at least.
pub(crate) fn asked_about(provider: &Provider, place: &str, times: usize) -> usize {
    for _ in 0..12_000 {
        let asked = provider.asked();
        let count = asked.iter().filter(|asked| !judges(asked) && asked.contains(place)).count();
        if count >= times {
            return count;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("nobody asks about {place} {times} times")
}

pub(crate) fn kill(server: Server) {
    let status = std::process::Command::new("kill").args(["-9", &server.child.id().to_string()]).status();
    assert!(status.unwrap().success());
    drop(server);
}

/// One goes on where it stood; the other came with a provider's key, which nobody has any more.
#[cfg(unix)]
#[test]
fn jobs_of_a_killed_server_go_on_with_the_next_or_say_why_they_do_not() {
    let (provider, go) = slow();
    let home = Home::new();
    let ids = save(&home, &["Lisbon", "Porto", "Rome", "Oslo"]);
    let server = provider.serve(&home);
    let job =
        begin(&server, &json!({"conversation_ids": ids[..3], "source_tool": "t", "namespace": "walks"}));
    let body = json!({"conversation_ids": [ids[3], "nonsense"], "provider": "openai-compatible", "api_key": OWN_KEY});
    let own_key = begin(&server, &body);
    let (status, third) = server.json("POST", "/v1/extract/jobs", &json!({"provider": "rules"}));
    assert_eq!((status, &third["error"]), (503, &json!("unavailable")), "{third}");
    go.send(()).unwrap();
    until(&server, &job, |job| job["done"] == 1);
    asked_about(&provider, "Porto", 1);
    asked_about(&provider, "Oslo", 1);
    kill(server);
    // For whom the killed server had asked.
    go.send(()).unwrap();

    let server = provider.serve(&home);
    let before = server.json("GET", &job, &Value::Null).1;
    assert_eq!((&before["state"], &before["done"]), (&json!("running"), &json!(1)), "{before}");
    go.send(()).unwrap();
    go.send(()).unwrap();
    let done = until(&server, &job, |job| job["state"] == "done");
    let counts = ["total", "done", "skipped", "extracted"].map(|count| done[count].as_u64().unwrap());
    assert_eq!(counts, [3, 3, 0, 3], "{done}");
    let asked = ["Lisbon", "Porto", "Rome"].map(|place| asked_about(&provider, place, 1));
    assert_eq!(asked, [1, 2, 1], "only what was not finished was read again");
    let (_, memories) = server.json("GET", "/v1/memories", &Value::Null);
    assert_eq!(memories["total"], 3, "{memories}");
    for memory in memories["memories"].as_array().unwrap() {
        assert_eq!((&memory["source"]["tool"], &memory["namespace"]), (&json!("t"), &json!("walks")));
    }

    let ended = until(&server, &own_key, |job| job["state"] == "interrupted");
    assert!(ended["error"].as_str().unwrap().contains("begin it again, with the key"), "{ended}");
    assert_eq!((&ended["done"], &ended["total"]), (&json!(0), &json!(2)), "{ended}");
    assert_eq!(asked_about(&provider, "Oslo", 1), 1);
    let jobs = server.json("GET", "/v1/extract/jobs", &Value::Null).1;
    assert_eq!(jobs["jobs"], json!([ended, done]));
    // Where a job ended early, doing it again stores nothing twice.
    let again = begin(&server, &json!({"conversation_ids": ids[..1], "namespace": "walks"}));
    go.send(()).unwrap();
    assert_eq!(until(&server, &again, |job| job["state"] == "done")["extracted"], 0);

    assert_eq!(server.stop(), Some(0));
    let stored = home.stored();
    for (what, there) in [(OWN_KEY, false), ("nonsense", false), ("walks", true)] {
        assert_eq!(stored.windows(what.len()).any(|part| part == what.as_bytes()), there, "{what}");
    }
    let log = std::fs::read_to_string(home.path("log")).unwrap();
    assert!(!log.contains(OWN_KEY) && !log.contains("loves walking"));
    home.assert_sound();
}

/// A server that stops in order hands its jobs back, so that nobody waits.
#[cfg(unix)]
#[test]
fn a_job_of_a_server_that_stops_goes_on_at_once() {
    let (provider, go) = slow();
    let home = Home::new();
    save(&home, &["Lisbon", "Porto"]);
    let mut server = provider.serve(&home);
    let job = begin(&server, &json!({}));
    go.send(()).unwrap();
    until(&server, &job, |job| job["done"] == 1);
    asked_about(&provider, "Lisbon", 1);
    let status = std::process::Command::new("kill").arg(server.child.id().to_string()).status();
    assert!(status.unwrap().success());
    let stopped = || std::fs::read_to_string(home.path("log")).unwrap().contains("stopped");
    assert!((0..6_000).any(|_| {
        std::thread::sleep(Duration::from_millis(5));
        stopped()
    }));
    // The thread that waits for this answer goes with the program, which waits for it.
    go.send(()).unwrap();
    assert!(server.child.wait().unwrap().success());
    let server = provider.serve(&home);
    go.send(()).unwrap();
    let done = until(&server, &job, |job| job["state"] == "done");
    assert_eq!((&done["extracted"], &done["skipped"]), (&json!(2), &json!(0)), "{done}");
}
