//! Secrets that come in as memories, by every door.

use serde_json::{Value, json};

use crate::program::Home;

/// Put together here, so that no scanner takes this file for a leak.
fn token() -> String {
    format!("ghp_{}", "q7Zt0Xc4Vb9Nm2Lk8Jh5Gf3Ds6Ap1QwErTyU")
}

#[test]
fn a_secret_is_told_of_and_stored_unless_something_else_is_said() {
    let home = Home::new();
    let text = format!("Deploys with {}", token());
    let told = home.ok(&["remember", &text]);
    assert!(told.err.contains("`content` holds what looks like a secret (github_token)"), "{}", told.err);
    let refused = home.omp(&["remember", &text, "--no-dedupe", "--secrets", "refuse"]);
    assert!(
        refused.code == 1 && refused.err.contains("github_token") && !refused.err.contains(&token()),
        "{}",
        refused.err
    );
    assert_eq!(home.ok(&["list", "--json"]).json()["total"], 1);
    let masked = home.ok(&["remember", &text, "--secrets", "mask", "--json"]).json();
    assert_eq!(
        (&masked["content"], &masked["warnings"][0]["secret"]),
        (&json!("Deploys with ***"), &json!("github_token"))
    );
    assert!(home.ok(&["remember", &format!("{text}!"), "--secrets", "off"]).err.is_empty());
    assert_eq!(home.omp(&["list", "--secrets", "maybe"]).code, 2);
}

#[test]
fn masking_holds_for_every_way_in() {
    let home = Home::new();
    let mut command = home.command(&["serve", "--port", "0"]);
    command.env("OMP_SECRETS", "mask").env("OMP_EMBEDDING_PROVIDER", "off");
    let server = crate::program::Server::start(command);
    let text = format!("key {} here", token());
    let memory =
        json!({"content": text, "type": "semantic", "source": {"tool": "t"}, "metadata": {"k": token()}});
    let json_body = [("content-type", "application/json")];
    let (status, head, body) =
        server.call("POST", "/v1/memories", &json_body, memory.to_string().as_bytes()).unwrap();
    let stored: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((status, &stored["metadata"]["k"], &stored["warnings"]), (201, &json!("***"), &Value::Null));
    assert!(head.contains("x-omp-warnings: content=github_token, metadata=github_token"), "{head}");
    let path = format!("/v1/memories/{}", stored["id"].as_str().unwrap());
    assert_eq!(server.json("PUT", &path, &json!({"content": text})).1["content"], "key *** here");
    let conversation = json!({"model": "claude", "messages": [{"role": "user", "content": text}]});
    let (status, saved) = server.json("POST", "/v1/conversations", &conversation);
    assert_eq!(
        (status, &saved["topic"], &saved["messages"][0]["content"]),
        (201, &json!("key *** here"), &json!("key *** here"))
    );
    let memory = json!({"id": "mem_aaaaaaaaaaaaaaaa", "content": text, "type": "semantic", "source": {"tool": "t"}, "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"});
    let export = json!({"omp_version": "0.1", "exported_at": "2026-01-01T00:00:00Z", "server": "x", "memories": [memory]});
    let (status, report) = server.json("POST", "/v1/import", &export);
    assert!(
        status == 200 && report["report"]["changed"][0]["message"].as_str().unwrap().contains("was masked"),
        "{report}"
    );
    let record = json!({"id": "r1", "content": text, "created": "2026-01-01T00:00:00Z", "ext": {"com.example.notes": {"n": 1, "more": text}}});
    let record = json!({"format": "open-memory-interchange", "version": "0.1", "memories": [record]});
    let (status, report) = server.json("POST", "/v1/import", &record);
    assert_eq!((status, &report["imported"]), (200, &json!(1)), "{report}");
    for path in [
        "/v1/export",
        "/v1/export?format=omi",
        "/v1/export?include=conversations",
        "/v1/memories",
        "/v1/conversations",
    ] {
        let (_, _, body) = server.call("GET", path, &[], b"").unwrap();
        let body = String::from_utf8(body).unwrap();
        assert!(!body.contains(&token()) && body.contains("***"), "{path}: {body}");
    }
    drop(server);
    for entry in std::fs::read_dir(home.folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(token().len()).any(|part| part == token().as_bytes()));
    }
}

#[test]
fn an_import_leaves_out_what_is_refused_and_says_so() {
    let home = Home::new();
    let memory = |id: &str, content: &str| json!({"id": id, "content": content, "type": "semantic", "source": {"tool": "t"}, "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"});
    let memories = [
        memory("mem_aaaaaaaaaaaaaaaa", "Prefers tea"),
        memory("mem_bbbbbbbbbbbbbbbb", &format!("is {}", token())),
    ];
    let export = json!({"omp_version": "0.1", "exported_at": "2026-01-01T00:00:00Z", "server": "x", "memories": memories});
    let file = home.write("export.json", &export.to_string()).display().to_string();
    let run = home.omp(&["import", &file, "--secrets", "refuse", "--json"]);
    let report = run.json();
    assert_eq!((&report["imported"], &report["error_count"]), (&json!(1), &json!(1)), "{report}");
    assert!(
        report["errors"][0]["message"].as_str().unwrap().contains("github_token")
            && !run.out.contains(&token()),
        "{report}"
    );
}
