//! Several programs on one file.

use std::process::Stdio;

use serde_json::json;

use crate::program::{Home, assert_sound};

#[test]
fn ten_processes_write_to_one_file_at_once_and_nothing_is_lost() {
    const PROCESSES: usize = 10;
    const EACH: usize = 300;
    let home = Home::new();
    let children: Vec<_> = (0..PROCESSES)
        .map(|process| {
            let memories: Vec<_> = (0..EACH)
                .map(|n| {
                    let id = format!("mem_{:016}", process * EACH + n);
                    json!({"id": id, "content": format!("memory {n} of process {process}"), "type": "semantic",
                        "source": {"tool": "t"}, "tags": ["shared"], "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"})
                })
                .collect();
            let name = format!("{process}.json");
            home.write(&name, &json!({"omp_version": "0.1", "memories": memories}).to_string());
            let mut command = home.command(&["import", &name, "--json"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    // While they work, single commands go in between.
    for n in 0..20 {
        home.ok(&["remember", &format!("single {n}")]);
    }
    for child in children {
        let output = child.wait_with_output().unwrap();
        let talk = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && !talk.contains("locked"), "{talk}");
    }
    assert_eq!(home.ok(&["list", "--json"]).json()["total"], PROCESSES * EACH + 20);
    assert_eq!(home.ok(&["list", "--tag", "shared", "--json"]).json()["total"], PROCESSES * EACH);
    assert_sound(&home.path("memory.db"));
}
