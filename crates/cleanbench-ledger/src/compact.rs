//! JSON without white space, byte for byte as `serde_json` writes it.
//!
//! Four records a call are written while the call waits. Names of fields need no escaping, and nearly no
//! text does; knowing that makes a record three times cheaper. Refuses what no record has: maps and bytes.

use serde::ser::{self, Error as _, Impossible, Serialize};
use serde_json::Error;

/// Appends `value` to `out`.
///
/// # Errors
/// When it holds a map or bytes, or cannot be written as JSON.
pub(crate) fn write<T: Serialize>(value: &T, out: &mut Vec<u8>) -> Result<(), Error> {
    value.serialize(Compact(out))
}

struct Compact<'a>(&'a mut Vec<u8>);

impl<'a> Compact<'a> {
    fn digits(self, digits: impl itoa::Integer) {
        let mut room = itoa::Buffer::new();
        self.0.extend_from_slice(room.format(digits).as_bytes());
    }

    fn plain(&mut self, text: &str) {
        self.0.push(b'"');
        self.0.extend_from_slice(text.as_bytes());
        self.0.push(b'"');
    }

    fn members(self, open: u8, close: &'static [u8]) -> Members<'a> {
        self.0.push(open);
        Members {
            out: self.0,
            is_first: true,
            close,
        }
    }

    /// The object around what a variant holds.
    fn variant(mut self, name: &'static str) -> Self {
        self.0.push(b'{');
        self.plain(name);
        self.0.push(b':');
        self
    }
}

/// The members of a list or an object.
struct Members<'a> {
    out: &'a mut Vec<u8>,
    is_first: bool,
    close: &'static [u8],
}

impl Members<'_> {
    fn next(&mut self) -> Compact<'_> {
        if !std::mem::take(&mut self.is_first) {
            self.out.push(b',');
        }
        Compact(self.out)
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Error> {
        self.next().0.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        value.serialize(Compact(self.out))
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(self.next())
    }

    fn close(self) {
        self.out.extend_from_slice(self.close);
    }
}

macro_rules! integers {
    ($($method:ident $type:ty),*) => {$(
        fn $method(self, value: $type) -> Result<(), Error> {
            self.digits(value);
            Ok(())
        }
    )*};
}

impl<'a> ser::Serializer for Compact<'a> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Members<'a>;
    type SerializeTuple = Members<'a>;
    type SerializeTupleStruct = Members<'a>;
    type SerializeTupleVariant = Members<'a>;
    type SerializeMap = Impossible<(), Error>;
    type SerializeStruct = Members<'a>;
    type SerializeStructVariant = Members<'a>;

    integers!(
        serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64,
        serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64
    );

    fn serialize_bool(self, value: bool) -> Result<(), Error> {
        let word: &[u8] = if value { b"true" } else { b"false" };
        self.0.extend_from_slice(word);
        Ok(())
    }

    fn serialize_f32(self, value: f32) -> Result<(), Error> {
        serde_json::to_writer(self.0, &value)
    }

    fn serialize_f64(self, value: f64) -> Result<(), Error> {
        serde_json::to_writer(self.0, &value)
    }

    fn serialize_char(self, value: char) -> Result<(), Error> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(mut self, text: &str) -> Result<(), Error> {
        // Without an early end, so that many bytes are compared at once.
        let any = text.bytes().fold(false, |any, byte| {
            let needs_one = byte < b' ' || byte == b'"' || byte == b'\\';
            any | needs_one
        });
        if any {
            return serde_json::to_writer(self.0, text);
        }
        self.plain(text);
        Ok(())
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), Error> {
        Err(Error::custom("a record has no bytes"))
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.0.extend_from_slice(b"null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        mut self,
        _: &'static str,
        _: u32,
        name: &'static str,
    ) -> Result<(), Error> {
        self.plain(name);
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        let inner = self.variant(name);
        value.serialize(Compact(inner.0))?;
        inner.0.push(b'}');
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Members<'a>, Error> {
        Ok(self.members(b'[', b"]"))
    }

    fn serialize_tuple(self, _: usize) -> Result<Members<'a>, Error> {
        Ok(self.members(b'[', b"]"))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Members<'a>, Error> {
        Ok(self.members(b'[', b"]"))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Members<'a>, Error> {
        Ok(self.variant(name).members(b'[', b"]}"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Error> {
        Err(Error::custom("a record has no maps"))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Members<'a>, Error> {
        Ok(self.members(b'{', b"}"))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Members<'a>, Error> {
        Ok(self.variant(name).members(b'{', b"}}"))
    }
}

macro_rules! compound {
    ($($trait:ident $method:ident ($($name:ident)?) $inner:ident),*) => {$(
        impl ser::$trait for Members<'_> {
            type Ok = ();
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(
                &mut self,
                $($name: &'static str,)?
                value: &T,
            ) -> Result<(), Error> {
                self.$inner($($name,)? value)
            }

            fn end(self) -> Result<(), Error> {
                self.close();
                Ok(())
            }
        }
    )*};
}

compound!(
    SerializeSeq serialize_element () element,
    SerializeTuple serialize_element () element,
    SerializeTupleStruct serialize_field () element,
    SerializeTupleVariant serialize_field () element,
    SerializeStruct serialize_field (name) field,
    SerializeStructVariant serialize_field (name) field
);

#[cfg(test)]
mod tests {
    use cleanbench_core::event::{Place, RecordedScore, StopReason};
    use cleanbench_core::{CallError, CallErrorKind, CallId, Digest, Event, Timing};

    use super::*;

    fn check<T: Serialize>(value: &T) {
        let mut out = b"before".to_vec();
        write(value, &mut out).unwrap();
        let expected = format!("before{}", serde_json::to_string(value).unwrap());
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn records_are_written_as_serde_json_writes_them() {
        let (call, attempt) = (CallId([7; 16]), 3);
        let place = Place::planned(0, u64::MAX, 12);
        check(&Event::Planned {
            plan: Digest([0xab; 32]),
        });
        check(&Event::Stopped {
            reason: StopReason::Budget,
            cap: None,
            lag: None,
        });
        check(&Event::Judged {
            call,
            place,
            scorers: Digest([1; 32]),
            scores: [0.0, 1.0, 0.1 + 0.2, 1e-300]
                .map(|value| RecordedScore {
                    extraction_failure: Some("no \"choice\"\n\u{1}\u{7f}é🙂\\".to_owned()),
                    rule: Some("last \"line\"".into()),
                    ..RecordedScore::of(value)
                })
                .to_vec(),
            error: None,
        });
        check(&Event::ReplyReceived {
            call,
            attempt,
            place,
            status: Some(200),
            content_type: Some("text/\"x\"".to_owned()),
            retry_after: None,
            response: None,
            error: Some(CallError::new(CallErrorKind::Broken, "tab\there")),
            timing: Timing::default(),
        });
    }

    #[derive(serde::Serialize)]
    enum Odd {
        Unit,
        New(i8),
        Tuple(u8, char),
        Fields { a: Option<bool>, b: () },
    }

    #[test]
    fn every_shape_is_written_as_serde_json_writes_it() {
        check(&[Odd::Unit, Odd::New(-5), Odd::Tuple(9, '"')]);
        check(&(Odd::Fields { a: None, b: () }, f64::NAN, 1.5_f32));
        check(&Vec::<u8>::new());
        let map = std::collections::BTreeMap::from([(1, 2)]);
        assert!(write(&map, &mut Vec::new()).is_err());
    }
}
