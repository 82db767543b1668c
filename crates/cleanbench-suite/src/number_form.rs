//! By which convention the numbers of a column of targets are written: `1.500` is one and a half to one reader and
//! fifteen hundred to another.
//!
//! Invariant: what could be two numbers is decided by the other targets of its task, where those can be written by one
//! convention alone; else it is read as it always was, and said. Whoever says `locale` is not asked.

use serde_json::Value;

/// What stands before the decimals of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decimal {
    Point,
    Comma,
}

/// Who reads the numbers of a task's targets without being told how they are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Nobody, or somebody whom the task tells.
    #[default]
    None,
    /// All of its scorers.
    All,
    /// Some, beside others that take the targets as they stand.
    Some,
}

/// What the targets of a task show of how their numbers are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Convention {
    /// Nobody has looked.
    #[default]
    Unknown,
    /// All of them can be written so, and some only so.
    Shown(Decimal),
    /// Nothing that decides.
    Undecided,
}

impl Convention {
    /// The one by which numbers are read of which nothing is said.
    pub(crate) const POINT: Self = Self::Shown(Decimal::Point);

    /// The word for it in a record; `None` for what goes without saying.
    pub(crate) fn word(self) -> Option<&'static str> {
        (self == Self::Shown(Decimal::Comma)).then_some("comma")
    }
}

/// What one number shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Digits alone.
    Whole,
    /// Its only sign may part thousands or stand before decimals.
    Unclear(Decimal),
    /// It can only be written with this sign before decimals.
    Only(Decimal),
}

/// What a column of targets shows as a whole.
#[derive(Debug, Clone, Default)]
pub(crate) struct Evidence {
    /// Each shape of a number that occurs, once.
    seen: Vec<Shape>,
}

impl Evidence {
    /// Takes in a target.
    pub(crate) fn add(&mut self, target: &Value) {
        let number = target.as_str().and_then(Digits::of);
        let shape = number.and_then(|number| number.shape());
        let new = shape.filter(|shape| !self.seen.contains(shape));
        self.seen.extend(new);
    }

    /// Whether more targets can change nothing.
    pub(crate) fn is_settled(&self) -> bool {
        [Decimal::Point, Decimal::Comma]
            .iter()
            .all(|sign| self.seen.contains(&Shape::Only(*sign)))
    }

    /// What all of them show. Beside whole numbers a comma before three digits parts thousands: whoever writes decimals
    /// writes some that are not three.
    pub(crate) fn convention(&self) -> Convention {
        let has = |shape| self.seen.contains(&shape);
        let only = [Decimal::Point, Decimal::Comma].map(|sign| has(Shape::Only(sign)));
        match only {
            [true, false] => Convention::Shown(Decimal::Point),
            [false, true] => Convention::Shown(Decimal::Comma),
            [false, false] if has(Shape::Whole) && !has(Shape::Unclear(Decimal::Point)) => {
                Convention::Shown(Decimal::Point)
            }
            _ => Convention::Undecided,
        }
    }
}

/// The only digits of a text, with the signs between them.
#[derive(Debug, Clone, Copy)]
struct Digits<'a> {
    before: &'a str,
    run: &'a str,
    behind: &'a str,
}

impl<'a> Digits<'a> {
    /// Those of `text`; `None` where there are none, or several.
    fn of(text: &'a str) -> Option<Self> {
        let start = text.find(|c: char| c.is_ascii_digit())?;
        let (before, rest) = text.split_at(start);
        let is_part = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',');
        let run = &rest[..rest.find(|c| !is_part(c)).unwrap_or(rest.len())];
        let digits = run.trim_end_matches(['.', ',']);
        let behind = &rest[digits.len()..];
        let is_whole = !before.ends_with(['.', ',']) && !behind.contains(|c: char| c.is_numeric());
        is_whole.then_some(Self {
            before,
            run: digits,
            behind,
        })
    }

    fn shape(&self) -> Option<Shape> {
        let signs: Vec<_> = self.run.matches(['.', ',']).collect();
        let groups: Vec<_> = self.run.split(['.', ',']).collect();
        let Some((last, earlier)) = signs.split_last() else {
            return Some(Shape::Whole);
        };
        let sign = Decimal::of(last);
        if earlier.is_empty() {
            return Some(if are_thousands(&groups) {
                Shape::Unclear(sign)
            } else {
                Shape::Only(sign)
            });
        }
        let are_alike = earlier.iter().all(|one| one == &earlier[0]);
        if are_alike && earlier[0] == *last {
            return are_thousands(&groups).then(|| Shape::Only(sign.other()));
        }
        let whole = &groups[..groups.len() - 1];
        (are_alike && are_thousands(whole)).then_some(Shape::Only(sign))
    }

    /// The same with a point before the decimals, and nothing between thousands.
    fn plain(&self, decimal: Decimal) -> String {
        let (point, parting) = match decimal {
            Decimal::Point => ('.', ','),
            Decimal::Comma => (',', '.'),
        };
        let digits = self.run.replace(parting, "").replace(point, ".");
        [self.before, &digits, self.behind].concat()
    }

    /// The number alone, without zeros at the end of its decimals.
    fn value(&self, decimal: Decimal) -> String {
        let alone = Self {
            before: "",
            behind: "",
            ..*self
        };
        let plain = alone.plain(decimal);
        match plain.split_once('.') {
            Some(_) => plain.trim_end_matches('0').trim_end_matches('.').to_owned(),
            None => plain,
        }
    }
}

/// Whether all groups but the first are three digits.
fn are_thousands(groups: &[&str]) -> bool {
    let Some((first, more)) = groups.split_first() else {
        return false;
    };
    let starts = (1..=3).contains(&first.len()) && !first.starts_with('0');
    starts && more.iter().all(|group| group.len() == 3)
}

impl Decimal {
    fn of(sign: &str) -> Self {
        if sign == "." {
            Self::Point
        } else {
            Self::Comma
        }
    }

    fn other(self) -> Self {
        match self {
            Self::Point => Self::Comma,
            Self::Comma => Self::Point,
        }
    }
}

fn unclear(text: &str) -> Option<Digits<'_>> {
    let digits = Digits::of(text)?;
    matches!(digits.shape()?, Shape::Unclear(_)).then_some(digits)
}

/// Whether `target` could be two numbers.
pub(crate) fn is_unclear(target: &Value) -> bool {
    target.as_str().is_some_and(|text| unclear(text).is_some())
}

/// `target` with its number written plainly, where the column shows a comma before decimals and it could be two.
pub(crate) fn settled(target: &Value, convention: Convention) -> Option<Value> {
    let digits = unclear(target.as_str()?)?;
    let is_comma = convention == Convention::Shown(Decimal::Comma);
    is_comma.then(|| Value::from(digits.plain(Decimal::Comma)))
}

/// What is said of `target`, which is read as if a point stood before its decimals, where the column shows `convention`.
pub(crate) fn doubt(target: &Value, convention: Convention) -> Option<String> {
    let text = target.as_str()?;
    let digits = unclear(text)?;
    let [read, other] = [Decimal::Point, Decimal::Comma].map(|decimal| digits.value(decimal));
    let why = match convention {
        Convention::Shown(_) => "as the other targets of the task are written",
        Convention::Unknown | Convention::Undecided => {
            "and the other targets of the task do not show which"
        }
    };
    Some(format!(
        "target `{text}` is read as `{read}` and may be `{other}`, {why}"
    ))
}

/// What to do about a doubt.
pub(crate) const REMEDY: &str =
    "say it in the task: `locale = \"en\"` (1,500.5) or `locale = \"de\"` (1.500,5)";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(targets: &[&str]) -> Convention {
        let mut evidence = Evidence::default();
        for target in targets {
            evidence.add(&json!(target));
        }
        evidence.convention()
    }

    #[test]
    fn what_the_other_targets_can_only_be_decides() {
        let point = Convention::Shown(Decimal::Point);
        let comma = Convention::Shown(Decimal::Comma);
        for (targets, expected) in [
            (&["1.500", "12.5"][..], point),
            (&["1.500", "1,234,567"], point),
            (&["1.500", "$1,234.50"], point),
            (&["1.500", "0.125"], point),
            (&["1.500", "1234.567"], point),
            (&["1.500", "12,5"], comma),
            (&["1,500", "1.234.567 €"], comma),
            (&["1,500", "0,125"], comma),
            (&["1,200", "42", "-7"], point),
            (&["1,200"], Convention::Undecided),
            (&["1.500"], Convention::Undecided),
            (&["1.500", "42"], Convention::Undecided),
            (&["1.500", "1,500", "42"], Convention::Undecided),
            (&["1.500", "12,5", "12.5"], Convention::Undecided),
            // Dates, ratios and powers are no numbers of either convention.
            (
                &["1.500", "01.02.2026", "1/2,5", "1,5e3"],
                Convention::Undecided,
            ),
        ] {
            assert_eq!(shown(targets), expected, "{targets:?}");
        }
    }

    #[test]
    fn a_target_that_could_be_two_numbers_is_settled_or_told() {
        let comma = Convention::Shown(Decimal::Comma);
        for (target, expected) in [
            ("1.500", Some("1500")),
            ("1,500", Some("1.500")),
            ("-9.500 kg", Some("-9500 kg")),
            ("12,5", None),
            ("1500", None),
            ("0.500", None),
        ] {
            let target = json!(target);
            assert_eq!(settled(&target, comma), expected.map(Value::from));
            assert_eq!(settled(&target, Convention::Undecided), None);
            assert_eq!(
                doubt(&target, Convention::Undecided).is_some(),
                expected.is_some()
            );
            assert_eq!(is_unclear(&target), expected.is_some());
        }
        let told = |text: &str| doubt(&json!(text), Convention::Undecided).unwrap();
        assert!(told("1.500").starts_with("target `1.500` is read as `1.5` and may be `1500`"));
        assert!(told("-1,500").starts_with("target `-1,500` is read as `1500` and may be `1.5`"));
        assert!(!is_unclear(&json!(1.5)));
    }
}
