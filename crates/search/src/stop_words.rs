//! Words that say nothing about what a query is after. They are removed from queries only; the index has them all.
//!
//! Spellings are folded (`fur`, not `für`), as the tokeniser has them. Words that carry meaning stay out of the lists:
//! negations, and words that are also names or nouns (`may`).

const ENGLISH: &[&str] = &[
    "a", "about", "am", "an", "and", "any", "are", "arent", "as", "at", "be", "because", "been", "being",
    "but", "by", "can", "could", "did", "didnt", "do", "does", "doesnt", "doing", "dont", "each", "etc",
    "for", "from", "had", "hadnt", "has", "hasnt", "have", "havent", "having", "he", "her", "here", "hers",
    "him", "his", "how", "i", "if", "in", "into", "is", "isnt", "it", "its", "me", "mine", "my", "of", "on",
    "or", "our", "ours", "shall", "she", "should", "so", "some", "such", "than", "that", "the", "their",
    "theirs", "them", "then", "there", "these", "they", "this", "those", "to", "too", "us", "very", "was",
    "wasnt", "we", "were", "werent", "what", "when", "where", "which", "who", "whom", "whose", "why", "will",
    "with", "would", "wouldnt", "you", "your", "yours",
];
const GERMAN: &[&str] = &[
    "aber", "als", "am", "an", "auch", "auf", "aus", "bei", "bin", "bis", "da", "das", "dass", "dem", "den",
    "der", "des", "die", "du", "ein", "eine", "einem", "einen", "einer", "eines", "er", "es", "fur", "haben",
    "hat", "hatte", "ich", "ihm", "ihn", "ihr", "ihre", "im", "in", "ist", "mein", "meine", "meinem",
    "meinen", "meiner", "mich", "mir", "mit", "nach", "oder", "sein", "seine", "sich", "sie", "sind", "so",
    "uber", "um", "und", "uns", "unser", "unsere", "vom", "von", "wann", "war", "waren", "warum", "was",
    "welche", "welchem", "welchen", "welcher", "welches", "wem", "wen", "wenn", "wer", "werden", "wie",
    "wir", "wird", "wo", "wurde", "zu", "zum", "zur",
];
const FRENCH: &[&str] = &[
    "a", "ai", "au", "aux", "avec", "avez", "avons", "c", "ce", "ces", "cet", "cette", "comment", "d",
    "dans", "de", "des", "du", "elle", "elles", "en", "est", "et", "ete", "etes", "il", "ils", "j", "je",
    "l", "la", "le", "les", "leur", "lui", "m", "ma", "mais", "mes", "moi", "mon", "n", "nos", "notre",
    "nous", "on", "ont", "ou", "par", "pour", "pourquoi", "qu", "quand", "que", "quel", "quelle", "quelles",
    "quels", "qui", "quoi", "s", "sa", "se", "ses", "son", "sont", "sur", "t", "ta", "tu", "un", "une",
    "vos", "votre", "vous", "y",
];
const SPANISH: &[&str] = &[
    "a", "al", "como", "con", "cual", "cuales", "cuando", "de", "del", "donde", "e", "el", "ella", "ellos",
    "en", "era", "es", "esa", "ese", "eso", "esta", "estaba", "este", "esto", "fue", "ha", "han", "hay",
    "he", "la", "las", "le", "les", "lo", "los", "me", "mi", "mis", "nos", "nuestra", "nuestro", "o", "para",
    "pero", "por", "porque", "que", "quien", "se", "ser", "son", "su", "sus", "te", "tu", "un", "una",
    "unas", "unos", "y", "yo",
];
const ITALIAN: &[&str] = &[
    "a", "ad", "ai", "al", "alla", "alle", "anche", "c", "che", "chi", "ci", "come", "con", "cosa", "cui",
    "d", "da", "dal", "dalla", "dei", "del", "dell", "della", "delle", "di", "dove", "e", "ed", "era", "gli",
    "ha", "hanno", "ho", "i", "il", "in", "io", "l", "la", "le", "lei", "lo", "lui", "ma", "mi", "mia",
    "mio", "nel", "nella", "noi", "nostra", "nostro", "o", "per", "perche", "quale", "quali", "quando",
    "questa", "questo", "se", "si", "sono", "su", "sua", "sul", "suo", "ti", "tra", "tu", "un", "una", "uno",
    "voi",
];
const PORTUGUESE: &[&str] = &[
    "a", "ao", "aos", "as", "com", "como", "da", "das", "de", "do", "dos", "e", "ela", "ele", "eles", "em",
    "era", "essa", "esse", "esta", "este", "eu", "foi", "ha", "isso", "isto", "ja", "lhe", "mas", "me",
    "meu", "meus", "minha", "minhas", "na", "nas", "no", "nos", "nossa", "nosso", "o", "onde", "os", "ou",
    "para", "pela", "pelo", "por", "porque", "quais", "qual", "quando", "que", "quem", "se", "ser", "seu",
    "seus", "sua", "suas", "te", "tem", "tu", "um", "uma", "voce",
];
const DUTCH: &[&str] = &[
    "aan", "als", "bij", "dan", "dat", "de", "deze", "die", "dit", "door", "dus", "een", "en", "er", "had",
    "heb", "hebben", "heeft", "het", "hij", "hoe", "hun", "ik", "in", "is", "je", "jij", "jouw", "kan",
    "maar", "me", "met", "mij", "mijn", "naar", "of", "om", "onder", "ons", "onze", "ook", "op", "over",
    "te", "tot", "u", "uit", "uw", "van", "voor", "waar", "waarom", "wanneer", "waren", "was", "wat", "we",
    "welk", "welke", "werd", "wie", "wij", "worden", "wordt", "ze", "zij", "zijn",
];
const RUSSIAN: &[&str] = &[
    "а",
    "без",
    "бы",
    "был",
    "была",
    "были",
    "было",
    "в",
    "вам",
    "вас",
    "во",
    "вот",
    "все",
    "вы",
    "где",
    "да",
    "для",
    "до",
    "его",
    "ее",
    "если",
    "есть",
    "же",
    "за",
    "и",
    "из",
    "или",
    "им",
    "их",
    "к",
    "как",
    "какая",
    "какие",
    "какое",
    "какой",
    "когда",
    "кого",
    "кто",
    "ли",
    "меня",
    "мне",
    "моего",
    "моей",
    "мои",
    "мой",
    "моя",
    "мы",
    "на",
    "нас",
    "наш",
    "наша",
    "него",
    "нее",
    "но",
    "о",
    "об",
    "он",
    "она",
    "они",
    "от",
    "по",
    "почему",
    "при",
    "с",
    "со",
    "так",
    "также",
    "там",
    "то",
    "ты",
    "у",
    "уже",
    "что",
    "чтобы",
    "это",
    "этот",
    "я",
];

/// A language with a list of stop words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    German,
    French,
    Spanish,
    Italian,
    Portuguese,
    Dutch,
    Russian,
}

impl Language {
    /// All, in the order in which ties are decided.
    const ALL: [Self; 8] = [
        Self::English,
        Self::German,
        Self::French,
        Self::Spanish,
        Self::Italian,
        Self::Portuguese,
        Self::Dutch,
        Self::Russian,
    ];

    fn words(self) -> &'static [&'static str] {
        match self {
            Self::English => ENGLISH,
            Self::German => GERMAN,
            Self::French => FRENCH,
            Self::Spanish => SPANISH,
            Self::Italian => ITALIAN,
            Self::Portuguese => PORTUGUESE,
            Self::Dutch => DUTCH,
            Self::Russian => RUSSIAN,
        }
    }

    /// How many stop words it takes to believe it. One "die" or "la" in an English query proves nothing; Russian
    /// shares its letters with no other list.
    fn needed(self) -> usize {
        if matches!(self, Self::English | Self::Russian) { 1 } else { 2 }
    }
}

/// The language whose stop words occur most often among `words`; English when none stands out.
pub(crate) fn guess<'a>(words: impl Iterator<Item = &'a str>) -> Language {
    let mut hits = [0_usize; Language::ALL.len()];
    for word in words {
        for (hit, language) in hits.iter_mut().zip(Language::ALL) {
            *hit += usize::from(contains(language, word));
        }
    }
    let mut best = (Language::English, hits[0]);
    for (hit, language) in hits.into_iter().zip(Language::ALL) {
        if hit > best.1 && hit >= language.needed() {
            best = (language, hit);
        }
    }
    best.0
}

/// Whether `word` is a stop word of `language`.
pub(crate) fn contains(language: Language, word: &str) -> bool {
    language.words().binary_search(&word).is_ok()
}

/// Whether this is a word whose case says something; `I` and `A` are capitals in any sentence.
pub(crate) fn is_word(word: &str) -> bool {
    word.len() > 1 && word.chars().all(char::is_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted_and_folded() {
        for language in Language::ALL {
            let words = language.words();
            assert!(words.is_sorted_by(|a, b| a < b), "{language:?}");
            for word in words {
                let mut folded = String::new();
                crate::fold::fold_into(word, &mut folded);
                assert_eq!(*word, folded, "{language:?}");
            }
        }
    }
}
