//! The reference of the command line, made from the program itself. `cargo xtask gen` writes it anew.

use std::fmt::Write as _;

use crate::program::Home;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cli.md");

#[test]
fn generated_cli_reference_is_current() {
    let home = Home::new();
    let help = |args: &[&str]| {
        let args: Vec<&str> = args.iter().copied().chain(["--help"]).collect();
        home.ok(&args).out.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
    };
    let whole = help(&[]);
    let mut document = "# The command line\n\nMade from the program; `cargo xtask gen` writes this file anew.\n\n\
         Data goes to standard output, talk to standard error. `--json` prints JSON. Exit statuses: 0 done; 1 refused or \
         not valid; 2 wrong usage; 3 not found; 4 not allowed; 5 not available now; 70 a fault of the program.\n"
        .to_owned();
    write!(document, "\n## omp\n\n```text\n{whole}\n```\n").unwrap();
    for command in commands_of(&whole) {
        let page = help(&[command]);
        write!(document, "\n## omp {command}\n\n```text\n{page}\n```\n").unwrap();
        for nested in commands_of(&page) {
            write!(document, "\n### omp {command} {nested}\n\n```text\n{}\n```\n", help(&[command, nested]))
                .unwrap();
        }
    }
    if std::env::var_os("OMP_UPDATE").is_some() {
        std::fs::write(FILE, &document).unwrap();
    }
    let committed = std::fs::read_to_string(FILE).unwrap_or_default();
    assert!(committed == document, "docs/cli.md is stale: run `cargo xtask gen`");
}

/// The commands that a page of help lists.
fn commands_of(page: &str) -> impl Iterator<Item = &str> {
    let lines =
        page.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help")
}
