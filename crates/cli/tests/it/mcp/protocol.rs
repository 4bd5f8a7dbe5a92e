//! Both eras of the protocol.

use serde_json::{Value, json};

use super::session::{MODERN, Session};
use crate::program::Home;

const LISTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/mcp-tools.json");

#[test]
fn every_version_of_the_protocol_is_spoken() {
    let home = Home::new();
    let mut tools = Vec::new();
    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", MODERN] {
        let mut session = Session::start(&home, version);
        if version == MODERN {
            let found = session.request("server/discover", json!({}))["result"].clone();
            assert!(found["supportedVersions"].as_array().unwrap().contains(&version.into()), "{found}");
            assert_eq!(
                found["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "open-memory",
                "{found}"
            );
        }
        let result = session.request("tools/list", json!({}))["result"].clone();
        assert_eq!(result["resultType"].is_string(), version == MODERN, "{version}: {result}");
        tools.push(result["tools"].clone());
        let (_, stored) = session.ok("omp_remember", json!({"content": format!("spoken in {version}")}));
        assert_eq!(stored["stored"], true);
        assert_eq!(session.end(), Some(0));
    }
    assert!(tools.windows(2).all(|pair| pair[0] == pair[1]), "the tools differ between versions");
    let memories = home.ok(&["list", "--json"]).json();
    assert_eq!(memories["total"], 5);
    for memory in memories["memories"].as_array().unwrap() {
        assert_eq!(memory["source"]["tool"], "test-client");
    }
}

#[test]
fn generated_list_of_tools_is_current() {
    let home = Home::new();
    let tools = Session::start(&home, "2025-11-25").request("tools/list", json!({}))["result"].clone();
    let json = serde_json::to_string_pretty(&tools).unwrap() + "\n";
    if std::env::var_os("OMP_UPDATE").is_some() {
        std::fs::write(LISTED, &json).unwrap();
    }
    let committed = std::fs::read_to_string(LISTED).unwrap_or_default();
    assert!(committed == json, "docs/mcp-tools.json is stale: run `cargo xtask gen`");
}

#[test]
fn an_unknown_version_is_refused_with_those_that_are_known() {
    let home = Home::new();
    let mut session = Session::start(&home, MODERN);
    let answer = session.request("tools/list", json!({}));
    assert!(answer["error"].is_null(), "{answer}");
    drop(session);
    // The handshake offers what we know instead.
    let mut command = home.command(&["mcp"]);
    command.stdin(std::process::Stdio::piped());
    let input = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2099-01-01", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}});
    let run = home.with_input(&["mcp"], &format!("{input}\n"));
    let answer: Value = serde_json::from_str(run.out.lines().next().unwrap()).unwrap();
    assert_eq!(answer["result"]["protocolVersion"], "2025-11-25", "{answer}");
}

#[test]
fn what_is_no_mcp_ends_with_a_sentence_and_is_not_repeated() {
    let home = Home::new();
    let run = home.with_input(&["mcp"], "{\"jsonrpc\":\"2.0\",\"method\":\"my secret\"}\n");
    assert_ne!(run.code, 0);
    assert!(!run.err.contains("secret") && run.err.contains("MCP"), "{}", run.err);
    assert_eq!(home.with_input(&["mcp"], "").code, 0);
}
