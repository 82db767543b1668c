//! Verdicts on options in a row: "A: no. B: yes. C: no.", "Venus - correct; Mars - wrong", "A ✗ B ✓".
//!
//! Each clause begins with an option, and a word says of it whether it is right. What follows the row may only agree.
//!
//! Invariant: one pass over [`REACH`] bytes, and no more than as many may follow. It refuses a row in which none or several are right, or one is left open:
//! the last of a row is no answer because it stands last.

use super::label::Style;
use super::options::{NO_CHOICE, Options, Reading, SEVERAL};
use cleanbench_text::scan::window;

/// Bytes of a row that are read.
const REACH: usize = 1 << 13;

/// Verdicts in lower case.
const RIGHT: &str = "yes|correct|right|true|fits|works|matches|✓|✔|✅|☑|vrai|oui|correcte|juste|ja|wahr|richtig|stimmt|sí|si|\
    correcto|correcta|verdadero|verdadera|sì|vero|corretto|corretta|sim|verdadeiro|certo|correto|correta|waar|juist|goed|rätt|\
    sant|tak|prawda|poprawna|poprawne|doğru|evet|benar|đúng|да|верно|правильно|نعم|صحيح|सही|对|對|是|正确|正解|はい|예|맞음";
const WRONG: &str = "no|nope|not|false|wrong|incorrect|too|unlikely|impossible|never|out|eliminated|✗|✘|❌|✖|×|faux|fausse|non|\
    incorrecte|nein|falsch|nicht|incorrecto|incorrecta|falso|falsa|errado|errada|incorreto|incorreta|sbagliato|sbagliata|não|nee|\
    onwaar|onjuist|fout|nej|fel|falskt|nie|fałsz|błędna|błędne|yanlış|hayır|salah|tidak|sai|нет|неверно|неправильно|لا|خطأ|\
    गलत|नहीं|错|錯|否|错误|いいえ|아니오|틀림";
const OPEN: &str = "maybe|perhaps|possible|possibly|unsure|unclear|plausible|partly|partially|depends|probably|vielleicht|\
    peut-être|quizás|forse|talvez|misschien|może|может|возможно|likely";
/// Verdicts that are a whole clause.
const RIGHT_ALONE: &str = "1|y|t";
const WRONG_ALONE: &str = "0|n|f";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Right,
    Wrong,
    Open,
}

/// A row of verdicts, and where the text goes on after it.
struct Row {
    said: Vec<(usize, Verdict)>,
    end: usize,
    /// A clause opens with an option of which it does not say whether it is right.
    unknown: bool,
}

/// What the row says with which `text` begins, and what follows it.
pub(super) fn row<'a>(text: &'a str, options: &Options) -> Option<(Reading, &'a str)> {
    let row = read(window(text, 0, REACH), options);
    if text.len() - row.end > REACH {
        return None;
    }
    let right = || row.said.iter().filter(|(_, said)| *said == Verdict::Right);
    let rest = text[row.end..].trim();
    if let [(_, Verdict::Wrong)] = row.said[..]
        && rest.is_empty()
        && !row.unknown
        && is_plain(text, options)
    {
        return Some((Err(NO_CHOICE), rest));
    }
    if row.said.len() < 2 || row.unknown && rest.contains('\n') {
        return None;
    }
    let open = row.unknown || row.said.iter().any(|(_, said)| *said == Verdict::Open);
    let reading = match (right().count(), right().next()) {
        (1, Some((named, _))) if !open && row.said.len() > 1 => Ok(*named),
        (0, _) => Err(NO_CHOICE),
        _ => Err(SEVERAL),
    };
    Some((reading, rest))
}

/// Whether a text is a label, a colon or a full stop, and a few words that name no other: "D: not likely."
fn is_plain(text: &str, options: &Options) -> bool {
    let Some(label) = options.label_at(text, 0) else {
        return false;
    };
    let said = text[label.end..].trim_start_matches([' ', '*']);
    let most = if said.starts_with([':', '=']) { 3 } else { 1 };
    let named = said.char_indices().any(|(at, c)| {
        c.is_ascii_uppercase() && options.label_at(said, at).is_some_and(|_| at > 3)
    });
    said.starts_with([':', '=', '.'])
        && !named
        && said
            .split_whitespace()
            .skip_while(|word| word.len() < 2)
            .take(4)
            .count()
            <= most
}

fn read(text: &str, options: &Options) -> Row {
    let mut row = Row {
        said: Vec::new(),
        end: 0,
        unknown: false,
    };
    while let Some((named, at)) = head(text, row.end, options) {
        let end = at + clause(&text[at..], options);
        let words = text[at..end].trim();
        if options
            .by_text(words.trim_end_matches(['.', ',', ';']))
            .is_some()
        {
            // The options are repeated, or are verdicts themselves.
            row.said.clear();
            return row;
        }
        match verdict(words) {
            Some(said) => row.said.push((named, said)),
            None if row.said.is_empty() => return row,
            None => row.unknown = true,
        }
        row.end = end;
    }
    row
}

/// The option with which a clause at `from` begins, and where its verdict does.
fn head(text: &str, from: usize, options: &Options) -> Option<(usize, usize)> {
    const BEFORE: &[char] = &[' ', '\n', '\t', '-', '*', '•', '|', '_', ',', ';', '.', '/'];
    let rest = text[from..].trim_start_matches(BEFORE);
    let equal = rest
        .strip_prefix(|c: char| c.is_ascii_uppercase())
        .filter(|after| after.starts_with('='));
    let (named, after) = if let (Some(after), Some(letter)) = (equal, rest.chars().next()) {
        (options.by_letter(letter).ok()?, after)
    } else if let Some(label) = options.label_at(rest, 0) {
        if label.name.is_small() && label.style != Style::Bracketed {
            return None;
        }
        (options.by_label(&label).ok()?, &rest[label.end..])
    } else {
        options.text_at_start(rest)?
    };
    let own = after.trim_start_matches(['*', '_', ')', '.', ' ']);
    let own = options
        .text_at_start(own.trim_start_matches([':', ' ', '-']))
        .filter(|(same, _)| *same == named)
        .map_or(after, |(_, after)| after);
    let bare = own.trim_start_matches([' ', '*', '_', ')', '\u{a0}']);
    let said = bare.trim_start_matches([
        ':', '：', '=', '-', '–', '—', '.', '→', '(', '|', ' ', '*', '_', '\u{a0}',
    ]);
    let sign = bare.starts_with(SIGNS);
    let bracketed =
        own.len() < after.len() || rest.len() - after.len() > 1 && after.len() == own.len();
    let set_off = said.len() < bare.len() && !bare.starts_with(' ')
        || sign
        || bracketed && bare.len() < own.len();
    (set_off && !said.is_empty()).then(|| (named, text.len() - said.len()))
}

const SIGNS: [char; 9] = ['✓', '✔', '✅', '☑', '✗', '✘', '❌', '✖', '×'];

/// How long the clause is with which `text` begins.
fn clause(text: &str, options: &Options) -> usize {
    for (at, character) in text.char_indices() {
        let end = at + character.len_utf8();
        let rest = &text[end..];
        let ends = match character {
            '\n' | ';' | '；' | '。' | '|' | '/' => true,
            '.' | '!' => rest.is_empty() || rest.starts_with(char::is_whitespace),
            ',' | '，' | '、' | ')' => head(rest, 0, options).is_some(),
            _ => SIGNS.contains(&character) && head(rest, 0, options).is_some(),
        };
        if ends {
            return end;
        }
    }
    text.len()
}

/// What the words of a clause say.
fn verdict(words: &str) -> Option<Verdict> {
    let folded = window(words, 0, 200).to_lowercase();
    let is_part = |c: char| c.is_alphanumeric() || SIGNS.contains(&c) || c == '-' || c > '\u{300}';
    let words: Vec<&str> = folded
        .split(|c: char| !is_part(c) || c == '。' || c == '，')
        .filter(|word| !word.is_empty() && *word != "is" && *word != "\u{fe0f}")
        .collect();
    let first = words.first()?;
    if words.len() == 1 {
        if has(RIGHT_ALONE, first) {
            return Some(Verdict::Right);
        }
        if has(WRONG_ALONE, first) {
            return Some(Verdict::Wrong);
        }
    }
    let concluded =
        words.len() > 2 && ["so", "thus", "hence", "therefore"].contains(&words[words.len() - 2]);
    of_word(first.trim_end_matches('\u{fe0f}'))
        .or_else(|| concluded.then(|| of_word(words[words.len() - 1]))?)
}

fn of_word(word: &str) -> Option<Verdict> {
    if has(OPEN, word) {
        Some(Verdict::Open)
    } else if has(WRONG, word) {
        Some(Verdict::Wrong)
    } else if has(RIGHT, word) {
        Some(Verdict::Right)
    } else {
        None
    }
}

fn has(words: &str, word: &str) -> bool {
    words.split('|').any(|known| known == word)
}
