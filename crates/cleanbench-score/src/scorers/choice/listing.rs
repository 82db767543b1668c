//! Options that an answer goes through one by one, where it stops among them: "A. red: too warm. B. green:".
//!
//! The option at which it stops is not its answer.
//!
//! Invariant: one pass over the sentences. It refuses to see a list in a single option, unless the answer said that it
//! would go through them.

use std::sync::LazyLock;

use regex::Regex;

use super::after_label;
use super::label::Style;
use super::opening::sentences;
use super::options::Options;
use cleanbench_text::scan::{is_blank, window};

/// What says that the options are gone through.
static ANNOUNCED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?ix) \b(?:consider|analy[sz]|examin|evaluat|assess|review|discuss|weigh|(?:go|going|work|working)\ (?:through|over)|look(?:ing)?\ at|check)
            \w*\b[^.!?\n]{0,40}\b(?:options?|choices|answers|alternatives|possibilities)\b
        | \b(?:options?|choices?|answers|each|them)\b[^.!?\n]{0,24}\b(?:one\ by\ one|in\ turn|individually|one\ at\ a\ time)\b
        | \b(?:betrachte|prüfe|analysiere|untersuche|gehe)\w*\b[^.!?\n]{0,40}(?:option|antwort|möglichkeit)
        | \b(?:examin|analys|considér|passons|étudi|regard)\w*\b[^.!?\n]{0,40}(?:option|proposition|réponse|choix)
        | \b(?:analic|analiz|consider|veamos|examin|revis|repas)\w*\b[^.!?\n]{0,40}(?:opci|opzion|respuesta|rispost|alternativ)
        | \b(?:analis|vejamos|consider)\w*\b[^.!?\n]{0,40}(?:opç|opc|alternativa|resposta)
        | \b(?:bekijk|besprek|beoordel|loop|overweg)\w*\b[^.!?\n]{0,40}(?:optie|antwoord)
        | \b(?:rozważ|przeanaliz|sprawdź|omów)\w*[^.!?\n]{0,40}(?:opcj|odpowied) | \b(?:gå|granska|överväg)\w*\b[^.!?\n]{0,40}(?:alternativ|svar)
        | (?:рассмотр|разбер|проанализ|провер|оцени)\p{L}*[^.!?\n]{0,40}(?:вариант|ответ)
        | (?:分析|逐一|逐个|逐項|依次|来看)[^。！？\n]{0,12}(?:选项|選項) | (?:选项|選項)[^。！？\n]{0,8}(?:逐一|逐个|依次|分析)
        | 選択肢[^。！？\n]{0,12}(?:順|ずつ|検討|見て) | (?:보기|선택지)[^.!?\n]{0,16}(?:하나씩|차례|살펴)",
    )
    .expect("the pattern is fixed and its tests compile it")
});

/// An option under which something is said of it.
struct Item {
    position: usize,
    /// Nothing stands behind it, or a colon or a dash.
    is_bare: bool,
    is_head: bool,
}

/// Whether `text` ends among options that it goes through: with the head of one, with the next one alone, or before the
/// last one where it said that it would go through them.
pub(in crate::scorers) fn breaks_off(text: &str, options: &Options) -> bool {
    let mut items: Vec<Item> = Vec::new();
    let (mut from, mut announced) = (0, false);
    for end in sentences(text) {
        let sentence = &text[from..end];
        let start = std::mem::replace(&mut from, end);
        if is_blank(sentence) {
            continue;
        }
        let head = text[..start].trim_end().len();
        let tells = items.is_empty() && ANNOUNCED.is_match(window(sentence, 0, 300));
        announced |= tells;
        let behind = sentence.split_once([':', '：']).filter(|_| tells);
        let found = item(sentence, options).or_else(|| item(behind?.1, options));
        let parted = text[head..end].trim_end().matches('\n').count() > 1;
        if let Some(found) = found.as_ref().filter(|_| is_blank(&text[end..])) {
            let began = announced || !items.is_empty();
            let next = items.len() > 1 && found.is_bare && !parted;
            if began && found.is_head || next && follows_on(&items, found, options) {
                return true;
            }
        }
        items.extend(found);
    }
    let last = items.split_last();
    announced && last.is_some_and(|(last, before)| follows_on(before, last, options))
}

/// Whether options from the first on were spoken of, `next` is the one after them, and others are left.
fn follows_on(before: &[Item], next: &Item, options: &Options) -> bool {
    let in_order = before
        .iter()
        .enumerate()
        .all(|(at, item)| item.position == at);
    let spoken_of = before.iter().all(|item| !item.is_bare || item.is_head);
    in_order && spoken_of && next.position == before.len() && next.position + 1 < options.count()
}

/// The option with which a sentence begins as an item of a list does.
fn item(sentence: &str, options: &Options) -> Option<Item> {
    let sentence = sentence
        .trim()
        .trim_start_matches(['-', '*', '•', '#', '>', '_', ' ']);
    let label = options.label_at(sentence, 0).filter(|label| {
        let set_off = matches!(label.style, Style::Bracketed | Style::Punctuated) || label.named;
        set_off && !label.name.is_small()
    });
    let (position, rest) = match label {
        Some(label) => {
            let position = options.by_label(&label).ok()?;
            let own = after_label(sentence, &label);
            let own = options
                .text_at_start(own)
                .filter(|(same, _)| *same == position);
            let rest = own.map_or(&sentence[label.end..], |(_, after)| after);
            (position, rest)
        }
        None => options.text_at_start(sentence).filter(|(_, after)| {
            after
                .trim_start_matches(['*', '_'])
                .starts_with([':', '：'])
        })?,
    };
    let rest = rest.trim_matches(['*', '_', ' ', ')', ']', '.']);
    let is_head = !rest.is_empty() && rest.chars().all(|c| ":：-–— *_".contains(c));
    Some(Item {
        position,
        is_bare: rest.is_empty() || is_head,
        is_head,
    })
}
