//! Refuses templates that would take the engine's stack or time before anything is rendered.
//!
//! The engine builds a tree for each expression and walks through it by recursion, and bounds the depth of parentheses
//! and blocks, but not that of `1+1+1+…` or of `elif` after `elif`. This reads tags as its lexer does.

use crate::diagnostic::Fault;

/// Most bytes of one tag without its strings and spaces. Each may be a level of the tree.
const MOST_IN_TAG: usize = 4_000;
/// Most branches, each of which lies within the one before it.
const MOST_BRANCHES: usize = 1_000;
/// Most tags.
const MOST_TAGS: usize = 100_000;

/// What of the template `text` is too large, if anything is.
pub(crate) fn fault_of(text: &str) -> Option<Fault> {
    let mut scan = Scan {
        text: text.as_bytes(),
        at: 0,
        balance: 0,
        tags: 0,
        branches: 0,
    };
    scan.template()
}

struct Scan<'a> {
    text: &'a [u8],
    at: usize,
    /// Open parentheses, brackets and braces less closed ones; the lexer never begins anew.
    balance: isize,
    tags: usize,
    branches: usize,
}

impl Scan<'_> {
    fn rest(&self) -> &[u8] {
        &self.text[self.at.min(self.text.len())..]
    }

    fn template(&mut self) -> Option<Fault> {
        while let Some(next) = self.rest().iter().position(|byte| *byte == b'{') {
            self.at += next;
            let start = self.at;
            let fault = match self.rest().get(1) {
                Some(b'#') => {
                    self.skip_past(b"#}");
                    None
                }
                Some(b'%') if self.is_tag(b"raw") => {
                    self.skip_raw();
                    None
                }
                Some(b'%') => self.tag(start, b'%'),
                Some(b'{') => self.tag(start, b'}'),
                _ => {
                    self.at += 1;
                    None
                }
            };
            if fault.is_some() {
                return fault;
            }
        }
        None
    }

    fn skip_past(&mut self, end: &[u8]) {
        let found = self.rest().windows(end.len()).position(|it| it == end);
        self.at = found.map_or(self.text.len(), |found| self.at + found + end.len());
    }

    /// Whether a tag begins here that has nothing but `name` in it.
    fn is_tag(&self, name: &[u8]) -> bool {
        let mut rest = &self.rest()[2..];
        if let [b'-' | b'+', after @ ..] = rest {
            rest = after;
        }
        let Some(rest) = rest.trim_ascii_start().strip_prefix(name) else {
            return false;
        };
        let rest = rest.trim_ascii_start();
        let rest = rest.strip_prefix(b"-").unwrap_or(rest);
        let rest = rest.strip_prefix(b"+").unwrap_or(rest);
        rest.starts_with(b"%}")
    }

    fn skip_raw(&mut self) {
        loop {
            self.skip_past(b"{%");
            if self.at >= self.text.len() {
                return;
            }
            self.at -= 2;
            if self.is_tag(b"endraw") {
                return self.skip_past(b"%}");
            }
            self.at += 2;
        }
    }

    /// Goes through the tag at `start`, which ends with `end` and a brace.
    fn tag(&mut self, start: usize, end: u8) -> Option<Fault> {
        self.at += 2;
        self.tags += 1;
        let rest = self.rest();
        let word = rest.strip_prefix(b"-").unwrap_or(rest).trim_ascii_start();
        self.branches += usize::from(word.starts_with(b"elif") || word.starts_with(b"elseif"));
        if self.tags > MOST_TAGS {
            return Some(Fault::new(start, format!("more than {MOST_TAGS} tags")));
        }
        if self.branches > MOST_BRANCHES {
            let message = format!("more than {MOST_BRANCHES} branches (`elif`)");
            return Some(Fault::new(start, message));
        }
        let mut length = 0;
        while let Some(byte) = self.rest().first().copied() {
            if self.balance == 0 && self.is_end(end) {
                return None;
            }
            match byte {
                b'"' | b'\'' => self.skip_string(byte),
                byte => {
                    length += usize::from(!byte.is_ascii_whitespace());
                    self.balance += match byte {
                        b'(' | b'[' | b'{' => 1,
                        b')' | b']' | b'}' => -1,
                        _ => 0,
                    };
                    self.at += 1;
                }
            }
            if length > MOST_IN_TAG {
                let message =
                    format!("a tag with more than {MOST_IN_TAG} bytes besides its strings");
                return Some(Fault::new(start, message).hint("take it apart with `{% set … %}`"));
            }
        }
        None
    }

    /// Whether the tag ends here; then its end is passed.
    fn is_end(&mut self, end: u8) -> bool {
        let length = match self.rest() {
            [first, b'}', ..] if *first == end => 2,
            [b'-' | b'+', first, b'}', ..] if *first == end => 3,
            _ => return false,
        };
        self.at += length;
        true
    }

    fn skip_string(&mut self, quote: u8) {
        self.at += 1;
        while let Some(byte) = self.rest().first().copied() {
            self.at += if byte == b'\\' { 2 } else { 1 };
            if byte == quote {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<usize> {
        fault_of(text).map(|fault| fault.at)
    }

    #[test]
    fn long_expressions_are_found_wherever_they_stand() {
        let long = "+1".repeat(3_000);
        let strings = "'a b { \\' %} }}', ".repeat(200);
        for (text, expected) in [
            (format!("a {{{{ 1{long} }}}}"), Some(2)),
            (format!("{{{{ {{'a': {{'b': 1}}}}{long} }}}}"), Some(0)),
            (format!("{{% set x = 1{long} %}}"), Some(0)),
            (format!("{{{{ ')' }}}} {{{{ 1{long}"), Some(10)),
            (format!("{{{{ ) }}}} 1{long}"), Some(0)),
            (format!("{{# {{{{ 1{long} }}}} #}} {long}"), None),
            (
                format!("{{% raw -%}}{{{{ 1{long} {{% x %}}{{%- endraw %}}"),
                None,
            ),
            (
                format!("{{%- raw %}}{{{{ {{% endraw %}}{{{{ 1{long} }}}}"),
                Some(25),
            ),
            (format!("{{% set x = [{strings}] %}} {long}"), None),
            (long.clone(), None),
            ("{{ input }} { {".to_owned(), None),
        ] {
            assert_eq!(found(&text), expected, "{}", &text[..30]);
        }
        let branches = "{% elif 0 %}".repeat(1_001);
        assert!(found(&format!("{{% if 0 %}}{branches}")).is_some());
        assert!(found(&"{{ id }}".repeat(100_001)).is_some());
    }
}
