//! Writing an export as it goes.

use std::io::{self, Write};

use omp_model::api::{OMP_VERSION, SERVER_NAME};
use omp_model::{Conversation, Memory, Timestamp};

/// Writes the members of an export in their order: memories first, then, if asked for, conversations.
#[must_use = "a document is not complete without `finish`"]
pub struct Writer<W> {
    out: W,
    /// Whether the open array has an element.
    begun: bool,
}

impl<W: Write> Writer<W> {
    /// Begins the document.
    pub fn new(mut out: W, exported_at: Timestamp) -> io::Result<Self> {
        write!(
            out,
            r#"{{"omp_version":"{OMP_VERSION}","exported_at":"{exported_at}","server":"{SERVER_NAME}","memories":["#
        )?;
        Ok(Self { out, begun: false })
    }

    fn element(&mut self, value: &impl serde::Serialize) -> io::Result<()> {
        self.out.write_all(if self.begun { b",\n" } else { b"\n" })?;
        self.begun = true;
        serde_json::to_writer(&mut self.out, value)?;
        Ok(())
    }

    /// Writes a memory.
    pub fn memory(&mut self, memory: &Memory) -> io::Result<()> {
        self.element(memory)
    }

    /// Ends the memories; conversations may follow.
    pub fn begin_conversations(&mut self) -> io::Result<()> {
        self.begun = false;
        self.out.write_all(b"\n],\"conversations\":[")
    }

    /// Writes a conversation.
    pub fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
        self.element(conversation)
    }

    /// Writes elements that are JSON text already, with the commas between them.
    pub fn raw(&mut self, elements: &[u8]) -> io::Result<()> {
        self.begun = true;
        self.out.write_all(elements)
    }

    /// Ends the document and gives the output back.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.write_all(b"\n]}\n")?;
        self.out.flush()?;
        Ok(self.out)
    }
}
