//! The server as a process.

use serde_json::{Value, json};

use crate::program::{Home, Server, run};

const KEY: &str = "0123456789abcdef0123456789abcdef";

#[test]
fn the_first_curl_of_the_readme_works() {
    let home = Home::new();
    let server = home.serve(None);
    let memory = json!({"content": "User prefers TypeScript over JavaScript and dislikes verbose comments", "type": "semantic",
        "source": {"tool": "claude"}, "tags": ["preferences", "coding"]});
    let (status, stored) = server.json("POST", "/v1/memories", &memory);
    assert_eq!((status, stored["source"]["tool"].as_str()), (201, Some("claude")));
    let (status, found) = server.json("GET", "/v1/memories/search?q=coding+preferences", &Value::Null);
    assert_eq!((status, &found["memories"][0], &found["mode_used"]), (200, &stored, &json!("hybrid")));
}

#[test]
fn the_commands_give_the_same_answers_over_a_server_as_over_the_file() {
    let (local, remote) = (Home::new(), Home::new());
    let server = remote.serve(Some(KEY));
    let over =
        |args: &[&str]| run(remote.command(args).env("OMP_SERVER", &server.url).env("OMP_API_KEY", KEY));
    let script: &[&[&str]] = &[
        &["remember", "Prefers green tea", "--tag", "drinks", "--namespace", "home"],
        &["remember", "Rides a bicycle", "--type", "procedural"],
        &["remember", "rides  a BICYCLE"],
        &["remember", "x", "--supersedes", "mem_0000000000000000"],
        &["history", "mem_0000000000000000"],
        &["history", "mem_0000000000000000", "--restore", "1"],
        &["recall", "tea", "--mode", "keyword"],
        &["list", "--tag", "drinks"],
        &["show", "mem_0000000000000000"],
        &["recall", "   "],
        &["forget", "../health"],
    ];
    for args in script {
        let (a, b) = (local.omp(args), over(args));
        assert_eq!(a.shown(&local), b.shown(&remote), "{args:?}");
    }
    let file = local.path("out.omi.jsonl");
    local.ok(&["export", file.to_str().unwrap()]);
    let reports = [
        local.ok(&["import", file.to_str().unwrap(), "--json"]),
        over(&["import", file.to_str().unwrap(), "--json"]),
    ];
    assert_eq!((&reports[0].json()["unchanged"], &reports[1].json()["imported"]), (&json!(2), &json!(2)));
    assert_eq!(run(remote.command(&["list"]).env("OMP_SERVER", &server.url)).code, 4, "no key, no memories");
    assert_eq!(run(remote.command(&["list"]).env("OMP_SERVER", "http://127.0.0.1:9")).code, 5);
}

#[test]
fn versions_successors_and_repeats_over_http() {
    let home = Home::new();
    let server = home.serve(None);
    let body = |content: &str, more: &Value| {
        let mut body = json!({"content": content, "type": "semantic", "source": {"tool": "t"}});
        body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        body
    };
    let post = |path: &str, body: &Value| server.json("POST", path, body);
    let (_, first) = post("/v1/memories", &body("Lives in Munich", &Value::Null));
    let path = format!("/v1/memories/{}", first["id"].as_str().unwrap());
    let (status, repeat) = post("/v1/memories", &body("lives in  munich", &json!({"dedupe": "exact"})));
    let mut expected = first.clone();
    expected["duplicate_of"] = first["id"].clone();
    assert_eq!((status, &repeat), (200, &expected));
    let (status, other) =
        post("/v1/memories?dedupe=off", &body("lives in  munich", &json!({"dedupe": "exact"})));
    assert!(status == 201 && other.get("duplicate_of").is_none(), "the query goes before the body");
    for (query, more) in [("?dedupe=fuzzy", json!({})), ("", json!({"dedupe": true}))] {
        let (status, error) = post(&format!("/v1/memories{query}"), &body("x", &more));
        assert!(status == 422 && error["details"]["dedupe"].is_string(), "{error}");
    }
    assert_eq!(server.json("PUT", &path, &json!({"content": "Lives in Berlin"})).0, 200);
    let (status, history) = server.json("GET", &format!("{path}/history"), &Value::Null);
    let versions = history["versions"].as_array().unwrap();
    assert_eq!((status, &versions[1]["memory"], &versions[1]["version"]), (200, &first, &json!(1)));
    assert_eq!(versions[1]["valid_to"], versions[0]["valid_from"]);
    assert!(history.get("superseded_by").is_none() && versions[0]["valid_to"].is_null());
    assert_eq!(server.json("GET", &format!("{path}/history?limit=0"), &Value::Null).0, 422);
    let (status, restored) = post(&format!("{path}/restore"), &json!({"version": 1}));
    assert_eq!((status, &restored["content"]), (200, &first["content"]));
    let (status, error) = post(&format!("{path}/restore"), &json!({"version": 9}));
    assert!(status == 422 && error["details"]["version"].is_string(), "{error}");
    let (status, new) = post("/v1/memories", &body("Lives in Bonn", &json!({"supersedes": first["id"]})));
    assert!(status == 201 && new.get("supersedes").is_none(), "{new}");
    let (_, history) = server.json("GET", &format!("{path}/history"), &Value::Null);
    assert_eq!(history["superseded_by"], new["id"]);
    let (status, error) = post("/v1/memories", &body("x", &json!({"supersedes": first["id"]})));
    assert!(
        status == 422
            && error["details"]["supersedes"].as_str().unwrap().contains(new["id"].as_str().unwrap())
    );
    let nowhere = "/v1/memories/mem_0000000000000000";
    assert_eq!(
        server.json("GET", &format!("{nowhere}/history"), &Value::Null).1["error"],
        "memory_not_found"
    );
    assert_eq!(post(&format!("{nowhere}/restore"), &json!({"version": 1})).1["error"], "memory_not_found");
}

#[test]
fn a_public_address_without_a_key_is_refused() {
    let home = Home::new();
    let run = home.omp(&["serve", "--host", "0.0.0.0", "--port", "0"]);
    assert_eq!(run.code, 1);
    assert!(run.err.contains("no key is set") && run.err.contains("OMP_API_KEY"), "{}", run.err);
    let plain = crate::program::run(
        home.command(&["serve", "--host", "0.0.0.0", "--port", "0"]).env("OMP_API_KEY", KEY),
    );
    assert!(plain.code == 1 && plain.err.contains("--behind-tls") && plain.err.contains("OMP_BEHIND_TLS"));
    assert!(!plain.err.contains(KEY));
    let mut command = home.command(&["serve", "--host", "0.0.0.0", "--port", "0"]);
    command.env("OMP_API_KEY", KEY).env("OMP_BEHIND_TLS", "1");
    assert!(Server::start(command).url.starts_with("http://0.0.0.0:"));
    let short = crate::program::run(home.command(&["serve", "--port", "0"]).env("OMP_API_KEY", "short"));
    assert!(
        short.code == 1 && short.err.contains("at least 32") && !short.err.contains("`short`"),
        "{}",
        short.err
    );
}

#[test]
fn the_published_environment_still_works() {
    let home = Home::new();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = home.command(&["serve"]);
    command.env("PORT", "1").env("OMP_PORT", port.to_string());
    let server = Server::start(command);
    assert_eq!(server.url, format!("http://127.0.0.1:{port}"));
    assert!(home.path("memory.db").exists(), "OMP_DB_PATH says where");
}

#[test]
fn other_host_names_are_refused_while_there_is_no_key() {
    let home = Home::new();
    let server = home.serve(None);
    let status = |host: &str| {
        let stream = std::net::TcpStream::connect(server.url.trim_start_matches("http://")).unwrap();
        let mut stream = stream;
        std::io::Write::write_all(
            &mut stream,
            format!("GET /v1/memories HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").as_bytes(),
        )
        .unwrap();
        let mut answer = String::new();
        std::io::Read::read_to_string(&mut stream, &mut answer).unwrap();
        answer.split(' ').nth(1).unwrap().to_owned()
    };
    assert_eq!((status("localhost:1").as_str(), status("evil.example").as_str()), ("200", "403"));
}

#[test]
#[cfg(unix)]
fn a_stopped_server_finishes_what_it_has_begun() {
    let home = Home::new();
    let server = home.serve(None);
    let (status, _) = server.json(
        "POST",
        "/v1/memories",
        &json!({"content": "kept", "type": "semantic", "source": {"tool": "t"}}),
    );
    assert_eq!(status, 201);
    assert_eq!(server.stop(), Some(0));
    assert!(!home.path("memory.db-wal").exists(), "the file is whole without its log");
    assert_eq!(home.ok(&["list", "--json"]).json()["total"], 1);
}

#[test]
fn our_server_conforms() {
    let home = Home::new();
    for key in [None, Some(KEY)] {
        let server = home.serve(key);
        let mut args = vec!["conform", "--url", &server.url, "--json"];
        args.extend(key.iter().flat_map(|key| ["--api-key", key]));
        let run = home.omp(&args);
        let report = run.json();
        let failed: Vec<_> =
            report["outcomes"].as_array().unwrap().iter().filter(|o| o["status"] == "fail").collect();
        assert!(run.code == 0 && failed.is_empty(), "{failed:#?}");
        assert!(report["passed"].as_u64().unwrap() > 100);
    }
}

#[test]
fn a_shared_memory_did_not_tell_whose_it_is() {
    let home = Home::new();
    let key = |name: &str| home.ok(&["users", "add", name]).out.trim().to_owned();
    let (anna, bob) = (key("anna"), key("bob"));
    let said = std::fs::File::create(home.path("said")).unwrap();
    let mut command = home.command(&["serve", "--port", "0"]);
    let child = command.stdout(std::process::Stdio::piped()).stderr(said).spawn().unwrap();
    let server = Server::wait_for(child);
    let over = |key: &str, args: &[&str]| {
        let run = home.ok(&[&["--server", &server.url, "--api-key", key], args].concat());
        run.out
    };
    over(&anna, &["remember", "The team drinks tea", "--namespace", "team"]);
    over(&anna, &["namespaces", "share", "team", "bob"]);
    let found = over(&bob, &["recall", "tea", "--shared"]);
    assert!(found.contains(" · of anna · in team"), "{found}");
    let said = std::fs::read_to_string(home.path("said")).unwrap();
    assert!(said.contains("store has keys") && !said.contains("No key is set"), "{said}");
}
