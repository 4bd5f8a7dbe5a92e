use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use serde_json::{Value, json};

use super::*;

/// What a server of one connection a request got: path, authorization, body.
type Seen = Vec<(String, Option<String>, Value)>;

/// A server that gives the answers in turn, each on a connection of its own, and tells what it was asked.
struct Server {
    address: String,
    thread: JoinHandle<Seen>,
}

fn serve(answers: Vec<(u16, &'static str, Value)>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        answers.into_iter().map(|answer| exchange(listener.accept().unwrap().0, &answer)).collect()
    });
    Server { address, thread }
}

fn exchange(
    stream: TcpStream,
    (status, headers, body): &(u16, &str, Value),
) -> (String, Option<String>, Value) {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let path = line.split(' ').nth(1).unwrap().to_owned();
    let (mut length, mut authorization) = (0, None);
    loop {
        line.clear();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap(),
            "authorization" => authorization = Some(value.to_owned()),
            "transfer-encoding" => panic!("a body of unknown length"),
            _ => {}
        }
    }
    let mut request = vec![0; length];
    reader.read_exact(&mut request).unwrap();
    let body = body.to_string();
    let mut stream = reader.into_inner();
    write!(
        stream,
        "HTTP/1.1 {status} Whatever\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n{body}",
        body.len()
    )
    .unwrap();
    (path, authorization, serde_json::from_slice(&request).unwrap())
}

fn settings(server: &Server, protocol: Protocol) -> RemoteSettings {
    RemoteSettings {
        protocol,
        base_url: server.address.clone(),
        model: "m".into(),
        key: None,
        dimensions: None,
        query_prefix: "q: ".into(),
        document_prefix: "d: ".into(),
    }
}

fn no_sleep() -> Sleep {
    Arc::new(|_| {})
}

fn ok(body: Value) -> (u16, &'static str, Value) {
    (200, "", body)
}

/// OpenAI's answer with these vectors, in this order.
fn open_ai(vectors: &[(usize, [f32; 2])]) -> Value {
    let data: Vec<Value> = vectors
        .iter()
        .map(|(index, vector)| json!({"object": "embedding", "index": index, "embedding": vector}))
        .collect();
    json!({"object": "list", "data": data, "model": "m", "usage": {"prompt_tokens": 1, "total_tokens": 1}})
}

fn probe() -> (u16, &'static str, Value) {
    ok(open_ai(&[(0, [1.0, 0.0])]))
}

fn close(a: &[f32], b: [f32; 2]) -> bool {
    a.len() == 2 && (a[0] - b[0]).abs() < 1e-6 && (a[1] - b[1]).abs() < 1e-6
}

#[test]
fn open_ai_vectors_come_in_the_order_of_the_texts_with_length_one() {
    let server = serve(vec![probe(), ok(open_ai(&[(1, [0.0, 2.0]), (0, [3.0, 4.0])]))]);
    let settings = RemoteSettings { key: Some(Key::new("sk-1")), ..settings(&server, Protocol::OpenAi) };
    let remote = Remote::connect(settings, no_sleep()).unwrap();
    assert_eq!(remote.identity().name, "openai:m");
    assert_eq!(remote.identity().dimensions, 2);
    let vectors = remote.embed_all(Purpose::Document, &["one", " ", "two"]).unwrap();
    assert!(close(&vectors[0][0], [0.6, 0.8]) && close(&vectors[2][0], [0.0, 1.0]), "{vectors:?}");
    assert!(vectors[1].is_empty());
    let seen = server.thread.join().unwrap();
    let (path, authorization, body) = &seen[1];
    assert_eq!(path, "/v1/embeddings");
    assert_eq!(authorization.as_deref(), Some("Bearer sk-1"));
    assert_eq!(*body, json!({"model": "m", "input": ["d: one", "d: two"], "encoding_format": "float"}));
}

#[test]
fn ollama_is_spoken_to_in_its_own_way() {
    let server = serve(vec![
        ok(json!({"model": "m", "embeddings": [[1.0, 0.0]], "total_duration": 1})),
        ok(json!({"model": "m", "embeddings": [[0.0, 5.0]]})),
    ]);
    let remote = Remote::connect(settings(&server, Protocol::Ollama), no_sleep()).unwrap();
    let vectors = remote.embed(Purpose::Query, "where").unwrap();
    assert!(close(&vectors[0], [0.0, 1.0]));
    let seen = server.thread.join().unwrap();
    assert_eq!(seen[1], ("/api/embed".into(), None, json!({"model": "m", "input": ["q: where"]})));
}

#[test]
fn what_is_temporary_is_tried_again_with_growing_pauses() {
    let nothing = || json!({"error": {"message": "slow down"}});
    let server = serve(vec![
        (429, "", nothing()),
        (503, "", nothing()),
        (429, "retry-after: 7\r\n", nothing()),
        probe(),
    ]);
    let pauses = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&pauses);
    let sleep: Sleep = Arc::new(move |pause| record.lock().unwrap().push(pause.as_millis()));
    Remote::connect(settings(&server, Protocol::OpenAi), sleep).unwrap();
    assert_eq!(*pauses.lock().unwrap(), [500, 1000, 7000]);
    assert_eq!(server.thread.join().unwrap().len(), 4);
}

#[test]
fn what_is_not_temporary_is_not_tried_again_and_tells_neither_key_nor_text() {
    let server = serve(vec![(401, "", json!({"error": {"message": "bad key sk-secret for word"}}))]);
    let settings = RemoteSettings { key: Some(Key::new("sk-secret")), ..settings(&server, Protocol::OpenAi) };
    let error = Remote::connect(settings, no_sleep()).err().unwrap();
    assert!(matches!(&error, EmbedError::Refused { status: 401, .. }), "{error}");
    let told = format!("{error} {error:?}");
    assert!(!told.contains("secret") && !told.contains("word"), "{told}");
    assert!(told.contains("the key is missing, wrong"), "{told}");
    server.thread.join().unwrap();
}

#[test]
fn a_key_is_not_sent_on_to_another_address() {
    let server = serve(vec![(307, "location: http://127.0.0.1:9/v1/embeddings\r\n", json!({}))]);
    let error = Remote::connect(settings(&server, Protocol::OpenAi), no_sleep()).err().unwrap();
    assert!(error.to_string().contains("307: it wants to send the request elsewhere"), "{error}");
    server.thread.join().unwrap();
}

#[test]
fn answers_that_cannot_be_used_are_refused() {
    let answers = [
        (open_ai(&[]), "0 vectors for 1 texts"),
        (open_ai(&[(1, [1.0, 0.0])]), "`index`es"),
        (open_ai(&[(0, [0.0, 0.0])]), "zero or not finite"),
        (json!({"data": [{"index": 0, "embedding": [1e39, 1.0]}]}), "cannot be used"),
        (json!({"data": [{"index": 0, "embedding": [null]}]}), "is not an object"),
        (json!({"data": [{"index": 0, "embedding": [1.0, 0.0, 0.0]}]}), "3 dimensions, 2 were expected"),
        (json!("hello"), "is not an object"),
    ];
    for (answer, problem) in answers {
        let server = serve(vec![probe(), ok(answer)]);
        let remote = Remote::connect(settings(&server, Protocol::OpenAi), no_sleep()).unwrap();
        let error = remote.embed(Purpose::Query, "a").unwrap_err().to_string();
        assert!(error.contains(problem), "{error}");
        server.thread.join().unwrap();
    }
}

#[test]
fn other_dimensions_than_configured_are_found_out_when_connecting() {
    let server = serve(vec![probe()]);
    let settings = RemoteSettings { dimensions: Some(3), ..settings(&server, Protocol::OpenAi) };
    let error = Remote::connect(settings, no_sleep()).err().unwrap().to_string();
    assert!(error.contains("2 dimensions, 3 were expected"), "{error}");
    let seen = server.thread.join().unwrap();
    assert_eq!(seen[0].2["dimensions"], 3);
}

#[test]
fn requests_hold_64_texts_at_most() {
    let vectors: Vec<_> = (0..BATCH).map(|index| (index, [1.0, 0.0])).collect();
    let server = serve(vec![probe(), ok(open_ai(&vectors)), ok(open_ai(&vectors[..6]))]);
    let remote = Remote::connect(settings(&server, Protocol::OpenAi), no_sleep()).unwrap();
    let texts = vec!["text"; BATCH + 6];
    assert_eq!(remote.embed_all(Purpose::Document, &texts).unwrap().len(), BATCH + 6);
    assert_eq!(server.thread.join().unwrap().len(), 3);
}

#[test]
fn an_endpoint_that_is_not_there_is_said_to_be_unreachable() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for scheme in ["http", "https"] {
        let settings = RemoteSettings {
            protocol: Protocol::OpenAi,
            base_url: format!("{scheme}://{free}"),
            model: "m".into(),
            key: None,
            dimensions: None,
            query_prefix: String::new(),
            document_prefix: String::new(),
        };
        let error = Remote::connect(settings, no_sleep()).err().unwrap();
        assert!(matches!(&error, EmbedError::Unreachable { .. }), "{error}");
        assert!(error.to_string().contains(&free.to_string()), "{error}");
    }
}

#[test]
fn a_secure_connection_to_an_insecure_server_fails_with_a_sentence() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        for _ in 0..4 {
            let mut stream = listener.accept().unwrap().0;
            let _ = stream.read(&mut [0; 16]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let base = RemoteSettings {
        protocol: Protocol::OpenAi,
        base_url: format!("https://{address}"),
        model: "m".into(),
        key: None,
        dimensions: None,
        query_prefix: String::new(),
        document_prefix: String::new(),
    };
    let error = Remote::connect(base, no_sleep()).err().unwrap();
    assert!(matches!(&error, EmbedError::Unreachable { .. }), "{error}");
    server.join().unwrap();
}

#[test]
fn long_texts_are_cut_at_blanks_into_windows_that_overlap() {
    let text = (0..1000).map(|n| format!("word{n:04} ")).collect::<Vec<_>>().concat();
    let cut = windows(Purpose::Document, &text);
    assert!(cut.len() > 3);
    assert!(cut.iter().all(|window| window.chars().count() <= WINDOW_CHARS && window.starts_with("word")));
    for pair in cut.windows(2) {
        let tail = pair[0].rsplit(' ').nth(1).unwrap();
        assert!(pair[1].contains(tail), "{tail} is in both");
    }
    assert!(cut.last().unwrap().ends_with("word0999"));
    assert_eq!(windows(Purpose::Query, &text), cut[..1]);
    assert_eq!(windows(Purpose::Document, &"\u{6771}".repeat(1_000_000)).len(), MAX_WINDOWS);
    assert!(windows(Purpose::Document, " \n").is_empty());
}
