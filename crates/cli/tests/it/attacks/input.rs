//! Paths, ids and bodies that are not what they seem.

use serde_json::{Value, json};

use super::{get, status};
use crate::program::Home;

#[test]
fn no_path_leads_out_and_none_is_a_fault() {
    let home = Home::new();
    let server = home.serve(None);
    let long = "a".repeat(20_000);
    let ids = [
        "..",
        "../health",
        "%2e%2e",
        "%2e%2e%2fhealth",
        "..%2f..%2fetc%2fpasswd",
        "%00",
        "mem_%00",
        "%c0%ae%c0%ae",
        "%ff",
        "%0d%0aset-cookie:%20a=b",
        "%F0%9F%A6%80",
        "mem_0000000000000000%00",
        "mem_0000000000000000/",
        "mem_0000000000000000;x",
        "MEM_0000000000000000",
        "mem_000000000000000%EF%BC%90",
        "'%20or%20'1'='1",
        "{id}",
        "*",
        "%25",
        "%",
        "%zz",
        "~",
        "__proto__",
        &long,
    ];
    for id in ids {
        for path in [
            format!("/v1/memories/{id}"),
            format!("/v1/conversations/{id}"),
            format!("/app/{id}"),
            format!("/docs/{id}"),
            format!("/v1/{id}"),
        ] {
            let answer = get(&server, &path, "host: localhost\r\n");
            let code = status(&answer);
            let refused =
                matches!(code, 400 | 404 | 405 | 422) || (path.starts_with("/v1/health") && code == 200);
            assert!(refused || code == 307 || code == 303, "{path:.60} {code} {answer}");
            assert!(
                !answer.contains("root:") && !answer.to_lowercase().contains("\r\nset-cookie"),
                "{path:.60}"
            );
            if code >= 400 && path.starts_with("/v1") {
                let body: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
                assert!(body["error"].is_string() && body["message"].is_string(), "{path:.60}");
                assert!(
                    body["message"].as_str().unwrap().len() < 600,
                    "{path:.60}: what was sent is not sent back whole"
                );
            }
        }
    }
}

#[test]
fn deep_and_odd_json_is_refused_with_a_sentence() {
    let home = Home::new();
    let server = home.serve(None);
    let deep = [
        "[".repeat(200_000),
        format!("{{\"content\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000)),
        format!("{{\"metadata\":{}1{}}}", "{\"a\":".repeat(50_000), "}".repeat(50_000)),
    ];
    for body in &deep {
        for path in ["/v1/memories", "/v1/memories/search", "/v1/import", "/v1/conversations", "/v1/handoff"]
        {
            let (code, _, answer) =
                server.call("POST", path, &[("content-type", "application/json")], body.as_bytes()).unwrap();
            assert!((400..500).contains(&code), "{path} {code}");
            assert!(serde_json::from_slice::<Value>(&answer).unwrap()["message"].is_string());
        }
    }
    let many = format!("{{\"content\":\"x\",{}\"type\":\"semantic\"}}", "\"a\":1,".repeat(100_000));
    let (code, ..) = server
        .call("POST", "/v1/memories", &[("content-type", "application/json")], many.as_bytes())
        .unwrap();
    assert!((400..500).contains(&code));
    let odd = json!({"content": "x", "type": "semantic", "source": {"tool": "t"}, "id": "mem_aaaaaaaaaaaaaaaa", "owner": 7, "__proto__": {"owner": 7}});
    let (code, stored) = server.json("POST", "/v1/memories", &odd);
    assert!(code == 422 || stored["id"] != "mem_aaaaaaaaaaaaaaaa", "{stored}");
}
