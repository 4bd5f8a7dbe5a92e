//! Each wire format against a server that speaks it, and what goes wrong on the way.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;

const KEY: &str = "sk-very-secret";
const PROVIDERS: [Provider; 4] =
    [Provider::Anthropic, Provider::OpenAi, Provider::Compatible, Provider::Gemini];

/// How a connection is answered.
enum Reply {
    /// With this status, these headers and this body.
    Whole(u16, &'static str, String),
    /// With the head and half of the body, then nobody is there any more.
    Broken(String),
    /// With a byte now and then, without end.
    Drip,
}

/// What a connection asked: the first line, the headers, the body.
struct Asked {
    line: String,
    headers: Vec<(String, String)>,
    body: Value,
}

impl Asked {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

fn serve(replies: Vec<Reply>) -> (String, JoinHandle<Vec<Asked>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        let answer = |reply| {
            let mut reader = BufReader::new(listener.accept().unwrap().0);
            let (mut line, mut headers) = (String::new(), Vec::new());
            reader.read_line(&mut line).unwrap();
            let first = line.trim().to_owned();
            loop {
                line.clear();
                reader.read_line(&mut line).unwrap();
                let Some((name, value)) = line.trim().split_once(": ") else { break };
                headers.push((name.to_ascii_lowercase(), value.to_owned()));
            }
            let length =
                headers.iter().find(|(name, _)| name == "content-length").unwrap().1.parse().unwrap();
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let mut stream = reader.into_inner();
            let head = |status, more: &str, length: usize| {
                format!(
                    "HTTP/1.1 {status} Whatever\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
                     connection: close\r\n{more}\r\n"
                )
            };
            match reply {
                Reply::Whole(status, more, text) => {
                    write!(stream, "{}{text}", head(status, more, text.len())).unwrap();
                }
                Reply::Broken(text) => {
                    write!(stream, "{}{}", head(200, "", text.len()), &text[..text.len() / 2]).unwrap();
                }
                Reply::Drip => {
                    write!(stream, "{}", head(200, "", 1 << 20)).unwrap();
                    // Until the other side has had enough.
                    while stream.write_all(b" ").and_then(|()| stream.flush()).is_ok() {
                        std::thread::sleep(Duration::from_millis(20));
                    }
                }
            }
            Asked { line: first, headers, body: serde_json::from_slice(&body).unwrap() }
        };
        replies.into_iter().map(answer).collect()
    });
    (address, thread)
}

fn remote(provider: Provider, address: &str, pauses: &Arc<Mutex<Vec<u64>>>) -> Remote {
    let pauses = Arc::clone(pauses);
    let settings = ModelSettings {
        provider,
        base_url: if provider == Provider::OpenAi { format!("{address}/v1") } else { address.to_owned() },
        model: "m-1".into(),
        key: Some(Key::new(KEY)),
        timeout: Duration::from_millis(1_500),
    };
    Remote::new(settings, Arc::new(move |pause| pauses.lock().unwrap().push(pause.as_secs())))
}

/// What comes of a question with a form, what was asked, and the pauses.
fn ask(provider: Provider, replies: Vec<Reply>) -> (Result<Value, AiError>, Vec<Asked>, Vec<u64>) {
    let (address, server) = serve(replies);
    let pauses = Arc::default();
    let schema =
        json!({"type": "object", "required": ["memories"], "properties": {"memories": {"type": "array"}}});
    let form = Form { name: "memories", purpose: "Keeps memories", schema: &schema };
    let question = Ask { system: "Be brief.", prompt: "Hello", most_tokens: 77 };
    let answer = remote(provider, &address, &pauses).json(question, form);
    let asked = server.join().unwrap();
    let pauses = pauses.lock().unwrap().clone();
    (answer, asked, pauses)
}

fn ok(body: &Value) -> Reply {
    Reply::Whole(200, "", body.to_string())
}

fn memories() -> Value {
    json!({"memories": [{"content": "Likes tea"}]})
}

/// An answer in words, in the form of each.
fn words(provider: Provider, text: &str) -> Value {
    match provider {
        Provider::Anthropic => json!({
            "id": "msg_1", "type": "message", "role": "assistant", "model": "m-1", "stop_reason": "end_turn",
            "stop_sequence": null, "content": [{"type": "text", "text": text}],
            "usage": {"input_tokens": 10, "output_tokens": 5},
        }),
        Provider::OpenAi => json!({
            "id": "resp_1", "object": "response", "created_at": 1, "status": "completed", "error": null,
            "incomplete_details": null, "model": "m-1", "output": [
                {"type": "reasoning", "id": "rs_1", "summary": []},
                {"type": "message", "id": "msg_1", "status": "completed", "role": "assistant",
                 "content": [{"type": "output_text", "text": text, "annotations": []}]},
            ],
            "usage": {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15},
        }),
        Provider::Compatible | Provider::Rules => json!({
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m-1",
            "choices": [{"index": 0, "finish_reason": "stop",
                "message": {"role": "assistant", "content": text, "refusal": null}}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
        }),
        Provider::Gemini => json!({
            "candidates": [{"index": 0, "finishReason": "STOP", "content": {"role": "model", "parts": [
                {"text": "Let me think.", "thought": true}, {"text": text}]}}],
            "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 15},
            "modelVersion": "m-1",
        }),
    }
}

/// An answer by the call of a tool.
fn call(provider: Provider, input: &Value) -> Value {
    let mut answer = words(provider, "");
    match provider {
        Provider::Anthropic => {
            answer["stop_reason"] = json!("tool_use");
            answer["content"] = json!([
                {"type": "text", "text": "I keep these."},
                {"type": "tool_use", "id": "toolu_1", "name": "memories", "input": input},
            ]);
        }
        Provider::OpenAi => {
            answer["output"] = json!([{"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "memories",
                "status": "completed", "arguments": input.to_string()}]);
        }
        Provider::Compatible | Provider::Rules => {
            answer["choices"][0]["finish_reason"] = json!("tool_calls");
            answer["choices"][0]["message"] = json!({"role": "assistant", "content": null, "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "memories", "arguments": input.to_string()}}]});
        }
        Provider::Gemini => {
            answer["candidates"][0]["content"]["parts"] =
                json!([{"functionCall": {"name": "memories", "args": input}}]);
        }
    }
    answer
}

/// A refusal.
fn refusal(provider: Provider) -> Value {
    let mut answer = words(provider, "I cannot help with that.");
    match provider {
        Provider::Anthropic => answer["stop_reason"] = json!("refusal"),
        Provider::OpenAi => {
            answer["output"][1]["content"] =
                json!([{"type": "refusal", "refusal": "I cannot help with that."}]);
        }
        Provider::Compatible | Provider::Rules => {
            answer["choices"][0]["message"] =
                json!({"role": "assistant", "content": null, "refusal": "I cannot help with that."});
        }
        Provider::Gemini => {
            answer = json!({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
                "usageMetadata": {"promptTokenCount": 10, "totalTokenCount": 10}});
        }
    }
    answer
}

/// An answer that ends at the most tokens, in the middle of its JSON.
fn truncated(provider: Provider) -> Value {
    let mut answer = words(provider, r#"{"memories": [{"content": "Likes tea"}, {"cont"#);
    match provider {
        Provider::Anthropic => {
            answer = call(provider, &json!({}));
            answer["stop_reason"] = json!("max_tokens");
        }
        Provider::OpenAi => {
            answer["status"] = json!("incomplete");
            answer["incomplete_details"] = json!({"reason": "max_output_tokens"});
        }
        Provider::Compatible | Provider::Rules => answer["choices"][0]["finish_reason"] = json!("length"),
        Provider::Gemini => answer["candidates"][0]["finishReason"] = json!("MAX_TOKENS"),
    }
    answer
}

#[test]
fn each_is_asked_in_its_own_words() {
    for provider in PROVIDERS {
        let (answer, asked, _) = ask(provider, vec![ok(&words(provider, &memories().to_string()))]);
        assert_eq!(answer, Ok(memories()), "{provider}");
        let asked = &asked[0];
        let body = &asked.body;
        let (path, key, told) = match provider {
            Provider::Anthropic => {
                assert_eq!(asked.header("anthropic-version"), Some("2023-06-01"));
                assert_eq!(body["tool_choice"], json!({"type": "tool", "name": "memories"}));
                assert_eq!(body["tools"][0]["input_schema"]["type"], "object");
                assert_eq!(body["max_tokens"], 77);
                (
                    "/v1/messages",
                    ("x-api-key", KEY.to_owned()),
                    (&body["system"], &body["messages"][0]["content"]),
                )
            }
            Provider::OpenAi => {
                assert_eq!(body["text"]["format"]["type"], "json_schema");
                assert_eq!((&body["store"], &body["max_output_tokens"]), (&json!(false), &json!(77)));
                let key = ("authorization", format!("Bearer {KEY}"));
                ("/v1/responses", key, (&body["instructions"], &body["input"]))
            }
            Provider::Compatible | Provider::Rules => {
                assert_eq!(body["response_format"]["json_schema"]["strict"], true);
                assert_eq!(body["max_tokens"], 77);
                let key = ("authorization", format!("Bearer {KEY}"));
                let messages = &body["messages"];
                ("/v1/chat/completions", key, (&messages[0]["content"], &messages[1]["content"]))
            }
            Provider::Gemini => {
                assert_eq!(body["generationConfig"]["responseMimeType"], "application/json");
                assert_eq!(body["generationConfig"]["responseJsonSchema"]["type"], "object");
                assert_eq!(body["generationConfig"]["maxOutputTokens"], 77);
                let told = (
                    &body["systemInstruction"]["parts"][0]["text"],
                    &body["contents"][0]["parts"][0]["text"],
                );
                ("/v1beta/models/m-1:generateContent", ("x-goog-api-key", KEY.to_owned()), told)
            }
        };
        assert_eq!(asked.line, format!("POST {path} HTTP/1.1"));
        assert_eq!(asked.header(key.0), Some(key.1.as_str()), "{provider}");
        assert_eq!(told, (&json!("Be brief."), &json!("Hello")), "{provider}");
    }
}

#[test]
fn calls_and_json_between_words_are_answers_too() {
    for provider in PROVIDERS {
        let (answer, ..) = ask(provider, vec![ok(&call(provider, &memories()))]);
        assert_eq!(answer, Ok(memories()), "{provider} by a call");
        let fenced = format!("Here they are:\n```json\n{}\n```\nThat is all.", memories());
        let (answer, ..) = ask(provider, vec![ok(&words(provider, &fenced))]);
        assert_eq!(answer, Ok(memories()), "{provider} in words");
    }
}

#[test]
fn a_refusal_a_cut_answer_and_no_json_are_told_apart() {
    for provider in PROVIDERS {
        let (answer, ..) = ask(provider, vec![ok(&refusal(provider))]);
        assert_eq!(answer, Err(AiError::Declined { provider }));
        let (answer, ..) = ask(provider, vec![ok(&truncated(provider))]);
        assert_eq!(answer, Err(AiError::Cut { provider }));
        let broken = r#"{"memories": [{"content": "Likes tea"}, {"cont"#;
        for text in ["I have nothing to say.", broken] {
            let (answer, ..) = ask(provider, vec![ok(&words(provider, text))]);
            assert!(matches!(answer, Err(AiError::Unusable { .. })), "{provider} {text}");
        }
        let error = json!({"error": {"message": "out of memory", "code": 500}});
        for reply in [json!({"hello": 1}), json!([]), error] {
            let (answer, ..) = ask(provider, vec![ok(&reply)]);
            assert!(matches!(answer, Err(AiError::Unusable { .. })), "{provider} {reply}");
        }
        let (answer, ..) = ask(provider, vec![Reply::Whole(200, "", "<html>".into())]);
        assert!(matches!(answer, Err(AiError::Unusable { problem: "it is not JSON", .. })));
    }
}

#[test]
fn a_wrong_key_is_told_once_and_neither_it_nor_the_answer_is_quoted() {
    for provider in PROVIDERS {
        let body = format!(r#"{{"error": {{"message": "Incorrect API key provided: {KEY}"}}}}"#);
        let (answer, asked, _) = ask(provider, vec![Reply::Whole(401, "", body)]);
        let error = answer.unwrap_err();
        assert!(matches!(error, AiError::Refused { status: 401, .. }));
        let told = format!("{error} {error:?}");
        assert!(!told.contains("secret") && !told.contains("Incorrect"), "{told}");
        assert_eq!(asked.len(), 1);
        let shown = format!("{:?}", remote(provider, "http://x", &Arc::default()));
        assert!(!shown.contains("secret"), "{shown}");
    }
}

#[test]
fn what_is_temporary_is_tried_again_as_the_provider_says() {
    for provider in PROVIDERS {
        let busy = |headers| Reply::Whole(429, headers, r#"{"error": {"type": "rate_limit_error"}}"#.into());
        let (answer, asked, pauses) = ask(
            provider,
            vec![
                busy("retry-after: 9\r\n"),
                Reply::Whole(529, "", "{}".into()),
                ok(&call(provider, &memories())),
            ],
        );
        assert_eq!((answer, asked.len(), pauses), (Ok(memories()), 3, vec![9, 1]), "{provider}");
        let down = || Reply::Whole(500, "", "oops".into());
        let (answer, asked, _) = ask(provider, vec![down(), down(), down()]);
        assert!(matches!(answer, Err(AiError::Refused { status: 500, .. })));
        assert_eq!(asked.len(), 3);
    }
}

#[test]
fn connections_that_break_or_drip_are_errors() {
    for provider in PROVIDERS {
        let whole = words(provider, &memories().to_string()).to_string();
        let (answer, asked, _) =
            ask(provider, vec![Reply::Broken(whole.clone()), ok(&call(provider, &memories()))]);
        assert_eq!((answer, asked.len()), (Ok(memories()), 2), "{provider}: tried again");
        let broken = || Reply::Broken(whole.clone());
        let (answer, ..) = ask(provider, vec![broken(), broken(), broken()]);
        assert!(matches!(answer, Err(AiError::Unreachable { .. })), "{provider}");
        let (answer, asked, _) = ask(provider, vec![Reply::Drip]);
        let late = AiError::Unreachable { provider, problem: "it did not answer in time".into() };
        assert_eq!((answer, asked.len()), (Err(late), 1), "it costs, so it is not tried again");
    }
}

#[test]
fn a_server_that_knows_no_forms_is_asked_in_words() {
    let refused = Reply::Whole(400, "", r#"{"error": "unknown field response_format"}"#.into());
    let (answer, asked, _) =
        ask(Provider::Compatible, vec![refused, ok(&words(Provider::Compatible, &memories().to_string()))]);
    assert_eq!(answer, Ok(memories()));
    assert!(asked[1].body.get("response_format").is_none());
    let prompt = asked[1].body["messages"][1]["content"].as_str().unwrap();
    assert!(prompt.starts_with("Hello\n\nAnswer with one JSON object of this JSON Schema"), "{prompt}");
}

#[test]
fn words_are_words() {
    for provider in PROVIDERS {
        let (address, server) = serve(vec![ok(&words(provider, "<think>hm</think>\nA summary.\n"))]);
        let question = Ask { system: "Be brief.", prompt: "Hello", most_tokens: 77 };
        let answer = remote(provider, &address, &Arc::default()).text(question);
        assert_eq!(answer, Ok("A summary.".to_owned()), "{provider}");
        assert!(server.join().unwrap()[0].body.get("tools").is_none());
        let (address, server) = serve(vec![ok(&words(provider, " "))]);
        let answer = remote(provider, &address, &Arc::default()).text(question);
        assert!(matches!(answer, Err(AiError::Unusable { .. })), "{provider}");
        server.join().unwrap();
    }
}
