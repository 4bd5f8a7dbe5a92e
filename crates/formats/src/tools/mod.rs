//! The formats of other tools, one place each.

pub mod chatgpt;
pub mod claude_ai;
pub mod memory_text;
pub mod rules;
