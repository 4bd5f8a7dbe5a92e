//! Folding: compatibility forms, diacritics and spelling variants are made equal. Case is kept, because the
//! borders inside `camelCase` are still to be found.

use unicode_normalization::UnicodeNormalization;

/// Appends `text`, folded, to `out`.
///
/// Characters that folding leaves alone are copied; only the stretches between them pass through normalisation,
/// each with the character before it, which a combining mark may belong to.
pub(crate) fn fold_into(text: &str, out: &mut String) {
    let mut stretch: Option<usize> = None; // start of what must be normalised
    let mut copied = 0;
    let mut previous = 0;
    for (at, c) in text.char_indices() {
        match (is_plain(c), stretch) {
            (false, None) => {
                out.push_str(&text[copied..previous]);
                stretch = Some(previous);
            }
            (true, Some(start)) => {
                normalise(&text[start..at], out);
                stretch = None;
                copied = at;
            }
            _ => {}
        }
        previous = at;
    }
    match stretch {
        Some(start) => normalise(&text[start..], out),
        None => out.push_str(&text[copied..]),
    }
}

/// Whether folding never changes this character.
fn is_plain(c: char) -> bool {
    matches!(c,
        '\0'..='\u{7f}'
        | '\u{391}'..='\u{3a9}' | '\u{3b1}'..='\u{3c1}' | '\u{3c3}'..='\u{3c9}' // Greek, but not final sigma
        | '\u{410}'..='\u{44f}' // Russian, but not ё
        | '\u{5d0}'..='\u{5ea}' // Hebrew
        | '\u{60c}' | '\u{61b}' | '\u{61f}' | '\u{621}' | '\u{624}' | '\u{626}'..='\u{63a}' | '\u{641}'..='\u{648}' | '\u{64a}' // Arabic
        | '\u{901}'..='\u{928}' | '\u{935}'..='\u{939}' | '\u{93e}'..='\u{94d}' | '\u{964}' // Devanagari
        | '\u{e01}'..='\u{e32}' | '\u{e34}'..='\u{e37}' | '\u{e40}'..='\u{e4e}' // Thai
        | '\u{200d}' | '\u{2013}' | '\u{2014}' | '\u{2018}'..='\u{201e}' | '\u{fe0f}'
        | '\u{3001}' | '\u{3002}' | '\u{3008}'..='\u{3011}'
        | '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}' | '\u{30fc}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}'
        | '\u{1f300}'..='\u{1faff}')
}

fn normalise(text: &str, out: &mut String) {
    let mut rest = text;
    // Compatibility would turn "Java™" into "JavaTM".
    while let Some(at) = rest.find(['™', '℠']) {
        normalise_piece(&rest[..at], out);
        out.push('™');
        rest = &rest[at + '™'.len_utf8()..];
    }
    normalise_piece(rest, out);
}

fn normalise_piece(text: &str, out: &mut String) {
    let mut base = '\0';
    for c in text.nfkd().filter(|&c| keeps(&mut base, c)).nfc() {
        match c {
            'ß' => out.push_str("ss"),
            'ẞ' => out.push_str("SS"),
            'æ' => out.push_str("ae"),
            'Æ' => out.push_str("AE"),
            'œ' => out.push_str("oe"),
            'Œ' => out.push_str("OE"),
            'þ' => out.push_str("th"),
            'Þ' => out.push_str("TH"),
            _ => out.push(variant(c)),
        }
    }
}

/// Whether a decomposed character survives, given the last base character.
fn keeps(base: &mut char, c: char) -> bool {
    match c {
        '\u{300}'..='\u{36f}'
        | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}'
        | '\u{fe20}'..='\u{fe2f}' => match *base {
            'A'..='Z' | 'a'..='z' | '\u{c0}'..='\u{24f}' | '\u{370}'..='\u{3ff}' => false,
            // й and ї are letters of their own; ё is spelt е as often as not, and an acute only marks the stress.
            'Е' | 'е' if c == '\u{308}' => false,
            'А' | 'Е' | 'И' | 'О' | 'У' | 'Ы' | 'Э' | 'Ю' | 'Я' | 'а' | 'е' | 'и' | 'о' | 'у' | 'ы' | 'э'
            | 'ю' | 'я' => !matches!(c, '\u{300}' | '\u{301}'),
            _ => true,
        },
        '\u{653}'..='\u{655}' => *base != 'ا', // the hamza of ؤ and ئ stays
        // Arabic vowel marks and the tatweel; Hebrew points; enclosing marks, which make keycaps.
        '\u{64b}'..='\u{652}'
        | '\u{656}'..='\u{65f}'
        | '\u{670}'
        | '\u{6d6}'..='\u{6dc}'
        | '\u{640}'
        | '\u{591}'..='\u{5bd}'
        | '\u{5bf}'
        | '\u{5c1}'
        | '\u{5c2}'
        | '\u{5c4}'
        | '\u{5c5}'
        | '\u{5c7}'
        | '\u{20d0}'..='\u{20f0}' => false,
        _ => {
            *base = c;
            true
        }
    }
}

/// Letters that Unicode does not decompose, but people spell either way; and the digits of other scripts.
fn variant(c: char) -> char {
    match c {
        'ı' => 'i',
        'ø' => 'o',
        'Ø' => 'O',
        'đ' | 'ð' => 'd',
        'Đ' | 'Ð' => 'D',
        'ħ' => 'h',
        'Ħ' => 'H',
        'ł' => 'l',
        'Ł' => 'L',
        'ŋ' => 'n',
        'Ŋ' => 'N',
        'ŧ' => 't',
        'Ŧ' => 'T',
        'ς' => 'σ',
        'ٱ' => 'ا',
        'ى' | 'ی' => 'ي',
        'ک' => 'ك',
        '\u{2044}' => '/', // what ½ decomposes to
        _ => digit(c).unwrap_or(c),
    }
}

/// The zeros of the decimal digits people type besides ASCII's (full-width ones are compatibility forms).
const ZEROS: [u32; 14] =
    [0x660, 0x6f0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xe50, 0xed0, 0x17e0];

fn digit(c: char) -> Option<char> {
    let code = u32::from(c);
    let zero = ZEROS.iter().find(|&&zero| (zero..zero + 10).contains(&code))?;
    char::from_digit(code - zero, 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fold(text: &str) -> String {
        let mut out = String::new();
        fold_into(text, &mut out);
        out
    }

    #[test]
    fn diacritics_of_latin_and_greek_fall() {
        assert_eq!(
            fold("Café naïve Łódź Straße ÅNGSTRÖM İstanbul ışık"),
            "Cafe naive Lodz Strasse ANGSTROM Istanbul isik"
        );
        assert_eq!(fold("e\u{301}a\u{308}"), "ea");
        assert_eq!(fold("Ὀδυσσεύς"), "Οδυσσευσ");
    }

    #[test]
    fn russian_keeps_its_letters_but_not_yo() {
        assert_eq!(fold("ёлка Йод мой за́мок Київ"), "елка Йод мой замок Київ");
        assert_eq!(fold("и\u{306}"), "й");
    }

    #[test]
    fn arabic_and_hebrew_lose_their_points() {
        assert_eq!(fold("أَحْمَد إلى آخر ـــ مُدَرِّسَة"), "احمد الي اخر  مدرسة");
        assert_eq!(fold("סֵפֶר שָׁלוֹם"), "ספר שלום");
    }

    #[test]
    fn compatibility_forms_become_plain() {
        assert_eq!(fold("ＡＢＣ１２３ ﬁne ㎏ ｶﾞ ① ٣"), "ABC123 fine kg ガ 1 3");
        assert_eq!(fold("Java™x"), "Java™x");
        assert_eq!(fold("a≠b"), "a≠b");
    }

    #[test]
    fn devanagari_keeps_its_vowel_signs() {
        assert_eq!(fold("हिन्दी क़लम"), "हिन्दी क़लम".nfc().collect::<String>());
    }
}
