//! The formats of other tools, one place each.

pub mod aider;
pub mod chatgpt;
pub mod claude_ai;
pub mod claude_code;
pub mod claude_code_memory;
pub mod codex;
pub mod cogx;
pub mod copilot_csv;
mod front_matter;
pub mod gemini;
pub mod generic;
pub mod graphiti;
pub mod grok;
pub mod langgraph;
pub mod letta;
mod losses;
pub mod mcp_memory;
pub mod mcp_memory_service;
pub mod mem0;
pub mod mem_bundle;
pub mod memory_text;
pub mod mif;
pub mod mif_md;
pub mod openai_threads;
pub mod openmemory;
pub mod pam;
mod paths;
pub mod rules;
mod silent;
mod standing;
mod transcript;
mod tree;
#[cfg(test)]
mod trials;
mod values;
pub mod vault;
