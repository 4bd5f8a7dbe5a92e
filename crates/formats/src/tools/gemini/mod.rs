//! What Google's products give of conversations with Gemini: Takeout, the command line tool, AI Studio.

mod cli;
mod html;
mod studio;
mod takeout;

pub use cli::GeminiCli;
pub use studio::AiStudio;
pub use takeout::GeminiTakeout;

#[cfg(test)]
mod tests;
