//! "Did you mean": the known name nearest to a misspelt one.
//!
//! It refuses far-fetched suggestions: a wrong hint costs more than none.

/// The name among `known` that `word` most likely stands for.
pub(crate) fn closest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase().replace('-', "_");
    known
        .map(|name| (strsim::jaro_winkler(&lower, name), name))
        .filter(|(similarity, _)| *similarity >= 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_suggested_and_far_ones_are_not() {
        for (word, expected) in [
            ("chioce", Some("choice")),
            ("Choices", Some("choice")),
            ("json-fields", Some("json_fields")),
            ("rouge", None),
            ("", None),
        ] {
            let known = ["exact", "choice", "json_fields"];
            assert_eq!(closest(word, known.into_iter()), expected, "{word}");
        }
    }
}
