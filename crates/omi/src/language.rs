//! Well-formedness of language tags (RFC 5646, section 2.1). Whether a tag is registered is not asked.

/// Tags that are well-formed by being listed, not by the grammar.
const IRREGULAR: [&str; 17] = [
    "en-gb-oed",
    "i-ami",
    "i-bnn",
    "i-default",
    "i-enochian",
    "i-hak",
    "i-klingon",
    "i-lux",
    "i-mingo",
    "i-navajo",
    "i-pwn",
    "i-tao",
    "i-tay",
    "i-tsu",
    "sgn-be-fr",
    "sgn-be-nl",
    "sgn-ch-de",
];

/// Listed tags that the grammar would refuse although they look regular.
const REGULAR: [&str; 9] = [
    "art-lojban",
    "cel-gaulish",
    "no-bok",
    "no-nyn",
    "zh-guoyu",
    "zh-hakka",
    "zh-min",
    "zh-min-nan",
    "zh-xiang",
];

/// Whether `tag` is a well-formed BCP 47 language tag.
pub(crate) fn is_well_formed(tag: &str) -> bool {
    let lower = tag.to_ascii_lowercase();
    if IRREGULAR.contains(&&*lower) || REGULAR.contains(&&*lower) {
        return true;
    }
    let parts: Vec<&str> = lower.split('-').collect();
    let right =
        |part: &&str| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    parts.iter().all(right) && grammar(&parts)
}

fn grammar(parts: &[&str]) -> bool {
    if parts[0] == "x" {
        return parts.len() > 1;
    }
    let mut rest = parts;
    let alphabetic = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphabetic());
    let numeric = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !((2..=8).contains(&rest[0].len()) && alphabetic(rest[0])) {
        return false;
    }
    let extended = if rest[0].len() < 4 { 3 } else { 0 };
    rest = &rest[1..];
    rest = skip(rest, extended, |part| part.len() == 3 && alphabetic(part));
    rest = skip(rest, 1, |part| part.len() == 4 && alphabetic(part));
    rest = skip(rest, 1, |part| (part.len() == 2 && alphabetic(part)) || (part.len() == 3 && numeric(part)));
    rest = skip(rest, usize::MAX, |part| {
        part.len() >= 5 || (part.len() == 4 && part.as_bytes()[0].is_ascii_digit())
    });
    while let [singleton, after @ ..] = rest {
        if singleton.len() != 1 {
            return false;
        }
        if *singleton == "x" {
            return !after.is_empty();
        }
        rest = skip(after, usize::MAX, |part| part.len() >= 2);
        if rest.len() == after.len() {
            return false;
        }
    }
    true
}

/// Drops up to `most` leading parts that fit.
fn skip<'a, 'b>(parts: &'a [&'b str], most: usize, fits: impl Fn(&str) -> bool) -> &'a [&'b str] {
    let count = parts.iter().take(most).take_while(|part| fits(part)).count();
    &parts[count..]
}

#[cfg(test)]
mod tests {
    use super::is_well_formed;

    #[test]
    fn tags_of_the_rfc_are_well_formed() {
        for tag in [
            "en",
            "de-AT",
            "zh-Hant",
            "zh-cmn-Hans-CN",
            "sr-Latn-RS",
            "sl-rozaj-biske",
            "de-CH-1901",
            "es-419",
            "sl-Latn-IT-nedis",
            "de-CH-x-phonebk",
            "x-whatever",
            "i-klingon",
            "en-US-u-islamcal",
            "en-a-bbb-x-a-ccc",
            "qaa-Qaaa-QM-x-southern",
            "zh-min-nan",
            "tlh",
            "en-GB-oed",
            "mul",
            "und",
        ] {
            assert!(is_well_formed(tag), "{tag}");
        }
    }

    #[test]
    fn other_text_is_not() {
        for tag in [
            "",
            "e",
            "english language",
            "en_US",
            "en-",
            "-en",
            "en--US",
            "de-419-DE",
            "a-DE",
            "en-x",
            "en-a",
            "abcdefghi",
            "12",
            "日本",
            "en-US-DE-FR",
            "x-",
            "en-u",
            "de-CH-190",
        ] {
            assert!(!is_well_formed(tag), "{tag}");
        }
    }
}
