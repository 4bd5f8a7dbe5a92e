//! Looking into JSON values of which nobody knows how they look.

use omp_model::Timestamp;
use serde_json::Value;

use crate::moment;

/// A text that says something, at a path of names.
pub(in crate::tools) fn text<'a>(value: &'a Value, path: &str) -> Option<&'a str> {
    at(value, path)?.as_str().filter(|text| !text.trim().is_empty())
}

/// The first of several texts that is there.
pub(in crate::tools) fn first<'a>(value: &'a Value, paths: &[&str]) -> Option<&'a str> {
    paths.iter().find_map(|path| text(value, path))
}

/// The texts of an array.
pub(in crate::tools) fn words(value: &Value, path: &str) -> Vec<String> {
    let list = at(value, path).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).filter(|word| !word.trim().is_empty()).map(str::to_owned).collect()
}

/// The objects of an array.
pub(in crate::tools) fn objects<'a>(value: &'a Value, path: &str) -> impl Iterator<Item = &'a Value> {
    at(value, path).and_then(Value::as_array).into_iter().flatten().filter(|element| element.is_object())
}

/// A time.
pub(in crate::tools) fn time(value: &Value, path: &str) -> Option<Timestamp> {
    moment::from_json(at(value, path)?)
}

/// A day, `YYYY-MM-DD`.
pub(in crate::tools) fn day(value: &Value, path: &str) -> Option<String> {
    time(value, path).map(moment::day)
}

/// A value that is there and not null.
pub(in crate::tools) fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    let found = path.split('.').try_fold(value, |value, name| value.get(name))?;
    (!found.is_null()).then_some(found)
}
