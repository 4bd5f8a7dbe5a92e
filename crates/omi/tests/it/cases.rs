//! Fixtures that other implementations can run too.

use omi::{Level, Report, Serialization, validate};
use serde_json::{Value, json};

/// Judges one case as the form it says it is.
fn judge(case: &Value) -> Report {
    let form = Serialization::from_label(case["serialization"].as_str().unwrap()).unwrap();
    validate(case["text"].as_str().unwrap().as_bytes(), Some(form)).unwrap()
}

/// The cases of a file, one a line.
fn cases(path: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What a report says, in the form of the fixtures.
fn outcome(report: &Report) -> (Value, Value) {
    let findings = report.findings.iter().map(|finding| {
        json!({
            "severity": finding.severity,
            "code": finding.code,
            "path": finding.path,
            "line": finding.line,
            "column": finding.column,
        })
    });
    (json!(report.level), findings.collect())
}

#[test]
fn every_fixture_comes_out_as_it_says() {
    let cases = cases(concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/omi/cases.jsonl"));
    assert!(cases.len() >= 150, "there are only {} cases", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let (level, findings) = outcome(&judge(case));
        if level != case["levels"] || findings != case["findings"] {
            wrong.push(format!("{}: {level} {findings}", case["name"]));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn fixture_names_are_unique_and_every_code_occurs() {
    let cases = cases(concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/omi/cases.jsonl"));
    let mut names: Vec<_> = cases.iter().map(|case| case["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
    let used = |code: &omi::Code| {
        let of =
            |case: &Value| case["findings"].as_array().unwrap().iter().any(|f| f["code"] == code.as_str());
        cases.iter().any(of)
    };
    // Text in a JSON file cannot be bad UTF-8, and nobody wants 64 MiB in a fixture.
    let elsewhere = [omi::Code::InvalidUtf8, omi::Code::TooLarge];
    let unused: Vec<_> =
        omi::Code::ALL.iter().filter(|code| !elsewhere.contains(code) && !used(code)).collect();
    assert!(unused.is_empty(), "no fixture has {unused:?}");
}

/// A file of cases with the verdicts `l0` and `l1`, named by `OMI_CASES`.
#[test]
fn a_given_file_of_cases_comes_out_as_it_says() {
    let Ok(path) = std::env::var("OMI_CASES") else { return };
    let cases = cases(&path);
    let mut wrong = Vec::new();
    for case in &cases {
        let report = judge(case);
        let verdict = (report.reaches(Level::L0), report.reaches(Level::L1));
        if verdict != (case["l0"] == true, case["l1"] == true) {
            wrong.push(format!("{} ({}): {:?}", case["name"], case["why"], report.findings));
        }
    }
    println!("{} of {} cases come out as they say", cases.len() - wrong.len(), cases.len());
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
