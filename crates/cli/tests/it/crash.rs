//! Killed at any moment, a server has lost nothing that it acknowledged.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::program::{Home, Server};

/// Rounds of start, write, kill, look.
const ROUNDS: u64 = 50;
const WRITERS: u64 = 4;

/// What the clients were told.
#[derive(Default)]
struct Told {
    created: Mutex<Vec<String>>,
    deleted: Mutex<HashSet<String>>,
    imports: Mutex<Vec<u64>>,
}

#[test]
fn killed_servers_keep_every_acknowledged_write() {
    let home = Home::new();
    let told = Arc::new(Told::default());
    let serial = Arc::new(AtomicU64::new(0));
    for round in 0..ROUNDS {
        let server = home.serve(None);
        let server = Arc::new(server);
        let mut threads: Vec<_> =
            (0..WRITERS).map(|_| spawn(&server, &told, &serial, write_singles)).collect();
        threads.push(spawn(&server, &told, &serial, import));
        // A different moment each round: so many writes were acknowledged, and a little later.
        let acknowledged = || told.created.lock().unwrap().len() as u64;
        let wanted = acknowledged() + round % 8;
        while acknowledged() < wanted {
            assert!(
                threads.iter().any(|thread| !thread.is_finished()),
                "all clients gave up in round {round}"
            );
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(5 + (round * 37) % 80));
        kill(&server);
        for thread in threads {
            thread.join().unwrap();
        }
    }
    let created = told.created.lock().unwrap();
    assert!(created.len() as u64 > ROUNDS, "the rounds were too short to write anything: {}", created.len());

    home.assert_sound();
    let export = home.ok(&["export"]).json();
    let stored: HashSet<&str> =
        export["memories"].as_array().unwrap().iter().map(|m| m["id"].as_str().unwrap()).collect();
    let deleted = told.deleted.lock().unwrap();
    let lost: Vec<_> =
        created.iter().filter(|id| !stored.contains(id.as_str()) && !deleted.contains(*id)).collect();
    assert!(lost.is_empty(), "{} of {} acknowledged memories are lost", lost.len(), created.len());
    let risen: Vec<_> = deleted.iter().filter(|id| stored.contains(id.as_str())).collect();
    assert!(risen.is_empty(), "deleted memories are back");
    for import in told.imports.lock().unwrap().iter() {
        let missing = (0..IMPORTED).filter(|n| !stored.contains(imported_id(*import, *n).as_str())).count();
        assert_eq!(missing, 0, "an acknowledged import is not whole");
    }
}

fn spawn(
    server: &Arc<Server>,
    told: &Arc<Told>,
    serial: &Arc<AtomicU64>,
    work: impl Fn(&Server, &Told, u64) -> std::io::Result<()> + Send + 'static,
) -> std::thread::JoinHandle<()> {
    let (server, told, serial) = (Arc::clone(server), Arc::clone(told), Arc::clone(serial));
    std::thread::spawn(move || while work(&server, &told, serial.fetch_add(1, Ordering::Relaxed)).is_ok() {})
}

fn kill(server: &Server) {
    let killed =
        std::process::Command::new("kill").args(["-9", &server.child.id().to_string()]).status().unwrap();
    assert!(killed.success());
}

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

/// Creates a memory, and deletes every fifth again.
fn write_singles(server: &Server, told: &Told, serial: u64) -> std::io::Result<()> {
    let memory = json!({"content": format!("memory {serial}"), "type": "semantic", "source": {"tool": "t"}, "tags": ["t"]});
    let (status, _, body) = server.call("POST", "/v1/memories", &JSON, memory.to_string().as_bytes())?;
    assert_eq!(status, 201);
    let id = serde_json::from_slice::<Value>(&body)?["id"].as_str().unwrap().to_owned();
    if serial.is_multiple_of(5) {
        // Not knowing whether the deletion came through, nothing can be said of this memory.
        let (status, _, _) = server.call("DELETE", &format!("/v1/memories/{id}"), &[], b"")?;
        assert_eq!(status, 204);
        told.deleted.lock().unwrap().insert(id);
        return Ok(());
    }
    told.created.lock().unwrap().push(id);
    Ok(())
}

/// Memories of one import; more than one chunk.
const IMPORTED: u64 = 700;

fn imported_id(import: u64, n: u64) -> String {
    format!("mem_i{:015}", import * IMPORTED + n)
}

fn import(server: &Server, told: &Told, serial: u64) -> std::io::Result<()> {
    let memory = |n| {
        json!({"id": imported_id(serial, n), "content": format!("item {n}"), "type": "semantic", "source": {"tool": "t"},
            "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"})
    };
    let body = json!({"omp_version": "0.1", "memories": (0..IMPORTED).map(memory).collect::<Vec<_>>()});
    let (status, _, answer) = server.call("POST", "/v1/import", &JSON, body.to_string().as_bytes())?;
    assert_eq!(
        (status, serde_json::from_slice::<Value>(&answer)?["imported"].as_u64()),
        (200, Some(IMPORTED))
    );
    told.imports.lock().unwrap().push(serial);
    Ok(())
}
