//! Strict RFC 3339: libraries are more lenient than the grammar, and the verdict must not depend on one.

/// Whether `text` is an RFC 3339 `date-time` (omi.md R6).
///
/// `T` and `Z` in either case, a real calendar day, an offset up to ±23:59 (`-00:00` too), any number of fraction
/// digits. Second 60 only where a leap second can be: at 23:59:60 UTC.
pub fn is_date_time(text: &str) -> bool {
    date_time(text.as_bytes()).is_some()
}

/// Whether `text` is an RFC 3339 `full-date`: `YYYY-MM-DD`, a real calendar day (omi.md R7).
pub fn is_full_date(text: &str) -> bool {
    matches!(full_date(text.as_bytes()), Some([]))
}

fn date_time(text: &[u8]) -> Option<()> {
    let rest = one_of(full_date(text)?, b"Tt")?;
    let (hour, rest) = number(rest, 2, 23)?;
    let (minute, rest) = number(one_of(rest, b":")?, 2, 59)?;
    let (second, mut rest) = number(one_of(rest, b":")?, 2, 60)?;
    if let Some(fraction) = rest.strip_prefix(b".") {
        let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            return None;
        }
        rest = &fraction[digits..];
    }
    let offset = offset(rest)?;
    let utc = (hour * 60 + minute - offset).rem_euclid(24 * 60);
    (second < 60 || utc == 23 * 60 + 59).then_some(())
}

/// The offset in minutes that is all of `text`.
fn offset(text: &[u8]) -> Option<i32> {
    let (sign, rest) = match text {
        [b'Z' | b'z'] => return Some(0),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let (hours, rest) = number(rest, 2, 23)?;
    let (minutes, rest) = number(one_of(rest, b":")?, 2, 59)?;
    rest.is_empty().then_some(sign * (hours * 60 + minutes))
}

/// Reads a date; gives what follows it.
fn full_date(text: &[u8]) -> Option<&[u8]> {
    let (year, rest) = number(text, 4, 9999)?;
    let (month, rest) = number(one_of(rest, b"-")?, 2, 12)?;
    let (day, rest) = number(one_of(rest, b"-")?, 2, 31)?;
    (day >= 1 && day <= days(year, month)?).then_some(rest)
}

fn days(year: i32, month: i32) -> Option<i32> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    Some(match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    })
}

/// Reads exactly `len` digits whose value is at most `most`.
fn number(text: &[u8], len: usize, most: i32) -> Option<(i32, &[u8])> {
    let (digits, rest) = text.split_at_checked(len)?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = digits.iter().fold(0, |value, digit| value * 10 + i32::from(digit - b'0'));
    (value <= most).then_some((value, rest))
}

fn one_of<'a>(text: &'a [u8], bytes: &[u8]) -> Option<&'a [u8]> {
    let (first, rest) = text.split_first()?;
    bytes.contains(first).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::{is_date_time, is_full_date};

    #[test]
    fn what_rfc_3339_allows_is_accepted() {
        for text in [
            "2026-03-04T05:06:07Z",
            "2026-03-04t05:06:07z",
            "2026-03-04T05:06:07.1Z",
            "2026-03-04T05:06:07.123456789012+05:30",
            "2026-03-04T05:06:07-00:00",
            "2026-03-04T05:06:07+23:59",
            "2024-02-29T00:00:00Z",
            "2000-02-29T00:00:00Z",
            "0000-01-01T00:00:00Z",
            "1990-12-31T23:59:60Z",
            "1990-12-31T23:59:60.9Z",
            "1990-12-31T15:59:60-08:00",
            "1991-01-01T05:29:60+05:30",
        ] {
            assert!(is_date_time(text), "{text}");
        }
    }

    #[test]
    fn what_it_does_not_allow_is_refused() {
        for text in [
            "",
            "2026-03-04",
            "2026-03-04T05:06:07",
            "2026-03-04 05:06:07Z",
            "2026-03-04T05:06Z",
            "2026-03-04T05:06:07.Z",
            "2026-03-04T05:06:07,5Z",
            "2026-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2026-04-31T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-03-04T24:00:00Z",
            "2026-03-04T05:60:00Z",
            "2026-03-04T05:06:60Z",
            "2026-03-04T23:59:61Z",
            "1990-12-31T23:59:60-08:00",
            "2026-03-04T05:06:07+25:00",
            "2026-03-04T05:06:07+24:00",
            "2026-03-04T05:06:07+05:60",
            "2026-03-04T05:06:07+0530",
            "2026-03-04T05:06:07+05",
            "2026-03-04T05:06:07UTC",
            "2026-03-04T05:06:07Z ",
            " 2026-03-04T05:06:07Z",
            "20260304T050607Z",
            "+002026-03-04T05:06:07Z",
            "2026-W10-3T05:06:07Z",
            "２０２６-03-04T05:06:07Z",
            "last Tuesday",
        ] {
            assert!(!is_date_time(text), "{text}");
        }
    }

    #[test]
    fn a_full_date_is_only_a_date() {
        for text in ["2026-01-01", "2024-02-29", "9999-12-31"] {
            assert!(is_full_date(text), "{text}");
        }
        for text in
            ["", "2026-1-1", "2026-02-30", "2026-13-01", "2026-01-01Z", "2026-01-01T00:00:00Z", "2026"]
        {
            assert!(!is_full_date(text), "{text}");
        }
    }
}
