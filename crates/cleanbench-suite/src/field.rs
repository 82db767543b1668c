//! The fields of a sample, their aliases, and the ones that this version refuses.
//!
//! Invariant: a name means the same field in every format, whatever its case and whether its words are joined by a
//! space, a hyphen or an underscore.

use std::borrow::Cow;

/// A field of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    Id,
    Input,
    Messages,
    Images,
    Target,
    Choices,
    ChoiceRewordings,
    Metadata,
    Created,
    Cluster,
    RewordingOf,
    IsomorphOf,
    Sensitivity,
    Weight,
}

/// Every name that a field may be given. A field's own name comes before its aliases.
const NAMES: [(&str, Field); 30] = [
    ("id", Field::Id),
    ("input", Field::Input),
    ("question", Field::Input),
    ("prompt", Field::Input),
    ("query", Field::Input),
    ("problem", Field::Input),
    ("messages", Field::Messages),
    ("images", Field::Images),
    ("target", Field::Target),
    ("ideal", Field::Target),
    ("expected", Field::Target),
    ("answer", Field::Target),
    ("label", Field::Target),
    ("expected_answer", Field::Target),
    ("expected_output", Field::Target),
    ("correct_answer", Field::Target),
    ("reference_answer", Field::Target),
    ("gold", Field::Target),
    ("answerkey", Field::Target),
    ("choices", Field::Choices),
    ("options", Field::Choices),
    ("endings", Field::Choices),
    ("choice_rewordings", Field::ChoiceRewordings),
    ("metadata", Field::Metadata),
    ("created", Field::Created),
    ("cluster", Field::Cluster),
    ("rewording_of", Field::RewordingOf),
    ("isomorph_of", Field::IsomorphOf),
    ("sensitivity", Field::Sensitivity),
    ("weight", Field::Weight),
];

/// Longest name that may be a slip of the pen, in bytes.
const MOST_LETTERS: usize = 40;

/// How many fields there are.
pub(crate) const FIELDS: usize = 14;

impl Field {
    /// The field that `name` names, and the name as it is known.
    pub(crate) fn named(name: &str) -> Option<(Self, &'static str)> {
        let name = plain(name);
        let found = NAMES.iter().find(|(known, _)| *known == name)?;
        Some((found.1, found.0))
    }

    /// Whether `name` was probably meant to be `sensitivity`.
    pub(crate) fn is_nearly_sensitivity(name: &str) -> bool {
        let known = Self::Sensitivity.name();
        let may_be = name.len().abs_diff(known.len()) <= 4;
        may_be && Self::near(name) == Some(known)
    }

    /// The known name that `name` was probably meant to be.
    pub(crate) fn near(name: &str) -> Option<&'static str> {
        let name = plain(name);
        if name.len() > MOST_LETTERS {
            return None;
        }
        let distances = NAMES.iter().map(|(known, _)| {
            let distance = strsim::osa_distance(&name, known);
            (distance, *known)
        });
        // Among short words, as columns have them, many are near to one another: `level` is no `label`.
        let near = distances
            .filter(|(distance, known)| known.len() > 3 && *distance <= 1 + known.len() / 6);
        near.min().map(|(_, known)| known)
    }

    /// The field whose own name is `name`.
    pub(crate) fn own(name: &str) -> Option<Self> {
        let found = NAMES.iter().find(|(known, _)| *known == name)?;
        Some(found.1).filter(|field| field.name() == name)
    }

    /// The names under which it is found without being told, its own first.
    pub(crate) fn names(self) -> impl Iterator<Item = &'static str> {
        let own = NAMES.iter().filter(move |(_, field)| *field == self);
        own.map(|(name, _)| *name)
    }

    /// The field's own name.
    pub(crate) fn name(self) -> &'static str {
        let found = NAMES.iter().find(|(_, field)| *field == self);
        found.map_or("", |(name, _)| name)
    }

    /// Whether this version refuses the field.
    pub(crate) fn is_refused(self) -> bool {
        self == Self::Weight
    }
}

/// `name` as names are compared: without white space around it, in lower case, its words joined by `_`.
pub(crate) fn plain(name: &str) -> Cow<'_, str> {
    let trimmed = name.trim();
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if trimmed.bytes().all(is_plain) {
        return Cow::Borrowed(trimmed);
    }
    let joined = trimmed.chars().map(|character| match character {
        ' ' | '-' => '_',
        other => other,
    });
    Cow::Owned(joined.flat_map(char::to_lowercase).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_alias_leads_to_its_field_and_every_field_has_a_name() {
        for (alias, name) in [
            ("question", "input"),
            ("prompt", "input"),
            ("query", "input"),
            ("ideal", "target"),
            ("expected", "target"),
            ("answer", "target"),
            ("label", "target"),
            ("options", "choices"),
            (" Question ", "input"),
            ("Expected Answer", "target"),
            ("expected-output", "target"),
            ("answerKey", "target"),
            ("Sensitivity", "sensitivity"),
        ] {
            assert_eq!(Field::named(alias).unwrap().0.name(), name);
        }
        let own_names = NAMES.iter().filter(|(name, field)| field.name() == *name);
        assert_eq!(own_names.count(), FIELDS);
        assert_eq!(Field::named("inputs"), None);
        assert_eq!(Field::near("inputs"), Some("input"));
        assert_eq!(Field::near("rewordingof"), Some("rewording_of"));
        assert_eq!(Field::near("Sensitvity"), Some("sensitivity"));
        assert_eq!(Field::near("subject"), None);
        assert_eq!(Field::near("level"), None);
        assert_eq!(Field::own("question"), None);
        assert_eq!(Field::own("input"), Some(Field::Input));
    }
}
