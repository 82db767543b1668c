//! One column of a Parquet file, read row by row.
//!
//! Invariant: a number is written as JSON has it or not at all; what JSON has no number for is null.

use jiff::civil;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, DataType};
use parquet::errors::ParquetError;

use crate::parquet_record::{Atom, Cells};
use crate::parquet_schema::Kind;

/// A column of the part at hand.
pub(crate) struct Column {
    reader: ColumnReader,
    kind: Kind,
    scale: u32,
}

impl Column {
    /// Reads `reader`, whose values are of `kind`.
    pub(crate) fn new(reader: ColumnReader, kind: Kind, scale: u32) -> Self {
        Self {
            reader,
            kind,
            scale,
        }
    }

    /// Puts the values of the next row into `cells`.
    ///
    /// # Errors
    /// When they cannot be decoded, or there is no row left.
    pub(crate) fn read(&mut self, cells: &mut Cells) -> Result<(), ParquetError> {
        let (kind, scale) = (self.kind, self.scale);
        let whole = |value: i64| Atom::whole(value, kind, scale);
        match &mut self.reader {
            ColumnReader::BoolColumnReader(reader) => {
                values(reader, cells, |value| Atom::Plain(value.to_string()))
            }
            ColumnReader::Int32ColumnReader(reader) => values(reader, cells, |value| {
                let value = i64::from(*value);
                whole(if kind == Kind::Unsigned {
                    value & 0xffff_ffff
                } else {
                    value
                })
            }),
            ColumnReader::Int64ColumnReader(reader) => values(reader, cells, |value| whole(*value)),
            ColumnReader::FloatColumnReader(reader) => {
                // By its shortest text: as the other width it would have more digits.
                values(reader, cells, |value| {
                    Atom::real(value.to_string().parse().ok())
                })
            }
            ColumnReader::DoubleColumnReader(reader) => {
                values(reader, cells, |value| Atom::real(Some(*value)))
            }
            ColumnReader::ByteArrayColumnReader(reader) if kind == Kind::Bytes => {
                values(reader, cells, |value| Atom::Text(value.clone()))
            }
            ColumnReader::ByteArrayColumnReader(reader) => values(reader, cells, |_| Atom::None),
            ColumnReader::Int96ColumnReader(reader) => values(reader, cells, |_| Atom::None),
            ColumnReader::FixedLenByteArrayColumnReader(reader) => {
                values(reader, cells, |_| Atom::None)
            }
        }
    }
}

fn values<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    cells: &mut Cells,
    atom: impl Fn(&T::T) -> Atom,
) -> Result<(), ParquetError> {
    let mut found = Vec::new();
    let (rows, _, levels) = reader.read_records(
        1,
        Some(&mut cells.definitions),
        Some(&mut cells.repetitions),
        &mut found,
    )?;
    if rows != 1 {
        return Err(ParquetError::General(
            "a column ends before the others".to_owned(),
        ));
    }
    // A column that is always there has no levels.
    cells.definitions.resize(levels, cells.full);
    cells.repetitions.resize(levels, 0);
    cells.atoms.extend(found.iter().map(atom));
    Ok(())
}

impl Atom {
    fn whole(value: i64, kind: Kind, scale: u32) -> Self {
        match kind {
            Kind::Unsigned => Self::Plain(value.cast_unsigned().to_string()),
            Kind::Date => date(value).map_or(Self::None, Self::Text),
            Kind::Decimal => Self::Plain(decimal(value, scale)),
            Kind::Number | Kind::Bytes => Self::Plain(value.to_string()),
        }
    }

    fn real(value: Option<f64>) -> Self {
        let number = value.and_then(serde_json::Number::from_f64);
        number.map_or(Self::None, |number| Self::Plain(number.to_string()))
    }
}

fn date(days: i64) -> Option<ByteArray> {
    let days = i32::try_from(days).ok()?;
    let span = jiff::Span::new().try_days(days).ok()?;
    let date = civil::date(1970, 1, 1).checked_add(span).ok()?;
    Some(ByteArray::from(date.to_string().into_bytes()))
}

/// `value` with `scale` digits after the point.
fn decimal(value: i64, scale: u32) -> String {
    let scale = scale.min(40) as usize;
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = scale + 1);
    let (whole, part) = digits.split_at(digits.len() - scale);
    let sign = if value < 0 { "-" } else { "" };
    match scale {
        0 => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{part}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_json_has_them() {
        assert_eq!(decimal(-1234, 2), "-12.34");
        assert_eq!(decimal(5, 3), "0.005");
        assert_eq!(decimal(7, 0), "7");
        assert_eq!(date(20_000).unwrap().data(), b"2024-10-04");
        assert_eq!(date(i64::MAX), None);
        assert_eq!(Atom::real(Some(f64::NAN)), Atom::None);
        assert_eq!(
            Atom::whole(-1, Kind::Unsigned, 0),
            Atom::Plain(u64::MAX.to_string())
        );
    }
}
