//! Names of files that are written: safe on every system, whatever a memory says.

/// Whether a path of another file can be used: relative, with `/`, and inside the folder.
pub(in crate::tools) fn is_safe(path: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && !part.contains(['\\', '\0', ':'])
            && part.len() <= 255
    };
    path.len() <= 1_000 && path.split('/').all(part)
}

/// Most bytes of a name that is made, without its ending.
const MOST: usize = 120;

/// The name of a file for a title, without an ending. What systems or links of notes do not allow becomes a space.
pub(in crate::tools) fn file_name(title: &str) -> String {
    let allowed = |c: char| {
        !c.is_control()
            && !matches!(
                c,
                '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' | '#' | '^' | '[' | ']' | '%'
            )
    };
    let clean: String = title.chars().map(|c| if allowed(c) { c } else { ' ' }).collect();
    let mut name = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut = (0..=MOST).rev().find(|at| name.is_char_boundary(*at)).unwrap_or_default();
    name.truncate(cut);
    let name = name.trim_matches(['.', ' ']).to_owned();
    let first = name.split('.').next().unwrap_or_default().trim().to_ascii_uppercase();
    let numbered = first.strip_prefix("COM").or(first.strip_prefix("LPT"));
    let reserved = matches!(&*first, "CON" | "PRN" | "AUX" | "NUL")
        || numbered.is_some_and(|rest| rest.chars().count() == 1 && !rest.chars().any(char::is_alphabetic));
    match name {
        name if name.is_empty() => "untitled".to_owned(),
        name if reserved => format!("_{name}"),
        name => name,
    }
}

/// The first words of a text, as a title of at most so many characters.
pub(in crate::tools) fn title(text: &str, most: usize) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    match line.char_indices().nth(most) {
        None => line.to_owned(),
        Some((at, _)) => {
            let cut = line[..at].rfind(' ').filter(|space| *space > at / 2).unwrap_or(at);
            line[..cut].trim_end().to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_that_lead_out_are_refused() {
        for path in ["a.md", "a/b c.md", "Київ/é.md"] {
            assert!(is_safe(path), "{path}");
        }
        for path in ["", "/a", "../a", "a/../b", "a//b", "C:a", "a\\b", "./a", "a/"] {
            assert!(!is_safe(path), "{path}");
        }
    }

    #[test]
    fn titles_become_names_that_every_system_takes() {
        for (title, expected) in [
            ("Ana: likes tea?", "Ana likes tea"),
            ("con", "_con"),
            ("LPT1.txt", "_LPT1.txt"),
            ("...", "untitled"),
            ("a\nb\t[[c]]", "a b c"),
            ("Чай", "Чай"),
        ] {
            assert_eq!(file_name(title), expected);
        }
        assert_eq!(title("\n one two three", 8), "one two");
    }

    proptest! {
        #[test]
        fn every_name_is_safe_and_stays_what_it_is(title in "\\PC{0,200}|[ -~\n]{0,80}") {
            let name = file_name(&title);
            prop_assert!(is_safe(&name) && name.len() <= MOST + 1, "{name}");
        }
    }
}
