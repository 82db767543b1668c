//! Text as Python sees it, because the reference implementations are written in it.

/// Whether `str.split` divides words at `character`: Unicode white space, and the four separators of
/// ASCII, which Unicode does not count.
pub(crate) fn is_space(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{1c}'..='\u{1f}')
}

/// The words between white space.
pub(crate) fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_space).filter(|word| !word.is_empty())
}
