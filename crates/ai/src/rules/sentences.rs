//! A turn as sentences, without what somebody else wrote: code, quotations, tables.

/// Words that end with a full stop and no sentence.
const ABBREVIATIONS: [&str; 26] = [
    "mr", "mrs", "ms", "dr", "prof", "st", "vs", "etc", "e.g", "i.e", "approx", "no", "jr", "sr", "inc",
    "ca", "bzw", "z.b", "d.h", "usw", "nr", "sra", "mme", "p.ex", "a.m", "p.m",
];

/// The sentences of a text. Questions keep their mark, so that they can be told.
pub(super) fn of(text: &str) -> Vec<String> {
    let mut sentences = Vec::new();
    let mut fence = false;
    for line in text.lines() {
        let bare = line.trim();
        if bare.starts_with("```") || bare.starts_with("~~~") {
            fence = !fence;
            continue;
        }
        if fence
            || bare.starts_with(['>', '|', '<', '{', '#', '$'])
            || line.starts_with("    ")
            || line.starts_with('\t')
        {
            continue;
        }
        let item = bare.trim_start_matches(['-', '*', '+', '\u{2022}', ' ']);
        split(&plain(item), &mut sentences);
    }
    sentences
}

/// One kind of apostrophe, and no marks of emphasis.
fn plain(line: &str) -> String {
    line.chars()
        .filter(|c| !matches!(c, '*' | '_' | '`'))
        .map(|c| if matches!(c, '\u{2018}' | '\u{2019}') { '\'' } else { c })
        .collect()
}

fn split(line: &str, sentences: &mut Vec<String>) {
    let mut start = 0;
    let marks = ['.', '!', '?', '…', '。', '！', '？', ';'];
    let mut letters = line.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        if !marks.contains(&letter) {
            continue;
        }
        let end = at + letter.len_utf8();
        let next = letters.peek().map(|(_, next)| *next);
        let ends = next.is_none_or(char::is_whitespace) || !letter.is_ascii();
        if !ends || (letter == '.' && is_abbreviation(&line[start..at])) {
            continue;
        }
        keep(&line[start..end], sentences);
        start = end;
    }
    keep(&line[start..], sentences);
}

fn keep(sentence: &str, sentences: &mut Vec<String>) {
    let sentence = sentence.trim().trim_end_matches(';').trim_end();
    let quoted = sentence.starts_with(['"', '\u{201c}', '\u{ab}', '\u{201e}']);
    if !sentence.is_empty() && !quoted {
        sentences.push(sentence.to_owned());
    }
}

fn is_abbreviation(before: &str) -> bool {
    let last = before.rsplit([' ', '(']).next().unwrap_or_default().to_lowercase();
    // A single letter is an initial; a number is an ordinal in German ("am 5. Mai").
    let initial = last.chars().count() == 1 && last.chars().all(char::is_alphabetic) && last != "i";
    let ordinal = last.len() <= 2 && !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit());
    initial || ordinal || ABBREVIATIONS.contains(&last.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_where_they_end() {
        assert_eq!(
            of("Hi! I saw Dr. Who at 5 p.m. today. Version 1.5 is out… Am 5. Mai? It\u{2019}s **good**"),
            ["Hi!", "I saw Dr. Who at 5 p.m. today.", "Version 1.5 is out…", "Am 5. Mai?", "It's good"]
        );
    }

    #[test]
    fn what_somebody_else_wrote_is_no_sentence_of_theirs() {
        let text = "I like tea.\n```\nI like code.\n```\n> I like quotes.\n\"I like him,\" she said.\n- I like lists.\n    I like blocks.";
        assert_eq!(of(text), ["I like tea.", "I like lists."]);
    }
}
