//! Conversations read by a model (a local server that speaks Chat Completions) and by rules, through the real program.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::program::{Home, Server};

const KEY: &str = "sk-provider-secret-0123456789";

/// A provider that keeps what it was asked.
pub(crate) struct Provider {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Provider {
    /// It gives these answers in turn. After the last it answers 500.
    fn new(answers: Vec<(u16, Value)>) -> Self {
        let answers = Mutex::new(answers.into_iter());
        Self::answering(move |_| answers.lock().unwrap().next().unwrap_or((500, json!({}))))
    }

    /// It answers each request for itself, which may take as long as it likes.
    pub(crate) fn answering(answer: impl Fn(&str) -> (u16, Value) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/v1", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let (kept, answer) = (Arc::clone(&asked), Arc::new(answer));
        // It ends with the process of the test.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut reader = BufReader::new(stream.unwrap());
                let (mut head, mut line) = (String::new(), String::new());
                while line != "\r\n" {
                    line.clear();
                    reader.read_line(&mut line).unwrap();
                    head.push_str(&line);
                }
                let lower = head.to_ascii_lowercase();
                let length = lower.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
                let mut body = vec![0; length.unwrap().parse().unwrap()];
                reader.read_exact(&mut body).unwrap();
                let request = head + &String::from_utf8(body).unwrap();
                kept.lock().unwrap().push(request.clone());
                let answer = Arc::clone(&answer);
                std::thread::spawn(move || {
                    let (status, answer) = answer(&request);
                    let text = answer.to_string();
                    let length = text.len();
                    let head = format!(
                        "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
                    );
                    // Whoever asked may be gone by now.
                    let _ = reader.into_inner().write_all((head + &text).as_bytes());
                });
            }
        });
        Self { address, asked }
    }

    /// A server that has this one as its provider.
    pub(crate) fn serve(&self, home: &Home) -> Server {
        let mut command = home.command(&["serve", "--port", "0"]);
        command.env("OMP_AI_PROVIDER", "openai-compatible").env("OMP_AI_BASE_URL", &self.address);
        command.env("OMP_AI_MODEL", "local-1").env("OMP_AI_API_KEY", KEY).env("OMP_LOG", "trace");
        let log = std::fs::File::create(home.path("log")).unwrap();
        command.stdout(std::process::Stdio::piped()).stderr(log);
        Server::wait_for(command.spawn().unwrap())
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

pub(crate) fn says(content: &Value) -> (u16, Value) {
    let text = content.as_str().map_or_else(|| content.to_string(), str::to_owned);
    (
        200,
        json!({"choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}]}),
    )
}

pub(crate) fn finding(content: &str, message: u64, quote: &str) -> Value {
    json!({"content": content, "type": "semantic", "message": message, "quote": quote, "date": "", "tags": ["Home Town"]})
}

#[test]
fn what_a_model_finds_is_stored_with_the_words_that_bear_it_and_only_once() {
    let found = json!({"memories": [
        finding("The user lives in Lisbon.", 0, "I moved to Lisbon"),
        finding("The user owns a castle.", 0, "I own a castle"),
    ]});
    let later = json!({"memories": [finding("The user lives in Porto.", 0, "I live in Porto now")]});
    let judged = json!({"decisions": [{"memory": 0, "decision": "supersedes", "known": "a"}]});
    let provider = Provider::new(vec![says(&found), says(&found), says(&later), says(&judged)]);
    let home = Home::new();
    let server = provider.serve(&home);
    let transcript = "User: I moved to Lisbon last year.\nAssistant: Nice.";
    let extract = |body: Value| server.json("POST", "/v1/extract", &body);
    let (status, first) = extract(json!({"transcript": transcript, "source_tool": "claude"}));
    assert_eq!((status, &first["extracted"], &first["unsupported"]), (201, &json!(1), &json!(1)), "{first}");
    let memory = &first["memories"][0];
    assert_eq!(first["extracted_by"], "openai-compatible/local-1");
    assert_eq!((&memory["source"]["tool"], &memory["tags"]), (&json!("claude"), &json!(["home-town"])));
    assert!(memory["source"]["session_id"].as_str().unwrap().starts_with("transcript:"), "{memory}");
    assert_eq!(memory["metadata"]["evidence"], json!({"message": 0, "quote": "I moved to Lisbon"}));
    assert_eq!(memory["metadata"]["extracted_by"], "openai-compatible/local-1");

    let (status, again) = extract(json!({"transcript": transcript}));
    assert_eq!((status, &again["extracted"]), (201, &json!(0)), "{again}");
    assert_eq!(
        (&again["changes"][0]["action"], &again["changes"][0]["of"]),
        (&json!("repeat"), &memory["id"])
    );

    let (_, next) = extract(json!({"transcript": "User: I live in Porto now."}));
    assert_eq!(
        (&next["changes"][0]["action"], &next["changes"][0]["of"]),
        (&json!("supersedes"), &memory["id"]),
        "{next}"
    );
    let path = format!("/v1/memories/{}/history", memory["id"].as_str().unwrap());
    assert_eq!(server.json("GET", &path, &Value::Null).1["superseded_by"], next["memories"][0]["id"]);

    let asked = provider.asked();
    assert_eq!(asked.len(), 4);
    assert!(asked[0].starts_with("POST /v1/chat/completions") && asked[0].contains(&format!("Bearer {KEY}")));
    assert!(asked[3].contains("known a") && asked[3].contains("The user lives in Lisbon."));
    drop(server);
    for file in ["log", "memory.db", "memory.db-wal"] {
        let bytes = std::fs::read(home.path(file)).unwrap_or_default();
        assert!(!bytes.windows(KEY.len()).any(|part| part == KEY.as_bytes()), "the key is in {file}");
    }
    assert!(!std::fs::read_to_string(home.path("log")).unwrap().contains("Lisbon"));
}

#[test]
fn when_the_provider_fails_nothing_is_stored_and_nothing_of_it_is_told() {
    let found = json!({"memories": [finding("The user lives in Lisbon.", 0, "I moved to Lisbon")]});
    let wrong_key = (401, json!({"error": {"message": format!("Incorrect key {KEY}")}}));
    let refusal = (
        200,
        json!({"choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": null, "refusal": "I cannot."}}]}),
    );
    let broken = says(&json!("{\"memories\": [{\"content\": \"The user lives"));
    // The second window of the last conversation fails when the first has been read.
    let provider = Provider::new(vec![wrong_key.clone(), refusal, broken, says(&found), wrong_key]);
    let home = Home::new();
    let server = provider.serve(&home);
    let long = format!("User: I moved to Lisbon.\nAssistant: {}", "word ".repeat(6_000));
    for (transcript, said) in [
        ("User: I moved to Lisbon.", "answered 401"),
        ("User: I moved to Lisbon.", "declined to answer"),
        ("User: I moved to Lisbon.", "cannot be used"),
        (long.as_str(), "answered 401"),
    ] {
        let (status, error) = server.json("POST", "/v1/extract", &json!({"transcript": transcript}));
        assert_eq!((status, &error["error"]), (502, &json!("ai_error")), "{error}");
        let text = error.to_string();
        assert!(text.contains(said) && !text.contains("secret") && !text.contains("I cannot"), "{text}");
    }
    assert_eq!(provider.asked().len(), 5);
    assert_eq!(server.json("GET", "/v1/memories", &Value::Null).1["total"], 0);
    // The key of the server is for its own provider.
    let (status, error) =
        server.json("POST", "/v1/extract", &json!({"transcript": "x", "provider": "gemini"}));
    assert_eq!((status, &error["error"]), (422, &json!("no_api_key")));
    assert_eq!(provider.asked().len(), 5);
}

#[test]
fn a_summary_and_a_brief_are_written_by_the_model_and_the_brief_falls_back() {
    let failing = (400, json!({"error": "no"}));
    let provider = Provider::new(vec![
        says(&json!("They chose SQLite.")),
        says(&json!("I chose SQLite. Please go on.")),
        failing,
    ]);
    let home = Home::new();
    let server = provider.serve(&home);
    let conversation = json!({"model": "claude", "topic": "Databases", "messages": [
        {"role": "user", "content": "Which database? SQLite?"}, {"role": "assistant", "content": "Yes."}]});
    let (_, saved) = server.json("POST", "/v1/conversations", &conversation);
    let (status, made) = server.json("POST", "/v1/compress", &json!({"conversation_id": saved["id"]}));
    let memory = &made["memory"];
    assert_eq!((status, &memory["content"]), (201, &json!("They chose SQLite.")), "{made}");
    assert_eq!((&memory["type"], &memory["tags"]), (&json!("episodic"), &json!(["session-summary"])));
    assert_eq!(
        memory["source"],
        json!({"tool": "omp-compress", "session_id": saved["id"], "timestamp": saved["created_at"]})
    );
    let ask = json!({"conversation_id": saved["id"], "target_model": "chatgpt", "memory_budget": 100});
    let (status, brief) = server.json("POST", "/v1/handoff", &ask);
    assert_eq!((status, &brief["written_by"]), (200, &json!("openai-compatible/local-1")), "{brief}");
    assert_eq!(
        brief["brief"],
        "I chose SQLite. Please go on.\n\nWhat you should know about me:\n- They chose SQLite."
    );
    assert_eq!(brief["memories"], json!([memory["id"]]));
    let (status, brief) = server.json("POST", "/v1/handoff", &ask);
    assert_eq!((status, &brief["written_by"]), (200, &json!("template")), "{brief}");
    assert!(
        brief["brief"].as_str().unwrap().starts_with("I have been talking with Claude about “Databases”.")
    );
    assert!(brief["degraded"]["reason"].as_str().unwrap().contains("answered 400"), "{brief}");
}

#[test]
fn what_is_not_to_be_stored_is_not_sent_either() {
    let provider = Provider::new(vec![says(&json!({"memories": []})), says(&json!({"memories": []}))]);
    let home = Home::new();
    let token = format!("ghp_{}", "a1B2".repeat(9));
    home.write("talk.txt", &format!("User: My token is {token}, and I live in Lisbon."));
    for (policy, sent) in [("mask", false), ("warn", true)] {
        let mut command = home.command(&["extract", "talk.txt", "--secrets", policy]);
        command.env("OMP_AI_PROVIDER", "openai-compatible").env("OMP_AI_BASE_URL", &provider.address);
        let run = crate::program::run(command.env("OMP_AI_MODEL", "local-1"));
        assert_eq!(run.code, 0, "{}", run.err);
        let asked = provider.asked().pop().unwrap();
        assert!(asked.contains("Lisbon") && asked.contains(&token) == sent, "{policy}: {asked}");
    }
}

#[test]
fn a_known_secret_is_not_sent_beside_a_finding() {
    let token = format!("ghp_{}", "a1B2".repeat(9));
    let found = json!({"memories": [finding("The user lives in Lisbon.", 0, "I live in Lisbon")]});
    let judged = json!({"decisions": [{"memory": 0, "decision": "new", "known": ""}]});
    for (policy, sent) in [("mask", false), ("warn", true)] {
        let provider = Provider::new(vec![says(&found), says(&judged)]);
        let home = Home::new();
        home.ok(&["remember", &format!("The user lives in Lisbon, with the token {token}.")]);
        home.write("talk.txt", "User: I live in Lisbon.");
        let mut command = home.command(&["extract", "talk.txt", "--secrets", policy]);
        command.env("OMP_AI_PROVIDER", "openai-compatible").env("OMP_AI_BASE_URL", &provider.address);
        let run = crate::program::run(command.env("OMP_AI_MODEL", "local-1"));
        assert_eq!(run.code, 0, "{}", run.err);
        let asked = provider.asked().pop().unwrap();
        assert!(asked.contains("with the token") && asked.contains(&token) == sent, "{policy}: {asked}");
    }
}

#[test]
fn a_conversation_that_would_cost_too_much_is_not_begun() {
    let provider = Provider::new(Vec::new());
    let home = Home::new();
    let mut command = home.command(&["extract", "--json"]);
    command.env("OMP_AI_PROVIDER", "openai-compatible").env("OMP_AI_BASE_URL", &provider.address);
    command.env("OMP_AI_MODEL", "local-1").env("OMP_AI_TOKEN_BUDGET", "100");
    home.write("talk.txt", "User: I moved to Lisbon.");
    let run = crate::program::run(command.arg("talk.txt"));
    assert!(run.code == 1 && run.err.contains("at most 100"), "{} {}", run.code, run.err);
    assert!(provider.asked().is_empty());
}

#[test]
fn rules_find_what_is_said_and_say_that_they_are_rules() {
    let home = Home::new();
    let talk = "User: Hi! I live in Lisbon. Do you like tea?\nAssistant: I like tea.\n\
                User: I love hiking in the mountains. I went to the dentist yesterday.\n";
    home.write("talk.txt", talk);
    let extract = ["extract", "talk.txt", "--provider", "rules", "--held-at", "2026-05-01T10:00:00Z"];
    let dry = home.ok(&[&extract[..], &["--dry-run"]].concat());
    insta::assert_snapshot!(dry.shown(&home), @r"
    status 0
    --- out
    new         semantic    I live in Lisbon.
    new         semantic    I love hiking in the mountains.
    new         episodic    I went to the dentist yesterday (2026-04-30).
    --- err
    3 would be stored, 0 are known (nothing was written), by rules
    ");
    assert_eq!(home.ok(&["list", "--json"]).json()["total"], 0);
    let stored = home.ok(&[&extract[..], &["--json"]].concat()).json();
    assert_eq!((&stored["extracted"], &stored["extracted_by"]), (&json!(3), &json!("rules")));
    let event = &stored["memories"][2];
    assert_eq!(
        event["metadata"]["evidence"],
        json!({"message": 2, "quote": "I went to the dentist yesterday."})
    );
    assert_eq!(
        (&event["metadata"]["date"], &event["source"]["timestamp"]),
        (&json!("2026-04-30"), &json!("2026-05-01T10:00:00.000Z"))
    );
    let again = home.ok(&extract);
    assert!(again.err.contains("0 stored, 3 known, by rules"), "{}", again.err);
    // Somebody can live in one place at a time: what is said later takes
    // the place of it, what was said before does not.
    for (day, place, action) in [("2026-06-01", "Porto", "supersedes"), ("2026-05-15", "Rome", "outdated")] {
        home.write("move.txt", &format!("User: I live in {place} now, near the river."));
        let run = home.ok(&["extract", "move.txt", "--provider", "rules", "--held-at", day, "--json"]).json();
        assert_eq!(run["changes"][0]["action"], action, "{run}");
    }
    let without = home.omp(&["extract", "talk.txt"]);
    assert!(without.code == 1 && without.err.contains("OMP_AI_API_KEY"), "{}", without.err);
    let summary =
        home.ok(&["compress", "talk.txt", "--provider", "rules", "--held-at", "2026-05-01T10:00:00Z"]);
    assert!(summary.out.contains("The user said:\n- I live in Lisbon.\n"), "{}", summary.out);
}

#[test]
fn conversations_that_come_in_are_read_and_found() {
    let home = Home::new();
    let conversation = |id: &str, model: &str, said: &str| {
        json!({"id": id, "model": model, "topic": "", "created_at": "2026-05-01T10:00:00Z", "messages": [
            {"role": "user", "content": said, "origin": {"id": "m1", "created_at": "2026-04-01T10:00:00Z"}},
            {"role": "assistant", "content": "Rye needs a sourdough."}]})
    };
    let export = json!({"omp_version": "0.1", "exported_at": "2026-05-02T10:00:00Z", "server": "x", "memories": [],
    "conversations": [
        conversation("conv_aaaaaaaaaaaaaaaa", "claude", "I bake bread on Sundays. We decided to use rye flour."),
        conversation("conv_bbbbbbbbbbbbbbbb", "chatgpt", "Who wrote Solaris?"),
    ]});
    home.write("all.json", &export.to_string());
    let run = home.ok(&["import", "all.json", "--extract=rules"]);
    assert!(run.err.contains("2 memories extracted out of 2 of 2 conversations"), "{}", run.err);
    let again = home.ok(&["import", "all.json", "--extract=rules"]);
    assert!(again.err.contains("nothing to extract from"), "{}", again.err);
    let memories = home.ok(&["list", "--json"]).json();
    let decided = memories["memories"]
        .as_array()
        .unwrap()
        .iter()
        .find(|memory| memory["tags"] == json!(["decision"]))
        .unwrap();
    assert_eq!(
        decided["source"],
        json!({"tool": "omp-extract", "session_id": "conv_aaaaaaaaaaaaaaaa", "timestamp": "2026-04-01T10:00:00.000Z"})
    );
    assert_eq!(decided["metadata"]["evidence"]["id"], "m1");

    let found = home.ok(&["conversations", "rye", "flour"]);
    insta::assert_snapshot!(found.shown(&home), @r"
    status 0
    --- out
    conv_aaaaaaaaaaaaaaaa  <date>  claude  I bake bread on Sundays. We decided to use rye flour.
        [0] I bake bread on Sundays. We decided to use rye flour.
        [1] Rye needs a sourdough.
    conv_bbbbbbbbbbbbbbbb  <date>  chatgpt  Who wrote Solaris?
        [1] Rye needs a sourdough.
    --- err
    2 of 2 conversations
    ");
    let server = home.serve(None);
    let get = |query: &str| server.json("GET", &format!("/v1/conversations/search?{query}"), &Value::Null);
    let (status, hits) = get("q=solaris&mode=keyword");
    assert_eq!((status, &hits["total"], &hits["mode_used"]), (200, &json!(1), &json!("keyword")), "{hits}");
    assert_eq!(hits["degraded"], Value::Null);
    assert_eq!(get("q=rye&model=chatgpt&mode=keyword").1["total"], 1);
    assert_eq!(
        get("q=rye&limit=1&offset=1&mode=keyword").1["conversations"][0]["id"],
        "conv_bbbbbbbbbbbbbbbb"
    );
    assert_eq!(get("limit=1").0, 422);
    assert_eq!(
        server.json("POST", "/v1/extract", &json!({"conversation_id": "conv_x", "provider": "rules"})).0,
        404
    );
    let both = json!({"conversation_id": "conv_x", "transcript": "x"});
    assert_eq!(server.json("POST", "/v1/extract", &both).0, 422);
}

#[test]
fn many_conversations_are_read_in_the_background_with_progress_and_an_end() {
    // It answers no question, so the first conversation is being read for as long as somebody waits.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let home = Home::new();
    for place in ["Lisbon", "Porto"] {
        home.with_input(&["save"], &format!("User: I love walking in {place}.\nAI: Good."));
    }
    let mut command = home.command(&["serve", "--port", "0"]);
    command.env("OMP_AI_PROVIDER", "openai-compatible").env("OMP_AI_MODEL", "local-1");
    command.env("OMP_AI_BASE_URL", format!("http://{}/v1", listener.local_addr().unwrap()));
    let server = Server::start(command);
    let state = |path: &str, until: &str| loop {
        let job = server.json("GET", path, &Value::Null).1;
        if job["state"] == until {
            return job;
        }
        assert_eq!(job["state"], "running", "{job}");
    };
    let (status, job) = server.json("POST", "/v1/extract/jobs", &json!({}));
    assert_eq!((status, &job["state"], &job["total"]), (202, &json!("running"), &json!(2)), "{job}");
    let path = format!("/v1/extract/jobs/{}", job["id"].as_str().unwrap());
    let waiting = listener.accept().unwrap();
    assert_eq!(server.json("DELETE", &path, &Value::Null), (200, state(&path, "cancelled")));
    drop(waiting);
    assert_eq!(server.json("GET", "/v1/memories", &Value::Null).1["total"], 0);

    let (status, job) = server.json("POST", "/v1/extract/jobs", &json!({"provider": "rules"}));
    assert_eq!(status, 202, "{job}");
    let path = format!("/v1/extract/jobs/{}", job["id"].as_str().unwrap());
    let job = state(&path, "done");
    assert_eq!(
        (&job["done"], &job["extracted"], &job["skipped"]),
        (&json!(2), &json!(2), &json!(0)),
        "{job}"
    );
    assert_eq!(server.json("GET", "/v1/memories", &Value::Null).1["total"], 2);
    let jobs = server.json("GET", "/v1/extract/jobs", &Value::Null).1;
    assert_eq!((jobs["jobs"].as_array().unwrap().len(), &jobs["jobs"][0]), (2, &job));
    let (status, error) = server.json("POST", "/v1/extract/jobs", &json!({"provider": "gemini"}));
    assert_eq!((status, &error["error"]), (422, &json!("no_api_key")));
}

/// A provider that takes a question and never answers; the person stops waiting.
#[cfg(unix)]
#[test]
fn an_extraction_that_is_stopped_keeps_what_came_in_and_ends_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let home = Home::new();
    let conversation = json!({"id": "conv_aaaaaaaaaaaaaaaa", "model": "claude", "topic": "Tea", "created_at": "2026-05-01T10:00:00Z",
        "messages": [{"role": "user", "content": "I live in Lisbon."}]});
    let export = json!({"omp_version": "0.1", "exported_at": "2026-05-02T10:00:00Z", "server": "x", "memories": [],
        "conversations": [conversation]});
    home.write("all.json", &export.to_string());
    let mut command = home.command(&["import", "all.json", "--extract"]);
    command.env("OMP_AI_PROVIDER", "openai-compatible").env("OMP_AI_MODEL", "local-1");
    command.env("OMP_AI_BASE_URL", format!("http://{}/v1", listener.local_addr().unwrap()));
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    let asked = listener.accept().unwrap();
    let status = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(status.unwrap().success());
    // The connection stays open until the program has ended: it does not wait for the answer.
    let output = child.wait_with_output().unwrap();
    drop(asked);
    let talk = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && talk.contains("stopped; what was extracted stays"), "{talk}");
    assert_eq!(home.ok(&["recent", "--json"]).json()["conversations"][0]["id"], "conv_aaaaaaaaaaaaaaaa");
    assert_eq!(home.ok(&["list", "--json"]).json()["total"], 0);
}
