//! The formats of other tools, one place each.

pub mod chatgpt;
pub mod claude_ai;
pub mod claude_code;
pub mod claude_code_memory;
pub mod codex;
mod front_matter;
pub mod gemini;
mod losses;
pub mod mcp_memory;
pub mod mem0;
pub mod memory_text;
pub mod openmemory;
mod paths;
pub mod rules;
mod silent;
mod transcript;
#[cfg(test)]
mod trials;
pub mod vault;
