//! How much of a hostile file is read.

/// Limits of one reading. The defaults let through what people have (an archive of 2 GB, one conversation of 20 MB).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes of one item: an element of an array, a line.
    pub item_bytes: usize,
    /// Most bytes of a file that is read whole: Markdown, notes, a list of rules.
    pub text_bytes: u64,
    /// Deepest nesting of one item.
    pub depth: usize,
    /// Most files of an archive or folder.
    pub files: usize,
    /// Most bytes of all files of an archive together.
    pub expanded: u64,
    /// How many times larger than what is packed a file may be...
    pub ratio: u64,
    /// ... once it has so many bytes.
    pub ratio_from: u64,
    /// Deepest folder.
    pub folders: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            item_bytes: 64 << 20,
            text_bytes: 16 << 20,
            depth: 127,
            files: 100_000,
            expanded: 32 << 30,
            ratio: 500,
            ratio_from: 64 << 20,
            folders: 32,
        }
    }
}

impl Limits {
    /// For the scanner of JSON.
    pub fn frames(&self) -> omi::frames::Limits {
        omi::frames::Limits { frame_bytes: self.item_bytes, depth: self.depth }
    }
}
