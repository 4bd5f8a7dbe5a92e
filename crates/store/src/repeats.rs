//! Finding the memory that a new one repeats.
//!
//! The words by which memories are found anyway lead to the candidates, so that nothing has to be kept for it that
//! every import would have to write; the texts themselves decide.

use std::collections::BTreeSet;

use omp_model::Memory;
use omp_model::text::normal_form;

/// Words of the new text that a candidate must have.
const WORDS: usize = 8;
/// Candidates whose texts are compared, the newest first.
pub(crate) const CANDIDATES: u32 = 1_000;

/// What to look for: made before the transaction begins.
pub(crate) struct Probe {
    /// Words that a candidate has, all of them; none when nothing of the text can be searched for.
    pub(crate) words: Vec<String>,
    normal: String,
}

impl Probe {
    pub(crate) fn new(memory: &Memory) -> Self {
        let text = memory.content.as_str();
        let normal = normal_form(text);
        // Words that the text has in any case, so to speak: `nodeJS` has
        // the words `node` and `js` too, `nodejs` has not.
        let (written, folded) = (words(text), words(&normal));
        let mut common: Vec<String> = written.intersection(&folded).cloned().collect();
        if common.is_empty() {
            common = written.into_iter().collect();
        }
        common.sort_by_key(|word| std::cmp::Reverse(word.len()));
        common.truncate(WORDS);
        Self { words: common, normal }
    }

    /// Whether a text says the same.
    pub(crate) fn is(&self, text: &str) -> bool {
        normal_form(text) == self.normal
    }
}

fn words(text: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    omp_search::analyze(text, &mut |word| {
        words.insert(word.to_owned());
    });
    words
}
