//! The texts of the checks, as `texts.txt` lists them.

use cleanbench_core::probe::ProbeForm;

const LIST: &str = include_str!("texts.txt");
/// Stands where a text is cut.
const CUT: &str = " // ";

/// Whom a text is put to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Addressee {
    All,
    Servers,
    Embedded,
}

impl Addressee {
    const EACH: [Self; 3] = [Self::All, Self::Servers, Self::Embedded];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Servers => "servers",
            Self::Embedded => "embedded",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::EACH.into_iter().find(|one| one.as_str() == name)
    }
}

/// A text of a check.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text {
    purpose: &'static str,
    pub(super) addressee: Addressee,
    pub(super) name: &'static str,
    pub(super) shown: &'static str,
    pub(super) expected: &'static str,
}

impl Text {
    /// Whether the check called `check` asks for it in `form`.
    pub(super) fn is_of(&self, check: &str, form: ProbeForm) -> bool {
        match self.purpose {
            "repeat" => check == "compliance" && form == ProbeForm::Instruction,
            "continue" => check == "compliance" && form == ProbeForm::Raw,
            purpose => check == purpose,
        }
    }

    fn read(line: &'static str) -> Option<Self> {
        let (head, text) = line.split_once(" = ")?;
        let mut words = head.split(' ');
        let (purpose, addressee, name) = (words.next()?, words.next()?, words.next()?);
        let (shown, expected) = text.split_once(CUT).unwrap_or((text, text));
        Some(Self {
            purpose,
            addressee: Addressee::named(addressee)?,
            name,
            shown,
            expected,
        })
    }
}

/// All of them, in order.
pub(super) fn texts() -> impl Iterator<Item = Text> {
    lines().filter_map(Text::read)
}

fn lines() -> impl Iterator<Item = &'static str> {
    LIST.lines().filter(|line| !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_text() {
        for line in lines() {
            let text = Text::read(line).unwrap_or_else(|| panic!("{line}"));
            let is_cut = line.contains(CUT);
            assert_eq!(is_cut, text.purpose != "repeat", "{line}");
            assert!(["memory", "repeat", "continue"].contains(&text.purpose));
        }
    }
}
