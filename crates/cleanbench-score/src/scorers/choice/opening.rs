//! An answer that opens with an option.
//!
//! Invariant: linear in the length of the text. It refuses an opening after which other options are discussed in the
//! same way, or another is concluded on.

use super::label::{Label, Name, Style};
use super::options::{BEYOND, NO_CHOICE, Options, Reading, SEVERAL};
use super::stated::{changed, corrected, past};
use super::{
    Read, after_label, by, concluded, is_rest_empty, labels, lists_on, read_label, rest_of_line,
};
use crate::languages::{affirms, refutes};
use cleanbench_text::scan::window;

/// A label or a text with which the answer opens.
pub(super) fn opening(start: &str, text: &str, options: &Options) -> Option<Read> {
    let start = start.trim_start();
    let label = options.label_at(start, 0);
    let label = label
        .filter(|label| (opens(label) || has_aside(start, label)) && !is_described(start, label))
        .filter(|label| !is_one_of_several(start, label, options));
    let read = match label {
        Some(label) if !options.begins(rest_of_line(start, 0, options)) => {
            opening_label(start, &label, options)
        }
        _ => None,
    };
    let reading = read.or_else(|| opening_text(start, options))?;
    let after = past(start, 0, options);
    if let Some(changed) = changed(&start[after..], reading, options) {
        return Some(by("corrected")(changed));
    }
    if let Some(turned) = corrected(start, after, options)
        && turned != reading
    {
        return Some(by("corrected")(turned));
    }
    if reading.is_ok_and(|named| discusses_others(start, named, options)) {
        return None;
    }
    let last = concluded(text, 0, options).and_then(Result::ok);
    Some(by("opening")(match (reading, last) {
        (Ok(first), Some(last)) if !options.same(first, last) => Err(SEVERAL),
        (reading, _) => reading,
    }))
}

/// Whether a later sentence opens with another option, as where each is discussed in turn.
fn discusses_others(text: &str, named: usize, options: &Options) -> bool {
    let mut from = 0;
    let mut firm = false;
    for (at, end) in sentences(text).enumerate() {
        let sentence = text[from..end].trim_start_matches([' ', '\n', '*', '_', '-', '•', '"']);
        let first = at == 0;
        from = end;
        if first {
            firm = stands_alone(sentence, options);
            continue;
        }
        let label = options
            .label_at(sentence, 0)
            .filter(|label| !label.name.is_small());
        if let Some(label) = label {
            let other = options
                .by_label(&label)
                .is_ok_and(|other| !options.same(other, named));
            let set_off =
                matches!(label.style, Style::Bracketed | Style::Punctuated) || label.named;
            let denied = refutes(window(sentence, label.end, 64));
            if other && !denied && (set_off || !firm || affirms(&sentence[label.end..])) {
                return true;
            }
            continue;
        }
        let other = options.text_at_start(sentence);
        if other.is_some_and(|(other, after)| {
            !firm && !options.same(other, named) && !refutes(window(after, 0, 64))
        }) {
            return true;
        }
    }
    false
}

/// Whether a sentence is an option's label, its text or both, or gives a reason for one.
fn stands_alone(sentence: &str, options: &Options) -> bool {
    let sentence = sentence.trim();
    let Some(label) = options.label_at(sentence, 0) else {
        return options.text_at_start(sentence).is_some_and(|(_, after)| {
            let after = after.trim_start_matches(['*', '_', '"', '\'']);
            is_rest_empty(after) || after.starts_with(['.', ',', ';', '!', '—', '–'])
        });
    };
    let own = after_label(sentence, &label);
    is_rest_empty(own)
        || matches!(label.style, Style::Reasoned | Style::Emphasised)
        || options.text_at_start(own).is_some()
}

/// Where the sentences of `text` end.
pub(super) fn sentences(text: &str) -> impl Iterator<Item = usize> + '_ {
    let ends = text.char_indices().filter_map(|(at, character)| {
        let end = at + character.len_utf8();
        let spaced = text[end..].starts_with(char::is_whitespace);
        // The full stop of "A." ends no sentence.
        let label = at < 2 || text[..at].ends_with(|c: char| c.is_ascii_uppercase());
        let short = label
            && text[..at]
                .chars()
                .rev()
                .nth(1)
                .is_none_or(|c| !c.is_alphanumeric());
        match character {
            '.' | '!' | '?' => spaced && !short,
            '\n' | '。' | '！' | '？' | ';' => true,
            _ => false,
        }
        .then_some(end)
    });
    ends.chain(std::iter::once(text.len()))
}

fn opening_label(text: &str, label: &Label, options: &Options) -> Option<Reading> {
    if lists_others(text, label.name, options)
        || is_refuted(text, label, options)
        || lists_on_line(text, label, options)
    {
        return None;
    }
    match read_label(text, label, options) {
        // "J. Smith says" with four options is a name; "J) all of them" is a letter.
        Err(BEYOND | NO_CHOICE) if label.style != Style::Bracketed => None,
        Err(NO_CHOICE) => None,
        reading => Some(reading),
    }
}

/// Whether what follows a label denies it; its own text, which may be "False", does not.
fn is_refuted(text: &str, label: &Label, options: &Options) -> bool {
    let own = options.text_at_start(after_label(text, label));
    let named = options.by_label(label).ok();
    let own = own.filter(|(position, _)| Some(*position) == named);
    refutes(own.map_or(window(text, label.end, 64), |(_, after)| {
        window(after, 0, 64)
    }))
}

/// Whether another label follows the text of the first, as where the options are repeated on one line.
fn lists_on_line(text: &str, label: &Label, options: &Options) -> bool {
    let own = options.text_at_start(after_label(text, label));
    own.is_some_and(|(_, after)| {
        let after = after.trim_start_matches([' ', ',', ';', '\n']);
        options.label_at(after, 0).is_some_and(|other| {
            matches!(other.style, Style::Bracketed | Style::Punctuated)
                && other.name != label.name
                && other.name != Name::Number(1)
        })
    })
}

fn opens(label: &Label) -> bool {
    match label.style {
        Style::Bracketed => true,
        Style::Bare => label.named || label.affirmed && !label.name.is_small(),
        _ => matches!(label.name, Name::Letter('A'..='Z') | Name::Letters(_)) || label.named,
    }
}

/// Whether nothing but an aside follows a capital: "C (confidence: 0.92)".
fn has_aside(text: &str, label: &Label) -> bool {
    let rest = text[label.end..].trim_start_matches(' ');
    let capital = matches!(label.name, Name::Letter('B'..='H' | 'J'..='Z'));
    capital && label.style == Style::Bare && rest.starts_with('(') && rest.trim_end().ends_with(')')
}

/// Whether others are spoken of behind an option of which nothing says that it is right: "Option A is good, and B is too".
fn is_one_of_several(text: &str, label: &Label, options: &Options) -> bool {
    let plain = label.named && label.style == Style::Bare && !label.affirmed;
    let rivals = || labels(window(text, label.end, 400), options, false).rivals;
    plain
        && options
            .by_label(label)
            .is_ok_and(|named| rivals().iter().any(|other| !options.same(*other, named)))
}

/// Whether it is told what an option says, as in "Option B says Lima".
fn is_described(text: &str, label: &Label) -> bool {
    const VERBS: &str = "says states claims mentions describes refers reads suggests means lists talks represents \
        names proposes";
    let word = text[label.end..]
        .trim_start()
        .split(|c: char| !c.is_alphabetic())
        .next();
    label.named && word.is_some_and(|word| VERBS.split(' ').any(|verb| verb == word))
}

/// Whether another line opens with another label, as where the options are repeated.
fn lists_others(text: &str, name: Name, options: &Options) -> bool {
    let first = options
        .label_at(text, 0)
        .map_or("", |label| &text[label.end..]);
    let own = first.lines().next().unwrap_or_default();
    // A line that goes on in words of its own is an answer; one that is the option's text may be a repeated list.
    let repeats = options
        .by_text(own.trim_start_matches([')', '.', ':', ' ', '*']))
        .is_some();
    let mut others = text.lines().skip(1).filter(|line| {
        options.label_at(line, 0).is_some_and(|label| {
            matches!(label.style, Style::Bracketed | Style::Punctuated)
                && matches!(label.name, Name::Letter('A'..='Z'))
                && label.name != name
                && !refutes(window(line, label.end, 64))
        })
    });
    let is_alone = is_rest_empty(own);
    if is_alone {
        false
    } else {
        others.next().is_some() && (repeats || !own.is_empty())
    }
}

/// An option's text with which the answer opens, set off by punctuation or a reason.
fn opening_text(text: &str, options: &Options) -> Option<Reading> {
    let bare = text.trim_start_matches(['*', '_', '"', '\'', '`', ' ', '>', '#', '“', '‘']);
    let (named, after) = options.text_at_start(bare)?;
    let after = after.trim_start_matches(['*', '_', '"', '\'', '`', '”', '’']);
    let word = after.trim_start();
    let reasons = [
        "because", "since", "as ", "for ", "due", "weil", "car ", "porque",
    ];
    let set_off = after.starts_with([
        '.', ',', ';', ':', '!', '\n', '。', '，', '：', '！', '—', '–',
    ]) || word.starts_with(['(', '-', '–', '—', '（', '\n', '✓', '✅'])
        || reasons.iter().any(|reason| word.starts_with(reason));
    let single = bare.len() - after.len() < 2;
    if !set_off || single || refutes(window(after, 0, 64)) {
        return None;
    }
    let rest = after.trim_start_matches([' ', '.', ',', ';', ':', '!', '\n', '-', '–', '—']);
    if lists_on(rest, options) || other_lines_open(after, named, options) {
        return Some(Err(SEVERAL));
    }
    Some(Ok(named))
}

/// Whether a later line opens with another option's text that is set off, as where each option is discussed.
fn other_lines_open(rest: &str, named: usize, options: &Options) -> bool {
    rest.lines().skip(1).any(|line| {
        let line = line.trim_start_matches([' ', '*', '_', '-', '"']);
        options.text_at_start(line).is_some_and(|(other, after)| {
            let after = after.trim_start_matches(['*', '_', '"']);
            let set_off = after.trim().is_empty()
                || after.starts_with([':', ',', '.', '!', ';'])
                || after.starts_with(" -");
            set_off && !options.same(other, named)
        })
    })
}
