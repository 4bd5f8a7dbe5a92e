//! Memories and questions made up by rule: words by Zipf's law, grouped into topics, with English function words
//! between them; vectors around the centre of their topic.

use omp_search::{Analyzer, Entry};

pub(crate) const DIMENSIONS: usize = 384;
const WORDS: u64 = 90_000;
const TOPICS: u64 = 2_000;
/// Namespaces; each has the hundredth part of the memories.
pub(crate) const PROJECTS: u64 = 100;
/// Tools; each has the tenth part.
pub(crate) const TOOLS: u64 = 10;
const FUNCTION_WORDS: [&str; 40] = [
    "the", "of", "and", "to", "a", "in", "is", "that", "it", "for", "was", "on", "with", "as", "be", "at",
    "by", "this", "we", "from", "or", "have", "an", "they", "which", "you", "were", "all", "their", "has",
    "when", "there", "can", "more", "if", "about", "so", "what", "into", "do",
];

pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        ((self.next() >> 32) * limit) >> 32
    }

    /// In 0..1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A rank by Zipf's law.
    fn zipf(&mut self, ranks: u64) -> u64 {
        ((ranks as f64).powf(self.unit()) as u64).min(ranks) - 1
    }

    /// Nearly normal, deviation 1.
    fn bell(&mut self) -> f32 {
        let bits = self.next();
        let sum: u64 = (0..4).map(|part| bits >> (16 * part) & 0xffff).sum();
        (sum as f32 / 65_536.0 - 2.0) * 1.732
    }
}

/// A word for a rank; no two ranks share one.
fn push_word(out: &mut String, rank: u64) {
    const HEADS: [&str; 20] = [
        "b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "t", "v", "z", "br", "dr", "gl", "kr", "pl", "tr",
        "st",
    ];
    const TAILS: [&str; 10] = ["a", "o", "u", "an", "or", "um", "ok", "ap", "il", "et"];
    let mut rest = rank + 200; // two syllables at least
    while rest > 0 {
        let syllable = (rest % 200) as usize;
        out.push_str(HEADS[syllable / 10]);
        out.push_str(TAILS[syllable % 10]);
        rest /= 200;
    }
}

pub(crate) struct Memory {
    pub(crate) text: String,
    pub(crate) namespace: String,
    pub(crate) tool: String,
    pub(crate) tags: Vec<String>,
    pub(crate) session: String,
    topic: u64,
}

/// The memory with a number is always the same.
pub(crate) fn memory(number: u64) -> Memory {
    let mut random = Random::new(number);
    let project = random.below(PROJECTS);
    // A project has sixty topics, so a filter goes with the meaning.
    let topic = (project * 37 + random.below(60) * 31) % TOPICS;
    let length = (48.0 * (0.75 * f64::from(random.bell())).exp()).clamp(12.0, 220.0) as usize;
    let mut text = String::with_capacity(8 * length);
    for at in 0..length {
        if at > 0 {
            text.push(' ');
        }
        push_any_word(&mut text, topic, &mut random);
    }
    text.push('.');
    Memory {
        text,
        namespace: format!("project-{project}"),
        tool: format!("tool-{}", number % TOOLS),
        tags: (0..random.below(4)).map(|_| format!("tag-{}", random.zipf(500))).collect(),
        session: format!("session-{}", number / 20),
        topic,
    }
}

fn push_any_word(text: &mut String, topic: u64, random: &mut Random) {
    match random.below(100) {
        0..42 => text.push_str(FUNCTION_WORDS[random.zipf(FUNCTION_WORDS.len() as u64) as usize]),
        42..80 => push_topic_word(text, topic, random),
        _ => push_word(text, random.zipf(WORDS)),
    }
}

/// One of the three hundred words of a topic, which are anywhere in the vocabulary, but rather in front.
fn push_topic_word(text: &mut String, topic: u64, random: &mut Random) {
    let place = random.zipf(300);
    push_word(text, Random::new(topic << 20 | place).zipf(WORDS - 50) + 50);
}

pub(crate) fn words(memory: &Memory, analyzer: &mut Analyzer) -> String {
    let mut words = String::with_capacity(memory.text.len() + 32);
    analyzer.token_stream(&memory.text, &mut words);
    memory.tags.iter().for_each(|tag| analyzer.token_stream(tag, &mut words));
    words
}

/// Hands the memory to `then` as a shard takes it.
pub(crate) fn with_entry(number: u64, memory: &Memory, words: &str, then: impl FnOnce(&Entry<'_>)) {
    let tags: Vec<&str> = memory.tags.iter().map(String::as_str).collect();
    let time = number as i64 * 1_000;
    then(&Entry {
        key: number as i64,
        kind: (number % 7) as u8,
        tool: &memory.tool,
        namespace: Some(&memory.namespace),
        tags: &tags,
        created_at: time,
        expires_at: None,
        superseded_at: None,
        session: Some(&memory.session),
        observed_at: time,
        words,
    });
}

/// The centres that vectors lie around.
pub(crate) struct Space(Vec<Vec<f32>>);

impl Space {
    pub(crate) fn new() -> Self {
        let mut random = Random::new(7);
        let common: Vec<f32> = (0..DIMENSIONS).map(|_| 0.6 * random.bell()).collect();
        Self((0..TOPICS).map(|_| common.iter().map(|value| value + random.bell()).collect()).collect())
    }

    /// The vector of a memory; `seed` tells two of one topic apart.
    pub(crate) fn vector(&self, topic: u64, seed: u64) -> Vec<f32> {
        let mut random = Random::new(seed ^ 0xabcd_ef01);
        let mut vector: Vec<f32> =
            self.0[topic as usize].iter().map(|value| value + 0.8 * random.bell()).collect();
        let norm = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
        for value in &mut vector {
            *value /= norm;
        }
        vector
    }

    pub(crate) fn of(&self, number: u64, memory: &Memory) -> Vec<f32> {
        self.vector(memory.topic, number)
    }
}

pub(crate) struct Question {
    /// Eight words in a row, function words among them.
    pub(crate) natural: String,
    /// One to five telling words.
    pub(crate) content: String,
    pub(crate) vector: Vec<f32>,
    pub(crate) namespace: String,
    pub(crate) tool: String,
    /// When the last tenth of the memories began.
    pub(crate) recently: i64,
}

pub(crate) fn question(number: u64, memories: u64, space: &Space) -> Question {
    let mut random = Random::new(number + 1_000_000_000);
    let about = random.below(memories);
    let memory = memory(about);
    let words: Vec<&str> = memory.text.trim_end_matches('.').split(' ').collect();
    let start = random.below(words.len() as u64 - 7) as usize;
    let telling: Vec<&str> = words.iter().copied().filter(|word| !FUNCTION_WORDS.contains(word)).collect();
    let content: Vec<&str> = (0..=number % 5)
        .filter_map(|_| telling.get(random.below(telling.len().max(1) as u64) as usize).copied())
        .collect();
    Question {
        natural: words[start..start + 8].join(" "),
        content: content.join(" "),
        vector: space.vector(memory.topic, u64::MAX - number),
        namespace: memory.namespace,
        tool: memory.tool,
        recently: memories as i64 * 900,
    }
}
