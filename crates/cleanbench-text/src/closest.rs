//! "Did you mean": the known name nearest to a misspelt one.
//!
//! It refuses far-fetched suggestions: a wrong hint costs more than none.

/// Lengths of words, in characters, for which something is suggested.
const LENGTHS: std::ops::RangeInclusive<usize> = 2..=80;

/// The name among `known` that `word` was probably meant to be: equal but for case, or at most two edits
/// away (one for names of up to three bytes). A swap of neighbours is one edit.
pub fn closest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if !LENGTHS.contains(&word.chars().count()) {
        return None;
    }
    let word = word.to_lowercase();
    known
        .into_iter()
        .map(|name| (strsim::osa_distance(&word, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= if name.len() <= 3 { 1 } else { 2 })
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_suggested_and_far_ones_are_not() {
        let fields = ["id", "input", "target", "metadata"];
        let scorers = ["exact", "choice", "choices", "json_fields"];
        for (word, known, expected) in [
            ("inptu", fields, Some("input")),
            ("Input", fields, Some("input")),
            ("ID", fields, Some("id")),
            ("ids", fields, Some("id")),
            ("no", fields, None),
            ("x", fields, None),
            ("taregt_", fields, Some("target")),
            ("subject", fields, None),
            ("chioce", scorers, Some("choice")),
            ("Choices", scorers, Some("choices")),
            ("json-fields", scorers, Some("json_fields")),
            ("rouge", scorers, None),
            ("", scorers, None),
        ] {
            assert_eq!(closest(word, known), expected, "{word}");
        }
        assert_eq!(closest("qwen/QWEN3", ["qwen/Qwen3"]), Some("qwen/Qwen3"));
    }
}
