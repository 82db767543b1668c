//! The fields of a sample, their aliases, and the ones that this version refuses.

use cleanbench_text::closest;

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
const NAMES: [(&str, Field); 22] = [
    ("id", Field::Id),
    ("input", Field::Input),
    ("question", Field::Input),
    ("prompt", Field::Input),
    ("query", Field::Input),
    ("messages", Field::Messages),
    ("images", Field::Images),
    ("target", Field::Target),
    ("ideal", Field::Target),
    ("expected", Field::Target),
    ("answer", Field::Target),
    ("label", Field::Target),
    ("choices", Field::Choices),
    ("options", Field::Choices),
    ("choice_rewordings", Field::ChoiceRewordings),
    ("metadata", Field::Metadata),
    ("created", Field::Created),
    ("cluster", Field::Cluster),
    ("rewording_of", Field::RewordingOf),
    ("isomorph_of", Field::IsomorphOf),
    ("sensitivity", Field::Sensitivity),
    ("weight", Field::Weight),
];

/// How many fields there are.
pub(crate) const FIELDS: usize = 14;

impl Field {
    /// The field that `name` names, and the name itself.
    pub(crate) fn named(name: &str) -> Option<(Self, &'static str)> {
        let found = NAMES.iter().find(|(known, _)| *known == name)?;
        Some((found.1, found.0))
    }

    /// The known name that `name` was probably meant to be.
    pub(crate) fn near(name: &str) -> Option<&'static str> {
        closest(name, NAMES.iter().map(|(known, _)| *known))
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
        ] {
            assert_eq!(Field::named(alias).unwrap().0.name(), name);
        }
        let own_names = NAMES.iter().filter(|(name, field)| field.name() == *name);
        assert_eq!(own_names.count(), FIELDS);
        assert_eq!(Field::named("inputs"), None);
        assert_eq!(Field::near("inputs"), Some("input"));
        assert_eq!(Field::near("rewordingof"), Some("rewording_of"));
        assert_eq!(Field::near("subject"), None);
    }
}
