//! Disks that are full and files that may not be written.
#![cfg(unix)]

use std::os::unix::process::CommandExt;
use std::process::Command;

use serde_json::json;

use crate::program::{Home, Server, run};

/// `omp` that may write files of at most so many KiB: to a program a full disk looks the same.
fn limited(home: &Home, kib: u32, args: &[&str]) -> Command {
    let mut command = home.command(&[]);
    let omp = env!("CARGO_BIN_EXE_omp");
    let mut shell = Command::new("bash");
    shell.args(["-c", &format!("trap '' XFSZ; ulimit -f {kib}; exec \"$0\" \"$@\""), omp]).args(args);
    shell.current_dir(home.folder.path());
    for (name, value) in command.current_dir(home.folder.path()).get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell
}

#[test]
fn a_full_disk_is_a_clear_error_and_what_was_stored_stays() {
    let home = Home::new();
    home.ok(&["remember", "stored before"]);
    let server = Server::start(limited(&home, 400, &["serve", "--port", "0"]));
    let big = json!({"content": "x".repeat(9_000), "type": "semantic", "source": {"tool": "t"}});
    let mut stored = 0;
    let refused = loop {
        let (status, answer) = server.json("POST", "/v1/memories", &big);
        if status != 201 {
            break (status, answer);
        }
        stored += 1;
        assert!(stored < 1_000, "the limit does not work");
    };
    assert_eq!((refused.0, refused.1["error"].as_str()), (507, Some("storage_full")), "{}", refused.1);
    let (status, list) = server.json("GET", "/v1/memories?limit=1", &json!(null));
    assert_eq!((status, list["total"].as_u64()), (200, Some(stored + 1)), "reading goes on");
    drop(server);
    home.assert_sound();
    assert_eq!(home.ok(&["list", "--json"]).json()["total"], stored + 1);
}

#[test]
fn a_read_only_database_is_a_clear_error() {
    let home = Home::new();
    home.ok(&["remember", "stored before"]);
    let path = home.path("memory.db");
    for (target, mode) in [("memory.db", "444"), ("memory.db-lock", "444"), (".", "555")] {
        let changed =
            Command::new("chmod").args([mode, home.path(target).to_str().unwrap()]).status().unwrap();
        assert!(changed.success());
    }
    // Root may write anything, so the program runs as somebody else when the tests run as root.
    let mut command = home.command(&["remember", "new"]);
    let is_root = run(Command::new("id").arg("-u")).out.trim() == "0";
    if is_root {
        command.uid(65_534).gid(65_534);
        // The binary and the folder's parents must be reachable for that user.
        let copy = std::env::temp_dir().join(format!("omp-{}", std::process::id()));
        std::fs::copy(env!("CARGO_BIN_EXE_omp"), &copy).unwrap();
        let mut other = Command::new(&copy);
        other.args(["remember", "new"]).env("OMP_DB_PATH", &path).uid(65_534).gid(65_534).current_dir("/");
        command = other;
    }
    let refused = run(&mut command);
    let restored =
        Command::new("chmod").args(["-R", "u+rwX", home.folder.path().to_str().unwrap()]).status().unwrap();
    assert!(restored.success());
    assert_eq!(refused.code, 5, "{} {}", refused.out, refused.err);
    assert!(refused.err.contains("read-only") || refused.err.contains("ermission"), "{}", refused.err);
    assert_eq!(home.ok(&["list", "--json"]).json()["total"], 1);
}
