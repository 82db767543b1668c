//! How answers in each language state their final answer: data, one file a language in `languages/`.
//!
//! Invariant: every pattern here is bounded and is put to short stretches of text only, so that reading stays
//! linear. Patterns are compiled where they are first needed. It refuses, in a test, a file with an unknown key.

use std::collections::HashMap;
use std::sync::{LazyLock, OnceLock};

use regex::Regex;

/// Every language, by the name of its file.
const FILES: [(&str, &str); 27] = [
    ("en", include_str!("languages/en.txt")),
    ("de", include_str!("languages/de.txt")),
    ("fr", include_str!("languages/fr.txt")),
    ("es", include_str!("languages/es.txt")),
    ("it", include_str!("languages/it.txt")),
    ("pt", include_str!("languages/pt.txt")),
    ("nl", include_str!("languages/nl.txt")),
    ("sv", include_str!("languages/sv.txt")),
    ("pl", include_str!("languages/pl.txt")),
    ("tr", include_str!("languages/tr.txt")),
    ("id", include_str!("languages/id.txt")),
    ("vi", include_str!("languages/vi.txt")),
    ("ru", include_str!("languages/ru.txt")),
    ("ar", include_str!("languages/ar.txt")),
    ("hi", include_str!("languages/hi.txt")),
    ("zh", include_str!("languages/zh.txt")),
    ("ja", include_str!("languages/ja.txt")),
    ("ko", include_str!("languages/ko.txt")),
    ("cs", include_str!("languages/cs.txt")),
    ("da", include_str!("languages/da.txt")),
    ("fi", include_str!("languages/fi.txt")),
    ("ro", include_str!("languages/ro.txt")),
    ("hu", include_str!("languages/hu.txt")),
    ("el", include_str!("languages/el.txt")),
    ("uk", include_str!("languages/uk.txt")),
    ("he", include_str!("languages/he.txt")),
    ("th", include_str!("languages/th.txt")),
];

/// Marks between words and labels.
pub(crate) const MARKS: &str = r#"[\s*_`"'“”‘’«»$]"#;

/// What is no letter. Letters of either case are letters: to fold the case of so many costs more than the rest of a
/// pattern, each time the program starts.
const NO_LETTER: &str = r"(?-i:[^\p{L}])";

/// What a file says.
#[derive(Debug)]
pub(crate) struct Language {
    text: &'static str,
    /// Words are written with spaces between them.
    pub(crate) spaced: bool,
    /// An unknown word before the noun makes another answer of it.
    pub(crate) strict: bool,
    lead_in: OnceLock<Regex>,
    denied: OnceLock<Regex>,
    doubt: OnceLock<Regex>,
    contrast: OnceLock<Regex>,
    yes: OnceLock<Regex>,
    filler: OnceLock<Regex>,
}

impl Language {
    fn of(text: &'static str) -> Self {
        let mut language = Self {
            text,
            spaced: true,
            strict: false,
            lead_in: OnceLock::new(),
            denied: OnceLock::new(),
            doubt: OnceLock::new(),
            contrast: OnceLock::new(),
            yes: OnceLock::new(),
            filler: OnceLock::new(),
        };
        language.spaced = !language.has("spaced", "no");
        language.strict = language.has("strict", "yes");
        language
    }

    /// The values of `key`.
    pub(crate) fn values(&self, key: &str) -> impl Iterator<Item = &'static str> + use<'_> {
        let line = self.text.lines().find_map(|line| {
            let (name, values) = line.split_once(" = ")?;
            (name == key).then_some(values)
        });
        line.into_iter().flat_map(|line| line.split(" | "))
    }

    pub(crate) fn has(&self, key: &str, word: &str) -> bool {
        self.values(key).any(|value| value == word)
    }

    /// Whether it is read in every text: English, and what is known by its letters.
    fn is_always_read(&self) -> bool {
        self.has("common", "the") || self.values("common").next().is_none()
    }

    /// The values of `key` as one group of a pattern; one that matches nothing where there are none.
    fn group(&self, key: &str) -> String {
        let values: Vec<&str> = self.values(key).collect();
        if values.is_empty() {
            r"[^\s\S]".to_owned()
        } else {
            format!("(?:{})", values.join("|"))
        }
    }

    /// From the end of the noun to the beginning of the answer.
    pub(crate) fn lead_in(&self) -> &Regex {
        self.lead_in.get_or_init(|| {
            let (after, verb, filler) =
                (self.group("after"), self.group("verb"), self.group("filler"));
            let end = self.word_end();
            let colon = r"(?:[:：=→⇒】]|->|=>|[-–—][\ \t]|\|)";
            let bare = if self.has("bare", "yes") { r"|\s" } else { "" };
            compiled(&format!(
                r"^(?:[\s,]{{0,3}}{after}{end}){{0,3}}{MARKS}{{0,8}}(?:{colon}|{verb}{end}(?:{MARKS}{{0,4}}[:：])?{bare})(?:{MARKS}{{0,8}}[,:：]?{MARKS}{{0,4}}{filler}{end}){{0,4}}(?:{MARKS}{{0,4}}[:：>])?{MARKS}{{0,8}}"
            ))
        })
    }

    /// The same for a statement that denies what follows.
    pub(crate) fn denied(&self) -> &Regex {
        self.denied.get_or_init(|| {
            let (after, denied) = (self.group("after"), self.group("denied"));
            let end = self.word_end();
            compiled(&format!(
                r"^(?:\s{{0,3}}{after}{end}){{0,3}}{MARKS}{{0,4}}{denied}{end}"
            ))
        })
    }

    /// What may stand between a lead and the answer.
    pub(crate) fn filler(&self) -> &Regex {
        self.filler.get_or_init(|| {
            let filler = self.group("filler");
            let end = self.word_end();
            let colon = "[,:：，、]?";
            compiled(&format!(
                r"^{colon}{MARKS}{{0,8}}(?:{filler}{end}{colon}{MARKS}{{0,8}}){{0,3}}"
            ))
        })
    }

    pub(crate) fn doubt(&self) -> &Regex {
        self.doubt.get_or_init(|| self.anywhere("doubt"))
    }

    pub(crate) fn contrast(&self) -> &Regex {
        self.contrast.get_or_init(|| self.anywhere("contrast"))
    }

    /// At the beginning.
    pub(crate) fn yes(&self) -> &Regex {
        self.yes.get_or_init(|| {
            let (yes, end) = (self.group("yes"), self.word_end());
            compiled(&format!(r"^{MARKS}{{0,4}}{yes}{end}"))
        })
    }

    fn anywhere(&self, key: &str) -> Regex {
        let group = self.group(key);
        if self.spaced {
            compiled(&format!(r"(?:^|{NO_LETTER}){group}(?:$|{NO_LETTER})"))
        } else {
            compiled(&group)
        }
    }

    fn word_end(&self) -> &'static str {
        if self.spaced { r"(?:\b|$)" } else { "" }
    }
}

/// Every language.
pub(crate) static LANGUAGES: LazyLock<Vec<Language>> =
    LazyLock::new(|| FILES.iter().map(|(_, text)| Language::of(text)).collect());

fn compiled(pattern: &str) -> Regex {
    Regex::new(&format!("(?i){pattern}"))
        .expect("the languages are fixed and the tests compile them")
}

/// Which languages `text` may be in, in the order of [`LANGUAGES`]: those of which it holds a common word, and those that
/// are always read.
pub(crate) fn spoken(text: &str) -> Vec<bool> {
    static COMMON: LazyLock<HashMap<&str, Vec<usize>>> = LazyLock::new(|| {
        let mut common: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, language) in LANGUAGES.iter().enumerate() {
            for word in language.values("common") {
                common.entry(word).or_default().push(at);
            }
        }
        common
    });
    let mut spoken: Vec<bool> = LANGUAGES.iter().map(Language::is_always_read).collect();
    for word in text.split(|c: char| !c.is_alphabetic()) {
        // No common word is that long, and a text may be one word.
        if word.is_empty() || word.len() > 32 {
            continue;
        }
        for &at in COMMON
            .get(word.to_lowercase().as_str())
            .into_iter()
            .flatten()
        {
            spoken[at] = true;
        }
    }
    spoken
}

/// The values of `key` in all languages, where words are spaced with `after` or the end behind them.
fn union(key: &str, after: &str) -> String {
    let of = |spaced: bool| {
        let these = LANGUAGES
            .iter()
            .filter(|language| language.spaced == spaced);
        these
            .map(|language| language.group(key))
            .collect::<Vec<_>>()
            .join("|")
    };
    format!("(?:(?:{})(?:$|{after})|{})", of(true), of(false))
}

/// Whether what stands right before an option denies it: "not", "nicht", "除了".
pub(crate) fn denies(before: &str) -> bool {
    static NOT: LazyLock<Regex> = LazyLock::new(|| {
        let (not, filler) = (union("not", MARKS), union("filler", MARKS));
        let article = "(?:the|a|an|be|by|for|to|is|es|est|è|é|ist|är|jest|ser|être|essere|adalah|là|der|die|das|la|le|el|il|o|het|de|option)";
        compiled(&format!(
            r"(?:(?:^|{NO_LETTER}){not}|n't{NO_LETTER}|(?:不是|不选|并非|除了|而不是|而非|排除|不能选|没有|ไม่ใช่|ยกเว้น))[\s*_`\x22'$(\[]{{0,4}}(?:(?:{article}|{filler})[\s*_`\x22'$(\[]{{1,4}}){{0,2}}$"
        ))
    });
    NOT.is_match(before)
}

/// Whether what follows an option denies it: "is wrong", "ist falsch", "错误".
pub(crate) fn refutes(after: &str) -> bool {
    static REFUTED: LazyLock<Regex> = LazyLock::new(|| {
        let groups: Vec<String> = LANGUAGES
            .iter()
            .map(|language| language.group("refuted"))
            .collect();
        compiled(&format!(
            r"^[*_`\x22'$)\]\s]{{0,6}}(?:{})",
            groups.join("|")
        ))
    });
    static VERDICT: LazyLock<Regex> = LazyLock::new(|| {
        compiled(
            r"^[*_`\x22')\]\s]{0,4}[.:–—,(=-]?[\s*_(]{0,4}(?:❌|✗|✘|×|(?:(?:is )?(?:incorrect|wrong|false|untrue|ruled out|eliminated|falsch|faux|incorrecto|incorrecta|sbagliato|errado|incorreto|onjuist|fout|fel|błędna|yanlış|salah|sai|неверно|неправильно|خطأ|गलत)[\s*_)]{0,3}(?:$|[.,;!\n(✗❌]|because|since|as\b|weil|car\b|porque)|错误|錯誤|不对|間違い|오답|틀림))",
        )
    });
    REFUTED.is_match(after) || VERDICT.is_match(after)
}

/// Whether what follows an option affirms it: "is the most likely", "fits best", "正确".
pub(crate) fn affirms(after: &str) -> bool {
    static AFFIRMED: LazyLock<Regex> = LazyLock::new(|| {
        let groups: Vec<String> = LANGUAGES
            .iter()
            .map(|language| language.group("affirmed"))
            .collect();
        compiled(&format!(
            r"^[*_`\x22'$)\]\s]{{0,6}}(?:{})",
            groups.join("|")
        ))
    });
    AFFIRMED.is_match(after) && !refutes(after)
}

/// Most turns that are read.
const TURNS: usize = 64;

/// Where the words end that take back what was said before, as in "No, wait: B"; in order.
pub(crate) fn turns(text: &str) -> Vec<usize> {
    static TURN: LazyLock<Regex> = LazyLock::new(|| {
        let groups = |spaced: bool| {
            let these = LANGUAGES
                .iter()
                .filter(|language| language.spaced == spaced);
            let groups: Vec<String> = these.map(|language| language.group("turn")).collect();
            groups.join("|")
        };
        // A word that takes back opens a clause.
        compiled(&format!(
            r"(?:^|[.,:;!?…–—\-(\[*_\n。，、！？；：（।،؟])[\s*_(\[]{{0,4}}(?:(?:and|but|oh|hmm|ah|ach|eh|ну|а)[\s,]{{1,3}})?(?:(?:{})|(?:{}))",
            groups(true),
            groups(false)
        ))
    });
    TURN.find_iter(text)
        .take(TURNS)
        .map(|found| found.end())
        .collect()
}

/// How long the words are that may stand between a turn and the answer: "it is", "should be", "anzi".
pub(crate) fn after_turn(text: &str) -> usize {
    static FILLED: LazyLock<Regex> = LazyLock::new(|| {
        let of = |key: &str| union(key, r"[\s*_:：,.…!，、]");
        compiled(&format!(
            r"^(?:[\s,;:.!…–—\-*_(\[：，、。]{{0,8}}(?:{}|{}|{}|{}|(?:and|but|that|this|still|rather|should be|i meant?|i mean|make it|change it to|changed to|it should be)[\s:,]))*",
            of("filler"),
            of("verb"),
            of("lead"),
            of("turn"),
        ))
    });
    let reach = cleanbench_text::scan::window(text, 0, 160);
    let end = FILLED.find(reach).map_or(0, |found| found.end());
    let marks = [
        ' ', ',', ';', ':', '.', '!', '…', '–', '—', '-', '：', '，', '、', '。', '\n',
    ];
    text.len() - text[end..].trim_start_matches(marks).len()
}

/// How long the word is that joins two options at the beginning of `text`; 0 where there is none.
pub(crate) fn joint(text: &str) -> usize {
    static OR: LazyLock<Regex> = LazyLock::new(|| {
        let of = |spaced: bool| {
            let these = LANGUAGES
                .iter()
                .filter(|language| language.spaced == spaced);
            let groups: Vec<String> = these.map(|language| language.group("or")).collect();
            groups.join("|")
        };
        compiled(&format!(
            r"^(?:(?:{})[\s*_(\[]|(?:{})|[/&|+∧∨、])",
            of(true),
            of(false)
        ))
    });
    // A capital that stands alone is a label, not the "e" or "i" of a language.
    let mut first = text.chars();
    let label = first.next().is_some_and(|c| c.is_ascii_uppercase())
        && !first.next().is_some_and(char::is_alphabetic);
    OR.find(text)
        .filter(|_| !label)
        .map_or(0, |found| found.end())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 24] = [
        "common", "turn", "affirmed", "post", "spaced", "strict", "noun", "plural", "weak", "det",
        "right", "wrong", "after", "verb", "denied", "filler", "bare", "lead", "doubt", "contrast",
        "not", "refuted", "or", "yes",
    ];

    #[test]
    fn every_file_holds_known_keys_and_patterns_that_compile() {
        for (name, text) in FILES {
            for line in text.lines() {
                let key = line.split_once(" = ").map(|(key, _)| key);
                assert!(key.is_some_and(|key| KEYS.contains(&key)), "{name}: {line}");
            }
        }
        for language in LANGUAGES.iter() {
            assert!(language.values("noun").next().is_some());
            for pattern in [
                language.lead_in(),
                language.denied(),
                language.filler(),
                language.doubt(),
                language.contrast(),
                language.yes(),
            ] {
                assert!(pattern.captures_len() == 1, "{pattern}");
            }
        }
    }

    #[test]
    fn what_denies_an_option() {
        for before in [
            "it is not ",
            "not the ",
            "isn't ",
            "nicht ",
            "n'est pas ",
            "除了",
        ] {
            assert!(denies(before), "{before}");
        }
        for before in ["it is ", "note ", "so ", "knot "] {
            assert!(!denies(before), "{before}");
        }
        for after in [
            " is wrong",
            " ist falsch",
            " est fausse",
            "是错的",
            ": incorrect",
            "は間違い",
            " только если",
        ] {
            assert!(refutes(after), "{after}");
        }
        for after in [
            " is correct",
            ", not B",
            ". No other fits",
            "",
            "입니다",
            "です",
        ] {
            assert!(!refutes(after), "{after}");
        }
        assert!(joint("or B") > 0 && joint("oraz C") > 0 && joint("和C") > 0);
        assert_eq!(joint("other"), 0);
    }
}
