//! An answer that is changed after it was given, in words that are no turn of their own: "Hmm, A.", "It should be A.",
//! "That was wrong. A."
//!
//! A clause names the new answer only where it is an option and nothing else, after words that lead it in, or where it
//! says that the option is right. A question ("Hmm, C?"), a list and what other people say name none.
//!
//! Invariant: one pass over at most [`MOST`] clauses. It refuses to choose among more than two.

use super::label::Style;
use super::options::{Options, Reading, SEVERAL};
use super::whole;
use crate::languages::{affirms, refutes};
use cleanbench_text::scan::window;

/// Most clauses that are read.
const MOST: usize = 120;

/// Words that are a clause of their own, after which a new answer may stand.
const TURNS: &str = "hmm|hm|er|uh|um|erm|no|nope|nah|rather|or rather|actually|oops|updated|update|revised|corrected|\
    thinking again|thinking about it again|on reflection|upon reflection|on further reflection|after reflection|\
    after checking again|after checking|after rechecking|after double-checking|after reconsidering|after review|\
    on closer inspection|on closer look|on second thought|on second thoughts|looking again|my mistake|i was wrong|i mean|\
    nein|quatsch|stopp|halt|moment|doch|ach|nie|jednak|non|pardon|plutôt|mejor dicho|perdón|anzi|scusa|nee|wacht|nej|нет|\
    вернее|точнее|ne|não|aliás|hayır|bukan|không";

/// Words before the new answer in its clause.
const LEADS: &str = "it should be|it must be|it should have been|it has to be|that should be|should be|must be|make that|make it|\
    rather|updated|i'll change it to|i change it to|change that to|no|nein doch|doch|es ist doch|es muss|jednak|nie jednak|\
    mais plutôt|plutôt|mejor|вернее|точнее";

/// Words before it that say nothing new where nothing was taken back.
const WEAK: &str = "so|then|thus|therefore|hence|it is|it's|yes|the answer is|also|es ist|ist|c'est|es|è|jest|это|and so|so it is|\
    so it's|then it is|hmm|oh";

/// Parts of a sentence by which what was said is taken back.
const RETRACTIONS: &str = "can't be right|cannot be right|isn't right|is not right|that's wrong|that is wrong|\
    that was wrong|i was wrong|that's not right|i got that wrong|double-check|double check|recheck|check again|\
    think again|das stimmt nicht|das war falsch|oops";

/// A clause, and where it ends.
struct Clause<'a> {
    text: &'a str,
    end: usize,
    mark: Option<char>,
}

/// What the answer is changed to in `rest`, which follows `named`.
pub(super) fn revised(rest: &str, named: usize, options: &Options) -> Option<Reading> {
    let mut reader = Reader::default();
    for clause in clauses(rest).take(MOST) {
        reader.take(rest, &clause, options);
    }
    let last = reader.found.last().copied()?;
    let mut different: Vec<usize> = reader.found;
    different.push(named);
    different.sort_unstable();
    different.dedup();
    if different.len() > 3 {
        return Some(Err(SEVERAL));
    }
    (!options.same(last, named)).then_some(Ok(last))
}

/// What has been read so far.
#[derive(Default)]
struct Reader {
    /// The clause before was a turn, and this mark stood behind it.
    turned: Option<char>,
    /// Something took back what was said.
    taken_back: bool,
    found: Vec<usize>,
}

impl Reader {
    fn take(&mut self, rest: &str, clause: &Clause<'_>, options: &Options) {
        let bare = clause
            .text
            .trim_matches([' ', '*', '_', '"', '(', ')', '\t']);
        if bare.is_empty() {
            return;
        }
        let folded = window(bare, 0, 120).to_lowercase().replace('’', "'");
        if let Some(found) = self.named(rest, clause, bare, &folded, options) {
            self.found.push(found);
            self.turned = None;
            return;
        }
        self.taken_back |=
            RETRACTIONS.split('|').any(|part| folded.contains(part)) || folded == "hmm";
        let turn = TURNS.split('|').any(|word| word == folded);
        let passes = turn && clause.mark != Some('?');
        self.turned = passes.then_some(clause.mark.unwrap_or('\n'));
    }

    /// The option that a clause names as the new answer.
    fn named(
        &self,
        rest: &str,
        clause: &Clause<'_>,
        bare: &str,
        folded: &str,
        options: &Options,
    ) -> Option<usize> {
        let strong = led(bare, folded, LEADS);
        let weak = led(bare, folded, WEAK);
        let own = strong.or(weak).unwrap_or(bare).trim_start();
        let ready = strong.is_some() || self.taken_back || self.turned.is_some();
        if !ready || matches!(clause.mark, Some('?' | '？')) {
            return None;
        }
        let ends = matches!(clause.mark, None | Some('.' | '!' | '\n' | ';' | '。'));
        let behind = rest.get(clause.end..).unwrap_or_default();
        let last = behind.trim_start_matches(['.', '!', '*', ' ']);
        let line_ends = last.is_empty() || last.starts_with('\n');
        let close = matches!(self.turned, Some(',' | ':' | '—' | '–' | '-' | '…'));
        if let Some(named) = whole(own, options) {
            let small = options
                .label_at(own, 0)
                .is_some_and(|label| label.name.is_small());
            let led = strong.is_some() || weak.is_some() && self.taken_back || close;
            let at = rest.floor_char_boundary(clause.end.saturating_sub(own.len()));
            let reasoned = options
                .label_at(rest, at)
                .is_some_and(|label| label.style == Style::Reasoned);
            let stands = led && (ends || reasoned)
                || strong.is_some() && clause.mark == Some(',')
                || (self.taken_back || self.turned.is_some()) && line_ends;
            return named.ok().filter(|_| stands && !small);
        }
        let label = options
            .label_at(own, 0)
            .filter(|label| !label.name.is_small())?;
        let after = window(own, label.end, 64);
        (affirms(after) && !refutes(after))
            .then(|| options.by_label(&label).ok())
            .flatten()
    }
}

/// What follows one of `words` with which a clause begins.
fn led<'a>(bare: &'a str, folded: &str, words: &str) -> Option<&'a str> {
    let longest = words
        .split('|')
        .filter(|word| {
            folded
                .strip_prefix(word)
                .is_some_and(|rest| rest.starts_with(' '))
        })
        .max_by_key(|word| word.len())?;
    bare.get(longest.len()..)
}

/// The clauses of `text`, in order; a dash between spaces divides them too.
fn clauses(text: &str) -> impl Iterator<Item = Clause<'_>> {
    const MARKS: [char; 17] = [
        '.', '!', '?', ';', ',', ':', '\n', '—', '–', '…', '。', '，', '：', '！', '？', '؟', '،',
    ];
    let mut from = 0;
    std::iter::from_fn(move || {
        if from >= text.len() {
            return None;
        }
        let rest = &text[from..];
        let end = rest.find(MARKS).unwrap_or(rest.len());
        let end = rest[..end].find(" - ").map_or(end, |dash| dash + 1);
        let mark = rest[end..].chars().next();
        let clause = Clause {
            text: &rest[..end],
            end: from + end,
            mark,
        };
        from += end + mark.map_or(1, char::len_utf8);
        Some(clause)
    })
}
