//! A strict JSON checker that says exactly where and what the first mistake is (RFC 8259). It runs only over text
//! that a faster parser has refused.

use crate::frames::is_space;

/// The first mistake in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mistake {
    /// Bytes before it.
    pub(crate) offset: usize,
    /// What is wrong, as a clause without a final stop.
    pub(crate) message: &'static str,
}

/// What may come next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expect {
    Value,
    ValueOrEnd,
    Name,
    NameOrEnd,
    Colon,
    CommaOrEnd,
    Nothing,
}

/// Checks that `text` is exactly one JSON value. It does not recurse.
pub(crate) fn check(text: &str) -> Result<(), Mistake> {
    let mut checker = Checker { bytes: text.as_bytes(), at: 0, open: Vec::new() };
    let mut expect = Expect::Value;
    loop {
        while checker.peek().is_some_and(is_space) {
            checker.at += 1;
        }
        expect = match (checker.peek(), expect) {
            (None, Expect::Nothing) => return Ok(()),
            (None, _) => return checker.fail("the text ends too early"),
            (Some(byte), expect) => checker.token(byte, expect)?,
        };
    }
}

struct Checker<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The brackets that are open.
    open: Vec<u8>,
}

impl Checker<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn fail<T>(&self, message: &'static str) -> Result<T, Mistake> {
        Err(Mistake { offset: self.at, message })
    }

    fn token(&mut self, byte: u8, expect: Expect) -> Result<Expect, Mistake> {
        if byte == b'/' {
            return self.fail("JSON has no comments");
        }
        match (expect, byte) {
            (Expect::Nothing, _) => self.fail("something follows after the end of the value"),
            (Expect::Value | Expect::ValueOrEnd, b'{') => {
                self.open.push(byte);
                self.at += 1;
                Ok(Expect::NameOrEnd)
            }
            (Expect::Value | Expect::ValueOrEnd, b'[') => {
                self.open.push(byte);
                self.at += 1;
                Ok(Expect::ValueOrEnd)
            }
            (Expect::ValueOrEnd, b']') | (Expect::NameOrEnd, b'}') | (Expect::CommaOrEnd, b']' | b'}') => {
                self.close(byte)
            }
            (Expect::Value | Expect::ValueOrEnd, _) => {
                self.scalar(byte)?;
                Ok(self.after_value())
            }
            (Expect::Name | Expect::NameOrEnd, b'"') => {
                self.string()?;
                Ok(Expect::Colon)
            }
            (Expect::Name, b'}') => self.fail("there is a comma too many before this brace"),
            (Expect::Name | Expect::NameOrEnd, b',') => self.fail("there is a comma too many"),
            (Expect::Name | Expect::NameOrEnd, _) => {
                self.fail("a member name in double quotes is expected here")
            }
            (Expect::Colon, b':') => {
                self.at += 1;
                Ok(Expect::Value)
            }
            (Expect::Colon, _) => self.fail("a colon is expected here"),
            (Expect::CommaOrEnd, b',') => {
                self.at += 1;
                Ok(if self.open.last() == Some(&b'{') { Expect::Name } else { Expect::Value })
            }
            (Expect::CommaOrEnd, _) => self.fail("a comma or a closing bracket is expected here"),
        }
    }

    fn after_value(&self) -> Expect {
        if self.open.is_empty() { Expect::Nothing } else { Expect::CommaOrEnd }
    }

    fn close(&mut self, byte: u8) -> Result<Expect, Mistake> {
        let expected = if byte == b'}' { b'{' } else { b'[' };
        if self.open.last() != Some(&expected) {
            return self.fail("this closing bracket does not match the opening one");
        }
        self.open.pop();
        self.at += 1;
        Ok(self.after_value())
    }

    fn scalar(&mut self, byte: u8) -> Result<(), Mistake> {
        match byte {
            b'"' => self.string(),
            b'-' | b'0'..=b'9' => self.number(),
            b',' => self.fail("a value is missing before this comma"),
            b']' => self.fail("there is a comma too many before this bracket"),
            b'}' => self.fail("a value is missing before this brace"),
            b'\'' => self.fail("strings stand in double quotes"),
            b'+' | b'.' => self.fail("a number begins with a digit or a minus sign"),
            _ => self.literal(),
        }
    }

    fn literal(&mut self) -> Result<(), Mistake> {
        let rest = &self.bytes[self.at..];
        let len = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        match &rest[..len] {
            b"true" | b"false" | b"null" => {
                self.at += len;
                Ok(())
            }
            b"NaN" | b"Infinity" => self.fail("JSON has no NaN and no Infinity"),
            b"True" | b"False" | b"None" | b"undefined" => {
                self.fail("this is not JSON: the literals are true, false and null")
            }
            _ => self.fail("a value is expected here"),
        }
    }

    fn number(&mut self) -> Result<(), Mistake> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => {
                self.at += 1;
                if self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
                    return self.fail("a number has no leading zeros");
                }
            }
            Some(b'I' | b'N') => return self.fail("JSON has no NaN and no Infinity"),
            _ => self.digits()?,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Mistake> {
        let count = self.bytes[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count == 0 {
            return self.fail("a digit is expected here");
        }
        self.at += count;
        Ok(())
    }

    fn string(&mut self) -> Result<(), Mistake> {
        self.at += 1;
        loop {
            match self.peek() {
                None => return self.fail("this string has no closing quote"),
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.escape()?,
                Some(0..0x20) => {
                    return self.fail("a control character in a string must be written as an escape");
                }
                Some(_) => self.at += 1,
            }
        }
    }

    fn escape(&mut self) -> Result<(), Mistake> {
        match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => {
                let digits = self.bytes.get(self.at + 2..self.at + 6);
                if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
                    return self.fail("the escape \\u needs four hexadecimal digits");
                }
                self.at += 6;
            }
            _ => return self.fail("this escape does not exist in JSON"),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::value::RawValue;

    use super::check;

    #[test]
    fn a_mistake_is_named_where_it_stands() {
        for (text, offset, part) in [
            (r#"{"a": 1,}"#, 8, "comma too many"),
            (r#"{"a": [1,]}"#, 9, "comma too many"),
            (r#"{"a": tru}"#, 6, "value is expected"),
            (r#"{"a": NaN}"#, 6, "NaN"),
            (r#"{"a": -Infinity}"#, 7, "Infinity"),
            (r"{'a': 1}", 1, "double quotes"),
            (r#"{"a": 'x'}"#, 6, "double quotes"),
            (r#"{"a" 1}"#, 5, "colon"),
            (r#"{"a": 1 "b": 2}"#, 8, "comma or a closing"),
            (r#"{"a": [1}"#, 8, "does not match"),
            (r#"{"a": 01}"#, 7, "leading zeros"),
            (r#"{"a": 1} x"#, 9, "follows"),
            (r#"{"a": 1} // x"#, 9, "comments"),
            (r#"{"a": "\x"}"#, 7, "escape"),
            ("{\"a\": \"b\nc\"}", 8, "control character"),
            (r#"{"a""#, 4, "too early"),
            ("", 0, "too early"),
        ] {
            let mistake = check(text).unwrap_err();
            assert_eq!(mistake.offset, offset, "{text}");
            assert!(mistake.message.contains(part), "{text}: {}", mistake.message);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]
        #[test]
        fn the_checker_accepts_what_serde_json_accepts(
            text in r#"[\[\]{},:"\\/0-9eE+\-.truefalsn u\n\x01é]{0,12}"#
        ) {
            let theirs = serde_json::from_str::<&RawValue>(&text).is_ok();
            prop_assert_eq!(check(&text).is_ok(), theirs, "{:?}", text);
        }
    }
}
