//! Any text as a question: the engine takes the expression that is built from it, and finds a text by itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use omp_search::{FTS5_TOKENIZE, keywords, token_stream};
use rusqlite::Connection;

thread_local! {
    static DATABASE: Connection = {
        let database = Connection::open_in_memory().unwrap();
        let tokenize = FTS5_TOKENIZE.replace('\'', "''");
        database
            .execute_batch(&format!(
                "CREATE VIRTUAL TABLE words USING fts5 (t, content = '', contentless_delete = 1, tokenize = '{tokenize}')"
            ))
            .unwrap();
        database
    };
}

fuzz_target!(|text: &str| {
    let Some(expression) = keywords(text).to_fts5() else { return };
    let mut tokens = String::new();
    token_stream(text, &mut tokens);
    DATABASE.with(|database| {
        database.execute("DELETE FROM words WHERE rowid = 1", []).unwrap();
        database.execute("INSERT INTO words (rowid, t) VALUES (1, ?1)", [tokens]).unwrap();
        let found: u32 = database
            .query_row("SELECT count(*) FROM words WHERE words MATCH ?1", [expression], |row| row.get(0))
            .unwrap();
        assert_eq!(found, 1, "a text is not found by itself");
    });
});
