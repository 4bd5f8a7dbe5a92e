//! The tools: where their files lie, and what is written into them.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::NAME;
use super::document::{Edit, Kind};
use super::launch::Launch;
use super::places::Places;

/// A tool that can use memories.
#[derive(Debug)]
pub(crate) struct Tool {
    /// What is typed.
    pub(crate) name: &'static str,
    /// What people call it.
    pub(crate) title: &'static str,
    /// What is there when the tool is.
    traces: fn(&Places) -> Vec<PathBuf>,
    /// The file with its MCP servers.
    config: fn(&Places) -> PathBuf,
    form: Form,
    hooks: Option<Hooks>,
    /// What there is to do afterwards.
    pub(crate) then: &'static str,
}

/// How an MCP server is written down.
#[derive(Debug, Clone, Copy)]
enum Form {
    /// A member of this object; some want to be told the transport.
    Json { servers: &'static str, typed: bool },
    /// A table in `mcp_servers`.
    Toml,
}

/// How a tool runs commands when a session begins and ends.
#[derive(Debug, Clone, Copy)]
struct Hooks {
    file: fn(&Places) -> PathBuf,
    /// The event after which a session may be over.
    end: &'static str,
    /// A second, in the unit of its time limits.
    second: u32,
    /// Whether hooks have names.
    named: bool,
}

/// Seconds that a hook may take.
const HOOK_SECONDS: u32 = 15;

/// What is written into one file.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) path: PathBuf,
    pub(crate) kind: Kind,
    pub(crate) edits: Vec<Edit>,
}

const MCP_SERVERS: Form = Form::Json { servers: "mcpServers", typed: false };

/// All of them, in the order in which they are listed.
pub(crate) static TOOLS: &[Tool] = &[
    Tool {
        name: "claude-desktop",
        title: "Claude Desktop",
        traces: |places| vec![places.settings.join("Claude")],
        config: |places| places.settings.join("Claude").join("claude_desktop_config.json"),
        form: MCP_SERVERS,
        hooks: None,
        then: "quit Claude Desktop and start it again",
    },
    Tool {
        name: "claude-code",
        title: "Claude Code",
        traces: |places| vec![places.claude_json.clone(), places.claude.clone()],
        config: |places| places.claude_json.clone(),
        form: Form::Json { servers: "mcpServers", typed: true },
        hooks: Some(Hooks {
            file: |places| places.claude.join("settings.json"),
            end: "SessionEnd",
            second: 1,
            named: false,
        }),
        then: "start a new session of Claude Code; /mcp shows the server",
    },
    Tool {
        name: "cursor",
        title: "Cursor",
        traces: |places| vec![places.home.join(".cursor")],
        config: |places| places.home.join(".cursor").join("mcp.json"),
        form: MCP_SERVERS,
        hooks: None,
        then: "look at the MCP page of Cursor's settings, and switch open-memory on if it is off",
    },
    Tool {
        name: "vscode",
        title: "VS Code (GitHub Copilot)",
        traces: |places| vec![places.code()],
        config: |places| places.code().join("mcp.json"),
        form: Form::Json { servers: "servers", typed: true },
        hooks: None,
        then: "run `MCP: List Servers` in VS Code and start open-memory",
    },
    Tool {
        name: "codex",
        title: "Codex",
        traces: |places| vec![places.codex.clone()],
        config: |places| places.codex.join("config.toml"),
        form: Form::Toml,
        hooks: Some(Hooks {
            file: |places| places.codex.join("hooks.json"),
            end: "Stop",
            second: 1,
            named: false,
        }),
        then: "start a new session of Codex; with hooks it asks once whether they may run (/hooks)",
    },
    Tool {
        name: "gemini",
        title: "Gemini CLI",
        traces: |places| vec![places.home.join(".gemini")],
        config: |places| places.home.join(".gemini").join("settings.json"),
        form: MCP_SERVERS,
        hooks: Some(Hooks {
            file: |places| places.home.join(".gemini").join("settings.json"),
            end: "SessionEnd",
            second: 1_000,
            named: true,
        }),
        then: "start Gemini CLI anew; /mcp shows the server",
    },
    Tool {
        name: "windsurf",
        title: "Windsurf",
        traces: |places| vec![places.home.join(".codeium").join("windsurf")],
        config: |places| places.home.join(".codeium").join("windsurf").join("mcp_config.json"),
        form: MCP_SERVERS,
        hooks: None,
        then: "press the refresh button of Windsurf's MCP page",
    },
    Tool {
        name: "cline",
        title: "Cline",
        traces: |places| vec![cline(places)],
        config: |places| cline(places).join("settings").join("cline_mcp_settings.json"),
        form: MCP_SERVERS,
        hooks: None,
        then: "look at the list of installed MCP servers in Cline",
    },
    Tool {
        name: "continue",
        title: "Continue",
        traces: |places| vec![places.home.join(".continue")],
        config: |places| places.home.join(".continue").join("mcpServers").join("open-memory.json"),
        form: MCP_SERVERS,
        hooks: None,
        then: "reload Continue; its tools are there in agent mode",
    },
    Tool {
        name: "zed",
        title: "Zed",
        traces: |places| vec![places.zed.clone()],
        config: |places| places.zed.join("settings.json"),
        form: Form::Json { servers: "context_servers", typed: false },
        hooks: None,
        then: "look at the agent panel's settings in Zed",
    },
];

/// Where VS Code keeps what belongs to Cline.
fn cline(places: &Places) -> PathBuf {
    places.code().join("globalStorage").join("saoudrizwan.claude-dev")
}

impl Tool {
    /// The tool of this name.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        TOOLS.iter().find(|tool| tool.name == name)
    }

    /// Whether it is on this machine, as far as its files tell.
    pub(crate) fn is_here(&self, places: &Places) -> bool {
        (self.traces)(places).iter().any(|trace| trace.exists())
    }

    /// Where its files would be, for whoever looks for them.
    pub(crate) fn looked_for(&self, places: &Places) -> String {
        let traces: Vec<String> =
            (self.traces)(places).iter().map(|trace| trace.display().to_string()).collect();
        traces.join(", ")
    }

    /// The key that its entry has for this server. A key for one server goes to no other.
    pub(crate) fn key_for(&self, places: &Places, server: &str) -> Option<String> {
        let (kind, servers) = match self.form {
            Form::Json { servers, .. } => (Kind::Json, servers),
            Form::Toml => (Kind::Toml, "mcp_servers"),
        };
        let text = std::fs::read_to_string((self.config)(places)).ok()?;
        let variable = |name: &str| kind.text_at(&text, &[servers, NAME, "env", name]);
        (variable("OMP_SERVER")? == server).then(|| variable("OMP_API_KEY"))?
    }

    /// Whether it runs commands when a session begins and ends.
    pub(crate) fn has_hooks(&self) -> bool {
        self.hooks.is_some()
    }

    /// What is written into which file.
    pub(crate) fn changes(&self, places: &Places, launch: &Launch, with_hooks: bool) -> Vec<Change> {
        let (kind, server) = match self.form {
            Form::Json { servers, typed } => {
                (Kind::Json, Edit::member(&[servers], NAME, entry(launch, typed)))
            }
            Form::Toml => (Kind::Toml, Edit::member(&["mcp_servers"], NAME, entry(launch, false))),
        };
        let mut changes = vec![Change { path: (self.config)(places), kind, edits: vec![server] }];
        if let Some(hooks) = self.hooks.filter(|_| with_hooks) {
            let path = (hooks.file)(places);
            let edits = hooks.edits(self.name, launch);
            match changes.iter_mut().find(|change| change.path == path) {
                Some(change) => change.edits.extend(edits),
                None => changes.push(Change { path, kind: Kind::Json, edits }),
            }
        }
        changes
    }
}

/// The entry of an MCP server.
fn entry(launch: &Launch, typed: bool) -> Value {
    let mut entry = json!({});
    if typed {
        entry["type"] = "stdio".into();
    }
    entry["command"] = launch.command.as_str().into();
    entry["args"] = json!(["mcp"]);
    if let Some(environment) = launch.environment() {
        entry["env"] = environment;
    }
    entry
}

impl Hooks {
    fn edits(self, tool: &str, launch: &Launch) -> Vec<Edit> {
        let edit = |event: &str, ours: &str| {
            let mut hook = json!({"type": "command"});
            if self.named {
                hook["name"] = NAME.into();
            }
            hook["command"] = launch.shell_line(&["hook", ours, "--tool", tool]).into();
            hook["timeout"] = (HOOK_SECONDS * self.second).into();
            // By this it is found again, whichever path the program has by then.
            let mark = format!(" hook {ours} --tool {tool}");
            Edit::element(&["hooks", event], json!({"hooks": [hook]}), &mark)
        };
        vec![edit("SessionStart", "session-start"), edit(self.end, "session-end")]
    }
}
