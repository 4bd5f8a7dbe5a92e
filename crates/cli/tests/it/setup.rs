//! Other tools' configuration: written, left alone, put back.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::program::{Home, run};

/// Every tool, what shows that it is there, and its file, as on this platform.
fn tools() -> Vec<(&'static str, &'static str, String)> {
    let settings = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".config" };
    let code = format!("{settings}/Code/User");
    let cline = format!("{code}/globalStorage/saoudrizwan.claude-dev");
    vec![
        ("claude-desktop", "", format!("{settings}/Claude/claude_desktop_config.json")),
        ("claude-code", ".claude", ".claude.json".into()),
        ("cursor", "", ".cursor/mcp.json".into()),
        ("vscode", "", format!("{code}/mcp.json")),
        ("codex", "", ".codex/config.toml".into()),
        ("gemini", "", ".gemini/settings.json".into()),
        ("windsurf", "", ".codeium/windsurf/mcp_config.json".into()),
        ("cline", "", format!("{cline}/settings/cline_mcp_settings.json")),
        ("continue", ".continue", ".continue/mcpServers/open-memory.json".into()),
        ("zed", "", ".config/zed/settings.json".into()),
    ]
}

/// A home with all tools and no configuration yet.
fn with_tools() -> Home {
    let home = Home::new();
    for (_, trace, file) in tools() {
        let folder =
            if trace.is_empty() { home.path(&file).parent().unwrap().to_owned() } else { home.path(trace) };
        fs::create_dir_all(folder).unwrap();
    }
    home
}

/// Everything that lies in a home, but for our own folder.
fn everything(home: &Home) -> Vec<(PathBuf, Vec<u8>)> {
    fn walk(folder: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir()
                && !path.ends_with("open-memory")
                && !path.to_string_lossy().contains("Open-Memory")
            {
                walk(&path, found);
            } else if path.is_file() && !path.to_string_lossy().contains("memory.db") {
                found.push((path.clone(), fs::read(&path).unwrap()));
            }
        }
    }
    let mut found = Vec::new();
    walk(home.folder.path(), &mut found);
    found.sort();
    found
}

/// What the tools' own readers would see.
fn entry(home: &Home, tool: &str, file: &str) -> Value {
    let text = fs::read_to_string(home.path(file)).unwrap();
    if tool == "codex" {
        let table: toml_edit::DocumentMut = text.parse().unwrap();
        let entry = &table["mcp_servers"]["open-memory"];
        return json!({"command": entry["command"].as_str(), "args": ["mcp"]});
    }
    let body = text.trim_start_matches('\u{feff}');
    let document = jsonc_parser::cst::CstRootNode::parse(body, &jsonc_parser::ParseOptions::default());
    let value: Value = document.unwrap().to_serde_value().unwrap();
    let servers = match tool {
        "vscode" => "servers",
        "zed" => "context_servers",
        _ => "mcpServers",
    };
    value[servers]["open-memory"].clone()
}

#[test]
fn every_tool_is_set_up_and_put_back() {
    let home = with_tools();
    let report = home.ok(&["setup", "--all", "--yes", "--json"]).json();
    assert_eq!(report.as_array().unwrap().len(), tools().len());
    for (tool, _, file) in tools() {
        let entry = entry(&home, tool, &file);
        let command = entry["command"].as_str().unwrap_or_else(|| panic!("{tool}: {entry}"));
        assert!(Path::new(command).is_absolute() && entry["args"] == json!(["mcp"]), "{tool}: {entry}");
    }
    let once = everything(&home);
    let again = home.ok(&["setup", "--all", "--yes", "--json"]).json();
    assert!(again.as_array().unwrap().iter().all(|one| one["outcome"] == "unchanged"), "{again}");
    assert_eq!(everything(&home), once, "twice is once");
    let undone = home.ok(&["setup", "--undo", "--yes", "--json"]).json();
    assert!(undone.as_array().unwrap().iter().all(|one| one["outcome"] == "exactly"), "{undone}");
    assert_eq!(everything(&home), [], "what was made is gone");
}

#[test]
fn what_is_written_starts_a_server_of_mcp() {
    let home = with_tools();
    home.ok(&["remember", "Prefers green tea"]);
    home.ok(&["setup", "cursor", "--yes"]);
    let entry = entry(&home, "cursor", ".cursor/mcp.json");
    let mut command = std::process::Command::new(entry["command"].as_str().unwrap());
    command.args(entry["args"].as_array().unwrap().iter().map(|arg| arg.as_str().unwrap()));
    for (name, value) in entry["env"].as_object().unwrap() {
        command.env(name, value.as_str().unwrap());
    }
    let request = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}});
    let mut child =
        command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), format!("{request}\n").as_bytes()).unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line)
        .unwrap();
    drop(child.stdin.take());
    child.wait().unwrap();
    assert!(line.contains("\"serverInfo\""), "{line}");
}

#[test]
fn settings_that_an_app_leaves_empty_are_not_set() {
    let home = Home::new();
    let empty = |args: &[&str]| {
        let mut command = home.command(args);
        for name in ["OMP_SERVER", "OMP_API_KEY", "OMP_DB_PATH"] {
            command.env(name, "");
        }
        let run = run(&mut command);
        assert_eq!(run.code, 0, "{}", run.err);
        run
    };
    empty(&["remember", "Prefers green tea"]);
    assert!(empty(&["context"]).out.contains("Prefers green tea"));
    assert!(!home.path("memory.db").exists(), "it is in the usual place");
}

#[test]
fn what_will_change_is_shown_and_asked_for() {
    let home = with_tools();
    let theirs = "{\n  // mine\n  \"mcpServers\": {\n    \"other\": { \"command\": \"x\" }\n  }\n}\n";
    home.write(".cursor/mcp.json", theirs);
    let shown = home.ok(&["setup", "cursor", "--dry-run"]);
    let binary = env!("CARGO_BIN_EXE_omp");
    insta::assert_snapshot!(shown.shown(&home).replace(binary, "<omp>"), @r#"
    status 0
    --- out
    --- err
    Cursor: <home>/.cursor/mcp.json
    @@ -1,6 +1,13 @@
     {
       // mine
       "mcpServers": {
    -    "other": { "command": "x" }
    +    "other": { "command": "x" },
    +    "open-memory": {
    +      "command": "<omp>",
    +      "args": ["mcp"],
    +      "env": {
    +        "OMP_DB_PATH": "<home>/memory.db"
    +      }
    +    }
       }
     }
    not written
    "#);
    let run = home.omp(&["setup", "cursor"]);
    assert!(run.code == 1 && run.err.contains("nobody can be asked here; --yes writes it"), "{}", run.err);
    assert_eq!(fs::read_to_string(home.path(".cursor/mcp.json")).unwrap(), theirs);
}

#[test]
fn comments_line_ends_and_other_entries_stay_and_come_back_exactly() {
    let files = [
        (
            ".cursor/mcp.json",
            "{\r\n  // mine\r\n  \"mcpServers\": { \"other\": { \"command\": \"x\" }, },\r\n}",
        ),
        (".cursor/mcp.json", "{\"mcpServers\":{\"a\":{\"command\":\"x\"}},\"z\":1.50}"),
        (".cursor/mcp.json", ""),
        (".cursor/mcp.json", "\u{feff}{\n\t\"mcpServers\": {}\n}\n\n"),
        (".codex/config.toml", "# mine\r\nmodel = \"o\"   # why\r\n"),
        (".codex/config.toml", "[mcp_servers.other]\ncommand = 'x'"),
    ];
    for (file, theirs) in files {
        let home = with_tools();
        home.write(file, theirs);
        let tool = if file.contains("codex") { "codex" } else { "cursor" };
        home.ok(&["setup", tool, "--yes"]);
        let written = fs::read_to_string(home.path(file)).unwrap();
        for kept in
            ["// mine", "# mine", "# why", "1.50", "'x'"].iter().filter(|kept| theirs.contains(**kept))
        {
            assert!(written.contains(kept), "{written}");
        }
        assert_eq!(written.contains("\r\n"), theirs.contains("\r\n"), "{written:?}");
        assert!(entry(&home, tool, file)["command"].is_string(), "{written}");
        home.ok(&["setup", tool, "--undo", "--yes"]);
        assert_eq!(fs::read_to_string(home.path(file)).unwrap(), theirs, "every byte is back");
    }
}

#[test]
fn what_somebody_changed_since_stays_and_only_our_entry_goes() {
    let home = with_tools();
    home.write(".cursor/mcp.json", "{\n  \"mcpServers\": {}\n}\n");
    home.write(".codex/config.toml", "model = \"o\"\n");
    home.ok(&["setup", "cursor", "codex", "--yes"]);
    let changed = fs::read_to_string(home.path(".cursor/mcp.json")).unwrap();
    home.write(".cursor/mcp.json", &changed.replacen('{', "{\n  // since\n  \"since\": true,", 1));
    let toml = fs::read_to_string(home.path(".codex/config.toml")).unwrap();
    home.write(".codex/config.toml", &format!("since = true\n{toml}"));
    let undone = home.ok(&["setup", "--undo", "--yes", "--json"]).json();
    assert!(undone.as_array().unwrap().iter().all(|one| one["outcome"] == "ours_only"), "{undone}");
    let json = fs::read_to_string(home.path(".cursor/mcp.json")).unwrap();
    assert!(json.contains("// since") && !json.contains("open-memory"), "{json}");
    let toml = fs::read_to_string(home.path(".codex/config.toml")).unwrap();
    assert!(toml.starts_with("since = true\nmodel = \"o\"\n") && !toml.contains("open-memory"), "{toml}");
    assert!(home.ok(&["setup", "--undo", "--yes"]).err.contains("nothing to undo"));
}

#[test]
fn an_entry_of_somebody_else_is_never_lost() {
    let home = with_tools();
    let theirs = r#"{"mcpServers": {"open-memory": {"command": "their-own"}}}"#;
    let file = home.write(".cursor/mcp.json", theirs);
    home.ok(&["setup", "cursor", "--yes"]);
    let ours = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{ours}\n")).unwrap();
    let run = home.omp(&["setup", "--undo", "--yes"]);
    assert!(
        run.code == 1 && run.err.contains("had an entry of this name before; nothing was changed"),
        "{}",
        run.err
    );
    fs::write(&file, ours).unwrap();
    home.ok(&["setup", "--undo", "--yes"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), theirs);
}

#[test]
fn the_copy_of_a_file_that_somebody_removed_is_kept() {
    let home = with_tools();
    let file = home.write(".cursor/mcp.json", "{\"mine\": 1}");
    let report = home.ok(&["setup", "cursor", "--yes", "--json"]).json();
    fs::remove_file(&file).unwrap();
    home.ok(&["setup", "--undo", "--yes"]);
    assert!(!file.exists());
    assert_eq!(fs::read_to_string(report[0]["backup"].as_str().unwrap()).unwrap(), "{\"mine\": 1}");
}

#[test]
fn setting_up_again_after_changes_still_undoes_to_what_is_not_ours() {
    let home = with_tools();
    let file = home.write(".claude.json", "{\n  \"numStartups\": 1\n}\n");
    home.ok(&["setup", "claude-code", "--yes"]);
    let text = fs::read_to_string(&file).unwrap().replace("\"numStartups\": 1", "\"numStartups\": 2");
    fs::write(&file, text).unwrap();
    home.ok(&["setup", "claude-code", "--yes", "--server", "https://memory.example"]);
    assert_eq!(
        entry(&home, "claude-code", ".claude.json")["env"],
        json!({"OMP_SERVER": "https://memory.example"})
    );
    home.ok(&["setup", "--undo", "--yes"]);
    let left: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(left["numStartups"], 2);
    assert!(left["mcpServers"].get("open-memory").is_none(), "{left}");
}

#[test]
fn what_cannot_be_read_is_refused_and_left_as_it_is() {
    let home = with_tools();
    for (file, tool, theirs, said) in [
        (".cursor/mcp.json", "cursor", "{\n  \"mcpServers\": \n}", "is not JSON in line 3"),
        (".cursor/mcp.json", "cursor", "[]", "holds no JSON object; nothing was changed"),
        (".cursor/mcp.json", "cursor", "{\"mcpServers\": []}", "has `mcpServers`, which is no object"),
        (".codex/config.toml", "codex", "a = 1\nb =", "is not TOML in line 2"),
    ] {
        let path = home.write(file, theirs);
        let run = home.omp(&["setup", tool, "--yes"]);
        assert!(run.code == 1 && run.err.contains(said), "{}", run.err);
        assert_eq!(fs::read_to_string(&path).unwrap(), theirs);
    }
}

#[test]
fn one_file_that_cannot_be_read_stopped_all_the_others() {
    let home = with_tools();
    home.write(".cursor/mcp.json", "{ nonsense");
    for (option, outcome) in [("--dry-run", "not_written"), ("--yes", "written")] {
        let run = home.omp(&["setup", "--all", option, "--json"]);
        assert!(run.code == 1 && run.err.contains("mcp.json is not JSON"), "{} {}", run.code, run.err);
        let report = run.json();
        let of =
            |wanted: &str| report.as_array().unwrap().iter().filter(|one| one["outcome"] == wanted).count();
        assert_eq!((of("failed"), of(outcome)), (1, tools().len() - 1), "{report}");
    }
    assert_eq!(fs::read_to_string(home.path(".cursor/mcp.json")).unwrap(), "{ nonsense");
}

#[test]
fn tools_that_are_not_here_are_said_to_be_and_what_to_paste_is_printed() {
    let home = Home::new();
    assert_eq!(home.ok(&["setup"]).err, "no tool was found; `omp setup TOOL --print` shows what to paste\n");
    let run = home.omp(&["setup", "cursor", "--yes"]);
    assert!(run.code == 1 && run.err.contains("Cursor is not on this machine: there is no "), "{}", run.err);
    let printed: Value = serde_json::from_str(&home.ok(&["setup", "cursor", "--print"]).out).unwrap();
    assert_eq!(printed["mcpServers"]["open-memory"]["args"], json!(["mcp"]));
    fs::create_dir(home.path(".cursor")).unwrap();
    assert!(home.ok(&["setup"]).out.starts_with("cursor          found  Cursor"));
    home.ok(&["setup", "cursor", "--yes"]);
    assert!(home.ok(&["setup"]).out.starts_with("cursor          set up  Cursor"));
}

/// The blocks of a page that are to be pasted, of one language.
fn pasted<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let opening = format!("```{language}\n");
    page.split(&opening).skip(1).filter_map(|rest| rest.split("\n```").next()).collect()
}

#[test]
fn the_pages_say_what_setup_writes() {
    let home = Home::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/connect");
    for (tool, _, _) in tools() {
        let page = fs::read_to_string(folder.join(format!("{tool}.md"))).unwrap();
        let with_hooks = page.contains("omp hook session-start");
        let mut args = vec!["setup", tool, "--print", "--json"];
        args.extend(with_hooks.then_some("--hooks"));
        let printed = run(home.command(&args).env_remove("OMP_DB_PATH")).json();
        for file in printed.as_array().unwrap() {
            let text =
                file["text"].as_str().unwrap().replace(env!("CARGO_BIN_EXE_omp"), "/usr/local/bin/omp");
            let whole = text.trim_end();
            let toml = pasted(&page, "toml");
            let json = pasted(&page, "json");
            // Gemini CLI has both in one file, and the page shows them one after the other.
            let parts: Value = serde_json::from_str(whole).unwrap_or(Value::Null);
            let shown = |part: &Value| {
                json.iter().any(|block| serde_json::from_str::<Value>(block).is_ok_and(|b| b == *part))
            };
            let all_shown = parts.as_object().is_some_and(|parts| {
                !parts.is_empty() && parts.iter().all(|(name, value)| shown(&json!({name: value})))
            });
            assert!(
                toml.contains(&whole) || json.contains(&whole) || all_shown,
                "{tool}: the page lacks\n{whole}"
            );
        }
    }
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_key_makes_the_file_its_owners_only_and_is_never_shown() {
        let home = with_tools();
        let file = home.write(".cursor/mcp.json", "{}");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        let key = "k3y-".repeat(10);
        let run = run(home
            .command(&["setup", "cursor", "codex", "--yes"])
            .env("OMP_API_KEY", &key)
            .env("OMP_SERVER", "https://m.example"));
        assert_eq!(run.code, 0, "{}", run.err);
        assert!(
            !run.err.contains(&key) && run.err.contains("***") && run.err.contains("nobody but you"),
            "{}",
            run.err
        );
        assert_eq!(entry(&home, "cursor", ".cursor/mcp.json")["env"]["OMP_API_KEY"], key.as_str());
        assert_eq!((mode(&file), mode(&home.path(".codex/config.toml"))), (0o600, 0o600));
        let data = home.path(".local/share/open-memory/setup");
        for kept in fs::read_dir(&data).into_iter().flatten() {
            let kept = kept.unwrap().path();
            assert!(
                !fs::read_to_string(&kept).unwrap().contains(&key) && mode(&kept) == 0o600,
                "{}",
                kept.display()
            );
        }
        home.ok(&["setup", "--undo", "--yes"]);
        assert_eq!(mode(&file), 0o644);
    }

    #[test]
    fn links_of_dotfiles_are_written_through_and_read_only_files_refused() {
        let home = with_tools();
        fs::create_dir_all(home.path("dotfiles")).unwrap();
        let real = home.write("dotfiles/mcp.json", "{}\n");
        symlink(&real, home.path(".cursor/mcp.json")).unwrap();
        home.ok(&["setup", "cursor", "--yes"]);
        assert!(home.path(".cursor/mcp.json").symlink_metadata().unwrap().is_symlink());
        assert!(fs::read_to_string(&real).unwrap().contains("open-memory"));
        home.ok(&["setup", "--undo", "--yes"]);
        assert_eq!(fs::read_to_string(&real).unwrap(), "{}\n");
        fs::set_permissions(&real, fs::Permissions::from_mode(0o444)).unwrap();
        let run = home.omp(&["setup", "cursor", "--yes"]);
        assert!(run.code == 1 && run.err.contains("read-only"), "{}", run.err);
    }

    #[test]
    fn a_crash_between_the_copy_and_the_file_loses_nothing() {
        let home = with_tools();
        let file = home.write(".cursor/mcp.json", "{\"mine\": 1}");
        home.ok(&["setup", "cursor", "--yes"]);
        // As if the program had ended before the file was replaced.
        fs::write(&file, "{\"mine\": 1}").unwrap();
        let undone = home.ok(&["setup", "--undo", "--yes", "--json"]).json();
        assert_eq!(undone[0]["outcome"], "nothing");
        assert_eq!(fs::read_to_string(&file).unwrap(), "{\"mine\": 1}");
        home.ok(&["setup", "cursor", "--yes"]);
        home.ok(&["setup", "--undo", "--yes"]);
        assert_eq!(fs::read_to_string(&file).unwrap(), "{\"mine\": 1}");
    }

    /// Runs a hook as an agent does: its line through a shell, the event on standard input.
    fn hook(home: &Home, line: &str, input: &Value) -> Value {
        let command = home.command(&[]);
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", line]).current_dir(home.path("boat"));
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        shell.env_remove("OMP_DB_PATH");
        let mut child =
            shell.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.to_string().as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn command_of(hooks: &Value, event: &str) -> String {
        hooks["hooks"][event][0]["hooks"][0]["command"].as_str().unwrap().to_owned()
    }

    #[test]
    fn hooks_are_written_only_when_asked_for_and_bring_memories_in() {
        let home = with_tools();
        home.repository("boat");
        home.ok_in("boat", &["remember", "The hull is red", "--project"]);
        home.ok(&["setup", "--all", "--yes"]);
        assert!(!home.path(".claude/settings.json").exists() && !home.path(".codex/hooks.json").exists());
        home.ok(&["setup", "--all", "--yes", "--hooks"]);
        for (file, tool, end) in [
            (".claude/settings.json", "claude-code", "SessionEnd"),
            (".codex/hooks.json", "codex", "Stop"),
            (".gemini/settings.json", "gemini", "SessionEnd"),
        ] {
            let hooks: Value = serde_json::from_str(&fs::read_to_string(home.path(file)).unwrap()).unwrap();
            let transcript = home.write("boat/session.txt", "User: Hi\nAssistant: Yes\n");
            let input = json!({"session_id": "s", "transcript_path": transcript, "cwd": home.path("boat"),
                "hook_event_name": "SessionStart", "source": "startup"});
            let start = hook(&home, &command_of(&hooks, "SessionStart"), &input);
            let told = start["hookSpecificOutput"]["additionalContext"].as_str().unwrap();
            assert!(told.contains("The hull is red") && told.contains("This is data"), "{tool}: {start}");
            assert!(told.contains("memories is `project:boat`;"), "{told}");
            assert_eq!(start.get("systemMessage"), None);
            assert_eq!(hook(&home, &command_of(&hooks, end), &input), json!({}));
            // The next session is told of the one that waits, and it is saved when the person says so.
            let next = json!({"cwd": home.path("boat"), "transcript_path": "/nowhere", "hook_event_name": "SessionStart"});
            let start = hook(&home, &command_of(&hooks, "SessionStart"), &next);
            assert!(start["systemMessage"].as_str().unwrap().contains("`omp save --last`"), "{start}");
            assert!(home.ok(&["save", "--offered"]).out.contains(tool));
            home.ok(&["save", "--last"]);
            assert!(home.ok(&["save", "--offered", "--json"]).json().as_array().unwrap().is_empty());
            let start = hook(&home, &command_of(&hooks, "SessionStart"), &next);
            assert_eq!(start.get("systemMessage"), None);
        }
        assert_eq!(home.ok(&["recent", "--json"]).json()["conversations"].as_array().unwrap().len(), 3);
        home.ok(&["setup", "--undo", "--yes"]);
        let left: Vec<_> = everything(&home).into_iter().map(|(path, _)| path).collect();
        assert_eq!(left, [home.path("boat/session.txt")]);
    }

    #[test]
    fn a_hook_finds_the_key_of_its_server_and_gives_it_to_no_other() {
        let home = with_tools();
        home.repository("boat");
        let key = "k3y-".repeat(10);
        let server = home.serve(Some(&key));
        home.ok(&["remember", "Prefers green tea", "--server", &server.url, "--api-key", &key]);
        for tool in ["claude-code", "codex", "gemini"] {
            home.ok(&["setup", tool, "--yes", "--hooks", "--server", &server.url, "--api-key", &key]);
            let file = home.path(if tool == "codex" {
                ".codex/hooks.json"
            } else if tool == "gemini" {
                ".gemini/settings.json"
            } else {
                ".claude/settings.json"
            });
            let text = fs::read_to_string(file).unwrap();
            let line = command_of(&serde_json::from_str(&text).unwrap(), "SessionStart");
            assert!(!line.contains(&key), "{line}");
            let start = hook(&home, &line, &json!({"cwd": home.path("boat")}));
            assert!(
                start["hookSpecificOutput"]["additionalContext"].as_str().unwrap().contains("green tea"),
                "{start}"
            );
        }
        let other = home.serve(Some(&key));
        let run =
            home.with_input(&["hook", "session-start", "--tool", "codex", "--server", &other.url], "{}");
        assert_eq!(run.code, 4, "{}", run.err);
    }

    #[test]
    fn hooks_of_others_stay_and_a_tool_without_hooks_says_so() {
        let home = with_tools();
        let theirs = "{\n  \"hooks\": {\n    \"SessionStart\": [\n      { \"hooks\": [{ \"type\": \"command\", \"command\": \"theirs\" }] }\n    ]\n  }\n}\n";
        let file = home.write(".claude/settings.json", theirs);
        home.ok(&["setup", "claude-code", "--yes", "--hooks"]);
        let hooks: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        assert_eq!(hooks["hooks"]["SessionStart"].as_array().unwrap().len(), 2);
        assert_eq!(hooks["hooks"]["SessionStart"][0]["hooks"][0]["command"], "theirs");
        home.ok(&["setup", "--undo", "--yes"]);
        assert_eq!(fs::read_to_string(&file).unwrap(), theirs);
        let run = home.omp(&["setup", "cursor", "--yes", "--hooks"]);
        assert!(run.code == 1 && run.err.contains("leave --hooks out"), "{}", run.err);
    }

    #[test]
    fn a_hook_that_gets_nonsense_says_so_and_answers_nothing() {
        let home = with_tools();
        let run = home.with_input(&["hook", "session-start", "--tool", "codex"], "nonsense");
        assert!(run.code == 1 && run.out.is_empty() && run.err.contains("a JSON object"), "{}", run.err);
        let end = home.with_input(&["hook", "session-end", "--tool", "codex"], "{}");
        assert_eq!((end.code, end.out.as_str()), (0, "{}\n"));
    }
}
