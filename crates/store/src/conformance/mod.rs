//! What every store must do, as tests: one scenario a behaviour.
//!
//! A store's tests say `omp_store::conformance_suite!(make)`, where `make` is a function that returns a future of
//! a pointer to a new, empty store; the macro makes a test of each scenario.

pub mod budgets;
pub mod changes;
pub mod conversation_index;
pub mod conversations;
pub mod databases;
pub mod index_feed;
pub mod jobs;
pub mod lists;
pub mod memories;
pub mod namespaces;
pub mod relocations;
pub mod repeats;
pub mod searches;
pub mod succession;
pub mod transfers;
pub mod vectors;
pub mod versions;

use omp_model::{
    Content, Memory, MemoryId, MemoryType, Namespace, NewMemory, OwnerId, Principal, Tag, Tags, Timestamp,
    ToolName,
};

/// The owner whose memories the scenarios make.
pub const OWNER: OwnerId = OwnerId::FIRST;

/// On whose behalf.
pub static BY: Principal = Principal::OWNER;

/// The instant at which scenarios begin.
pub const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// A memory with everything at its simplest, created `number` seconds after [`NOW`].
pub fn memory(number: i64, content: &str) -> Memory {
    let new = NewMemory::new(
        Content::new(content).expect("fits"),
        MemoryType::Semantic,
        ToolName::new("claude").expect("fits"),
    );
    new.into_memory(MemoryId::derive(&["conformance", &number.to_string()]), NOW.plus_millis(number * 1_000))
}

/// `memory` with these tags.
pub fn tagged(mut memory: Memory, tags: &[&str]) -> Memory {
    memory.tags = Tags::new(tags.iter().map(|t| Tag::new(*t).expect("fits"))).expect("few");
    memory
}

/// `memory` in this namespace.
pub fn within(mut memory: Memory, namespace: &str) -> Memory {
    memory.namespace = Some(Namespace::new(namespace).expect("fits"));
    memory
}

/// Makes a test of every scenario; `$make` is called for each and returns a future of an empty store.
/// Attributes before it are those of every test.
#[macro_export]
macro_rules! conformance_suite {
    ($(#[$attribute:meta])* $make:path) => {
        $crate::conformance_suite!(@ [$(#[$attribute])*] $make,
            memories: created_memories_are_read_back, an_id_can_be_taken_once, a_patch_changes_only_what_it_names,
                deleted_memories_are_gone, expired_memories_do_not_exist, purging_removes_only_what_expired,
                a_vector_comes_along_only_when_asked_for, a_new_text_drops_the_old_vector,
                many_writers_at_once_lose_nothing, owners_do_not_see_each_other;
            lists: pages_follow_each_other_without_gaps, totals_count_what_the_filters_match,
                namespaces_are_those_that_have_memories,
                filters_apply_before_paging, equal_times_are_ordered_by_id, changed_memories_come_first_when_asked,
                counters_follow_every_change, an_unknown_filter_finds_nothing, a_rare_filter_works_in_every_order;
            namespaces: a_namespace_moves_step_by_step, shares_end_when_namespaces_become_one,
                a_deleted_namespace_takes_its_memories_and_shares_along, shares_change_the_version,
                shares_of_whoever_is_removed_end_first,
                tags_tools_and_types_are_counted;
            searches: words_are_found_in_content_and_tags, more_and_rarer_words_rank_higher,
                totals_count_matches_beyond_the_page, filters_hold_in_searches, changed_texts_are_found_by_new_words_only,
                every_script_is_found, no_query_breaks_the_search;
            transfers: conflicts_are_settled_as_asked, importing_twice_changes_nothing, a_dry_run_writes_nothing,
                originals_come_back, a_changed_original_replaces_the_old_one, the_same_envelope_is_kept_once, exports_come_in_pages,
                a_local_change_outlasts_a_newer_import, parts_follow_their_record, without_a_record_the_later_memory_counts;
            versions: every_change_keeps_what_was, a_change_of_nothing_is_no_version, an_overwriting_import_keeps_what_was,
                a_version_comes_back_as_a_new_one, an_unknown_version_is_refused, versions_go_with_their_memory,
                an_expiry_that_has_passed_does_not_come_back, long_histories_come_in_pages;
            succession: a_superseded_memory_stays_and_tells_its_successor, only_a_current_memory_can_be_superseded,
                without_its_successor_a_memory_is_current_again, a_gap_in_a_chain_closes,
                an_expired_successor_stands_in_nobodys_place;
            repeats: an_exact_repeat_is_told_and_not_stored, other_texts_and_namespaces_are_no_repeats,
                what_is_gone_or_superseded_is_not_repeated, two_at_once_store_one, a_changed_text_is_compared_as_it_is_now;
            changes: every_write_has_its_number, a_tombstone_stands_for_what_was_deleted,
                whoever_waits_is_stirred_by_a_change;
            budgets: a_budget_is_spent_up_and_others_are_not, what_was_spent_comes_back;
            conversations: saved_conversations_are_read_back, conversations_are_filtered_by_model_and_time,
                imported_conversations_replace_only_when_asked;
            conversation_index: turns_are_found_by_their_words, only_what_answers_is_found,
                what_a_key_may_not_see_shows_nowhere, what_is_gone_is_not_found,
                what_is_indexed_later_waits,
                what_is_handed_over_is_found_by_the_heir, owners_take_turns, passages_follow_their_conversation;
            vectors: what_was_there_before_waits_even_if_the_opening_was_cut_short, what_has_its_vector_does_not_wait_again,
                vectors_of_a_model_that_gave_way_are_refused;
            index_feed: memories_come_with_the_position_of_their_moment;
            jobs: a_job_is_there_for_the_key_that_began_it, so_many_jobs_of_a_key_run_and_so_many_are_kept,
                progress_is_written_by_whose_job_it_is, a_job_is_taken_over_when_its_lease_has_run_out,
                no_two_servers_take_over_the_same_job, what_nobody_can_go_on_with_is_interrupted,
                leases_are_kept_and_given_back, jobs_go;
        );
    };
    (@ $attributes:tt $make:path, $($module:ident: $($scenario:ident),+;)+) => {
        $($(
            $crate::conformance_suite!(@one $attributes $make, $module, $scenario);
        )+)+
    };
    (@one [$(#[$attribute:meta])*] $make:path, $module:ident, $scenario:ident) => {
        #[tokio::test(flavor = "multi_thread")]
        $(#[$attribute])*
        async fn $scenario() {
            let store = $make().await;
            $crate::conformance::$module::$scenario(&*store).await;
            let problems: Vec<_> = $crate::Maintenance::check(&*store).await.expect("checks run")
                .into_iter().filter(|check| check.problem.is_some()).collect();
            assert_eq!(problems, []);
        }
    };
}
