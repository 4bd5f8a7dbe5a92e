//! What other tools' words for a kind of memory mean here.

use omp_model::MemoryType;

/// The kind that a tool's own word comes nearest to: how things are done is procedural, what happened is episodic, all
/// else is semantic.
pub(crate) fn kind_of(word: &str) -> MemoryType {
    if let Some(kind) = MemoryType::parse(word) {
        return kind;
    }
    let word: String = word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    match word.as_str() {
        "procedural" | "procedure" | "instruction" | "instructions" | "skill" | "howto" | "step"
        | "steps" | "technique" | "runbook" | "rule" | "rules" | "guideline" | "workflow" | "persona"
        | "system" | "bestpractice" => MemoryType::Procedural,
        "episodic" | "episode" | "event" | "session" | "conversation" | "incident" | "meeting"
        | "message" | "interaction" | "diary" | "journal" | "activity" | "action" | "command" | "search"
        | "codeedit" | "fileaccess" => MemoryType::Episodic,
        _ => MemoryType::Semantic,
    }
}

/// Whether the word is one of ours, so that nothing is lost with it.
pub(crate) fn is_ours(word: &str) -> bool {
    MemoryType::parse(word).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_other_tools_have_a_kind() {
        for (word, kind) in [
            ("procedural", MemoryType::Procedural),
            ("How-To", MemoryType::Procedural),
            ("Event", MemoryType::Episodic),
            ("decision", MemoryType::Semantic),
            ("", MemoryType::Semantic),
        ] {
            assert_eq!(kind_of(word), kind, "{word}");
        }
        assert!(is_ours("semantic") && !is_ours("note"));
    }
}
