//! A file has one subject; one of more than 600 lines has probably several.

use std::process::Command;

const MOST: usize = 600;

/// Files that are too long, a sentence each.
pub(crate) fn problems() -> Vec<String> {
    let Ok(listed) = Command::new("git").args(["ls-files", "*.rs"]).output() else { return Vec::new() };
    let files = String::from_utf8_lossy(&listed.stdout).into_owned();
    let lines = |file: &str| std::fs::read_to_string(file).map_or(0, |text| text.lines().count());
    files
        .lines()
        .map(|file| (file, lines(file)))
        .filter(|(_, lines)| *lines > MOST)
        .map(|(file, lines)| format!("{file} has {lines} lines; more than {MOST} are several subjects"))
        .collect()
}
