//! Answers that hold several attempts: "Attempt 1: B", "Attempt 2: C".
//!
//! Attempts, tries, drafts and versions follow each other, so that the last is the answer. Samples, responses,
//! solutions and answers with numbers stand beside each other: which is the answer can be told only where they agree.
//! Where the text goes on to its final choice among them, it is read as any other.
//!
//! Invariant: linear in the length of the text. It refuses heads that do not count from 1 on.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use cleanbench_text::scan::{is_blank, window};

/// Most attempts that are told apart.
const MOST: usize = 32;

/// What an answer holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Attempts<'a> {
    /// No attempts that are counted.
    None,
    /// Those that each take the place of the one before, by the last.
    Last(&'a str),
    /// Those that stand beside each other.
    Beside(Vec<&'a str>),
}

static HEAD: LazyLock<Regex> = LazyLock::new(|| {
    let later = "attempt|try|draft|version|revision|versuch|entwurf|fassung|intento|borrador|versión|tentative|essai|\
        brouillon|tentativo|bozza|tentativa|rascunho|poging|försök|próba|wersja|попытка|версия|спроба|pokus|forsøg|\
        yritys|deneme|尝试|草稿|版本|試行|시도";
    let beside = "sample|candidate|response|completion|answer|solution|generation|reply|antwort|lösung|respuesta|\
        solución|réponse|risposta|soluzione|resposta|solução|antwoord|svar|odpowiedź|ответ|решение|відповідь|\
        候选|回答|答案|解答|답변";
    let number = "(?P<n>[1-9][0-9]?)";
    let end = r"[*_)\]]{0,3}[ \t]{0,2}(?:[:：.)]|[-–—→][ \t]|$)";
    Regex::new(&format!(
        r"(?im)(?:^|[/;|][ \t])[ \t>*_\#(\[-]{{0,8}}(?:(?P<later>{later})|(?P<beside>{beside}))[ \t]{{0,2}}[\#№]?{number}{end}"
    ))
    .expect("the pattern is fixed and the tests compile it")
});

static ORDINAL: LazyLock<Regex> = LazyLock::new(|| {
    let ordinals = "(?:(?P<o1>first|1st)|(?P<o2>second|2nd)|(?P<o3>third|3rd)|(?P<o4>fourth|4th))";
    Regex::new(&format!(
        r"(?im)(?:^|[/;|.][ \t])[ \t>*_\#-]{{0,8}}(?:my )?{ordinals}[ \t](?:attempt|try|draft|version|go|guess)[*_]{{0,3}}[ \t]{{0,2}}[:：]"
    ))
    .expect("the pattern is fixed and the tests compile it")
});

static FINAL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\b(?:final|finally|overall|best|majority|consensus|verdict|conclusion|choose|chosen|select\w*|pick\w*|better|prefer\w*|endgültig\w*|fazit|finale?s?|definitiv\w*)\b|最终|最終|итог",
    )
    .expect("the pattern is fixed and the tests compile it")
});

/// A head, with its number and where it stands.
struct Head {
    number: usize,
    from: usize,
    end: usize,
    beside: bool,
}

impl Head {
    fn of(found: &Captures<'_>) -> Option<Self> {
        let whole = found.get(0)?;
        let number = match found.name("n") {
            Some(number) => number.as_str().parse().ok()?,
            None => (1..=4).find(|at| found.name(&format!("o{at}")).is_some())?,
        };
        Some(Self {
            number,
            from: whole.start(),
            end: whole.end(),
            beside: found.name("beside").is_some(),
        })
    }
}

/// The attempts that `text` counts.
pub(crate) fn attempts(text: &str) -> Attempts<'_> {
    let counted = counted(text, &HEAD, has_number);
    let heads = if counted.is_empty() {
        self::counted(text, &ORDINAL, |_| true)
    } else {
        counted
    };
    let Some(last) = heads.last() else {
        return Attempts::None;
    };
    let rest = &text[last.end..];
    if is_blank(rest) || FINAL.is_match(window(rest, 0, 1 << 14)) {
        return Attempts::None;
    }
    if !last.beside {
        return Attempts::Last(rest);
    }
    let ends = heads.iter().skip(1).map(|head| head.from);
    let ends = ends.chain(std::iter::once(text.len()));
    let parts = heads.iter().zip(ends);
    Attempts::Beside(parts.map(|(head, end)| &text[head.end..end]).collect())
}

/// Whether `text` is itself called as an attempt is, as the options "Response 1" and "Response 2" are.
pub(crate) fn is_name(text: &str) -> bool {
    text.len() < 40 && HEAD.is_match(&format!("{}:", text.trim()))
}

/// Whether a text can hold heads with numbers: what is short and holds no 2 cannot.
fn has_number(text: &str) -> bool {
    text.contains('2')
}

/// The heads of one kind in `text`, where they count from 1 on.
fn counted(text: &str, pattern: &Regex, may: fn(&str) -> bool) -> Vec<Head> {
    if !may(text) {
        return Vec::new();
    }
    let found = pattern.captures_iter(text).take(MOST);
    let heads: Vec<Head> = found.filter_map(|found| Head::of(&found)).collect();
    let counts = heads.iter().enumerate();
    let mut fits = counts.map(|(at, head)| head.number == at + 1 && head.beside == heads[0].beside);
    if heads.len() > 1 && fits.all(|fits| fits) {
        heads
    } else {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_several_attempts() {
        for (text, expected) in [
            ("Attempt 1: B\nAttempt 2: C", " C"),
            ("**Draft 1:** B\n\n**Draft 2:** C", "** C"),
            ("Attempt 1: B / Attempt 2: C", " C"),
            ("First try: B. Second try: C", " C"),
            ("Versuch 1: B\nVersuch 2: C", " C"),
        ] {
            assert_eq!(attempts(text), Attempts::Last(expected), "{text}");
        }
    }

    #[test]
    fn what_stands_beside_each_other() {
        assert_eq!(
            attempts("Sample 1: B\nSample 2: C"),
            Attempts::Beside(vec![" B\n", " C"])
        );
    }

    #[test]
    fn what_counts_no_attempts() {
        for text in [
            "Attempt 1: B",
            "Attempt 2: B\nAttempt 3: C",
            "Step 1: B\nStep 2: C",
            "Sample 1: B\nSample 2: C\nFinal answer: B",
            "version 1.2 and version 2.1",
            "",
        ] {
            assert_eq!(attempts(text), Attempts::None, "{text}");
        }
    }
}
