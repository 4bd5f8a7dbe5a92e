//! Queries as the pairs of a query string.

use omp_model::{ContextQuery, ConversationQuery, Filter, ListQuery, Namespace, Tag, Tags, Validity};

/// Name and value.
pub(crate) type Pairs = Vec<(&'static str, String)>;

pub(crate) fn of_list(query: &ListQuery) -> Pairs {
    let mut pairs = of_filter(&query.filter);
    pairs.push(("limit", query.limit.to_string()));
    pairs.push(("offset", query.offset.to_string()));
    pairs.push(("sort", query.sort.as_str().to_owned()));
    if query.with_embedding {
        pairs.push(("include", "embedding".to_owned()));
    }
    pairs
}

fn of_filter(filter: &Filter) -> Pairs {
    let mut pairs = Pairs::new();
    pairs.extend(filter.kind.map(|kind| ("type", kind.as_str().to_owned())));
    pairs.extend(filter.tool.iter().map(|tool| ("tool", tool.to_string())));
    pairs.extend(filter.namespace.iter().map(|namespace| ("namespace", namespace.to_string())));
    if !filter.tags.is_empty() {
        pairs.push(("tags", joined(&filter.tags)));
    }
    pairs
}

pub(crate) fn of_context(query: &ContextQuery) -> Pairs {
    let filter = &query.filter;
    let mut pairs = vec![("budget", query.budget.to_string())];
    pairs.extend(query.q.iter().map(|q| ("q", q.as_str().to_owned())));
    pairs.extend(filter.kind.map(|kind| ("type", kind.as_str().to_owned())));
    pairs.extend(filter.tool.iter().map(|tool| ("tool", tool.to_string())));
    if !filter.tags.is_empty() {
        pairs.push(("tags", joined(&filter.tags)));
    }
    if !filter.namespaces.is_empty() {
        let names: Vec<_> = filter.namespaces.iter().map(Namespace::as_str).collect();
        pairs.push(("namespace", names.join(",")));
    }
    pairs.extend(filter.created_after.map(|at| ("created_after", at.to_string())));
    pairs.extend(filter.created_before.map(|at| ("created_before", at.to_string())));
    match filter.validity {
        Validity::Now => {}
        Validity::At(at) => pairs.push(("as_of", at.to_string())),
        Validity::Ever => pairs.push(("include", "superseded".to_owned())),
    }
    pairs
}

fn joined(tags: &Tags) -> String {
    tags.iter().map(Tag::as_str).collect::<Vec<_>>().join(",")
}

pub(crate) fn of_conversations(query: &ConversationQuery) -> Pairs {
    let mut pairs = Pairs::new();
    pairs.extend(query.model.iter().map(|model| ("model", model.to_string())));
    pairs.extend(query.exclude_model.iter().map(|model| ("exclude_model", model.to_string())));
    pairs.extend(query.since.map(|since| ("since", since.to_string())));
    pairs.push(("limit", query.limit.to_string()));
    pairs.push(("offset", query.offset.to_string()));
    pairs
}
