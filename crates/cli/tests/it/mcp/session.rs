//! An MCP client of a few lines over standard input and output. The official clients are in `tests/mcp`; this one sends
//! what they would not.

#![expect(
    clippy::needless_pass_by_value,
    reason = "a call reads better without a borrow before its arguments"
)]

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::program::Home;

/// The version without a handshake.
pub(super) const MODERN: &str = "2026-07-28";

/// One `omp mcp` and the client that started it.
pub(crate) struct Session {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    /// What came before it was asked for.
    early: HashMap<u64, Value>,
    pub(super) notifications: Vec<Value>,
    modern: bool,
    next: u64,
}

impl Session {
    /// Starts `omp mcp` on the database of `home` and introduces itself in a version of the protocol.
    pub(crate) fn start(home: &Home, version: &str) -> Self {
        Self::of(home.command(&["mcp"]), version)
    }

    pub(super) fn of(mut command: Command, version: &str) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        let modern = version == MODERN;
        let mut session =
            Self { child, input, output, early: HashMap::new(), notifications: Vec::new(), modern, next: 1 };
        if !modern {
            let client = json!({"name": "Test Client", "version": "1"});
            let params = json!({"protocolVersion": version, "capabilities": {}, "clientInfo": client});
            let answer = session.request("initialize", params);
            assert_eq!(answer["result"]["protocolVersion"], version, "{answer}");
            session.write(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        }
        session
    }

    fn write(&mut self, message: &Value) {
        writeln!(self.input.as_mut().unwrap(), "{message}").unwrap();
    }

    /// Sends a line as it is; the next message that comes back.
    pub(super) fn raw(&mut self, line: &str) -> Value {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
        self.read()
    }

    /// Sends a request and does not wait.
    pub(super) fn send(&mut self, method: &str, mut params: Value) -> u64 {
        let id = self.next;
        self.next += 1;
        if self.modern {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": MODERN,
                "io.modelcontextprotocol/clientInfo": {"name": "Test Client", "version": "1"},
                "io.modelcontextprotocol/clientCapabilities": {},
            });
        }
        self.write(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        id
    }

    /// The next message, whatever it is.
    fn read(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line:?}"))
    }

    /// The answer to a request that was sent.
    pub(super) fn answer(&mut self, id: u64) -> Value {
        loop {
            if let Some(answer) = self.early.remove(&id) {
                return answer;
            }
            let message = self.read();
            match message["id"].as_u64() {
                Some(id) => drop(self.early.insert(id, message)),
                None => self.notifications.push(message),
            }
        }
    }

    /// The next notification of this method; it may have come already.
    pub(crate) fn notification(&mut self, method: &str) -> Value {
        loop {
            if let Some(at) = self.notifications.iter().position(|told| told["method"] == method) {
                return self.notifications.remove(at);
            }
            let message = self.read();
            match message["id"].as_u64() {
                Some(id) if message.get("method").is_none() => drop(self.early.insert(id, message)),
                _ => self.notifications.push(message),
            }
        }
    }

    pub(crate) fn request(&mut self, method: &str, params: Value) -> Value {
        let id = self.send(method, params);
        self.answer(id)
    }

    /// Calls a tool; the whole result.
    pub(super) fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let answer = self.request("tools/call", json!({"name": tool, "arguments": arguments}));
        assert!(answer["error"].is_null(), "{answer}");
        answer["result"].clone()
    }

    /// Calls a tool that must succeed; its text and its structured content.
    pub(crate) fn ok(&mut self, tool: &str, arguments: Value) -> (String, Value) {
        let result = self.call(tool, arguments);
        assert_ne!(result["isError"], true, "{result}");
        (text(&result), result["structuredContent"].clone())
    }

    /// Calls a tool that must fail; what the model reads.
    pub(crate) fn refused(&mut self, tool: &str, arguments: Value) -> String {
        let result = self.call(tool, arguments);
        assert_eq!(result["isError"], true, "{result}");
        text(&result)
    }

    /// Closes the input, as clients do, and waits for the end.
    pub(crate) fn end(mut self) -> Option<i32> {
        drop(self.input.take());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn text(result: &Value) -> String {
    result["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{result}")).to_owned()
}
