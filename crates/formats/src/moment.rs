//! Times as other tools write them.

use omp_model::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A time in any of the forms that are met: RFC 3339, ISO without a zone (taken as UTC), a bare date, seconds,
/// milliseconds, microseconds or nanoseconds since 1970 as a number or as text, `{"$date": …}`. Anything else,
/// nothing, and 0 are unknown. Deserialises from any JSON without failing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moment(pub Option<Timestamp>);

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(|value| Self(from_json(&value)))
    }
}

/// See [`Moment`].
pub fn from_json(value: &Value) -> Option<Timestamp> {
    match value {
        Value::Number(number) => from_number(number.as_f64()?),
        Value::String(text) => from_text(text),
        Value::Object(members) => {
            let inner =
                ["$date", "$numberLong", "seconds", "_seconds"].iter().find_map(|name| members.get(*name));
            inner.and_then(from_json)
        }
        _ => None,
    }
}

/// Since 1970, in the unit that puts it into our times.
pub fn from_number(number: f64) -> Option<Timestamp> {
    let size = number.abs();
    let millis = match size {
        _ if !number.is_finite() || size == 0.0 => return None,
        _ if size < 1e11 => number * 1e3,
        _ if size < 1e14 => number,
        _ if size < 1e17 => number / 1e3,
        _ => number / 1e6,
    };
    #[expect(clippy::cast_possible_truncation, reason = "far from the limits after the choice of the unit")]
    (millis.abs() < 2.5e14).then(|| Timestamp::from_millis(millis.round() as i64))
}

/// See [`Moment`].
pub fn from_text(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Some(time) = Timestamp::parse(text).or_else(|| Timestamp::parse_date(text)) {
        return Some(time);
    }
    if text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return text.parse().ok().and_then(from_number);
    }
    // `2026-05-01 10:20:30`, `2026-05-01T10:20`, `2026-05-01 10:20:30.5+02:00`, `… UTC`
    let date = text.get(..10)?;
    let rest = text.get(10..)?.trim_start_matches(['T', 't', ' ']);
    let rest = rest.trim_end_matches("UTC").trim_end();
    let (clock, zone) = match rest.find(['Z', 'z', '+', '-']) {
        Some(at) => rest.split_at(at),
        None => (rest, "Z"),
    };
    let clock = clock.trim_end();
    let clock = if clock.len() == 5 { format!("{clock}:00") } else { clock.to_owned() };
    let zone = match zone.len() {
        3 => format!("{zone}:00"),
        5 if zone.is_ascii() && !zone.contains(':') => format!("{}:{}", &zone[..3], &zone[3..]),
        _ => zone.to_owned(),
    };
    Timestamp::parse(&format!("{date}T{clock}{zone}"))
}

/// The day of a time, `YYYY-MM-DD`.
pub fn day(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_moment_is_read_in_every_form() {
        let expected = Timestamp::parse("2026-05-01T10:20:30.500Z");
        for json in [
            r#""2026-05-01T10:20:30.500Z""#,
            r#""2026-05-01T12:20:30.5+02:00""#,
            r#""2026-05-01 12:20:30.5+0200""#,
            r#""2026-05-01 10:20:30.500000""#,
            r#""2026-05-01 10:20:30.5 UTC""#,
            "1777630830.5",
            "1777630830500",
            "1777630830500000",
            r#""1777630830.5""#,
            r#"{"$date":{"$numberLong":"1777630830500"}}"#,
        ] {
            assert_eq!(serde_json::from_str::<Moment>(json).unwrap().0, expected, "{json}");
        }
    }

    #[test]
    fn what_is_no_time_is_unknown() {
        for json in [
            "null",
            "0",
            r#""""#,
            r#""soon""#,
            "true",
            "[]",
            "1e300",
            r#""2026-13-01 10:00:00""#,
            r#""é2026-05-01""#,
            r#""2026-05-01 10:20+1é1""#,
        ] {
            assert_eq!(serde_json::from_str::<Moment>(json).unwrap().0, None, "{json}");
        }
    }
}
