//! Vectors of one byte a dimension, scanned whole.
//!
//! Each window of a memory is a row: its numbers divided by the largest of them and rounded to -127..=127, and a factor
//! that makes a product of two rows a cosine again. Rows lie in the order of the documents, one after the other, so
//! a scan runs at the speed of memory. A cosine from rows differs from the exact one in the third digit; see
//! [`rescore`](super::rescore).

use prefetch_index::prefetch_index;
use simsimd::SpatialSimilarity;

use super::reserve;

/// Why vectors were not taken. The shard is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VectorError {
    /// Its length is not that of the vector space.
    #[error(
        "the vector has {found} dimensions, the index holds vectors with {expected}: use the model the index was built with, or clear its vectors for the new model"
    )]
    Dimensions {
        /// What the shard was made for; 0 if it holds no vectors.
        expected: usize,
        /// What came.
        found: usize,
    },
    /// It has a value that is not a finite number, or only zeros.
    #[error("the vector has no direction: it must hold finite numbers, and not only zeros")]
    Direction,
    /// More windows than a memory may have.
    #[error("a memory may have 65535 vectors, not {found}: use longer windows")]
    Windows {
        /// What came.
        found: usize,
    },
}

/// The likeness of a memory to a query.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cosine {
    /// Of the window that is most like it.
    pub best: f32,
    /// Of the first window: where a text says what it is about.
    pub first: f32,
    /// How many windows there are.
    pub windows: usize,
}

/// What the best of two windows gains by chance; twice that of four, and so on.
pub const CHANCE: f32 = 0.06;

impl Cosine {
    /// Of the windows of a memory, in their order; `None` if there are none.
    pub(crate) fn of(mut windows: impl Iterator<Item = f32>) -> Option<Self> {
        let first = windows.next()?;
        let all = windows.fold((first, 1), |(best, count), cosine| (cosine.max(best), count + 1));
        Some(Self { best: all.0, first, windows: all.1 })
    }

    /// The likeness of the whole memory: that of its best window, less what the best of so many gains by chance. The
    /// first window says what a text is about, so it pays half.
    #[expect(clippy::cast_precision_loss, reason = "at most 65,535 windows")]
    pub fn whole(self) -> f32 {
        let chance = CHANCE * (self.windows as f32).log2();
        (self.first - chance / 2.0).max(self.best - chance)
    }
}

#[derive(Clone, Default)]
pub(crate) struct Vectors {
    dimensions: usize,
    codes: Vec<i8>,
    factors: Vec<f32>,
    rows: Vec<Rows>,
    dead: usize,
}

/// Where the windows of a document are.
#[derive(Clone, Copy, Default)]
struct Rows {
    first: u32,
    count: u16,
}

/// A query in the form of a row.
pub(crate) struct Probe {
    codes: Vec<i8>,
    factor: f32,
}

impl Vectors {
    pub(crate) fn new(dimensions: usize) -> Self {
        Self { dimensions, ..Self::default() }
    }

    pub(crate) fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Rows whose document is gone.
    pub(crate) fn dead(&self) -> usize {
        self.dead
    }

    pub(crate) fn len(&self) -> usize {
        self.factors.len()
    }

    pub(crate) fn put(&mut self, document: u32, windows: &[&[f32]]) -> Result<(), VectorError> {
        let count =
            u16::try_from(windows.len()).map_err(|_| VectorError::Windows { found: windows.len() })?;
        let (codes_before, rows_before) = (self.codes.len(), self.factors.len());
        reserve(&mut self.codes, windows.len() * self.dimensions);
        reserve(&mut self.factors, windows.len());
        for window in windows {
            match quantise(window, self.dimensions, &mut self.codes) {
                Ok(factor) => self.factors.push(factor),
                Err(error) => {
                    self.codes.truncate(codes_before);
                    self.factors.truncate(rows_before);
                    return Err(error);
                }
            }
        }
        self.remove(document);
        if self.rows.len() <= document as usize {
            let more = document as usize + 1 - self.rows.len();
            reserve(&mut self.rows, more);
            self.rows.resize(document as usize + 1, Rows::default());
        }
        let first = u32::try_from(rows_before).expect("fewer than four billion rows");
        self.rows[document as usize] = Rows { first, count };
        Ok(())
    }

    pub(crate) fn remove(&mut self, document: u32) {
        if let Some(rows) = self.rows.get_mut(document as usize) {
            self.dead += usize::from(rows.count);
            *rows = Rows::default();
        }
    }

    /// Takes over the rows of a document from a shard with the same dimensions.
    pub(crate) fn copy(&mut self, from: &Self, old: u32, new: u32) {
        let Some(&Rows { first, count }) = from.rows.get(old as usize) else { return };
        let rows = first as usize..first as usize + usize::from(count);
        let start = u32::try_from(self.factors.len()).expect("fewer than four billion rows");
        self.codes.extend_from_slice(&from.codes[rows.start * self.dimensions..rows.end * self.dimensions]);
        self.factors.extend_from_slice(&from.factors[rows]);
        self.rows.resize(new as usize + 1, Rows::default());
        self.rows[new as usize] = Rows { first: start, count };
    }

    /// Makes room for as many rows as another has alive.
    pub(crate) fn reserve_as(&mut self, other: &Self) {
        let rows = other.len() - other.dead;
        self.codes.reserve_exact(rows * self.dimensions);
        self.factors.reserve_exact(rows);
        self.rows.reserve_exact(rows.min(other.rows.len()));
    }

    pub(crate) fn probe(&self, query: &[f32]) -> Result<Probe, VectorError> {
        let mut codes = Vec::with_capacity(self.dimensions);
        let factor = quantise(query, self.dimensions, &mut codes)?;
        Ok(Probe { codes, factor })
    }

    /// Has the rows of a document fetched, so that they are at hand when they are multiplied. Left alone, the processor
    /// waits for memory with each row: that made a scan two to three times as long, wherever the rows lay.
    #[inline]
    pub(crate) fn send_for(&self, document: u32) {
        const LINE: usize = 64;
        let Rows { first, count } = self.rows.get(document as usize).copied().unwrap_or_default();
        let start = first as usize * self.dimensions;
        let end = start + usize::from(count) * self.dimensions;
        (start..end).step_by(LINE).for_each(|at| prefetch_index(&self.codes, at));
    }

    /// The likeness of a document's best window; `None` if it has no vector.
    pub(crate) fn best(&self, document: u32, probe: &Probe) -> Option<f32> {
        match self.rows.get(document as usize)? {
            // Nearly all memories are one window.
            &Rows { first, count: 1 } => {
                let start = first as usize * self.dimensions;
                let codes = &self.codes[start..start + self.dimensions];
                Some(cosine(codes, self.factors[first as usize], probe))
            }
            _ => self.cosine(document, probe).map(Cosine::whole),
        }
    }

    pub(crate) fn cosine(&self, document: u32, probe: &Probe) -> Option<Cosine> {
        Cosine::of(self.cosines(document, probe))
    }

    /// The first window of a document as a query; `None` if it has no vector.
    pub(crate) fn voice(&self, document: u32) -> Option<Probe> {
        let Rows { first, count } = *self.rows.get(document as usize)?;
        let start = first as usize * self.dimensions;
        let probe = || Probe {
            codes: self.codes[start..start + self.dimensions].to_vec(),
            factor: self.factors[first as usize],
        };
        (count > 0).then(probe)
    }

    /// The likeness of a document's first window.
    pub(crate) fn first(&self, document: u32, probe: &Probe) -> Option<f32> {
        self.cosines(document, probe).next()
    }

    fn cosines<'a>(&'a self, document: u32, probe: &'a Probe) -> impl Iterator<Item = f32> + 'a {
        let Rows { first, count } = self.rows.get(document as usize).copied().unwrap_or_default();
        let rows = first as usize..first as usize + usize::from(count);
        let dimensions = self.dimensions;
        let codes = &self.codes[rows.start * dimensions..rows.end * dimensions];
        let rows = codes.chunks_exact(dimensions.max(1)).zip(&self.factors[rows]);
        rows.map(|(codes, &factor)| cosine(codes, factor, probe))
    }

    pub(crate) fn bytes(&self) -> usize {
        self.codes.capacity()
            + self.factors.capacity() * size_of::<f32>()
            + self.rows.capacity() * size_of::<Rows>()
    }
}

#[inline]
fn cosine(codes: &[i8], factor: f32, probe: &Probe) -> f32 {
    #[expect(clippy::cast_possible_truncation, reason = "f32 is what a factor is exact to")]
    let product = i8::dot(codes, &probe.codes).unwrap_or_default() as f32;
    product * factor * probe.factor
}

/// Added to a float as large as this, a number is rounded, and stands in the lowest bits: several at a time, which a
/// conversion of each is not.
const ROUND: f32 = 12_582_912.0;

/// Appends the codes of a vector and returns its factor: what one step of its codes is worth, for the length 1.
fn quantise(vector: &[f32], dimensions: usize, codes: &mut Vec<i8>) -> Result<f32, VectorError> {
    if vector.len() != dimensions || dimensions == 0 {
        return Err(VectorError::Dimensions { expected: dimensions, found: vector.len() });
    }
    // Without their signs, floats are ordered as their bits are, infinity and NaN last.
    let largest = vector.iter().map(|value| value.abs().to_bits()).max().map_or(0.0, f32::from_bits);
    let norm = f32::dot(vector, vector).unwrap_or_default().sqrt();
    let step = largest / 127.0;
    if !norm.is_normal() || !step.is_normal() {
        return Err(VectorError::Direction);
    }
    let scale = 127.0 / largest;
    codes.extend(vector.iter().map(|value| (value * scale + ROUND).to_bits().to_le_bytes()[0].cast_signed()));
    #[expect(clippy::cast_possible_truncation, reason = "at most 1")]
    Ok((f64::from(step) / norm) as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(seed: u32, dimensions: usize) -> Vec<f32> {
        let mut state = seed;
        let mut value = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f32::from(i16::from_le_bytes([state.to_le_bytes()[2], state.to_le_bytes()[3]])) / 1e4
        };
        (0..dimensions).map(|_| value()).collect()
    }

    #[test]
    fn a_cosine_is_right_to_two_digits_whatever_the_length_of_the_vectors() {
        for dimensions in [1, 3, 31, 64, 384, 1_000] {
            let mut vectors = Vectors::new(dimensions);
            for seed in 0..20 {
                let scale = 10_f32.powi(i32::try_from(seed).unwrap() - 10);
                let (a, b) = (vector(seed, dimensions), vector(seed + 100, dimensions));
                let scaled: Vec<f32> = a.iter().map(|value| value * scale).collect();
                vectors.put(seed, &[&scaled]).unwrap();
                let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
                let exact = dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt();
                let probe = vectors.probe(&b).unwrap();
                let found = vectors.best(seed, &probe).unwrap();
                assert!((found - exact).abs() < 0.01, "{dimensions} dimensions: {found} for {exact}");
            }
        }
    }

    #[test]
    fn the_best_window_counts_and_the_first_is_told() {
        let mut vectors = Vectors::new(2);
        vectors.put(3, &[&[0.0, 1.0], &[1.0, 0.0], &[-1.0, 0.0]]).unwrap();
        let probe = vectors.probe(&[2.0, 0.0]).unwrap();
        let Cosine { best, first, .. } = vectors.cosine(3, &probe).unwrap();
        assert!((best - 1.0).abs() < 1e-6 && first.abs() < 1e-6);
        assert_eq!(vectors.cosine(2, &probe), None);
        assert_eq!(vectors.cosine(4, &probe), None);
    }

    #[test]
    fn what_is_no_direction_is_refused_and_leaves_no_trace() {
        let mut vectors = Vectors::new(2);
        vectors.put(0, &[&[1.0, 0.0]]).unwrap();
        for (bad, error) in [
            (&[1.0][..], VectorError::Dimensions { expected: 2, found: 1 }),
            (&[0.0, 0.0], VectorError::Direction),
            (&[f32::NAN, 1.0], VectorError::Direction),
            (&[f32::INFINITY, 1.0], VectorError::Direction),
        ] {
            assert_eq!(vectors.put(0, &[&[0.0, 1.0], bad]), Err(error));
        }
        assert_eq!((vectors.len(), vectors.dead()), (1, 0));
        let probe = vectors.probe(&[1.0, 0.0]).unwrap();
        assert!(vectors.best(0, &probe).unwrap() > 0.99);
        let none = Vectors::new(0);
        assert!(matches!(none.probe(&[]), Err(VectorError::Dimensions { expected: 0, found: 0 })));
    }
}
