//! The four records that every call has, read in the form in which they are written.
//!
//! A run of a million samples has four million of them, each read twice. Knowing the order of the fields makes that
//! several times cheaper than a reader for any JSON. It refuses whatever stands otherwise, or holds something rare (an
//! error, an answer of an earlier run, a text with escapes); serde reads that, and alone says what is unreadable.
//!
//! Invariant: what it reads is what serde would.

use cleanbench_core::event::{PayloadRef, Place, Reading, RecordedScore};
use cleanbench_core::{CallId, Digest, Event, Finish, Outcome, Timing, Usage};

use super::Record;

/// The record of `line`, without its line feed.
pub(crate) fn record(line: &str) -> Option<Record> {
    let mut rest = Cursor(line);
    rest.word("{\"seq\":")?;
    let seq = rest.number()?;
    rest.word(",\"at\":\"")?;
    let at = rest.text()?.to_owned();
    rest.word(",\"event\":{\"")?;
    let event = match rest.text()? {
        "attempt_started" => rest.attempt_started(),
        "reply_received" => rest.reply_received(),
        "attempt_ended" => rest.attempt_ended(),
        "judged" => rest.judged(),
        _ => None,
    }?;
    rest.word("},\"hash\":\"")?;
    rest.text()?;
    rest.word("}")?;
    rest.0.is_empty().then_some(Record { seq, at, event })
}

/// What is left of a line.
struct Cursor<'a>(&'a str);

impl<'a> Cursor<'a> {
    /// Passes over `word`; nothing moves where something else stands.
    fn word(&mut self, word: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(word)?;
        Some(())
    }

    /// A text, after its first quotation mark, up to and with the last one.
    fn text(&mut self) -> Option<&'a str> {
        let end = self
            .0
            .bytes()
            .position(|byte| byte < b' ' || byte == b'"' || byte == b'\\')?;
        let text = &self.0[..end];
        self.0 = self.0[end..].strip_prefix('"')?;
        Some(text)
    }

    fn number<T: TryFrom<u64>>(&mut self) -> Option<T> {
        let digits = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = self.0.split_at(digits);
        // JSON has no number with a zero before it, and what has a point or an exponent is no integer.
        let is_plain = number.len() == 1 || !number.starts_with('0');
        if !is_plain || rest.starts_with(['.', 'e', 'E']) {
            return None;
        }
        self.0 = rest;
        T::try_from(number.parse().ok()?).ok()
    }

    /// A member of an object that may be missing.
    #[expect(
        clippy::option_option,
        reason = "the outer one is that of all readers here: whether it could be read"
    )]
    fn optional<T>(
        &mut self,
        key: &str,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<Option<T>> {
        match self.word(key) {
            Some(()) => read(self).map(Some),
            None => Some(None),
        }
    }

    /// A member that is written where it is true.
    fn flag(&mut self, key: &str) -> Option<bool> {
        let flag = self.optional(key, |rest| rest.word("true"))?;
        Some(flag.is_some())
    }

    fn call(&mut self) -> Option<CallId> {
        self.word(":{\"call\":\"")?;
        self.text()?.parse().ok()
    }

    fn attempt(&mut self) -> Option<u32> {
        self.word(",\"attempt\":")?;
        self.number()
    }

    fn place(&mut self) -> Option<Place> {
        self.word(",\"place\":{\"model\":")?;
        let model = self.number()?;
        self.word(",\"sample\":")?;
        let sample = self.number()?;
        self.word(",\"epoch\":")?;
        let epoch = self.number()?;
        let batch = self.optional(",\"batch\":", Self::number)?;
        self.word("}")?;
        Some(Place {
            batch: batch.unwrap_or_default(),
            ..Place {
                epoch,
                ..Place::planned(model, sample, 1)
            }
        })
    }

    fn payload(&mut self) -> Option<PayloadRef> {
        self.word("{\"digest\":\"")?;
        let digest = self.digest()?;
        self.word(",\"segment\":")?;
        let segment = self.number()?;
        self.word(",\"offset\":")?;
        let offset = self.number()?;
        self.word(",\"length\":")?;
        let length = self.number()?;
        self.word(",\"crc\":")?;
        let crc = self.number()?;
        self.word("}")?;
        Some(PayloadRef {
            digest,
            segment,
            offset,
            length,
            crc,
        })
    }

    fn digest(&mut self) -> Option<Digest> {
        self.text()?.parse().ok()
    }

    fn attempt_started(&mut self) -> Option<Event> {
        let (call, attempt, place) = (self.call()?, self.attempt()?, self.place()?);
        self.word(",\"request\":")?;
        let request = Some(self.payload()?);
        self.word("}")?;
        Some(Event::AttemptStarted {
            call,
            attempt,
            place,
            request,
            cached: None,
        })
    }

    fn reply_received(&mut self) -> Option<Event> {
        let (call, attempt, place) = (self.call()?, self.attempt()?, self.place()?);
        let status = self.optional(",\"status\":", Self::number)?;
        let kind = self.optional(",\"content_type\":\"", Self::text)?;
        let response = self.optional(",\"response\":", Self::payload)?;
        let timing = self.timing()?;
        self.word("}")?;
        Some(Event::ReplyReceived {
            call,
            attempt,
            place,
            status,
            content_type: kind.map(str::to_owned),
            retry_after: None,
            response,
            error: None,
            timing,
        })
    }

    fn timing(&mut self) -> Option<Timing> {
        self.word(",\"timing\":{")?;
        let mut part = |key| {
            let micros = self.optional(key, Self::number)?;
            if micros.is_some() {
                self.word(",")?;
            }
            Some(micros)
        };
        let timing = Timing {
            queued: part("\"queued\":")?,
            headers: part("\"headers\":")?,
            first_byte: part("\"first_byte\":")?,
            first_reasoning: part("\"first_reasoning\":")?,
            first_answer: part("\"first_answer\":")?,
            end: 0,
        };
        self.word("\"end\":")?;
        let end = self.number()?;
        self.word("}")?;
        Some(Timing { end, ..timing })
    }

    fn attempt_ended(&mut self) -> Option<Event> {
        let (call, attempt, place) = (self.call()?, self.attempt()?, self.place()?);
        let reading = Some(self.reading()?);
        self.word(",\"outcome\":\"")?;
        let outcome = Some(Outcome::named(self.text()?)?);
        self.word("}")?;
        Some(Event::AttemptEnded {
            call,
            attempt,
            place,
            reading,
            error: None,
            outcome,
            unasked: None,
        })
    }

    fn reading(&mut self) -> Option<Reading> {
        self.word(",\"reading\":{\"finish\":\"")?;
        let finish = match self.text()? {
            "stop" => Finish::Stop,
            "length" => Finish::Length,
            _ => return None,
        };
        let empty = self.flag(",\"empty\":")?;
        let reasoned = self.optional(",\"reasoned\":", |rest| {
            let yes = rest.word("true").is_some();
            (yes || rest.word("false").is_some()).then_some(yes)
        })?;
        let looping = self.flag(",\"looping\":")?;
        let tool_calls = self.optional(",\"tool_calls\":", Self::number)?;
        let usage = self.usage()?;
        let model = self.optional(",\"model\":\"", Self::text)?;
        let fingerprint = self.optional(",\"fingerprint\":\"", Self::text)?;
        self.word("}")?;
        Some(Reading {
            finish,
            empty,
            reasoned,
            looping,
            tool_calls: tool_calls.unwrap_or_default(),
            usage,
            model: model.map(str::to_owned),
            fingerprint: fingerprint.map(str::to_owned),
        })
    }

    /// Counts that an endpoint commonly reports.
    fn usage(&mut self) -> Option<Usage> {
        self.word(",\"usage\":{\"prompt\":")?;
        let prompt = Some(self.number()?);
        let completion = self.optional(",\"completion\":", Self::number)?;
        let reasoning = self.optional(",\"reasoning\":", Self::number)?;
        let cached = self.optional(",\"cached\":", Self::number)?;
        self.word("}")?;
        Some(Usage {
            prompt,
            completion,
            reasoning,
            cached,
            ..Usage::default()
        })
    }

    fn judged(&mut self) -> Option<Event> {
        let (call, place) = (self.call()?, self.place()?);
        self.word(",\"scorers\":\"")?;
        let scorers = self.digest()?;
        self.word(",\"scores\":[")?;
        let mut scores = vec![self.score()?];
        while self.word(",").is_some() {
            scores.push(self.score()?);
        }
        self.word("]}")?;
        Some(Event::Judged {
            call,
            place,
            scorers,
            scores,
            error: None,
        })
    }

    fn score(&mut self) -> Option<RecordedScore> {
        self.word("{\"value\":")?;
        let value = ["0.0", "1.0"]
            .into_iter()
            .position(|value| self.word(value).is_some())?;
        let failure = self.optional(",\"extraction_failure\":\"", Self::text)?;
        let rule = self.optional(",\"rule\":\"", Self::text)?;
        self.word("}")?;
        Some(RecordedScore {
            value: if value == 0 { 0.0 } else { 1.0 },
            extraction_failure: failure.map(str::to_owned),
            rule: rule.map(|rule| rule.to_owned().into()),
            measure: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Stamp, by_serde, encode};

    const CALL: CallId = CallId([7; 16]);

    fn place(batch: u32) -> Place {
        Place {
            batch,
            ..Place::planned(2, u64::MAX, 3)
        }
    }

    fn payload() -> PayloadRef {
        PayloadRef {
            digest: Digest([0xa5; 32]),
            segment: 1,
            offset: 201_977,
            length: 303,
            crc: u32::MAX,
        }
    }

    fn reading() -> Reading {
        Reading {
            finish: Finish::Stop,
            empty: true,
            reasoned: Some(false),
            looping: true,
            tool_calls: 2,
            usage: Usage {
                prompt: Some(29),
                completion: Some(1),
                reasoning: Some(0),
                cached: Some(7),
                ..Usage::default()
            },
            model: Some("größer".to_owned()),
            fingerprint: Some("fp".to_owned()),
        }
    }

    /// Records with all that is read here, and with as little as there may be.
    fn events() -> Vec<Event> {
        let started = |batch| Event::AttemptStarted {
            call: CALL,
            attempt: 1,
            place: place(batch),
            request: Some(payload()),
            cached: None,
        };
        let replied = |status: Option<u16>, timing| Event::ReplyReceived {
            call: CALL,
            attempt: 2,
            place: place(0),
            status,
            content_type: status.map(|_| "application/json; charset=utf-8".to_owned()),
            retry_after: None,
            response: status.map(|_| payload()),
            error: None,
            timing,
        };
        let timing = Timing {
            queued: Some(0),
            headers: Some(5),
            first_byte: Some(6),
            first_reasoning: Some(7),
            first_answer: Some(8),
            end: u64::MAX,
        };
        let ended = |reading| Event::AttemptEnded {
            call: CALL,
            attempt: 1,
            place: place(9),
            reading: Some(reading),
            error: None,
            outcome: Some(Outcome::Answered),
            unasked: None,
        };
        let little = Reading {
            finish: Finish::Length,
            empty: false,
            reasoned: Some(true),
            looping: false,
            tool_calls: 0,
            usage: Usage {
                prompt: Some(1),
                ..Usage::default()
            },
            model: None,
            fingerprint: None,
        };
        let score = |value, failure: Option<&str>, rule: Option<&'static str>| RecordedScore {
            extraction_failure: failure.map(str::to_owned),
            rule: rule.map(Into::into),
            ..RecordedScore::of(value)
        };
        let judged = Event::Judged {
            call: CALL,
            place: place(0),
            scorers: Digest([1; 32]),
            scores: vec![
                score(1.0, None, None),
                score(0.0, None, Some("stated")),
                score(0.0, Some("no letter"), None),
            ],
            error: None,
        };
        vec![
            started(0),
            started(4),
            replied(Some(200), timing),
            replied(None, Timing::default()),
            ended(reading()),
            ended(little),
            judged,
        ]
    }

    fn line(event: &Event) -> Vec<u8> {
        let (mut out, at) = (Vec::new(), "2026-01-02T03:04:05.678Z");
        encode(Stamp { seq: 30, at }, event, Digest([1; 32]), &mut out).unwrap();
        out.pop();
        out
    }

    #[test]
    fn what_every_call_has_is_read() {
        for event in events() {
            let line = String::from_utf8(line(&event)).unwrap();
            let read = record(&line).expect(&line);
            assert_eq!((read.seq, &read.event), (30, &event));
            assert_eq!(read, by_serde(&line).unwrap());
        }
    }

    /// Every byte is replaced by every other one, left out, and repeated.
    #[test]
    fn what_it_reads_is_what_serde_reads() {
        let mut both = 0;
        let mut check = |bytes: &[u8]| {
            let Ok(text) = str::from_utf8(bytes) else {
                return;
            };
            if let Some(quick) = record(text) {
                let slow = by_serde(text);
                assert_eq!(slow.ok(), Some(quick), "{text}");
                both += 1;
            }
        };
        for event in events() {
            let whole = line(&event);
            for at in 0..whole.len() {
                for byte in (0..=u8::MAX).filter(|byte| *byte != whole[at]) {
                    let mut changed = whole.clone();
                    changed[at] = byte;
                    check(&changed);
                }
                check(&[&whole[..at], &whole[at + 1..]].concat());
                check(&[&whole[..=at], &whole[at..]].concat());
            }
        }
        assert!(both > 10_000, "{both}");
    }

    #[test]
    fn what_is_rare_is_left_to_serde() {
        let mut reading = reading();
        reading.finish = Finish::Other("stop".to_owned());
        let other = Event::AttemptEnded {
            call: CALL,
            attempt: 1,
            place: place(0),
            reading: Some(reading),
            error: None,
            outcome: None,
            unasked: None,
        };
        let planned = Event::Planned {
            plan: Digest([1; 32]),
        };
        for event in [other, planned] {
            let line = String::from_utf8(line(&event)).unwrap();
            assert!(record(&line).is_none());
            assert_eq!(by_serde(&line).unwrap().event, event);
        }
    }
}
