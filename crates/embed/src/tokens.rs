//! Text to token ids, in windows.

use ahash::AHashMap;
use tokenizers::Tokenizer;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::processors::bert::BertProcessing;

use crate::{EmbedError, Purpose};

/// The most windows that one text is cut into: with 256 tokens a window and 50 of them shared,
/// about 6,500 tokens or 25,000 letters of English.
pub const MAX_WINDOWS: usize = 32;

/// How much of a window its successor repeats, for 256 tokens: a sentence or
/// two, so that hardly any is cut in all windows.
const OVERLAP_OF_256: usize = 50;

/// No more of a text is read than this for each window it may have: 16 bytes a token. Prose has four or five, and what
/// has more is blanks or not words; without a limit, a megabyte of them would be taken apart for nothing.
const BYTES_OF_A_WINDOW: usize = 4096;

/// The mean number of letters in a piece of a text that is spelled out, and of one whose words are known.
const SPELLED: f32 = 1.0;
const WHOLE: f32 = 2.8;

/// A tokenizer and the length of its model's window.
pub(crate) struct Tokens {
    tokenizer: Tokenizer,
    /// How many tokens of the text a window holds, between `before` and `after`.
    room: usize,
    overlap: usize,
    /// The special tokens that every window begins with, such as `[CLS]`.
    before: Vec<u32>,
    /// Those that it ends with, such as `[SEP]`.
    after: Vec<u32>,
}

impl Tokens {
    /// The tokenizer of a BERT model from its `vocab.txt`, a token a line. `window` counts `[CLS]` and `[SEP]`.
    pub(crate) fn from_vocab(vocab: &str, lowercase: bool, window: usize) -> Result<Self, String> {
        let mut ids: AHashMap<String, u32> = AHashMap::new();
        for (id, token) in (0_u32..).zip(vocab.lines()) {
            ids.insert(token.to_owned(), id);
        }
        let id_of = |token: &str| {
            ids.get(token)
                .copied()
                .ok_or_else(|| format!("it has no token {token}; a BERT vocabulary was expected"))
        };
        let (cls, sep) = (id_of("[CLS]")?, id_of("[SEP]")?);
        id_of("[UNK]")?;
        let model = WordPiece::builder().vocab(ids).build().map_err(|e| e.to_string())?;
        let mut tokenizer = Tokenizer::new(model);
        tokenizer
            .with_normalizer(Some(BertNormalizer::new(true, true, None, lowercase)))
            .map_err(|e| e.to_string())?
            .with_pre_tokenizer(Some(BertPreTokenizer))
            .with_post_processor(Some(BertProcessing::new(("[SEP]".into(), sep), ("[CLS]".into(), cls))));
        Self::with_window(tokenizer, window)
    }

    /// Any tokenizer from its `tokenizer.json`. What that file says about lengths and padding is ignored: it is what
    /// somebody trained with, not what the model can take.
    pub(crate) fn from_json(json: &[u8], window: usize) -> Result<Self, String> {
        Self::with_window(Tokenizer::from_bytes(json).map_err(|e| e.to_string())?, window)
    }

    fn with_window(mut tokenizer: Tokenizer, window: usize) -> Result<Self, String> {
        tokenizer.with_truncation(None).map_err(|e| e.to_string())?;
        tokenizer.with_padding(None);
        let probe = tokenizer.encode_fast("word", true).map_err(|e| e.to_string())?;
        let (ids, special) = (probe.get_ids(), probe.get_special_tokens_mask());
        let is_text = |&mask: &u32| mask == 0;
        let (Some(first), Some(last)) = (special.iter().position(is_text), special.iter().rposition(is_text))
        else {
            return Err("it finds nothing in a plain word".into());
        };
        let (before, after) = (ids[..first].to_vec(), ids[last + 1..].to_vec());
        let overlap = window * OVERLAP_OF_256 / 256;
        let room = window.saturating_sub(before.len() + after.len());
        if room <= overlap {
            return Err(format!("windows of {window} tokens have no room for text"));
        }
        Ok(Self { tokenizer, room, overlap, before, after })
    }

    /// How well the vocabulary covers a text, 0 to 1. Words that it knows are whole, foreign ones are taken apart into
    /// letters: so it is the mean length of a piece that tells.
    #[expect(clippy::cast_precision_loss, reason = "a mean of small numbers")]
    pub(crate) fn fit(&self, text: &str) -> f32 {
        let text = &text[..text.floor_char_boundary(BYTES_OF_A_WINDOW)];
        let Ok(encoding) = self.tokenizer.encode(text, false) else { return 1.0 };
        let (mut letters, mut pieces) = (0, 0);
        for token in encoding.get_tokens() {
            let length = token.trim_start_matches("##").chars().filter(|c| c.is_alphanumeric()).count();
            if token == "[UNK]" {
                pieces += 1;
            } else if length > 0 {
                (letters, pieces) = (letters + length, pieces + 1);
            }
        }
        if pieces == 0 {
            return 1.0;
        }
        ((letters as f32 / pieces as f32 - SPELLED) / (WHOLE - SPELLED)).clamp(0.0, 1.0)
    }

    /// The ids of every window, first window first; none if there is
    /// nothing but blanks or characters that do not count.
    pub(crate) fn windows(&self, purpose: Purpose, text: &str) -> Result<Vec<Vec<u32>>, EmbedError> {
        // The library's error might quote the text.
        let failed = |_| EmbedError::Run("the tokenizer could not read the text".into());
        let most = if purpose == Purpose::Query { 1 } else { MAX_WINDOWS };
        let text = text.trim_start();
        let text = &text[..text.floor_char_boundary(most * BYTES_OF_A_WINDOW)];
        let encoding = self.tokenizer.encode_fast(text, false).map_err(failed)?;
        let ids = encoding.get_ids();
        let mut windows = Vec::new();
        let mut begin = 0;
        while begin < ids.len() && windows.len() < most {
            let end = ids.len().min(begin + self.room);
            windows.push([&self.before, &ids[begin..end], &self.after].concat());
            if end == ids.len() {
                break;
            }
            begin = end - self.overlap;
        }
        Ok(windows)
    }
}

#[cfg(test)]
mod tests {
    use tokenizers::{PaddingParams, PaddingStrategy, TruncationParams};

    use super::*;

    const VOCAB: &str = include_str!("../model/vocab.txt");

    #[test]
    fn what_a_tokenizer_file_says_about_lengths_and_padding_is_ignored() {
        let plain = Tokens::from_vocab(VOCAB, true, 64).unwrap();
        let mut shipped = plain.tokenizer.clone();
        let truncation = TruncationParams { max_length: 16, ..TruncationParams::default() };
        let padding = PaddingParams { strategy: PaddingStrategy::Fixed(128), ..PaddingParams::default() };
        shipped.with_truncation(Some(truncation)).unwrap().with_padding(Some(padding));
        let json = shipped.to_string(false).unwrap();
        let read = Tokens::from_json(json.as_bytes(), 64).unwrap();
        for text in ["short", &"a long text of many words ".repeat(20)] {
            let expected = plain.windows(Purpose::Document, text).unwrap();
            assert_eq!(read.windows(Purpose::Document, text).unwrap(), expected);
        }
    }

    #[test]
    fn english_fits_the_vocabulary_and_thai_does_not() {
        let tokens = Tokens::from_vocab(VOCAB, true, 256).unwrap();
        assert!(tokens.fit("Where did she buy the red bicycle?") > 0.99);
        let russian = tokens.fit("Где она купила красный велосипед?");
        assert!(russian < 0.3, "{russian}");
        assert!(tokens.fit("เธอซื้อจักรยานสีแดงที่ไหน") < 0.2);
        assert!(tokens.fit("?!") > 0.99);
    }

    #[test]
    fn letters_keep_their_case_where_the_model_wants_it() {
        let vocab = "[CLS]\n[SEP]\n[UNK]\ntea\nTea";
        let ids = |lowercase| {
            let tokens = Tokens::from_vocab(vocab, lowercase, 16).unwrap();
            tokens.windows(Purpose::Query, "Tea").unwrap().concat()
        };
        assert_eq!(ids(true), [0, 3, 1]);
        // `[CLS] Tea [SEP]`; the plain word that finds the special tokens is unknown here, which does no harm.
        assert_eq!(ids(false), [0, 4, 1]);
    }

    #[test]
    fn a_vocabulary_without_special_tokens_and_a_window_without_room_are_refused() {
        assert!(Tokens::from_vocab("tea", true, 256).err().unwrap().contains("[CLS]"));
        assert!(Tokens::from_vocab(VOCAB, true, 2).err().unwrap().contains("no room"));
    }
}
