//! Times: milliseconds since 1970 inside, RFC 3339 outside.

use std::fmt;

use jiff::Span;
use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const MILLIS_PER_SECOND: i64 = 1_000;
const SECONDS_PER_DAY: i64 = 86_400;
const EPOCH: Date = Date::constant(1970, 1, 1);

/// An instant, in whole milliseconds since 1970-01-01T00:00:00Z.
///
/// Stored as a number so that order is order in time (reading 43); shown as RFC 3339 in UTC with
/// milliseconds and `Z`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since 1970.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970; negative before.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// This instant moved by so many milliseconds.
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Reads an RFC 3339 date-time with any offset; digits beyond milliseconds are cut.
    ///
    /// Strict: `T` (or `t`) between date and time, an offset, real days. A leap second counts as the last
    /// millisecond before it ends.
    pub fn parse(text: &str) -> Option<Self> {
        let b = text.as_bytes();
        if b.len() < 20
            || b[4] != b'-'
            || b[7] != b'-'
            || !matches!(b[10], b'T' | b't')
            || b[13] != b':'
            || b[16] != b':'
        {
            return None;
        }
        let (year, month, day) = (digits(&b[0..4])?, digits(&b[5..7])?, digits(&b[8..10])?);
        let (hour, minute, second) = (digits(&b[11..13])?, digits(&b[14..16])?, digits(&b[17..19])?);
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let (fraction, rest) = fraction(&b[19..])?;
        let offset = offset_minutes(rest)?;
        let date =
            Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
        let seconds = days_since_1970(date) * SECONDS_PER_DAY + hour * 3_600 + (minute - offset) * 60;
        if second == 60 {
            let ends_a_day = (seconds + 60).rem_euclid(SECONDS_PER_DAY) == 0;
            let end = Self((seconds + 60) * MILLIS_PER_SECOND - 1);
            return Some(end).filter(|end| ends_a_day && end.civil().is_some());
        }
        Some(Self((seconds + second) * MILLIS_PER_SECOND + fraction)).filter(|time| time.civil().is_some())
    }

    /// Date and milliseconds of the day in UTC; `None` outside the years 0 to 9999, which RFC 3339 cannot write.
    fn civil(self) -> Option<(Date, i64)> {
        let per_day = SECONDS_PER_DAY * MILLIS_PER_SECOND;
        let days = Span::new().try_days(self.0.div_euclid(per_day)).ok()?;
        let date = EPOCH.checked_add(days).ok().filter(|date| date.year() >= 0)?;
        Some((date, self.0.rem_euclid(per_day)))
    }

    /// As RFC 3339. A page has dozens of times in it, so the digits are put down one by one, not by a formatter.
    fn text(self) -> Option<[u8; 24]> {
        let (date, millis) = self.civil()?;
        let mut text = *b"0000-00-00T00:00:00.000Z";
        let mut put = |range: std::ops::Range<usize>, mut n: i64| {
            for place in text[range].iter_mut().rev() {
                *place += u8::try_from(n % 10).unwrap_or_default();
                n /= 10;
            }
        };
        put(0..4, date.year().into());
        put(5..7, date.month().into());
        put(8..10, date.day().into());
        put(11..13, millis / 3_600_000);
        put(14..16, millis / 60_000 % 60);
        put(17..19, millis / 1_000 % 60);
        put(20..23, millis % 1_000);
        Some(text)
    }

    /// Midnight UTC of a calendar date such as `2026-05-01`.
    pub fn parse_date(text: &str) -> Option<Self> {
        let well_formed = text.len() == 10 && text.is_ascii();
        well_formed.then(|| Self::parse(&format!("{text}T00:00:00Z"))).flatten()
    }
}

fn digits(bytes: &[u8]) -> Option<i64> {
    bytes.iter().try_fold(0, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))
}

/// The milliseconds of a `.123…` at the front, and what follows it.
fn fraction(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let Some(rest) = bytes.strip_prefix(b".") else { return Some((0, bytes)) };
    let end = rest.iter().position(|b| !b.is_ascii_digit())?;
    if end == 0 {
        return None;
    }
    let millis = (0..3).fold(0, |n, i| n * 10 + rest[..end].get(i).map_or(0, |b| i64::from(b - b'0')));
    Some((millis, &rest[end..]))
}

fn offset_minutes(bytes: &[u8]) -> Option<i64> {
    let (sign, rest) = match bytes {
        b"Z" | b"z" => return Some(0),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let [h1, h2, b':', m1, m2] = rest else { return None };
    let (hours, minutes) = (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

fn days_since_1970(date: Date) -> i64 {
    i64::from(date.since(EPOCH).expect("both are civil dates").get_days())
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text() {
            // `{:.10}` is the day.
            Some(text) => f.pad(std::str::from_utf8(&text).unwrap_or_default()),
            // No door lets a time in that has no text; this is for logs.
            None => write!(f, "{}ms", self.0),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.text().as_ref().map(|text| std::str::from_utf8(text)) {
            Some(Ok(text)) => serializer.serialize_str(text),
            _ => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("must be an RFC 3339 date-time"))
    }
}

/// Tells the time; an argument everywhere, so that tests can stop it.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp(jiff::Timestamp::now().as_millisecond())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        Timestamp::parse(text).map(|t| t.to_string())
    }

    #[test]
    fn any_offset_is_read_and_utc_is_shown() {
        assert_eq!(read("2026-06-29T12:00:00Z").as_deref(), Some("2026-06-29T12:00:00.000Z"));
        assert_eq!(read("2026-06-29T12:00:00.1239+02:30").as_deref(), Some("2026-06-29T09:30:00.123Z"));
        assert_eq!(read("2026-06-29t12:00:00.5z").as_deref(), Some("2026-06-29T12:00:00.500Z"));
        assert_eq!(read("1969-12-31T23:59:59.999-00:00").as_deref(), Some("1969-12-31T23:59:59.999Z"));
        assert_eq!(read("1990-12-31T15:59:60-08:00").as_deref(), Some("1990-12-31T23:59:59.999Z"));
    }

    #[test]
    fn the_ends_of_the_calendar_have_a_text_and_what_is_beyond_is_refused() {
        assert_eq!(read("9999-12-31T23:59:59.999Z").as_deref(), Some("9999-12-31T23:59:59.999Z"));
        assert_eq!(read("0000-01-01T00:00:00Z").as_deref(), Some("0000-01-01T00:00:00.000Z"));
        assert_eq!(read("9999-12-31T23:59:59-00:01"), None);
        assert_eq!(read("0000-01-01T00:00:00+00:01"), None);
        assert_eq!(read("0000-01-01T00:59:60+01:00"), None);
    }

    #[test]
    fn what_is_not_rfc_3339_is_refused() {
        for bad in [
            "",
            "2026-06-29",
            "2026-06-29 12:00:00Z",
            "2026-06-29T12:00:00",
            "2026-02-30T00:00:00Z",
            "2026-06-29T24:00:00Z",
            "2026-06-29T12:00:60Z",
            "2026-06-29T12:00:00.Z",
            "2026-06-29T12:00:00+25:00",
            "2026-06-29T12:00:00+0200",
            "20260629T120000Z",
            "2026-06-29T12:00:00Zx",
            "２026-06-29T12:00:00Z",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_date_is_midnight_utc() {
        assert_eq!(
            Timestamp::parse_date("2026-05-01").map(|t| t.to_string()).as_deref(),
            Some("2026-05-01T00:00:00.000Z")
        );
        assert_eq!(Timestamp::parse_date("2026-05-1"), None);
    }
}
