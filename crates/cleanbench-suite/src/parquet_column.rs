//! One column of a Parquet file, read row by row.
//!
//! Invariant: what a value says is written by [`crate::parquet_value`] or its bytes are handed on; nothing that is there
//! is passed over.

use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{DataType, FixedLenByteArray, Int96};
use parquet::errors::ParquetError;

use crate::parquet_record::{Atom, Cells};
use crate::parquet_schema::Kind;
use crate::parquet_value as value;

/// The Julian day of 1970-01-01.
const JULIAN_EPOCH: i64 = 2_440_588;

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
                    value::real(value.to_string().parse().ok())
                })
            }
            ColumnReader::DoubleColumnReader(reader) => {
                values(reader, cells, |value| value::real(Some(*value)))
            }
            ColumnReader::ByteArrayColumnReader(reader) if kind == Kind::Decimal => {
                values(reader, cells, |bytes| {
                    value::decimal_of_bytes(bytes.data(), scale)
                })
            }
            ColumnReader::ByteArrayColumnReader(reader) => {
                values(reader, cells, |bytes| Atom::Text(bytes.clone()))
            }
            ColumnReader::Int96ColumnReader(reader) => values(reader, cells, old_timestamp),
            ColumnReader::FixedLenByteArrayColumnReader(reader) => {
                values(reader, cells, |bytes| fixed(bytes, kind, scale))
            }
        }
    }
}

/// Nanoseconds of a day in two words, the lower first, and the Julian day.
fn old_timestamp(value: &Int96) -> Atom {
    let [low, high, day] = *value.data() else {
        return Atom::Unsayable("a moment that has not 12 bytes");
    };
    let nanoseconds = u64::from(high) << 32 | u64::from(low);
    let days = i64::from(day.cast_signed()) - JULIAN_EPOCH;
    value::day_and_time(days, nanoseconds.cast_signed())
}

fn fixed(bytes: &FixedLenByteArray, kind: Kind, scale: u32) -> Atom {
    match kind {
        Kind::Decimal => value::decimal_of_bytes(bytes.data(), scale),
        Kind::Uuid => value::uuid(bytes.data()),
        Kind::Half => value::half(bytes.data()),
        _ => Atom::NoText,
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
    fn whole(number: i64, kind: Kind, scale: u32) -> Self {
        match kind {
            Kind::Unsigned => Self::Plain(number.cast_unsigned().to_string()),
            Kind::Date => value::date(number),
            Kind::Decimal => value::decimal(number, scale),
            Kind::Timestamp { unit, is_utc } => value::timestamp(number, unit, is_utc),
            Kind::Time(unit) => value::time(number, unit),
            Kind::Number | Kind::Bytes | Kind::Uuid | Kind::Half => Self::Plain(number.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_and_old_moments_are_read() {
        assert_eq!(
            Atom::whole(-1, Kind::Unsigned, 0),
            Atom::Plain(u64::MAX.to_string())
        );
        let mut moment = Int96::new();
        // 2024-10-04 at one second past midnight.
        moment.set_data(1_000_000_000, 0, 2_460_588);
        assert_eq!(
            old_timestamp(&moment),
            value::day_and_time(20_000, 1_000_000_000)
        );
    }
}
