//! Something that both sides of a comparison have.

/// What the baseline and the candidate have each of their own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Both<T> {
    /// The baseline's.
    pub base: T,
    /// The candidate's.
    pub candidate: T,
}

impl<T> Both<T> {
    /// What `of` gives for each.
    pub fn map<U>(self, of: impl Fn(T) -> U) -> Both<U> {
        Both {
            base: of(self.base),
            candidate: of(self.candidate),
        }
    }

    /// Each beside that of `other`.
    pub fn zip<U>(self, other: Both<U>) -> Both<(T, U)> {
        Both {
            base: (self.base, other.base),
            candidate: (self.candidate, other.candidate),
        }
    }

    /// Whether `holds` for one of them.
    pub fn any(self, holds: impl Fn(T) -> bool) -> bool {
        holds(self.base) || holds(self.candidate)
    }
}

impl<T: PartialEq> Both<T> {
    /// Whether they differ.
    pub fn differ(&self) -> bool {
        self.base != self.candidate
    }
}
