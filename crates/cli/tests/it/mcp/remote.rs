//! An MCP client of a few lines over HTTP, one connection for each request.

use serde_json::{Value, json};

use super::session::MODERN;
use crate::program::Server;

/// What came back.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// A header's value.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (given, value) = line.split_once(':')?;
            given.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The message: the body itself, or the last event of a stream that is one.
    pub(super) fn message(&self) -> Value {
        let text = String::from_utf8_lossy(&self.body);
        let json =
            text.lines().filter_map(|line| line.strip_prefix("data:")).rfind(|data| !data.trim().is_empty());
        serde_json::from_str(json.unwrap_or(&text)).unwrap_or_else(|e| panic!("{e}: {} {text}", self.head))
    }
}

/// A client in one version of the protocol.
pub(super) struct Remote<'a> {
    server: &'a Server,
    headers: Vec<(String, String)>,
    version: &'static str,
}

impl<'a> Remote<'a> {
    /// Nothing is sent yet.
    pub(super) fn new(server: &'a Server, key: Option<&str>, version: &'static str) -> Self {
        let mut headers = vec![
            ("content-type".to_owned(), "application/json".to_owned()),
            ("accept".to_owned(), "application/json, text/event-stream".to_owned()),
        ];
        headers.extend(key.map(|key| ("authorization".to_owned(), format!("Bearer {key}"))));
        Self { server, headers, version }
    }

    /// The same with another header in every request.
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The handshake of the older versions; begins a session.
    pub(super) fn initialize(mut self) -> Self {
        let client = json!({"name": "Remote Client", "version": "1"});
        let params = json!({"protocolVersion": self.version, "capabilities": {}, "clientInfo": client});
        let answer = self.send("initialize", params);
        assert_eq!(answer.message()["result"]["protocolVersion"], self.version);
        let session = answer.header("mcp-session-id").unwrap().to_owned();
        let version = self.version;
        self = self.with("mcp-session-id", &session).with("mcp-protocol-version", version);
        let told = self.post(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}), &[]);
        assert_eq!(told.status, 202);
        self
    }

    /// The session's id.
    pub(super) fn session(&self) -> &str {
        &self.headers.iter().find(|(name, _)| name == "mcp-session-id").unwrap().1
    }

    pub(super) fn send(&self, method: &str, mut params: Value) -> Answer {
        let mut extra = Vec::new();
        if self.version >= MODERN {
            extra.push(("mcp-protocol-version", self.version.to_owned()));
            extra.push(("mcp-method", method.to_owned()));
            extra.extend(params["name"].as_str().map(|name| ("mcp-name", name.to_owned())));
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": self.version,
                "io.modelcontextprotocol/clientInfo": {"name": "Remote Client", "version": "1"},
                "io.modelcontextprotocol/clientCapabilities": {},
            });
        }
        self.post(&json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}), &extra)
    }

    /// Sends a body as it is.
    pub(super) fn raw(&self, body: &str) -> Answer {
        self.bytes(body.as_bytes(), &[])
    }

    fn post(&self, message: &Value, extra: &[(&str, String)]) -> Answer {
        self.bytes(message.to_string().as_bytes(), extra)
    }

    fn bytes(&self, body: &[u8], extra: &[(&str, String)]) -> Answer {
        let all = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let all: Vec<_> = all.chain(extra.iter().map(|(name, value)| (*name, value.as_str()))).collect();
        let (status, head, body) = self.server.call("POST", "/mcp", &all, body).unwrap();
        Answer { status, head, body }
    }

    /// Calls a tool that must succeed; its structured content.
    pub(super) fn ok(&self, tool: &str, arguments: &Value) -> Value {
        let answer = self.send("tools/call", json!({"name": tool, "arguments": arguments}));
        let message = answer.message();
        assert!(answer.status == 200 && message["result"]["isError"] != true, "{message}");
        message["result"]["structuredContent"].clone()
    }
}
