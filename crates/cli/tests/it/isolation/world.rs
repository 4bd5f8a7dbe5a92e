//! Two users with something of everything, and every kind of key.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{R, W};
use crate::program::{Home, Server};

pub(super) const SERVER_KEY: &str = "the-key-of-the-server-itself-0123456789";

/// Who shares what with whom, and how.
pub(super) const SHARES: [(&str, &str, &str, &str); 2] =
    [("owner", "project:babirusa", "bert", "read"), ("bert", "project:fossa", "owner", "write")];

/// Something stored that bears a word of its own.
pub(super) struct Thing {
    pub(super) id: String,
    pub(super) word: &'static str,
    pub(super) user: &'static str,
    pub(super) tool: &'static str,
    pub(super) namespace: Option<String>,
}

/// Who holds a key, and what it may see.
pub(super) struct Holder {
    pub(super) name: &'static str,
    pub(super) secret: String,
    pub(super) user: &'static str,
    pub(super) scopes: &'static [&'static str],
    pub(super) tool: Option<&'static str>,
    pub(super) own_tool_only: bool,
    pub(super) pattern: Option<&'static str>,
    pub(super) administers: bool,
}

impl Holder {
    pub(super) fn sees(&self, thing: &Thing) -> bool {
        self.sees_in(thing.user, thing.tool, thing.namespace.as_deref())
    }

    pub(super) fn sees_in(&self, user: &str, tool: &str, namespace: Option<&str>) -> bool {
        let within =
            |pattern: &str| namespace.is_some_and(|name| name.starts_with(pattern.trim_end_matches('*')));
        self.scopes.contains(&"read")
            && user == self.user
            && (!self.own_tool_only || self.tool == Some(tool))
            && self.pattern.is_none_or(within)
    }

    /// Whether another user shares it with the holder's user, within the limits of the key.
    pub(super) fn is_shared(&self, thing: &Thing) -> bool {
        let namespace = thing.namespace.as_deref();
        let shared = SHARES.iter().any(|(owner, name, user, _)| {
            *owner == thing.user && Some(*name) == namespace && *user == self.user
        });
        shared && self.sees_in(self.user, thing.tool, namespace)
    }

    pub(super) fn may_change(&self, thing: &Thing) -> bool {
        self.scopes.contains(&"write") && self.sees(thing) && self.tool.is_none_or(|tool| tool == thing.tool)
    }

    pub(super) fn may(&self, scopes: &[&str]) -> bool {
        scopes.iter().all(|scope| self.scopes.contains(scope))
    }
}

pub(super) struct World {
    pub(super) server: Server,
    /// Whether there is memory for indices, so that searches can go by meaning.
    pub(super) indices: bool,
    pub(super) memories: Vec<Thing>,
    pub(super) conversations: Vec<Thing>,
    /// Words that memories had before they were changed, with where they were then.
    pub(super) former: Vec<Thing>,
    pub(super) holders: Vec<Holder>,
    pub(super) dead: Vec<(&'static str, String)>,
    pub(super) bert: String,
}

pub(super) fn memory(content: &str, tool: &str, namespace: Option<&str>) -> Value {
    json!({"content": content, "type": "semantic", "source": {"tool": tool}, "namespace": namespace})
}

pub(super) fn conversation(text: &str) -> Value {
    json!({"model": "m", "topic": text, "messages": [{"role": "user", "content": text}]})
}

/// Every kind of key.
pub(super) fn holders(bert: &str, secret: &dyn Fn(Value) -> String) -> Vec<Holder> {
    let holder = |name, user, scopes, secret| Holder {
        name,
        secret,
        user,
        scopes,
        tool: None,
        own_tool_only: false,
        pattern: None,
        administers: false,
    };
    let all: &[&str] = &["read", "write", "admin"];
    let two: &[&str] = &["read", "write"];
    vec![
        Holder { administers: true, ..holder("admin", "owner", all, secret(json!({"scopes": all}))) },
        holder("read-only", "owner", R, secret(json!({"scopes": ["read"]}))),
        holder("write-only", "owner", W, secret(json!({"scopes": ["write"]}))),
        holder("read and write", "owner", two, secret(json!({}))),
        Holder { tool: Some("cursor"), ..holder("tool", "owner", two, secret(json!({"tool": "cursor"}))) },
        Holder {
            tool: Some("cursor"),
            own_tool_only: true,
            ..holder("own tool only", "owner", two, secret(json!({"tool": "cursor", "own_tool_only": true})))
        },
        Holder {
            pattern: Some("project:*"),
            ..holder(
                "namespaces",
                "owner",
                two,
                secret(json!({"namespaces": ["project:*"], "default_namespace": "project:new"})),
            )
        },
        Holder {
            tool: Some("cursor"),
            own_tool_only: true,
            pattern: Some("project:*"),
            ..holder(
                "both",
                "owner",
                two,
                secret(json!({"tool": "cursor", "own_tool_only": true, "namespaces": ["project:*"]})),
            )
        },
        holder("another user", "bert", all, bert.to_owned()),
        Holder {
            tool: Some("cursor"),
            own_tool_only: true,
            ..holder(
                "another user's tool",
                "bert",
                two,
                secret(json!({"user": "bert", "tool": "cursor", "own_tool_only": true})),
            )
        },
    ]
}

/// The answer to a request with a key, as bytes.
pub(super) fn send(
    server: &Server,
    key: Option<&str>,
    method: &str,
    path: &str,
    body: &Value,
) -> (u16, String) {
    send_from("10.0.0.1", server, key, method, path, body)
}

/// The same from another address: wrong keys are counted by it.
pub(super) fn send_from(
    address: &str,
    server: &Server,
    key: Option<&str>,
    method: &str,
    path: &str,
    body: &Value,
) -> (u16, String) {
    let bearer = key.map(|key| format!("Bearer {key}"));
    let mut headers = vec![("content-type", "application/json"), ("x-forwarded-for", address)];
    headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
    let text = if body.is_null() { String::new() } else { body.to_string() };
    let (status, _, answer) = server.call(&method.to_uppercase(), path, &headers, text.as_bytes()).unwrap();
    (status, String::from_utf8(answer).unwrap())
}

pub(super) fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

impl World {
    pub(super) fn build(home: &Home, index_mb: Option<&str>) -> Self {
        let mut command =
            home.command(&["serve", "--port", "0", "--rate-limit", "0", "--trusted-proxy", "127.0.0.1"]);
        command.env("OMP_API_KEY", SERVER_KEY);
        if let Some(mb) = index_mb {
            command.env("OMP_INDEX_MB", mb);
        }
        let server = Server::start(command);
        let root = |method: &str, path: &str, body: &Value| {
            let (status, text) = send(&server, Some(SERVER_KEY), method, path, body);
            assert!((200..300).contains(&status), "{method} {path}: {status} {text}");
            value(&text)
        };
        root("post", "/v1/users", &json!({"name": "bert"}));
        let key = |more: &Value| {
            let mut body = json!({"name": "k"});
            body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
            let made = root("post", "/v1/keys", &body);
            (made["key"]["id"].as_str().unwrap().to_owned(), made["secret"].as_str().unwrap().to_owned())
        };
        let secret = |more: Value| key(&more).1;
        let bert = secret(json!({"user": "bert", "scopes": ["read", "write", "admin"]}));
        let holders = holders(&bert, &secret);
        let (id, revoked) = key(&json!({}));
        assert_eq!(send(&server, Some(SERVER_KEY), "delete", &format!("/v1/keys/{id}"), &Value::Null).0, 204);
        let soon = key(&json!({"expires_at": "2999-01-01T00:00:00Z"})).1;
        assert_eq!(send(&server, Some(&soon), "get", "/v1/memories", &Value::Null).0, 200);
        let (id, rotated) = key(&json!({}));
        root("post", &format!("/v1/keys/{id}/rotate"), &json!({}));
        let near = format!("{}x", &bert[..bert.len() - 1]);
        let dead = vec![
            ("revoked", revoked),
            ("rotated", rotated),
            ("near", if near == bert { format!("{}y", &bert[..bert.len() - 1]) } else { near }),
            ("of the form of a key", "omp_0000000000000000_".to_owned() + &"0".repeat(50)),
            ("wrong", "wrong-wrong-wrong-wrong-wrong-wrong".to_owned()),
            ("empty", String::new()),
        ];
        let mut world = Self {
            server,
            indices: index_mb.is_none(),
            memories: Vec::new(),
            conversations: Vec::new(),
            former: Vec::new(),
            holders,
            dead,
            bert,
        };
        world.fill();
        world
    }

    /// A few of everything, each with a word that occurs nowhere else: in its text, its tag, its namespace.
    pub(super) fn fill(&mut self) {
        let places: [(&str, &str, &str, Option<&str>); 8] = [
            ("aardwolf", "owner", "claude", Some("home:aardwolf")),
            ("babirusa", "owner", "cursor", Some("project:babirusa")),
            ("cacomistle", "owner", "claude", Some("project:cacomistle")),
            ("dunnart", "owner", "cursor", None),
            ("echidna", "bert", "claude", Some("home:echidna")),
            ("fossa", "bert", "cursor", Some("project:fossa")),
            ("gerenuk", "bert", "cursor", None),
            ("hoatzin", "owner", "claude", None),
        ];
        for (word, user, tool, namespace) in places {
            let mut body = memory(&format!("Shared words about a {word}"), tool, namespace);
            body["tags"] = json!([format!("tag-{word}")]);
            let stored = self.store(user, "/v1/memories", &body);
            self.memories.push(thing(&stored, word, user, tool, namespace));
        }
        // One that lay elsewhere before, under another text.
        let body = memory("Shared words about an indri", "cursor", Some("home:indri"));
        let moved = self.store("owner", "/v1/memories", &body);
        self.former.push(thing(&moved, "indri", "owner", "cursor", Some("home:indri")));
        let path = format!("/v1/memories/{}", moved["id"].as_str().unwrap());
        let patch = json!({"content": "Shared words about a jerboa", "namespace": "project:jerboa"});
        assert_eq!(send(&self.server, Some(SERVER_KEY), "put", &path, &patch).0, 200);
        self.memories.push(thing(&moved, "jerboa", "owner", "cursor", Some("project:jerboa")));
        // One in the place of another that lies elsewhere.
        let mut body = memory("Shared words about a kinkajou", "claude", Some("project:kinkajou"));
        body["supersedes"] = json!(self.memories[0].id);
        let successor = self.store("owner", "/v1/memories", &body);
        self.memories.push(thing(&successor, "kinkajou", "owner", "claude", Some("project:kinkajou")));
        for (owner, namespace, user, access) in SHARES {
            let key = if owner == "bert" { &self.bert } else { SERVER_KEY };
            let path = format!("/v1/namespaces/{namespace}/shares/{user}");
            let (status, text) = send(&self.server, Some(key), "put", &path, &json!({"access": access}));
            assert_eq!(status, 200, "{text}");
        }
        // Conversations bear the tool of the key that saved them.
        for (word, holder) in [("loris", "admin"), ("margay", "own tool only"), ("numbat", "another user")] {
            let holder = self.holders.iter().find(|other| other.name == holder).unwrap();
            let (status, text) = send(
                &self.server,
                Some(&holder.secret),
                "post",
                "/v1/conversations",
                &conversation(&format!("About a {word}")),
            );
            assert_eq!(status, 201, "{text}");
            self.conversations.push(thing(
                &value(&text),
                word,
                holder.user,
                holder.tool.unwrap_or("none"),
                None,
            ));
        }
    }

    pub(super) fn store(&self, user: &str, path: &str, body: &Value) -> Value {
        let key = if user == "bert" { &self.bert } else { SERVER_KEY };
        let (status, text) = send(&self.server, Some(key), "post", path, body);
        assert_eq!(status, 201, "{text}");
        value(&text)
    }

    /// Asks with a key and looks for words and ids in the answer that it may not know.
    pub(super) fn ask(&self, holder: &Holder, method: &str, path: &str, body: &Value) -> (u16, String) {
        self.ask_knowing(holder, &|thing| holder.sees(thing), method, path, body)
    }

    /// The same where other things may be known.
    pub(super) fn ask_knowing(
        &self,
        holder: &Holder,
        knows: &dyn Fn(&Thing) -> bool,
        method: &str,
        path: &str,
        body: &Value,
    ) -> (u16, String) {
        let (status, text) = send(&self.server, Some(&holder.secret), method, path, body);
        self.look_into(holder, knows, &format!("{method} {path}\n{body}"), &text);
        (status, text)
    }

    /// Looks for words and ids in an answer that its reader may not know and did not bring along.
    pub(super) fn look_into(&self, holder: &Holder, knows: &dyn Fn(&Thing) -> bool, asked: &str, text: &str) {
        for thing in self.memories.iter().chain(&self.conversations).chain(&self.former) {
            let lost = |secret: &str| text.contains(secret) && !asked.contains(secret);
            let what = || format!("{} learns of {} ({}): {asked}\n{text}", holder.name, thing.word, thing.id);
            assert!(knows(thing) || !lost(thing.word), "{}", what());
            let same_id = self.memories.iter().any(|other| other.id == thing.id && knows(other));
            assert!(same_id || knows(thing) || !lost(&thing.id), "{}", what());
        }
    }

    pub(super) fn seen<'a>(&'a self, holder: &'a Holder) -> impl Iterator<Item = &'a Thing> {
        self.memories.iter().filter(|thing| holder.sees(thing))
    }

    /// Every memory and conversation of everybody, as its owner sees it, but for what keys are allowed to do here.
    pub(super) fn everything(&self) -> BTreeMap<String, Value> {
        let mut all = BTreeMap::new();
        for key in [SERVER_KEY, &self.bert] {
            let (_, text) =
                send(&self.server, Some(key), "get", "/v1/export?include=conversations", &Value::Null);
            let export = value(&text);
            for list in ["memories", "conversations"] {
                for item in export[list].as_array().unwrap() {
                    all.insert(item["id"].as_str().unwrap().to_owned(), item.clone());
                }
            }
        }
        all
    }
}

pub(super) fn thing(
    stored: &Value,
    word: &'static str,
    user: &'static str,
    tool: &'static str,
    namespace: Option<&str>,
) -> Thing {
    let id = stored["id"].as_str().unwrap().to_owned();
    Thing { id, word, user, tool, namespace: namespace.map(str::to_owned) }
}

pub(super) fn ids(list: &Value) -> BTreeSet<String> {
    list.as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}
