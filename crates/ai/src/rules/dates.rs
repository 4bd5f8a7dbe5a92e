//! Days in sentences: "yesterday", "last week", "on 5 May".

use std::fmt;

use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan as _};
use regex::{Captures, Regex};

/// A stretch of days that a sentence names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct When {
    /// Its first day.
    pub(crate) first: Date,
    /// Its last day.
    pub(crate) last: Date,
    /// Whether it depends on the day on which it was said.
    pub(crate) relative: bool,
}

impl fmt::Display for When {
    /// As a day, month or year, or as `first/last`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = (self.first, self.last);
        if first == last {
            return write!(f, "{first}");
        }
        let (begins, ends) = (first == first.first_of_month(), last == last.last_of_month());
        if begins && ends && first.first_of_month() == last.first_of_month() {
            return write!(f, "{:04}-{:02}", first.year(), first.month());
        }
        if first == first.first_of_year() && last == first.last_of_year() {
            return write!(f, "{:04}", first.year());
        }
        write!(f, "{first}/{last}")
    }
}

impl When {
    /// For a sentence.
    pub(crate) fn shown(&self) -> String {
        self.to_string().replace('/', " to ")
    }
}

/// What a pattern means. The groups of a pattern are `n` (how many), `unit`, `day`, `month`, `year` and `weekday`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Meaning {
    /// So many days after the day on which it is said.
    Day(i32),
    /// The `weekday` before (-1) or after (1) it.
    Weekday(i32),
    /// The `unit` before (-1) or after (1): last week, next month.
    Unit(i32),
    /// The weekend before (-1) or after (1).
    Weekend(i32),
    /// `n` `unit`s before (-1) or after (1).
    Away(i32),
    /// `day`, `month` and perhaps `year`.
    Calendar,
    /// `year`, and perhaps `month`.
    Span,
}

/// A pattern, what it means, and whether its words change with the day.
pub(crate) type Expression = (&'static str, Meaning);

/// The patterns, ready.
pub(super) struct Finder(Vec<(Regex, Meaning)>);

impl Finder {
    pub(super) fn new(expressions: &[Expression]) -> Self {
        let regex =
            |pattern: &str| Regex::new(&format!(r"(?i)\b(?:{pattern})\b")).expect("a pattern of ours");
        Self(expressions.iter().map(|(pattern, meaning)| (regex(pattern), *meaning)).collect())
    }

    /// The first stretch of days that a sentence names.
    pub(super) fn find(&self, sentence: &str, said_on: Date) -> Option<When> {
        self.0.iter().find_map(|(pattern, meaning)| resolve(&pattern.captures(sentence)?, *meaning, said_on))
    }
}

fn resolve(found: &Captures<'_>, meaning: Meaning, said_on: Date) -> Option<When> {
    let group = |name: &str| found.name(name).map(|part| part.as_str().to_lowercase());
    let relative = !matches!(meaning, Meaning::Calendar | Meaning::Span);
    let days = |first: Date, last: Date| Some(When { first, last, relative });
    let plus = |date: Date, days: i32| date.checked_add(Span::new().try_days(days).ok()?).ok();
    match meaning {
        Meaning::Day(away) => {
            let day = plus(said_on, away)?;
            days(day, day)
        }
        Meaning::Weekday(side) => {
            let day = nearest(said_on, weekday(&group("weekday")?)?, side)?;
            days(day, day)
        }
        Meaning::Weekend(side) => {
            let saturday = nearest(said_on, Weekday::Saturday, side)?;
            let saturday =
                if side < 0 && said_on.weekday() == Weekday::Sunday { plus(saturday, -7)? } else { saturday };
            days(saturday, plus(saturday, 1)?)
        }
        Meaning::Unit(side) => {
            let (first, last) = around(said_on, unit(&group("unit")?)?, side)?;
            days(first, last)
        }
        Meaning::Away(side) => {
            let many = number(&group("n")?)?;
            let (unit, many) = (unit(&group("unit")?)?, side.checked_mul(many)?);
            match unit {
                Unit::Day => plus(said_on, many).and_then(|day| days(day, day)),
                // "Three weeks ago" is a week, "two years ago" a year: more is not said.
                _ => around(said_on, unit, many).and_then(|(first, last)| days(first, last)),
            }
        }
        Meaning::Calendar => {
            let (day, month) = (group("day")?.parse().ok()?, month(&group("month")?)?);
            let year = group("year").and_then(|year| year.parse().ok());
            let date = Date::new(year.unwrap_or(said_on.year()), month, day).ok()?;
            days(date, date)
        }
        Meaning::Span => {
            let year: i16 = group("year")?.parse().ok().filter(|year| (1900..2100).contains(year))?;
            match group("month") {
                Some(name) => {
                    let first = Date::new(year, month(&name)?, 1).ok()?;
                    days(first, first.last_of_month())
                }
                None => days(Date::new(year, 1, 1).ok()?, Date::new(year, 12, 31).ok()?),
            }
        }
    }
}

/// The nearest such weekday strictly before or after a day.
fn nearest(from: Date, weekday: Weekday, side: i32) -> Option<Date> {
    from.nth_weekday(side, weekday).ok()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    Day,
    Week,
    Month,
    Year,
}

/// The unit that lies so many units away: a week from Monday to Sunday, a month, a year.
fn around(from: Date, unit: Unit, away: i32) -> Option<(Date, Date)> {
    match unit {
        Unit::Day => {
            let day = from.checked_add(Span::new().try_days(away).ok()?).ok()?;
            Some((day, day))
        }
        Unit::Week => {
            let since_monday = from.weekday().to_monday_zero_offset();
            let monday = from.checked_sub(Span::new().try_days(since_monday).ok()?).ok()?;
            let first = monday.checked_add(Span::new().try_weeks(away).ok()?).ok()?;
            Some((first, first.checked_add(6.days()).ok()?))
        }
        Unit::Month => {
            let first = from.first_of_month().checked_add(Span::new().try_months(away).ok()?).ok()?;
            Some((first, first.last_of_month()))
        }
        Unit::Year => {
            let first = from.first_of_year().checked_add(Span::new().try_years(away).ok()?).ok()?;
            Some((first, first.last_of_year()))
        }
    }
}

/// The beginnings of names, in the languages that there are; longer ones first where one begins another.
fn named<T: Copy>(word: &str, names: &[(&str, T)]) -> Option<T> {
    names.iter().find(|(name, _)| word.starts_with(name)).map(|(_, value)| *value)
}

fn unit(word: &str) -> Option<Unit> {
    named(
        word,
        &[
            ("day", Unit::Day),
            ("tag", Unit::Day),
            ("jour", Unit::Day),
            ("día", Unit::Day),
            ("dia", Unit::Day),
            ("week", Unit::Week),
            ("woche", Unit::Week),
            ("semaine", Unit::Week),
            ("semana", Unit::Week),
            ("month", Unit::Month),
            ("monat", Unit::Month),
            ("mois", Unit::Month),
            ("mes", Unit::Month),
            ("year", Unit::Year),
            ("jahr", Unit::Year),
            ("année", Unit::Year),
            ("an", Unit::Year),
            ("año", Unit::Year),
        ],
    )
}

fn weekday(word: &str) -> Option<Weekday> {
    use Weekday::{Friday, Monday, Saturday, Sunday, Thursday, Tuesday, Wednesday};
    named(
        word,
        &[
            ("mon", Monday),
            ("tue", Tuesday),
            ("wed", Wednesday),
            ("thu", Thursday),
            ("fri", Friday),
            ("sat", Saturday),
            ("sun", Sunday),
            ("dien", Tuesday),
            ("mitt", Wednesday),
            ("donn", Thursday),
            ("frei", Friday),
            ("sams", Saturday),
            ("sonn", Sunday),
            ("lundi", Monday),
            ("mardi", Tuesday),
            ("mercredi", Wednesday),
            ("jeudi", Thursday),
            ("vendredi", Friday),
            ("samedi", Saturday),
            ("dimanche", Sunday),
            ("lunes", Monday),
            ("martes", Tuesday),
            ("miércoles", Wednesday),
            ("jueves", Thursday),
            ("viernes", Friday),
            ("sábado", Saturday),
            ("domingo", Sunday),
        ],
    )
}

fn month(word: &str) -> Option<i8> {
    if let Ok(number) = word.parse() {
        return Some(number);
    }
    named(
        word,
        &[
            ("jan", 1),
            ("feb", 2),
            ("fév", 2),
            ("fev", 2),
            ("ene", 1),
            ("mar", 3),
            ("mär", 3),
            ("mae", 3),
            ("apr", 4),
            ("avr", 4),
            ("abr", 4),
            ("may", 5),
            ("mai", 5),
            ("juin", 6),
            ("jun", 6),
            ("juil", 7),
            ("jul", 7),
            ("aug", 8),
            ("aoû", 8),
            ("aou", 8),
            ("ago", 8),
            ("sep", 9),
            ("oct", 10),
            ("okt", 10),
            ("nov", 11),
            ("dec", 12),
            ("dez", 12),
            ("déc", 12),
            ("dic", 12),
        ],
    )
}

fn number(word: &str) -> Option<i32> {
    if let Ok(number) = word.parse::<i32>() {
        return (1..=1_000).contains(&number).then_some(number);
    }
    let words: [(&[&str], i32); 10] = [
        (&["a", "an", "one", "ein", "eine", "einem", "einer", "un", "une", "una"], 1),
        (&["two", "a couple of", "couple of", "zwei", "deux", "dos"], 2),
        (&["three", "drei", "trois", "tres"], 3),
        (&["four", "vier", "quatre", "cuatro"], 4),
        (&["five", "fünf", "cinq", "cinco"], 5),
        (&["six", "sechs", "seis"], 6),
        (&["seven", "sieben", "sept", "siete"], 7),
        (&["eight", "acht", "huit", "ocho"], 8),
        (&["nine", "neun", "neuf", "nueve"], 9),
        (&["ten", "zehn", "dix", "diez"], 10),
    ];
    words.iter().find(|(names, _)| names.contains(&word)).map(|(_, value)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_are_told_as_shortly_as_they_are() {
        let date = |text: &str| text.parse::<Date>().unwrap();
        let when = |first, last| When { first: date(first), last: date(last), relative: true }.to_string();
        assert_eq!(when("2026-05-01", "2026-05-01"), "2026-05-01");
        assert_eq!(when("2026-05-01", "2026-05-31"), "2026-05");
        assert_eq!(when("2026-01-01", "2026-12-31"), "2026");
        assert_eq!(when("2026-05-04", "2026-05-10"), "2026-05-04/2026-05-10");
    }
}
