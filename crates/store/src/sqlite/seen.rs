//! What a principal may see, as a condition of a query.

use omp_model::Principal;
use rusqlite::types::Value;

/// A condition on the row `alias` of `memories`, empty for whoever may see everything. Its values are added to
/// `values`, whose first is the parameter after `before`.
pub(super) fn condition(by: &Principal, alias: &str, before: usize, values: &mut Vec<Value>) -> String {
    let mut sql = String::new();
    if by.sees_everything() {
        return sql;
    }
    let Some(limits) = by.sight() else {
        // It may not read at all.
        return " AND 0".to_owned();
    };
    let mut parameter = |value: &str| {
        values.push(Value::from(value.to_owned()));
        format!("?{}", before + values.len())
    };
    if let Some(tool) = limits.only_tool() {
        sql.push_str(&format!(" AND {alias}.tool = {}", parameter(tool.as_str())));
    }
    if let Some(patterns) = limits.only_namespaces() {
        // A namespace holds none of the characters that GLOB knows.
        let globs =
            patterns.iter().map(|pattern| format!("{alias}.namespace GLOB {}", parameter(pattern.as_str())));
        sql.push_str(&format!(" AND ({})", globs.collect::<Vec<_>>().join(" OR ")));
    }
    sql
}
