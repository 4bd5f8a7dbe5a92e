//! What a principal may see, as an index takes it.

use omp_model::{Principal, Scope};
use omp_search::shard::Limit;

/// Which namespaces are admitted.
type Admits<'a> = Box<dyn Fn(&str) -> bool + Send + Sync + 'a>;

/// The limits of a principal; they outlive the search that they hold for.
pub(crate) struct Sight<'a> {
    tool: Option<&'a str>,
    admits: Option<Admits<'a>>,
}

impl<'a> Sight<'a> {
    /// The limits; `None` for whoever may see nothing at all.
    pub(crate) fn of(principal: &'a Principal) -> Option<Self> {
        if !principal.may(Scope::Read) {
            return None;
        }
        let Some(limits) = principal.sight() else { return Some(Self { tool: None, admits: None }) };
        let admits = limits.only_namespaces().map(|patterns| -> Admits<'_> {
            Box::new(move |name| patterns.iter().any(|pattern| pattern.matches(name)))
        });
        Some(Self { tool: limits.only_tool().map(omp_model::ToolName::as_str), admits })
    }

    /// The limits as part of a filter.
    pub(crate) fn limit(&self) -> Limit<'_> {
        Limit { tool: self.tool, namespaces: self.admits.as_ref().map(|admits| &**admits as _) }
    }
}
