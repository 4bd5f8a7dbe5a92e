//! The part of a turn that is told.

use omp_search::{Keywords, analyze};

/// Characters of a turn that are told, about.
const SNIPPET: usize = 200;

/// The part of a text in which most words of a question stand, in one line.
pub(super) fn snippet(text: &str, words: &Keywords) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut parts: Vec<&str> = Vec::new();
    let mut rest = line.as_str();
    while let Some((end, _)) = rest.char_indices().nth(SNIPPET) {
        let cut = rest[..end].rfind(' ').filter(|at| *at > 0).unwrap_or(end);
        parts.push(&rest[..cut]);
        rest = rest[cut..].trim_start();
    }
    parts.push(rest);
    let worth = |part: &str| {
        let mut counts = vec![0; words.len()];
        count(part, words, &mut counts);
        counts.iter().filter(|times| **times > 0).count()
    };
    let worths: Vec<usize> = parts.iter().map(|part| worth(part)).collect();
    let most = worths.iter().copied().max().unwrap_or_default();
    let best = worths.iter().position(|worth| *worth == most).unwrap_or_default();
    let (before, after) = (best > 0, best + 1 < parts.len());
    format!("{}{}{}", if before { "… " } else { "" }, parts[best], if after { " …" } else { "" })
}

/// How often each word of a question stands in a text.
fn count(text: &str, words: &Keywords, counts: &mut [u32]) {
    analyze(text, &mut |token| {
        for (word, times) in words.terms().iter().zip(counts.iter_mut()) {
            *times += u32::from(word.matches(token));
        }
    });
}

#[cfg(test)]
mod tests {
    use omp_search::keywords;

    use super::*;

    #[test]
    fn the_part_of_a_long_turn_is_told_where_the_words_stand() {
        let text = format!("{}The sourdough starter sleeps.{}", "word ".repeat(100), " more".repeat(100));
        let told = snippet(&text, &keywords("sourdough"));
        assert!(
            told.contains("sourdough starter") && told.starts_with("… ") && told.ends_with(" …"),
            "{told}"
        );
        assert!(told.chars().count() < SNIPPET + 10);
    }
}
