//! The types of a Parquet file as they are written: which columns are in which group, what is a list, what a value is.
//!
//! Lists are those of the format's rules (`LogicalTypes.md`): a group `LIST` around a repeated group around the
//! element, and the older forms, in which the repeated group or field is the element.

use std::io;

use parquet::basic::{ConvertedType, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::schema::types::{ColumnDescriptor, Type};

use crate::parquet_record::{Cells, Level, Member, Node};
use crate::parquet_value::Unit;

/// What a value of a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Number,
    Unsigned,
    /// Days since 1970-01-01.
    Date,
    /// A whole number of units of a power of ten.
    Decimal,
    /// Units since the beginning of 1970.
    Timestamp {
        unit: Unit,
        is_utc: bool,
    },
    /// Units since midnight.
    Time(Unit),
    Uuid,
    /// A float of 16 bits.
    Half,
    Bytes,
}

/// The type of a row.
///
/// # Errors
/// When a group has no columns.
pub(crate) fn root_of(schema: &Type) -> io::Result<Node> {
    let mut columns = 0;
    let members = members_of(schema, Level::default(), &mut columns)?;
    if members.is_empty() {
        return Err(io::Error::other("it has no columns"));
    }
    Ok(Node::Group(members))
}

fn members_of(group: &Type, level: Level, columns: &mut usize) -> io::Result<Vec<Member>> {
    let members = group.get_fields().iter().map(|field| {
        Ok(Member {
            name: field.name().to_owned(),
            node: node_of(field, level, columns)?,
        })
    });
    members.collect()
}

/// A type with how often it is there.
fn node_of(field: &Type, level: Level, columns: &mut usize) -> io::Result<Node> {
    let info = field.get_basic_info();
    let repetition = if info.has_repetition() {
        info.repetition()
    } else {
        Repetition::REQUIRED
    };
    let deeper = level.definition + 1;
    match repetition {
        Repetition::REQUIRED => inner_of(field, level, columns),
        Repetition::OPTIONAL => {
            let within = Level {
                definition: deeper,
                ..level
            };
            let inner = inner_of(field, within, columns)?;
            Ok(Node::Optional(deeper, Box::new(inner)))
        }
        Repetition::REPEATED => {
            let within = level.of_elements();
            let inner = inner_of(field, within, columns)?;
            Ok(Node::List(within, Box::new(inner)))
        }
    }
}

/// A type where it is there.
fn inner_of(field: &Type, level: Level, columns: &mut usize) -> io::Result<Node> {
    if field.is_primitive() {
        *columns += 1;
        return Ok(Node::Leaf(*columns - 1));
    }
    let members = field.get_fields();
    if members.is_empty() {
        let message = format!("the group `{}` has no columns", field.name());
        return Err(io::Error::other(message));
    }
    if let ([repeated], ConvertedType::LIST) = (members, field.get_basic_info().converted_type())
        && repeated.get_basic_info().repetition() == Repetition::REPEATED
    {
        let within = level.of_elements();
        let element = if is_wrapper(repeated, field.name()) {
            node_of(&repeated.get_fields()[0], within, columns)?
        } else {
            inner_of(repeated, within, columns)?
        };
        return Ok(Node::List(within, Box::new(element)));
    }
    Ok(Node::Group(members_of(field, level, columns)?))
}

/// Whether the repeated part of the list `name` only stands around its element.
fn is_wrapper(repeated: &Type, name: &str) -> bool {
    let own = repeated.name();
    repeated.is_group()
        && repeated.get_fields().len() == 1
        && own != "array"
        && own != format!("{name}_tuple")
}

impl Level {
    /// The levels of the elements of a list that stands here.
    fn of_elements(self) -> Self {
        Self {
            definition: self.definition + 1,
            repetition: self.repetition + 1,
        }
    }
}

/// Room for the values of a column.
pub(crate) fn cells_of(column: &ColumnDescriptor) -> Cells {
    let texts = [
        ConvertedType::UTF8,
        ConvertedType::JSON,
        ConvertedType::ENUM,
    ];
    Cells::new(
        column.max_def_level(),
        texts.contains(&column.converted_type()),
    )
}

/// What the values of a column are.
pub(crate) fn kind_of(column: &ColumnDescriptor) -> Kind {
    if let Some(kind) = column.logical_type_ref().and_then(kind_of_logical) {
        return kind;
    }
    let timestamp = |unit| Kind::Timestamp { unit, is_utc: true };
    match (column.physical_type(), column.converted_type()) {
        (_, ConvertedType::DECIMAL) => Kind::Decimal,
        (Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY, _) => Kind::Bytes,
        (_, ConvertedType::DATE) => Kind::Date,
        (_, ConvertedType::UINT_32 | ConvertedType::UINT_64) => Kind::Unsigned,
        (_, ConvertedType::TIMESTAMP_MILLIS) => timestamp(Unit::Milliseconds),
        (_, ConvertedType::TIMESTAMP_MICROS) => timestamp(Unit::Microseconds),
        (_, ConvertedType::TIME_MILLIS) => Kind::Time(Unit::Milliseconds),
        (_, ConvertedType::TIME_MICROS) => Kind::Time(Unit::Microseconds),
        _ => Kind::Number,
    }
}

/// The kinds that newer files alone tell, or tell more of.
fn kind_of_logical(logical: &LogicalType) -> Option<Kind> {
    match logical {
        LogicalType::Timestamp(time) => Some(Kind::Timestamp {
            unit: unit_of(time.unit),
            is_utc: time.is_adjusted_to_u_t_c,
        }),
        LogicalType::Time(time) => Some(Kind::Time(unit_of(time.unit))),
        LogicalType::Uuid => Some(Kind::Uuid),
        LogicalType::Float16 => Some(Kind::Half),
        _ => None,
    }
}

fn unit_of(unit: TimeUnit) -> Unit {
    match unit {
        TimeUnit::MILLIS => Unit::Milliseconds,
        TimeUnit::MICROS => Unit::Microseconds,
        TimeUnit::NANOS => Unit::Nanoseconds,
    }
}

/// By which power of ten a decimal number is smaller than what is stored.
pub(crate) fn scale_of(column: &ColumnDescriptor) -> u32 {
    u32::try_from(column.type_scale()).unwrap_or(0)
}
