//! Many clients at once on one database.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::remote::Remote;
use super::session::{MODERN, Session};
use crate::program::Home;

#[test]
fn a_thousand_calls_from_three_processes_beside_a_server_lose_and_double_nothing() {
    const CALLS: usize = 1_000;
    const FACTS: usize = 800;
    let home = Home::new();
    let server = home.serve(None);
    // Each fact is told by at least one client, many by two.
    let told: Vec<String> = (0..CALLS).map(|n| format!("fact number {}", n % FACTS)).collect();
    let answers: Vec<Value> = std::thread::scope(|scope| {
        let clients: Vec<_> = ["2024-11-05", "2025-11-25", MODERN]
            .into_iter()
            .enumerate()
            .map(|(client, version)| {
                let (home, told) = (&home, &told);
                scope.spawn(move || {
                    let mut session = Session::start(home, version);
                    let mine = told.iter().skip(client).step_by(4);
                    let calls: Vec<_> = mine
                        .map(|fact| {
                            let params = json!({"name": "omp_remember", "arguments": {"content": fact}});
                            session.send("tools/call", params)
                        })
                        .collect();
                    let answers = calls.into_iter().map(|id| session.answer(id));
                    let answers: Vec<_> =
                        answers.map(|answer| answer["result"]["structuredContent"].clone()).collect();
                    assert_eq!(session.end(), Some(0));
                    answers
                })
            })
            .collect();
        // The fourth is the server, over ten connections at once.
        let (server, mine) = (&server, told.iter().skip(3).step_by(4).collect::<Vec<_>>());
        let connections: Vec<_> = mine
            .chunks(mine.len() / 10)
            .map(|facts| {
                let facts = facts.to_vec();
                scope.spawn(move || {
                    let client = Remote::new(server, None, MODERN);
                    let tell = |fact| client.ok("omp_remember", &json!({"content": fact}));
                    facts.into_iter().map(tell).collect::<Vec<_>>()
                })
            })
            .collect();
        let told: Vec<Value> = connections.into_iter().flat_map(|client| client.join().unwrap()).collect();
        clients.into_iter().flat_map(|client| client.join().unwrap()).chain(told).collect()
    });
    assert_eq!(answers.len(), CALLS);
    let stored = answers.iter().filter(|result| result["stored"] == true).count();
    let ids: HashSet<_> = answers.iter().map(|result| result["id"].as_str().unwrap()).collect();
    assert_eq!((stored, ids.len()), (FACTS, FACTS));
    let total = server.json("GET", "/v1/memories?limit=1", &Value::Null).1["total"].clone();
    assert_eq!(total, FACTS);
    home.assert_sound();
}
