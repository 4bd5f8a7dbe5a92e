//! What a character is to the tokeniser: part of a word, of an unspaced run, a symbol, or a gap.

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};
use unicode_script::{Script, UnicodeScript};

/// How words of a script are treated. Scripts with a stemmer are told apart; all others are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writing {
    Latin,
    Cyrillic,
    Greek,
    Arabic,
    Other,
}

/// The role of one character (after folding).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// A letter of a script that puts spaces between words.
    Letter(Writing),
    Digit,
    /// A letter (or vowel sign) of a script without spaces; runs of the same script become bigrams.
    Unspaced(Script),
    /// A combining mark that belongs to the word before it.
    Mark,
    /// An emoji, arrow, currency or mathematical sign: a token of its own.
    Symbol,
    /// Invisible inside a word: soft hyphen, joiners, variation selectors.
    Ignorable,
    /// Everything else separates.
    Gap,
}

impl Class {
    /// Whether a word may contain or start with this character.
    pub(crate) fn is_word(self) -> bool {
        matches!(self, Self::Letter(_) | Self::Digit)
    }
}

/// Classifies a character.
pub(crate) fn class_of(c: char) -> Class {
    match c {
        'a'..='z' | 'A'..='Z' => Class::Letter(Writing::Latin),
        '0'..='9' => Class::Digit,
        // ASCII; box drawing and blocks, which frame tables in logs; the replacement character, which is a hole.
        '\0'..='\u{7f}' | '\u{2500}'..='\u{259f}' | '\u{fffd}' => Class::Gap,
        // The common blocks, without a table look-up.
        '\u{410}'..='\u{44f}' => Class::Letter(Writing::Cyrillic),
        '\u{4e00}'..='\u{9fff}'
        | '\u{3041}'..='\u{3096}'
        | '\u{30a1}'..='\u{30fa}'
        | '\u{30fc}'
        | '\u{ac00}'..='\u{d7a3}' => Class::Unspaced(Script::Han),
        // Joiners, directional marks, variation selectors, skin tones, and the keycap that makes a digit an emoji.
        '\u{ad}'
        | '\u{200c}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{20e3}'
        | '\u{e0100}'..='\u{e01ef}'
        | '\u{1f3fb}'..='\u{1f3ff}' => Class::Ignorable,
        _ => class_by_property(c),
    }
}

fn class_by_property(c: char) -> Class {
    use GeneralCategory as G;
    match c.general_category() {
        G::UppercaseLetter | G::LowercaseLetter | G::TitlecaseLetter | G::ModifierLetter | G::OtherLetter => {
            letter(c)
        }
        G::NonspacingMark | G::SpacingMark | G::EnclosingMark => match unspaced(c.script()) {
            Some(script) => Class::Unspaced(script),
            None => Class::Mark,
        },
        G::DecimalNumber | G::LetterNumber | G::OtherNumber => Class::Digit,
        G::MathSymbol | G::CurrencySymbol | G::OtherSymbol => Class::Symbol,
        _ => Class::Gap,
    }
}

fn letter(c: char) -> Class {
    let script = c.script();
    if let Some(script) = unspaced(script) {
        return Class::Unspaced(script);
    }
    Class::Letter(match script {
        Script::Latin => Writing::Latin,
        Script::Cyrillic => Writing::Cyrillic,
        Script::Greek => Writing::Greek,
        Script::Arabic => Writing::Arabic,
        _ => Writing::Other,
    })
}

/// The run a script belongs to when it is written without spaces. Chinese, Japanese and Korean share one, because
/// a Japanese word crosses from Han to Kana (使う) and must not be cut there.
fn unspaced(script: Script) -> Option<Script> {
    match script {
        Script::Han | Script::Hiragana | Script::Katakana | Script::Hangul | Script::Bopomofo => {
            Some(Script::Han)
        }
        Script::Thai
        | Script::Lao
        | Script::Khmer
        | Script::Myanmar
        | Script::Tibetan
        | Script::Tai_Le
        | Script::New_Tai_Lue
        | Script::Tai_Tham
        | Script::Tai_Viet
        | Script::Javanese
        | Script::Balinese
        | Script::Cham
        | Script::Yi => Some(script),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn japanese_runs_do_not_break_between_han_and_kana() {
        for c in ['使', 'う', 'ト', 'ー', '々', '한'] {
            assert_eq!(class_of(c), Class::Unspaced(Script::Han), "{c}");
        }
        assert_eq!(class_of('・'), Class::Gap);
        assert_eq!(class_of('。'), Class::Gap);
    }

    #[test]
    fn thai_vowel_signs_and_tone_marks_stay_in_the_run() {
        for c in "น้ำที่".chars() {
            assert_eq!(class_of(c), Class::Unspaced(Script::Thai), "{c:?}");
        }
    }

    #[test]
    fn symbols_are_tokens_but_table_frames_are_not() {
        for c in ['→', '≠', '€', '©', '😀', '❤'] {
            assert_eq!(class_of(c), Class::Symbol, "{c}");
        }
        for c in ['│', '█', '\u{fffd}', '\u{0}', '\u{85}', '\u{3000}', '«'] {
            assert_eq!(class_of(c), Class::Gap, "{c:?}");
        }
    }
}
