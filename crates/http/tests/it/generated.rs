//! The OpenAPI document, made from the routes. `cargo xtask gen` writes it anew.

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi.json");

#[test]
fn generated_openapi_document_is_current() {
    let document = omp_http::openapi_document().to_pretty_json().unwrap() + "\n";
    if std::env::var_os("OMP_UPDATE").is_some() {
        std::fs::write(FILE, &document).unwrap();
    }
    let committed = std::fs::read_to_string(FILE).unwrap_or_default();
    assert!(committed == document, "openapi.json is stale: run `cargo xtask gen`");
}

#[test]
fn every_operation_says_what_it_is_and_how_it_fails() {
    let document = serde_json::to_value(omp_http::openapi_document()).unwrap();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap().iter().filter(|(name, _)| *name != "parameters")
        {
            let id = operation["operationId"].as_str().unwrap();
            assert!(!operation["summary"].as_str().unwrap().is_empty(), "{id}");
            let codes: Vec<&String> = operation["responses"].as_object().unwrap().keys().collect();
            let open = ["/v1/health", "/livez", "/readyz"].contains(&path.as_str());
            assert!(open || codes.iter().any(|code| code.starts_with('4')), "{id} documents no error");
            assert_eq!(operation.get("security").is_some(), !open, "{id}");
            operations.push(format!("{method} {path} {id}"));
        }
    }
    assert_eq!(operations.len(), 44, "{operations:#?}");
}
