//! The answer to a question: candidates of both sides, their neighbours, and the order that the evidence gives them.

use std::hint::select_unpredictable;

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use super::Shard;
use super::bits::Bits;
use super::bm25;
use super::filter::{Filter, Selection};
use super::plan::Plan;
use super::vectors::{Probe, VectorError};
use crate::fusion::{self, Around, DEPTH, Evidence, REACH, SEEDS, Sides};
use crate::query::Keywords;

pub(super) const DAY: f32 = 86_400_000.0;
/// What is less like the question is not about it.
pub const ALIKE: f32 = 0.2;
/// A question of so few terms is a name or an identifier: what holds all of them comes first.
const NAME: usize = 3;
/// More than likeness and neighbours can add.
const NAMED: f32 = 4.0;
/// Both sides' candidates, and the neighbours of the best: room for all of them, so that nothing is moved.
const CANDIDATES: usize = 2 * DEPTH + 2 * REACH * SEEDS;

/// By what memories are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// By words, exactly these.
    Keyword,
    /// By likeness to the question's vector.
    Semantic,
    /// By both, and by [variants](super#variants) of the words.
    Hybrid,
}

/// A question. Its `Debug` tells no text.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Its words.
    pub keywords: &'a Keywords,
    /// Its vector; needed for [`Mode::Semantic`] and [`Mode::Hybrid`].
    pub vector: Option<&'a [f32]>,
    /// How well the model knows the words of the question: 1 well, 0 not at all.
    pub fit: f32,
    /// Which memories may answer.
    pub filter: &'a Filter<'a>,
    /// By what they are found.
    pub mode: Mode,
    /// How many at most; up to a hundred make sense.
    pub limit: usize,
}

/// A memory with its score, and what that is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ranked {
    /// The memory.
    pub key: i64,
    /// The higher the better; comparable within one answer only.
    pub score: f32,
    /// BM25 of the words.
    pub keyword: f32,
    /// A bit for each term of the question that it holds, as itself or as a
    /// [variant](super#variants), by place in [`Keywords::terms`].
    pub matched: u64,
    /// The likeness to the question, if both have a vector.
    pub cosine: Option<f32>,
    /// What the best of its neighbours in the session lent it.
    pub lent: f32,
}

/// What a question found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ranking {
    /// The best, best first.
    pub hits: Vec<Ranked>,
    /// How many memories match: hold one of the words, or are alike where likeness counts.
    pub total: usize,
    /// How much likeness weighed, 0 to 1.
    pub weight: f32,
}

/// A candidate on its way to a [`Ranked`].
pub(super) struct Found {
    pub(super) document: u32,
    pub(super) key: i64,
    pub(super) matched: u64,
    /// The likeness to the question itself, without echo.
    pub(super) cosine: Option<f32>,
    /// Whether it may be in the answer: neighbours that the filter excludes only lend.
    pub(super) wanted: bool,
}

/// What of a question matters once the candidates are known.
pub(super) struct Asked {
    pub(super) mode: Mode,
    pub(super) terms: usize,
    pub(super) limit: usize,
}

impl Shard {
    /// The best memories for a question.
    ///
    /// # Errors
    ///
    /// When the question's vector does not fit the shard's.
    pub fn ranking(&self, request: &Request<'_>) -> Result<Ranking, VectorError> {
        let vector = request.vector.filter(|_| request.mode != Mode::Keyword);
        let probe = vector.map(|vector| self.vectors.probe(vector)).transpose()?;
        let selection = self.select(request.filter);
        // Who searches by words means these words; beside likeness their variants say something too.
        let plan = self.plan_with(request.keywords, &selection, request.mode == Mode::Hybrid);
        let scope = self.select(&request.filter.scope());
        let mut pool = Pool {
            shard: self,
            plan: &plan,
            probe: probe.as_ref(),
            selection: &selection,
            now: request.filter.now,
            found: Vec::with_capacity(CANDIDATES),
            evidence: Vec::with_capacity(CANDIDATES),
            places: HashMap::with_capacity(CANDIDATES),
            in_session: HashMap::with_capacity(CANDIDATES),
            by_words: None,
        };

        let mut sides = Sides { fit: request.fit, vectors: selection.count, ..Sides::default() };
        if request.mode != Mode::Semantic {
            let best: Vec<_> = self.rank(&plan, &selection, DEPTH).into_sorted().collect();
            sides.best = best.first().map_or(0.0, |(units, _)| bm25::score(*units));
            sides.tenth = best.get(9).map_or(0.0, |(units, _)| bm25::score(*units));
            if probe.is_some() {
                for (_, (_, document)) in &best {
                    self.vectors.send_for(*document);
                }
            }
            for (_, (_, document)) in best {
                pool.add(document);
            }
        }
        let mut total = match request.mode {
            Mode::Keyword => plan.count(&selection),
            Mode::Semantic => 0,
            Mode::Hybrid => pool.by_words.insert(plan.holders(&selection)).count(),
        };
        if let Some(probe) = &probe {
            let nothing = Bits::default();
            let by_words = pool.by_words.as_ref().unwrap_or(&nothing);
            let (best, alike);
            (best, alike) = self.scan(probe, &selection, DEPTH, |document, cosine| {
                // Both, whatever the first says: a branch here goes the wrong way every other time.
                let new = !by_words.contains(document);
                select_unpredictable(cosine >= ALIKE, new, false)
            });
            best.into_sorted().for_each(|(_, (_, document))| pool.add(document));
            total += alike;
        }

        let alone = |evidence: &[Evidence]| match request.mode {
            Mode::Keyword => evidence.iter().map(|e| e.keyword).collect(),
            Mode::Semantic => sides.by_likeness(evidence),
            Mode::Hybrid => sides.alone(evidence),
        };
        pool.add_neighbours(&alone(&pool.evidence), &scope);
        if request.mode == Mode::Hybrid {
            pool.hear_the_best(&alone(&pool.evidence));
        }
        let scores = alone(&pool.evidence);
        let weight = match request.mode {
            Mode::Keyword => 0.0,
            Mode::Semantic => 1.0,
            Mode::Hybrid => sides.weight(),
        };
        let asked = Asked { mode: request.mode, terms: request.keywords.len(), limit: request.limit };
        Ok(Ranking { hits: ranked(&pool.found, &pool.evidence, &scores, &asked), total, weight })
    }
}

/// The candidates.
struct Pool<'a> {
    shard: &'a Shard,
    plan: &'a Plan<'a>,
    probe: Option<&'a Probe>,
    selection: &'a Selection<'a>,
    now: i64,
    found: Vec<Found>,
    evidence: Vec<Evidence>,
    /// Where in `found` each document is.
    places: HashMap<u32, usize>,
    /// How many of a session are in `found`: who is the only one there has no neighbours among them.
    in_session: HashMap<u32, usize>,
    /// What of the selection holds a term or a variant, once that is known.
    by_words: Option<Bits>,
}

impl Pool<'_> {
    fn around(&self, document: u32, scope: &Selection<'_>) -> [Option<u32>; 2 * REACH] {
        self.shard.sessions.around(&self.shard.documents, document, scope)
    }

    fn add(&mut self, document: u32) {
        let Entry::Vacant(place) = self.places.entry(document) else { return };
        place.insert(self.found.len());
        let row = self.shard.documents.row(document);
        let wanted = self.selection.bits.contains(document);
        let (units, matched) = match &self.by_words {
            Some(by_words) if wanted && !by_words.contains(document) => (0, 0),
            _ => self.shard.score(self.plan, document),
        };
        let cosine = self.probe.and_then(|probe| self.shard.vectors.best(document, probe));
        #[expect(clippy::cast_precision_loss, reason = "an age")]
        self.evidence.push(Evidence {
            keyword: bm25::score(units),
            cosine,
            age: (self.now - row.created_at) as f32 / DAY,
            around: Around::default(),
        });
        self.found.push(Found { document, key: row.key, matched, cosine, wanted });
        *self.in_session.entry(row.session).or_default() += 1;
    }

    /// Takes in what stands around the best candidates, and notes who stands beside whom.
    fn add_neighbours(&mut self, scores: &[f32], scope: &Selection<'_>) {
        let mut best: Vec<usize> = (0..scores.len()).collect();
        best.sort_unstable_by(|a, b| {
            scores[*b].total_cmp(&scores[*a]).then(self.found[*b].key.cmp(&self.found[*a].key))
        });
        for seed in best.into_iter().take(SEEDS) {
            for neighbour in self.around(self.found[seed].document, scope).into_iter().flatten() {
                self.add(neighbour);
            }
        }
        for place in 0..self.found.len() {
            let document = self.found[place].document;
            if self.in_session.get(&self.shard.documents.row(document).session) == Some(&1) {
                continue;
            }
            let around = self.around(document, scope);
            self.evidence[place].around =
                around.map(|neighbour| neighbour.and_then(|document| self.places.get(&document).copied()));
        }
    }

    /// Lets the vector of the best candidate speak beside the question's.
    fn hear_the_best(&mut self, scores: &[f32]) {
        let best = best(&self.found, &self.evidence, scores);
        let Some(voice) = best.and_then(|best| self.shard.vectors.voice(self.found[best].document)) else {
            return;
        };
        for (found, evidence) in self.found.iter().zip(&mut self.evidence) {
            if let Some(cosine) = found.cosine {
                let toward = self.shard.vectors.first(found.document, &voice).unwrap_or_default();
                evidence.cosine = Some(fusion::with_echo(cosine, toward));
            }
        }
    }
}

/// The place of the best candidate.
pub(super) fn best(found: &[Found], evidence: &[Evidence], scores: &[f32]) -> Option<usize> {
    (0..scores.len()).min_by(|a, b| order(found, evidence, scores, (*a, *b)))
}

/// Best first: by score, then by likeness, then by words, then the one stored last.
fn order(
    found: &[Found],
    evidence: &[Evidence],
    scores: &[f32],
    (a, b): (usize, usize),
) -> std::cmp::Ordering {
    let rank = |place: usize| {
        let Evidence { cosine, keyword, .. } = evidence[place];
        (scores[place], cosine.unwrap_or(-1.0), keyword)
    };
    let (a_rank, b_rank) = (rank(a), rank(b));
    b_rank
        .0
        .total_cmp(&a_rank.0)
        .then(b_rank.1.total_cmp(&a_rank.1))
        .then(b_rank.2.total_cmp(&a_rank.2))
        .then(found[b].key.cmp(&found[a].key))
}

/// The candidates that match, in their order, with all that counts beside what each says by itself.
pub(super) fn ranked(found: &[Found], evidence: &[Evidence], scores: &[f32], asked: &Asked) -> Vec<Ranked> {
    let lent = fusion::lent(scores, evidence);
    // What being new is worth is a share of what the best match is worth.
    let unit = if asked.mode == Mode::Keyword { scores.iter().copied().fold(0.0, f32::max) } else { 1.0 };
    let names = asked.mode == Mode::Hybrid && (1..=NAME).contains(&asked.terms);
    let named = |place: usize| names && found[place].matched.count_ones() as usize == asked.terms;
    let score = |place: usize| {
        let own = scores[place] + if named(place) { NAMED } else { 0.0 };
        own + lent[place] + unit * fusion::recency(evidence[place].age)
    };
    let full: Vec<f32> = (0..scores.len()).map(score).collect();
    let matches = |place: &usize| match asked.mode {
        Mode::Keyword => evidence[*place].keyword > 0.0,
        Mode::Semantic => found[*place].cosine >= Some(ALIKE),
        Mode::Hybrid => evidence[*place].keyword > 0.0 || found[*place].cosine >= Some(ALIKE),
    };
    let mut places: Vec<usize> =
        (0..full.len()).filter(|place| found[*place].wanted).filter(matches).collect();
    places.sort_unstable_by(|a, b| order(found, evidence, &full, (*a, *b)));
    places.truncate(asked.limit);
    let ranked = |place: usize| {
        let Found { key, matched, cosine, .. } = found[place];
        Ranked {
            key,
            score: full[place],
            keyword: evidence[place].keyword,
            matched,
            cosine,
            lent: lent[place],
        }
    };
    places.into_iter().map(ranked).collect()
}
