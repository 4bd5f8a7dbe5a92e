//! A crate may use only floors below its own, and a heavy library is named by one crate only.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

/// The crates by floor, lowest first. A crate that is not listed fails the check: it must be given a floor.
const FLOORS: [&[&str]; 7] = [
    &["omi", "omp-model", "omp-outbound"],
    &["omp-formats", "omp-search", "omp-embed", "omp-ai"],
    &["omp-store"],
    &["omp-service"],
    &["omp-client"],
    &["omp-http", "omp-mcp"],
    &["omp"],
];

/// Outside the house: tools and measurements.
const OUTSIDE: [&str; 2] = ["xtask", "omp-benches"];

/// Libraries that shape whatever uses them, and the crates that may.
const HEAVY: [(&str, &[&str]); 18] = [
    ("axum", &["omp-http"]),
    ("utoipa", &["omp-http", "omp-model"]), // the model derives schemas behind its `openapi` feature
    ("utoipa-axum", &["omp-http"]),
    ("tower-http", &["omp-http"]),
    ("clap", &["omp"]),
    ("indicatif", &["omp"]),
    ("tracing-subscriber", &["omp"]),
    ("rusqlite", &["omp-store"]),
    ("tokio-postgres", &["omp-store"]),
    ("deadpool-postgres", &["omp-store"]),
    ("reqwest", &["omp-client"]),
    ("rmcp", &["omp-mcp"]),
    ("schemars", &["omp-mcp"]),
    ("rten", &["omp-embed"]),
    ("rten-tensor", &["omp-embed"]),
    ("tokenizers", &["omp-embed"]),
    ("ureq", &["omp-outbound"]),
    ("anyhow", &["omp"]),
];

/// Nothing on the two lowest floors waits.
const NO_TOKIO: [&str; 7] =
    ["omi", "omp-model", "omp-outbound", "omp-formats", "omp-search", "omp-embed", "omp-ai"];

fn floor(name: &str) -> Option<usize> {
    FLOORS.iter().position(|crates| crates.contains(&name))
}

/// What is wrong, a sentence each.
pub(crate) fn problems() -> Vec<String> {
    let output =
        Command::new(env!("CARGO")).args(["metadata", "--format-version", "1", "--no-deps"]).output();
    let Ok(metadata) =
        output.map_err(drop).and_then(|o| serde_json::from_slice::<Value>(&o.stdout).map_err(drop))
    else {
        return vec!["cargo metadata does not answer".into()];
    };
    let mut dependencies: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        // What only tests use may come from anywhere.
        let names = package["dependencies"].as_array().into_iter().flatten().filter(|d| d["kind"].is_null());
        let names = names.filter_map(|d| d["name"].as_str().map(str::to_owned)).collect();
        dependencies.insert(package["name"].as_str().unwrap_or_default().to_owned(), names);
    }
    dependencies.iter().flat_map(|(name, uses)| problems_of(name, uses)).collect()
}

fn problems_of(name: &str, uses: &[String]) -> Vec<String> {
    if OUTSIDE.contains(&name) {
        return Vec::new();
    }
    let Some(own) = floor(name) else { return vec![format!("{name} has no floor: give it one in xtask")] };
    let mut problems = Vec::new();
    for used in uses {
        if floor(used).is_some_and(|floor| floor >= own) {
            problems.push(format!("{name} (floor {own}) may not use {used}, which is not below it"));
        }
        if HEAVY.iter().any(|(heavy, by)| heavy == used && !by.contains(&name)) {
            problems.push(format!("{name} may not name {used}: one crate does, the others go through it"));
        }
        if used.starts_with("tokio") && NO_TOKIO.contains(&name) {
            problems.push(format!("{name} may not use {used}: nothing on the two lowest floors waits"));
        }
    }
    if name == "omi" && uses.iter().any(|used| used.starts_with("omp")) {
        problems.push("omi knows nothing of OMP".into());
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_edges_are_found() {
        let uses = |name: &str, used: &str| problems_of(name, &[used.to_owned()]).len();
        assert_eq!(uses("omp-service", "omp-store"), 0);
        assert_eq!(uses("omp-store", "omp-service"), 1);
        assert_eq!(uses("omp-search", "omp-formats"), 1);
        assert_eq!(uses("omp-service", "rusqlite"), 1);
        assert_eq!(uses("omp-model", "tokio"), 1);
        assert_eq!(uses("omp-new", "serde"), 1);
        assert_eq!(uses("omi", "omp-model"), 2);
    }
}
