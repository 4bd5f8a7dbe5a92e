//! Encryption of the database file. `cargo test -p omp --features encryption` runs what takes a build that has it.

use crate::program::{Home, Run, run};

const TEXT: &str = "Prefers green tea";
const PASSPHRASE: &str = "a long enough passphrase";

fn with(home: &Home, passphrase: &str, args: &[&str]) -> Run {
    run(home.command(args).env("OMP_DB_PASSPHRASE", passphrase))
}

#[test]
#[cfg(not(feature = "encryption"))]
fn a_program_that_cannot_encrypt_says_so_and_changes_nothing() {
    let home = Home::new();
    home.ok(&["remember", TEXT]);
    for args in [&["encrypt"][..], &["decrypt"], &["list"]] {
        let refused = with(&home, PASSPHRASE, args);
        assert!(refused.code == 1 && refused.out.is_empty(), "{args:?}: {}", refused.out);
    }
    let refused = with(&home, PASSPHRASE, &["encrypt"]);
    assert!(refused.err.contains("built without encryption"), "{}", refused.err);
    assert_eq!(home.ok(&["list", "--json"]).json()["total"], 1);
}

#[cfg(feature = "encryption")]
mod built_in {
    use super::*;

    /// What anybody sees who has the folder.
    fn found(home: &Home, text: &str) -> Vec<String> {
        let entries = std::fs::read_dir(home.path(".")).unwrap().map(|entry| entry.unwrap().path());
        let holds = |path: &std::path::PathBuf| {
            path.is_file()
                && std::fs::read(path).unwrap().windows(text.len()).any(|part| part == text.as_bytes())
        };
        entries.filter(holds).map(|path| path.display().to_string()).collect()
    }

    fn total(home: &Home, passphrase: &str) -> serde_json::Value {
        let run = with(home, passphrase, &["list", "--json"]);
        assert_eq!(run.code, 0, "{}", run.err);
        run.json()["total"].clone()
    }

    #[test]
    fn an_encrypted_file_opens_with_its_passphrase_only_and_shows_nothing() {
        let home = Home::new();
        for n in 0..3 {
            home.ok(&["remember", &format!("{TEXT}, cup {n}"), "--tag", "tea"]);
        }
        assert!(!found(&home, "green tea").is_empty());
        let done = with(&home, PASSPHRASE, &["encrypt", "--json"]);
        assert_eq!(done.code, 0, "{}", done.err);
        assert_eq!(found(&home, "green tea"), [""; 0]);
        assert_eq!(found(&home, "SQLite format"), [""; 0]);
        assert_eq!(total(&home, PASSPHRASE), 3);
        assert_eq!(with(&home, PASSPHRASE, &["remember", TEXT]).code, 0);
        let hits = with(&home, PASSPHRASE, &["recall", "green tea", "--json"]).json();
        assert_eq!(hits["total"], 4);
        let doctor = with(&home, PASSPHRASE, &["doctor"]);
        assert!(
            doctor.code == 0 && doctor.out.contains("the file is encrypted"),
            "{}{}",
            doctor.out,
            doctor.err
        );
        assert_eq!(found(&home, "green tea"), [""; 0]);

        let without = home.omp(&["list"]);
        assert!(without.code == 4 && without.err.contains("OMP_DB_PASSPHRASE"), "{}", without.err);
        let wrong = with(&home, "another long passphrase", &["list"]);
        assert!(wrong.code == 4 && wrong.err.contains("does not open"), "{}", wrong.err);
        let twice = with(&home, PASSPHRASE, &["encrypt"]);
        assert!(twice.code == 1 && twice.err.contains("encrypted already"), "{}", twice.err);
    }

    #[test]
    fn a_passphrase_is_changed_and_taken_off_without_loss() {
        let home = Home::new();
        assert_eq!(with(&home, PASSPHRASE, &["remember", TEXT]).code, 0);
        assert_eq!(found(&home, "SQLite format"), [""; 0], "a new file is encrypted from the first page");
        let before = with(&home, PASSPHRASE, &["export", "-"]).json()["memories"].clone();
        let new = home.write("new.txt", "quite another passphrase\n").display().to_string();
        let changed = with(&home, PASSPHRASE, &["encrypt", "--new-passphrase-file", &new]);
        assert_eq!(changed.code, 0, "{}", changed.err);
        assert_eq!(with(&home, PASSPHRASE, &["list"]).code, 4);
        let by_file = home.ok(&["list", "--json", "--db-passphrase-file", &new]).json();
        assert_eq!(by_file["total"], 1);
        home.ok(&["decrypt", "--db-passphrase-file", &new]);
        assert_eq!(home.ok(&["export", "-"]).json()["memories"], before);
        let needless = with(&home, PASSPHRASE, &["list"]);
        assert!(needless.code == 1 && needless.err.contains("`omp encrypt`"), "{}", needless.err);
    }

    #[test]
    fn a_backup_of_an_encrypted_file_is_encrypted_and_comes_back() {
        let home = Home::new();
        assert_eq!(with(&home, PASSPHRASE, &["remember", TEXT]).code, 0);
        let backup = home.path("copy.bak").display().to_string();
        let made = with(&home, PASSPHRASE, &["backup", &backup]);
        assert_eq!(made.code, 0, "{}", made.err);
        assert_eq!((found(&home, "green tea"), found(&home, "SQLite format")), (vec![], vec![]));
        assert_eq!(with(&home, PASSPHRASE, &["remember", "Another"]).code, 0);
        let restored = with(&home, PASSPHRASE, &["restore", &backup]);
        assert_eq!(restored.code, 0, "{}", restored.err);
        assert_eq!(total(&home, PASSPHRASE), 1);
        let wrong = with(&home, "another long passphrase", &["restore", &backup]);
        assert_eq!(wrong.code, 4);
        assert_eq!(total(&home, PASSPHRASE), 1);
    }

    #[test]
    fn what_is_moved_is_encrypted_where_it_goes() {
        let home = Home::new();
        home.ok(&["remember", TEXT]);
        let moved = with(&home, PASSPHRASE, &["migrate", "--to", "sqlite:sealed.db", "--json"]);
        assert_eq!(moved.code, 0, "{}", moved.err);
        let plain = home.path("memory.db").canonicalize().unwrap();
        for file in found(&home, "green tea") {
            let file = std::path::PathBuf::from(file).canonicalize().unwrap();
            assert!(file.to_string_lossy().starts_with(&*plain.to_string_lossy()), "{}", file.display());
        }
        assert_eq!(with(&home, PASSPHRASE, &["--db", "sealed.db", "list", "--json"]).json()["total"], 1);
        let new = home.write("new.txt", "quite another passphrase\n").display().to_string();
        let from = [
            "migrate",
            "--from",
            "sqlite:sealed.db",
            "--to",
            "sqlite:other.db",
            "--to-passphrase-file",
            &new,
        ];
        let without = home.omp(&from);
        assert_eq!(without.code, 4, "{}", without.err);
        assert_eq!(with(&home, PASSPHRASE, &from).code, 0);
        assert_eq!(with(&home, PASSPHRASE, &["--db", "other.db", "list"]).code, 4);
        let listed = home.ok(&["--db", "other.db", "--db-passphrase-file", &new, "list", "--json"]).json();
        assert_eq!(listed["total"], 1);
    }

    #[test]
    fn a_file_that_a_server_has_open_is_left_alone() {
        let home = Home::new();
        home.ok(&["remember", TEXT]);
        let server = home.serve(None);
        let refused = with(&home, PASSPHRASE, &["encrypt"]);
        assert!(refused.code == 5 && refused.err.contains("another program has"), "{}", refused.err);
        let (status, _) = server.json(
            "POST",
            "/v1/memories",
            &serde_json::json!({"content": "Still here", "type": "semantic", "source": {"tool": "test"}}),
        );
        assert_eq!(status, 201);
        server.stop();
        assert_eq!(with(&home, PASSPHRASE, &["encrypt"]).code, 0);
        assert_eq!(total(&home, PASSPHRASE), 2);
    }
}
