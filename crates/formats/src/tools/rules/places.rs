//! Where the rule files of each tool lie.

/// A tool with rule files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// Claude Code: `CLAUDE.md`.
    ClaudeCode,
    /// Codex and the other tools that read `AGENTS.md`.
    Agents,
    /// Cursor: a file in `.cursor/rules`.
    Cursor,
    /// GitHub Copilot: `.github/copilot-instructions.md`.
    Copilot,
    /// Gemini CLI: `GEMINI.md`.
    Gemini,
    /// Windsurf: a file in `.windsurf/rules`.
    Windsurf,
    /// Cline: a file in `.clinerules`.
    Cline,
    /// Continue: a file in `.continue/rules`.
    Continue,
}

impl Tool {
    pub(super) const ALL: [Self; 8] = [
        Self::Agents,
        Self::ClaudeCode,
        Self::Cursor,
        Self::Copilot,
        Self::Gemini,
        Self::Windsurf,
        Self::Cline,
        Self::Continue,
    ];

    /// The name in a memory's source.
    pub(super) fn platform(self) -> &'static str {
        match self {
            Self::ClaudeCode => "claude-code",
            Self::Agents => "agents-md",
            Self::Cursor => "cursor",
            Self::Copilot => "copilot",
            Self::Gemini => "gemini-cli",
            Self::Windsurf => "windsurf",
            Self::Cline => "cline",
            Self::Continue => "continue",
        }
    }

    /// What people call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::ClaudeCode => "Claude Code",
            Self::Agents => "coding agents",
            Self::Cursor => "Cursor",
            Self::Copilot => "GitHub Copilot",
            Self::Gemini => "Gemini CLI",
            Self::Windsurf => "Windsurf",
            Self::Cline => "Cline",
            Self::Continue => "Continue",
        }
    }

    /// The file that is written, from the project's folder.
    pub fn file(self) -> &'static str {
        match self {
            Self::ClaudeCode => "CLAUDE.md",
            Self::Agents => "AGENTS.md",
            Self::Cursor => ".cursor/rules/open-memory.mdc",
            Self::Copilot => ".github/copilot-instructions.md",
            Self::Gemini => "GEMINI.md",
            Self::Windsurf => ".windsurf/rules/open-memory.md",
            Self::Cline => ".clinerules/open-memory.md",
            Self::Continue => ".continue/rules/open-memory.md",
        }
    }

    /// What stands at the top of a file that is made: when the tool is to read it.
    pub(super) fn front_matter(self) -> &'static str {
        match self {
            Self::Cursor => "---\ndescription: Memories from Open Memory\nalwaysApply: true\n---\n\n",
            Self::Windsurf => "---\ntrigger: always_on\ndescription: Memories from Open Memory\n---\n\n",
            Self::Continue => "---\nname: Open Memory\nalwaysApply: true\n---\n\n",
            _ => "",
        }
    }

    /// The most bytes that the tool reads of a file; of Windsurf's limit in characters, so many bytes are safe.
    pub(super) fn most_bytes(self) -> usize {
        match self {
            Self::Agents => 32 * 1024,
            Self::Windsurf => 12_000,
            _ => usize::MAX,
        }
    }
}

/// A rule file's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Home<'a> {
    pub(super) tool: Tool,
    /// The path from the project's folder.
    pub(super) path: &'a str,
    /// The folder of the project, as far as the path tells; empty at the top.
    pub(super) project: &'a str,
}

/// The tool that reads a file of this path.
#[expect(clippy::case_sensitive_file_extension_comparisons, reason = "the tools compare so")]
pub(super) fn place(path: &str) -> Option<Home<'_>> {
    let parts: Vec<&str> = path.split('/').collect();
    let name = *parts.last()?;
    // The last `up` parts are the tool's own; before them comes the project.
    let home = |tool, up: usize| {
        let from = parts.len().checked_sub(up)?;
        let at = parts[..from].iter().map(|part| part.len() + 1).sum::<usize>();
        let project = path[..at].trim_end_matches('/');
        Some(Home { tool, path: &path[at..], project: project.rsplit('/').next().unwrap_or_default() })
    };
    let folder = |up: usize| parts.len().checked_sub(up).and_then(|at| parts.get(at)).copied();
    let markdown = name.ends_with(".md") || name.ends_with(".mdc");
    match name {
        "CLAUDE.md" | "CLAUDE.local.md" | "claude.md" | "claude.local.md" => {
            return if folder(2) == Some(".claude") {
                home(Tool::ClaudeCode, 2)
            } else {
                home(Tool::ClaudeCode, 1)
            };
        }
        "AGENTS.md" | "AGENTS.override.md" | "agents.md" | "agents.override.md" => {
            return home(Tool::Agents, 1);
        }
        "GEMINI.md" | "gemini.md" => {
            return if folder(2) == Some(".gemini") { home(Tool::Gemini, 2) } else { home(Tool::Gemini, 1) };
        }
        ".cursorrules" => return home(Tool::Cursor, 1),
        ".windsurfrules" | "global_rules.md" => return home(Tool::Windsurf, 1),
        ".clinerules" => return home(Tool::Cline, 1),
        "copilot-instructions.md" => {
            let nested = matches!(folder(2), Some(".github" | ".copilot"));
            return home(Tool::Copilot, if nested { 2 } else { 1 });
        }
        _ => {}
    }
    // The tool's folder may be any number of folders above the file.
    let below = |first: &str, second: &str| {
        let at = parts.windows(2).position(|pair| pair == [first, second])?;
        (at + 2 < parts.len()).then(|| parts.len() - at)
    };
    if name.ends_with(".instructions.md") {
        return home(Tool::Copilot, below(".github", "instructions").unwrap_or(1));
    }
    let plain = name.ends_with(".txt") && parts.contains(&".clinerules");
    if !(markdown || plain) {
        return None;
    }
    let rules = [
        (".claude", Tool::ClaudeCode),
        (".cursor", Tool::Cursor),
        (".windsurf", Tool::Windsurf),
        (".continue", Tool::Continue),
    ];
    for (dot, tool) in rules {
        if let Some(up) = below(dot, "rules") {
            return home(tool, up);
        }
    }
    if let Some(at) = parts.iter().position(|part| *part == ".clinerules") {
        return home(Tool::Cline, parts.len() - at);
    }
    if folder(2) == Some("memory-bank")
        && matches!(name.strip_suffix(".md"), Some(name) if MEMORY_BANK.contains(&name))
    {
        return home(Tool::Cline, 2);
    }
    name.ends_with(".mdc").then(|| home(Tool::Cursor, 1)).flatten()
}

/// The files of a memory bank.
const MEMORY_BANK: [&str; 6] =
    ["projectbrief", "productContext", "activeContext", "systemPatterns", "techContext", "progress"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_files_are_known_by_name_and_folder() {
        for (path, tool, inside, project) in [
            ("CLAUDE.md", Tool::ClaudeCode, "CLAUDE.md", ""),
            ("a/boat/.claude/CLAUDE.md", Tool::ClaudeCode, ".claude/CLAUDE.md", "boat"),
            ("boat/.claude/rules/x/style.md", Tool::ClaudeCode, ".claude/rules/x/style.md", "boat"),
            ("boat/sub/AGENTS.md", Tool::Agents, "AGENTS.md", "sub"),
            ("boat/.cursor/rules/style.mdc", Tool::Cursor, ".cursor/rules/style.mdc", "boat"),
            (".cursorrules", Tool::Cursor, ".cursorrules", ""),
            (
                "boat/.github/copilot-instructions.md",
                Tool::Copilot,
                ".github/copilot-instructions.md",
                "boat",
            ),
            (
                ".github/instructions/a.instructions.md",
                Tool::Copilot,
                ".github/instructions/a.instructions.md",
                "",
            ),
            ("GEMINI.md", Tool::Gemini, "GEMINI.md", ""),
            ("boat/agents.md", Tool::Agents, "agents.md", "boat"),
            (".windsurf/rules/a.md", Tool::Windsurf, ".windsurf/rules/a.md", ""),
            (".clinerules", Tool::Cline, ".clinerules", ""),
            (".clinerules/a.txt", Tool::Cline, ".clinerules/a.txt", ""),
            ("boat/memory-bank/progress.md", Tool::Cline, "memory-bank/progress.md", "boat"),
            (".continue/rules/01-a.md", Tool::Continue, ".continue/rules/01-a.md", ""),
        ] {
            assert_eq!(place(path), Some(Home { tool, path: inside, project }), "{path}");
        }
        for path in
            ["README.md", "notes/rules/a.md", "CLAUDE.md.bak", ".cursor/mcp.json", "memory-bank/x.md", ""]
        {
            assert_eq!(place(path), None, "{path}");
        }
    }
}
