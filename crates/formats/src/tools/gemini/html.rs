//! The HTML of an answer as Markdown. Nothing is fetched, no script is kept.

use html5gum::{StartTag, Token, Tokenizer};

/// The text of a piece of HTML. What is marked up in a way that Markdown has no mark for is plain text.
pub(super) fn markdown(html: &str) -> String {
    let mut out = Out::default();
    for token in Tokenizer::new(html) {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) => out.start(&tag),
            Token::EndTag(tag) => out.end(&tag.name),
            Token::String(text) => out.text(&String::from_utf8_lossy(&text)),
            _ => {}
        }
    }
    out.text.trim().to_owned()
}

#[derive(Default)]
struct Out {
    text: String,
    /// Line breaks that stand before what comes next.
    gap: usize,
    /// A space does.
    space: bool,
    /// The number of the next item of each open list; none for points.
    lists: Vec<Option<u32>>,
    /// Inside text whose line breaks count.
    verbatim: bool,
    /// Inside something that is not shown, and how deep.
    hidden: u32,
    /// Where each open link leads to.
    links: Vec<Option<String>>,
    /// Whether a cell of this row was written.
    in_row: bool,
}

impl Out {
    fn block(&mut self, breaks: usize) {
        self.gap = self.gap.max(breaks);
        self.space = false;
    }

    /// Writes a mark or a text, after what stands before it.
    fn push(&mut self, text: &str) {
        if self.hidden > 0 || text.is_empty() {
            return;
        }
        let gap = std::mem::take(&mut self.gap);
        if !self.text.is_empty() {
            let there = self.text.len() - self.text.trim_end_matches('\n').len();
            for _ in there..gap {
                self.text.push('\n');
            }
            if std::mem::take(&mut self.space) && gap == 0 && !self.text.ends_with(['\n', ' ']) {
                self.text.push(' ');
            }
        }
        self.space = false;
        self.text.push_str(text);
    }

    fn text(&mut self, text: &str) {
        if self.verbatim {
            return self.push(text);
        }
        let mut words = text.split_ascii_whitespace().peekable();
        if text.starts_with(|c: char| c.is_ascii_whitespace()) {
            self.space = true;
        }
        while let Some(word) = words.next() {
            self.push(word);
            self.space = words.peek().is_some();
        }
        if text.ends_with(|c: char| c.is_ascii_whitespace()) {
            self.space = true;
        }
    }

    fn start(&mut self, tag: &StartTag<()>) {
        let name: &[u8] = &tag.name;
        match name {
            b"script" | b"style" | b"head" | b"template" | b"noscript" => self.hidden += 1,
            b"p" | b"div" | b"section" | b"blockquote" | b"table" => self.block(2),
            b"br" => self.block(self.gap + 1),
            b"hr" => {
                self.block(2);
                self.push("---");
                self.block(2);
            }
            b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" => {
                self.block(2);
                self.push(&"#".repeat(usize::from(name[1] - b'0')));
                self.space = true;
            }
            b"ul" | b"ol" => {
                self.block(if self.lists.is_empty() { 2 } else { 1 });
                self.lists.push((name == b"ol").then_some(1));
            }
            b"li" => {
                self.block(1);
                let indent = "  ".repeat(self.lists.len().saturating_sub(1));
                let mark = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{indent}{}.", *number - 1)
                    }
                    _ => format!("{indent}-"),
                };
                self.push(&mark);
                self.space = true;
            }
            b"pre" => {
                self.block(2);
                self.push("```\n");
                self.verbatim = true;
            }
            b"code" if !self.verbatim => self.push("`"),
            b"b" | b"strong" => self.push("**"),
            b"i" | b"em" => self.push("*"),
            b"tr" => {
                self.block(1);
                self.in_row = false;
            }
            b"td" | b"th" if std::mem::replace(&mut self.in_row, true) => {
                self.space = true;
                self.push("|");
                self.space = true;
            }
            b"a" => {
                let href =
                    tag.attributes.get(&b"href"[..]).map(|href| String::from_utf8_lossy(href).into_owned());
                let href = href.filter(|href| href.starts_with("http://") || href.starts_with("https://"));
                if href.is_some() {
                    self.push("[");
                }
                self.links.push(href);
            }
            _ => {}
        }
    }

    fn end(&mut self, name: &[u8]) {
        match name {
            b"script" | b"style" | b"head" | b"template" | b"noscript" => {
                self.hidden = self.hidden.saturating_sub(1);
            }
            b"p" | b"div" | b"section" | b"blockquote" | b"table" | b"h1" | b"h2" | b"h3" | b"h4" | b"h5"
            | b"h6" => self.block(2),
            b"ul" | b"ol" => {
                self.lists.pop();
                self.block(if self.lists.is_empty() { 2 } else { 1 });
            }
            b"pre" => {
                self.verbatim = false;
                self.block(1);
                self.push("```");
                self.block(2);
            }
            b"code" if !self.verbatim => self.close("`"),
            b"b" | b"strong" => self.close("**"),
            b"i" | b"em" => self.close("*"),
            b"a" => {
                if let Some(Some(href)) = self.links.pop() {
                    self.close(&format!("]({href})"));
                }
            }
            _ => {}
        }
    }

    /// Writes a closing mark at once; a space before it goes behind it.
    fn close(&mut self, mark: &str) {
        if self.hidden == 0 {
            self.text.push_str(mark);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::markdown;

    #[test]
    fn what_markdown_has_marks_for_keeps_them() {
        let html = "<h2>Tea</h2><p>At least <b>24 hours</b>\n in the <i>fridge</i> &amp; <code>rest</code>.</p>\
                    <ul><li>500 g<ol><li>one</li><li>two</li></ol></li><li>water</li></ul><script>steal(\"<p>\")</script>\
                    <pre><code>a  &lt; b\n  c</code></pre>See <a href=\"https://x.example/y\">there</a><a href=\"javascript:x\">!</a><br>End\
                    <table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>";
        let expected = "## Tea\n\nAt least **24 hours** in the *fridge* & `rest`.\n\n- 500 g\n  1. one\n  2. two\n- water\n\n\
                        ```\na  < b\n  c\n```\n\nSee [there](https://x.example/y)!\nEnd\n\na | b\nc";
        assert_eq!(markdown(html), expected);
    }

    proptest! {
        #[test]
        fn no_html_makes_it_panic(pieces in proptest::collection::vec("<?/?(p|li|ol|ul|a href=|pre|code|b|tr|td|h3|script)?>?|[ -~é]{0,5}", 0..30)) {
            markdown(&pieces.concat());
        }
    }
}
