//! Counts of things in sentences: one of them is said in the singular.

/// `count` with the words for one, or for none or several.
///
/// ```
/// assert_eq!(cleanbench_text::counted(1, "chat", "chats"), "1 chat");
/// assert_eq!(cleanbench_text::counted(0, "chat", "chats"), "0 chats");
/// ```
#[must_use]
pub fn counted(count: u64, one: &str, several: &str) -> String {
    let words = if count == 1 { one } else { several };
    format!("{count} {words}")
}
