//! Changes of a TOML file; comments and layout stay.

use serde_json::Value;
use toml_edit::{Array, DocumentMut, Item, Table, value};

use super::document::{Edit, Trace};

/// The text with the changes.
pub(super) fn apply(text: &str, edits: &[Edit]) -> Result<String, String> {
    edits.iter().try_fold(text.to_owned(), |text, edit| {
        let Edit::Member { at, name, value } = edit else {
            return Err("lists of hooks are not written in TOML".into());
        };
        match appended(&text, at, name, value)? {
            Some(appended) => Ok(appended),
            None => changed(&text, |document| apply_one(document, at, name, value)),
        }
    })
}

/// A table that is not there yet goes to the end of the file: then not one byte before it moves. `None` when the file
/// does not allow that.
fn appended(text: &str, at: &[String], name: &str, entry: &Value) -> Result<Option<String>, String> {
    let mut place = Some(parsed(text)?.as_item().clone());
    for key in at {
        place = place.and_then(|place| place.get(key).cloned());
    }
    if place.is_some_and(|place| place.get(name).is_some() || !place.is_table()) {
        return Ok(None);
    }
    let mut block = DocumentMut::new();
    apply_one(&mut block, at, name, entry)?;
    let gap = match text {
        "" => "",
        _ if text.ends_with('\n') => "\n",
        _ => "\n\n",
    };
    let mut tail = format!("{gap}{block}");
    if text.contains("\r\n") {
        tail = tail.replace('\n', "\r\n");
    }
    let whole = format!("{text}{tail}");
    Ok(parsed(&whole).is_ok().then_some(whole))
}

fn parsed(text: &str) -> Result<DocumentMut, String> {
    text.parse::<DocumentMut>().map_err(|error| {
        let line = error.span().map(|span| 1 + text[..span.start.min(text.len())].matches('\n').count());
        let at = line.map(|line| format!(" in line {line}")).unwrap_or_default();
        format!("is not TOML{at}: {}", error.message().lines().next().unwrap_or_default())
    })
}

/// The text without what is ours.
pub(super) fn take_out(text: &str, traces: &[Trace]) -> Result<String, String> {
    changed(text, |document| {
        for trace in traces {
            let mut table: Option<&mut dyn toml_edit::TableLike> = Some(document.as_table_mut());
            for name in &trace.at {
                table = table.and_then(|table| table.get_mut(name)).and_then(Item::as_table_like_mut);
            }
            if let (Some(table), Some(name)) = (table, &trace.name) {
                table.remove(name);
            }
        }
        Ok(())
    })
}

/// The text at a path, if there is one.
pub(super) fn text_at(text: &str, at: &[&str]) -> Option<String> {
    let document = parsed(text).ok()?;
    let item = at.iter().try_fold(document.as_item(), |item, name| item.get(name))?;
    item.as_str().map(str::to_owned)
}

/// The same file with a change in its tree, and with the line ends that it has.
fn changed(
    text: &str,
    change: impl FnOnce(&mut DocumentMut) -> Result<(), String>,
) -> Result<String, String> {
    let mut document = parsed(text)?;
    let before = document.to_string();
    change(&mut document)?;
    let after = document.to_string();
    if after == before {
        return Ok(text.to_owned());
    }
    let windows = text.matches("\r\n").count();
    if windows > 0 && windows == text.matches('\n').count() {
        return Ok(after.replace("\r\n", "\n").replace('\n', "\r\n"));
    }
    if before == text { Ok(after) } else { Err("has line ends of two kinds; give it one kind first".into()) }
}

fn apply_one(document: &mut DocumentMut, at: &[String], name: &str, entry: &Value) -> Result<(), String> {
    let mut table: &mut dyn toml_edit::TableLike = document.as_table_mut();
    for key in at {
        let item = table.entry(key).or_insert_with(|| {
            let mut made = Table::new();
            made.set_implicit(true);
            Item::Table(made)
        });
        table = item.as_table_like_mut().ok_or_else(|| format!("has `{key}`, which is no table"))?;
    }
    let same = table.get(name).is_some_and(|item| as_json(item) == *entry);
    if !same {
        table.insert(name, Item::Table(table_of(entry)));
    }
    Ok(())
}

fn table_of(entry: &Value) -> Table {
    let mut table = Table::new();
    for (name, member) in entry.as_object().into_iter().flatten() {
        match member {
            Value::Object(_) => table.insert(name, Item::Table(table_of(member))),
            Value::Array(list) => {
                let list: Array = list.iter().filter_map(Value::as_str).collect();
                table.insert(name, value(list))
            }
            other => table.insert(name, value(other.as_str().unwrap_or_default())),
        };
    }
    table
}

/// An item as far as ours goes: tables, lists, text.
fn as_json(item: &Item) -> Value {
    if let Some(table) = item.as_table_like() {
        return Value::Object(table.iter().map(|(name, item)| (name.to_owned(), as_json(item))).collect());
    }
    if let Some(list) = item.as_array() {
        return list.iter().map(|text| text.as_str().map_or(Value::Null, Value::from)).collect();
    }
    item.as_str().map_or(Value::Null, Value::from)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn edits() -> Vec<Edit> {
        let entry = json!({"command": "/bin/omp", "args": ["mcp"], "env": {"OMP_SERVER": "http://x"}});
        vec![Edit::member(&["mcp_servers"], "open-memory", entry)]
    }

    fn traces() -> Vec<Trace> {
        edits().iter().map(Edit::trace).collect()
    }

    const OURS: &str = "[mcp_servers.open-memory]\ncommand = \"/bin/omp\"\nargs = [\"mcp\"]\n\n\
                        [mcp_servers.open-memory.env]\nOMP_SERVER = \"http://x\"\n";

    #[test]
    fn everything_else_stays_twice_is_once_and_it_comes_out_again() {
        for text in [
            "",
            "# mine\nmodel = \"o\" # why\n\n[mcp_servers.other]\ncommand = 'x'   # keep\n",
            "model = \"o\"",
            "[mcp_servers]\n# none yet\n",
            "mcp_servers.other.command = 'x'\n[tui]\na = 1\n# end",
            "[tui]\r\nnotifications = true\r\n",
        ] {
            let once = apply(text, &edits()).unwrap();
            assert!(once.starts_with(text) && once.replace("\r\n", "\n").contains(OURS), "{once:?}");
            assert_eq!(once.contains("\r\n"), text.contains("\r\n"));
            assert_eq!(apply(&once, &edits()).unwrap(), once);
            assert!(!take_out(&once, &traces()).unwrap().contains("open-memory"));
        }
    }

    #[test]
    fn an_entry_in_another_form_is_replaced_and_what_is_no_toml_is_named() {
        let text = "[mcp_servers]\nopen-memory = { command = \"/old/omp\", args = [\"mcp\"] }\n";
        let once = apply(text, &edits()).unwrap();
        assert!(once.contains("/bin/omp") && !once.contains("/old"), "{once}");
        assert!(apply("a = 1\nb = \n", &edits()).unwrap_err().starts_with("is not TOML in line 2"));
        assert_eq!(apply("mcp_servers = 3", &edits()).unwrap_err(), "has `mcp_servers`, which is no table");
    }
}
