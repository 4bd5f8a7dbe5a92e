//! Emoji and other symbols.

use unicode_segmentation::UnicodeSegmentation;

use crate::script::{Class, class_of};

const JOINER: char = '\u{200d}';

/// Emits the symbol that starts `text` and returns the bytes it took.
///
/// A grapheme is one token without its variation selectors and skin tones, so 👍🏽 is 👍. A joined sequence
/// (👩‍💻) is emitted whole and then by component, so that 💻 finds it.
pub(crate) fn symbol(text: &str, token: &mut String, emit: &mut impl FnMut(&str)) -> usize {
    let Some(grapheme) = text.graphemes(true).next() else { return text.len() };
    token.clear();
    token.extend(grapheme.chars().filter(|&c| c == JOINER || class_of(c) != Class::Ignorable));
    let whole = token.trim_matches(JOINER);
    if !whole.is_empty() {
        emit(whole);
    }
    if whole.contains(JOINER) {
        whole.split(JOINER).filter(|component| !component.is_empty()).for_each(emit);
    }
    grapheme.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbols(text: &str) -> Vec<String> {
        let mut out = Vec::new();
        symbol(text, &mut String::new(), &mut |token| out.push(token.to_owned()));
        out
    }

    #[test]
    fn skin_tones_and_variation_selectors_are_stripped() {
        assert_eq!(symbols("👍🏽"), ["👍"]);
        assert_eq!(symbols("❤\u{fe0f}"), ["❤"]);
    }

    #[test]
    fn joined_sequences_are_found_by_component() {
        assert_eq!(symbols("👩🏽\u{200d}💻"), ["👩\u{200d}💻", "👩", "💻"]);
    }

    #[test]
    fn a_flag_is_one_token() {
        assert_eq!(symbols("🇩🇪🇫🇷"), ["🇩🇪"]);
    }
}
