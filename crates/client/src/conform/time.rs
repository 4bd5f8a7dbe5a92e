//! RFC 3339 as an outsider reads it: just enough to judge a server's times without sharing its code.

use std::time::{SystemTime, UNIX_EPOCH};

const DAY: i64 = 86_400_000;

/// Milliseconds since 1970 of an RFC 3339 date-time; `None` if the text is not one.
pub(super) fn parse(text: &str) -> Option<i64> {
    let rest = text.get(..10)?;
    let (year, month, day) = (number(rest, 0, 4)?, number(rest, 5, 2)?, number(rest, 8, 2)?);
    let bytes = text.as_bytes();
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if marks.iter().any(|&(at, mark)| bytes.get(at) != Some(&mark)) {
        return None;
    }
    let (hour, minute, second) = (number(text, 11, 2)?, number(text, 14, 2)?, number(text, 17, 2)?);
    if !(1..=12).contains(&month) || !(1..=days_in(year, month)).contains(&day) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (millis, zone) = fraction(text.get(19..)?)?;
    let clock = ((hour * 60 + minute) * 60 + second) * 1000 + millis;
    Some(days(year, month, day) * DAY + clock - offset(zone)?)
}

/// Whether the text is an RFC 3339 date-time in UTC that ends in `Z`.
pub(super) fn is_utc(text: &str) -> bool {
    text.ends_with('Z') && parse(text).is_some()
}

/// Whether the text shows exactly milliseconds.
pub(super) fn has_millis(text: &str) -> bool {
    is_utc(text) && text.len() == "2020-01-01T00:00:00.000Z".len()
}

/// The instant in UTC with milliseconds.
pub(super) fn utc(millis: i64) -> String {
    format!("{}Z", local(millis))
}

/// The same instant as a clock that is `minutes` ahead of UTC shows it.
pub(super) fn at_offset(millis: i64, minutes: i64) -> String {
    let sign = if minutes < 0 { '-' } else { '+' };
    let size = minutes.abs();
    format!("{}{sign}{:02}:{:02}", local(millis + minutes * 60_000), size / 60, size % 60)
}

/// The clock of this machine, in milliseconds since 1970.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn local(millis: i64) -> String {
    let (days, clock) = (millis.div_euclid(DAY), millis.rem_euclid(DAY));
    let (year, month, day) = civil(days);
    let (hour, minute) = (clock / 3_600_000, clock / 60_000 % 60);
    let (second, milli) = (clock / 1000 % 60, clock % 1000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}")
}

fn number(text: &str, at: usize, len: usize) -> Option<i64> {
    let digits = text.get(at..at + len)?;
    if digits.bytes().all(|b| b.is_ascii_digit()) { digits.parse().ok() } else { None }
}

/// Splits `.250+02:00` into milliseconds and zone.
fn fraction(rest: &str) -> Option<(i64, &str)> {
    let Some(digits) = rest.strip_prefix('.') else { return Some((0, rest)) };
    let end = digits.find(|c: char| !c.is_ascii_digit())?;
    if end == 0 {
        return None;
    }
    let millis = digits[..end].bytes().chain(*b"00").take(3).fold(0, |sum, b| sum * 10 + i64::from(b - b'0'));
    Some((millis, &digits[end..]))
}

fn offset(zone: &str) -> Option<i64> {
    if zone == "Z" {
        return Some(0);
    }
    let sign = match zone.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    if zone.len() != 6 || zone.as_bytes()[3] != b':' {
        return None;
    }
    let (hours, minutes) = (number(zone, 1, 2)?, number(zone, 4, 2)?);
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * 60 + minutes) * 60_000)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a date of the proleptic Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The date that lies `days` after 1970-01-01.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_whatever_their_offset() {
        assert_eq!(parse("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(parse("1970-01-01T00:00:00.5Z"), Some(500));
        assert_eq!(parse("2020-02-29T12:34:56.789Z"), Some(1_582_979_696_789));
        assert_eq!(parse("2020-02-29T14:34:56.789+02:00"), parse("2020-02-29T12:34:56.789Z"));
        assert_eq!(parse("2020-02-28T23:04:56.789123-13:30"), parse("2020-02-29T12:34:56.789Z"));
    }

    #[test]
    fn what_is_no_date_time_is_refused() {
        for text in [
            "",
            "2020-01-01",
            "2020-01-01T00:00:00",
            "2020-01-01 00:00:00Z",
            "2021-02-29T00:00:00Z",
            "2020-13-01T00:00:00Z",
            "2020-01-01T24:00:00Z",
            "2020-01-01T00:00:00.Z",
            "2020-01-01T00:00:00+0200",
            "2020-01-01T00:00:00+02:00x",
            "2020-01-0éT00:00:00Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn writing_and_reading_agree() {
        for millis in [0, 951_782_400_000, 1_582_979_696_789, -1, 253_402_214_400_000] {
            assert_eq!(parse(&utc(millis)), Some(millis));
            assert_eq!(parse(&at_offset(millis, 330)), Some(millis));
            assert_eq!(parse(&at_offset(millis, -300)), Some(millis));
        }
    }

    #[test]
    fn utc_and_milliseconds_are_told_from_other_forms() {
        assert!(is_utc("2020-01-01T00:00:00Z") && !has_millis("2020-01-01T00:00:00Z"));
        assert!(has_millis("2020-01-01T00:00:00.123Z"));
        assert!(!is_utc("2020-01-01T00:00:00+00:00"));
    }
}
