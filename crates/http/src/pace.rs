//! How slowly the other side of a stream may be: a transfer holds one of few places.

use std::time::Duration;

/// So many bytes must move…
const BYTES: usize = 64 << 10;
/// …before we have waited so long for them.
const PATIENCE: Duration = Duration::from_mins(1);

/// What has moved of the current portion, and how long we waited for it. Time that we spend ourselves does not count.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    waited: Duration,
    bytes: usize,
}

impl Pace {
    /// How long to wait for the next piece.
    pub(crate) fn patience(&self) -> Duration {
        PATIENCE.saturating_sub(self.waited)
    }

    /// A piece moved after a wait.
    pub(crate) fn moved(&mut self, bytes: usize, waited: Duration) {
        self.waited += waited;
        self.bytes += bytes;
        if self.bytes >= BYTES {
            *self = Self::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trickle_runs_out_of_time_and_a_stream_does_not() {
        let mut trickle = Pace::default();
        for _ in 0..6 {
            trickle.moved(1, Duration::from_secs(10));
        }
        assert_eq!(trickle.patience(), Duration::ZERO);

        let mut stream = Pace::default();
        for _ in 0..100 {
            stream.moved(BYTES / 2, Duration::from_secs(10));
        }
        assert!(stream.patience() >= Duration::from_secs(50));
    }
}
