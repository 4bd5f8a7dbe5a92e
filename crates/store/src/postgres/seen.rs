//! What a principal may see, as a condition of a query.

use omp_model::Principal;

use super::session::Value;

/// The limits of a principal in the form that the database compares with.
pub(super) struct Seen {
    blind: bool,
    tool: Option<String>,
    /// Patterns for LIKE.
    namespaces: Option<Vec<String>>,
}

impl Seen {
    /// What this principal may see.
    pub(super) fn of(by: &Principal) -> Self {
        let limits = by.sight();
        let patterns = limits.and_then(omp_model::Limits::only_namespaces);
        Self {
            // It may not read at all.
            blind: !by.may(omp_model::Scope::Read),
            tool: limits.and_then(omp_model::Limits::only_tool).map(|tool| tool.as_str().to_owned()),
            namespaces: patterns.map(|all| all.iter().map(|one| like(one.as_str())).collect()),
        }
    }

    /// A condition on the row `m` of `memories`, empty for whoever may see
    /// everything. What it compares with is added to `values`.
    pub(super) fn condition<'a>(&'a self, values: &mut Vec<Value<'a>>) -> String {
        let mut sql = String::new();
        if self.blind {
            sql.push_str(" AND false");
        }
        if let Some(tool) = &self.tool {
            values.push(tool);
            sql.push_str(&format!(" AND m.tool = ${}", values.len()));
        }
        if let Some(namespaces) = &self.namespaces {
            values.push(namespaces);
            sql.push_str(&format!(" AND m.namespace LIKE ANY (${}::text[])", values.len()));
        }
        sql
    }
}

/// `project_1:*` → `project\_1:%`
fn like(pattern: &str) -> String {
    let mut like = String::with_capacity(pattern.len() + 4);
    for c in pattern.chars() {
        match c {
            '*' => like.push('%'),
            '%' | '_' | '\\' => like.extend(['\\', c]),
            c => like.push(c),
        }
    }
    like
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_like_knows_is_a_character_like_others() {
        assert_eq!(like("project_1:*"), "project\\_1:%");
        assert_eq!(like("a%b\\"), "a\\%b\\\\");
    }
}
