//! Several programs on one file.

use std::process::Stdio;

use serde_json::json;

use crate::program::Home;

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
    home.assert_sound();
}

#[test]
fn a_command_forgets_for_good_beside_a_server_that_reads() {
    let home = Home::new();
    let server = home.serve(None);
    let memory = json!({"content": "the xylographer", "type": "semantic", "source": {"tool": "t"}, "tags": ["quincunx"]});
    let (_, stored) = server.json("POST", "/v1/memories", &memory);
    let id = stored["id"].as_str().unwrap();
    let path = format!("/v1/memories/{id}");
    server.json("PUT", &path, &json!({"content": "the zephyrine"}));
    let read = |query: &str| server.json("GET", &format!("/v1/memories{query}"), &serde_json::Value::Null);
    assert_eq!(read("/search?q=zephyrine").1["total"], 1);
    home.ok(&["forget", id]);
    for entry in std::fs::read_dir(home.folder.path()).unwrap() {
        let entry = entry.unwrap();
        let bytes = std::fs::read(entry.path()).unwrap();
        for word in ["xylographer", "quincunx", "zephyrine"] {
            let there = bytes.windows(word.len()).any(|window| window == word.as_bytes());
            assert!(!there, "{word} is in {:?}", entry.file_name());
        }
    }
    assert_eq!((read("").1["total"].as_u64(), read(&format!("/{id}/history")).0), (Some(0), 404));
}
