//! The clauses, by subject, each with the check that judges it.

use std::pin::Pin;

use super::clause::Clause;
use super::fixture::Fixture;
use super::probe::Verdict;

/// Clauses with their checks, as a table: force, id, source, sentence, check.
macro_rules! checks {
    ($($force:ident $id:literal [$source:literal] $text:literal => $run:expr;)*) => {
        /// The clauses of this subject, in the order of asking.
        pub(super) const CHECKS: &[super::Check] = &[$(
            super::Check {
                clause: crate::conform::clause::Clause {
                    id: $id,
                    force: crate::conform::clause::Force::$force,
                    source: $source,
                    text: $text,
                },
                run: |fixture| Box::pin(async move { ($run)(fixture).await }),
            },
        )*];
    };
}

mod ai;
mod app;
mod auth;
mod clients;
mod content;
mod conversation_limits;
mod conversations;
mod create;
mod delete;
mod echo;
mod errors;
mod expiry;
mod export;
mod fields;
mod handoff;
mod health;
mod history;
mod import;
mod import_conflicts;
mod import_errors;
mod keys;
mod list;
mod list_order;
mod media;
mod modes;
mod odd_queries;
mod repeats;
mod scripts;
mod search;
mod search_params;
mod source;
mod times;
mod update;
mod update_follow;
mod update_rules;
mod whole_run;

/// A clause and how to find out whether a server keeps it.
pub(super) struct Check {
    pub(super) clause: Clause,
    pub(super) run: fn(&Fixture) -> Pin<Box<dyn Future<Output = Verdict> + Send + '_>>,
}

/// Every check, in the order of asking.
pub(super) fn all() -> impl Iterator<Item = &'static Check> {
    [
        health::CHECKS,
        app::CHECKS,
        auth::CHECKS,
        keys::CHECKS,
        create::CHECKS,
        echo::CHECKS,
        times::CHECKS,
        content::CHECKS,
        source::CHECKS,
        fields::CHECKS,
        update::CHECKS,
        update_rules::CHECKS,
        update_follow::CHECKS,
        delete::CHECKS,
        history::CHECKS,
        repeats::CHECKS,
        expiry::CHECKS,
        list::CHECKS,
        list_order::CHECKS,
        search::CHECKS,
        search_params::CHECKS,
        modes::CHECKS,
        scripts::CHECKS,
        odd_queries::CHECKS,
        import::CHECKS,
        import_errors::CHECKS,
        import_conflicts::CHECKS,
        export::CHECKS,
        conversations::CHECKS,
        conversation_limits::CHECKS,
        handoff::CHECKS,
        ai::CHECKS,
        errors::CHECKS,
        media::CHECKS,
        clients::CHECKS,
        whole_run::CHECKS,
    ]
    .into_iter()
    .flatten()
}
