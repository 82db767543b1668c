//! Server-sent events: bytes in any chunks to events.
//!
//! Invariant: how the bytes are cut into chunks changes nothing. Lines end with LF, CR or CRLF; a
//! byte order mark at the start and comments are skipped; several `data` lines are joined by LF.
//! More lenient than the standard in one point: an event that the end of the stream cuts off is
//! handed out too, marked as unfinished, because servers forget the last blank line.

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    /// The `event` field; empty if there was none.
    pub(crate) name: String,
    /// The `data` fields, joined by LF.
    pub(crate) data: String,
    /// Whether a blank line ended it.
    pub(crate) finished: bool,
}

/// A parser of one stream.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    started: bool,
    after_carriage_return: bool,
    line: Vec<u8>,
    name: String,
    data: Option<String>,
    events: Vec<Event>,
}

impl Parser {
    /// Takes in the next bytes.
    pub(crate) fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if std::mem::take(&mut self.after_carriage_return) && bytes[0] == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let Some(end) = end else {
                self.line.extend_from_slice(bytes);
                return;
            };
            self.line.extend_from_slice(&bytes[..end]);
            self.end_line();
            self.after_carriage_return = bytes[end] == b'\r';
            bytes = &bytes[end + 1..];
        }
    }

    /// The events that have ended since the last call.
    pub(crate) fn take(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// All events, the one that the end cut off included.
    pub(crate) fn finish(mut self) -> Vec<Event> {
        if !self.line.is_empty() {
            self.end_line();
        }
        self.dispatch(false);
        self.events
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let first = !std::mem::replace(&mut self.started, true);
        let bytes = match line.strip_prefix(b"\xef\xbb\xbf") {
            Some(rest) if first => rest,
            _ => &line,
        };
        if bytes.is_empty() {
            self.dispatch(true);
        } else {
            self.field(&String::from_utf8_lossy(bytes));
        }
    }

    fn field(&mut self, line: &str) {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" => value.clone_into(&mut self.name),
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            _ => {}
        }
    }

    fn dispatch(&mut self, finished: bool) {
        let name = std::mem::take(&mut self.name);
        if let Some(data) = self.data.take() {
            self.events.push(Event {
                name,
                data,
                finished,
            });
        }
    }
}

/// The events of a whole body.
pub(crate) fn events(body: &[u8]) -> Vec<Event> {
    let mut parser = Parser::default();
    parser.push(body);
    parser.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(stream: &str, expect: &[(&str, &str)]) {
        let whole = events(stream.as_bytes());
        let got: Vec<_> = whole
            .iter()
            .map(|event| (event.name.as_str(), event.data.as_str()))
            .collect();
        assert_eq!(got, expect, "{stream:?}");
        for cut in 0..=stream.len() {
            let (head, tail) = stream.as_bytes().split_at(cut);
            let mut parser = Parser::default();
            parser.push(head);
            parser.push(tail);
            assert_eq!(parser.finish(), whole, "{stream:?} cut at {cut}");
        }
        let mut parser = Parser::default();
        for byte in stream.as_bytes() {
            parser.push(&[*byte]);
        }
        assert_eq!(parser.finish(), whole, "{stream:?} byte by byte");
    }

    #[test]
    fn any_chunking_gives_the_same_events() {
        check("data: a\n\ndata: b\n\n", &[("", "a"), ("", "b")]);
        check(
            "data: a\r\n\r\ndata: b\r\rdata:c\n\n",
            &[("", "a"), ("", "b"), ("", "c")],
        );
        check("\u{feff}data: ä→🦀\n\n: keep-alive\n\n", &[("", "ä→🦀")]);
        check(
            "event: error\ndata: one\ndata:  two\ndata\n\n",
            &[("error", "one\n two\n")],
        );
        check(
            ": comment\nid: 4\nretry: 10\n\ndata: [DONE]",
            &[("", "[DONE]")],
        );
        check("event: ping\n\ndata: x\n\n", &[("", "x")]);
        check("", &[]);
    }

    #[test]
    fn what_the_end_cut_off_is_marked() {
        let events = events(b"data: a\n\ndata: {\"x\"");
        assert!(events[0].finished);
        assert!(!events[1].finished);
    }
}
