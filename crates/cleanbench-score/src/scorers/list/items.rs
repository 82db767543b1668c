//! The items that an answer lists.
//!
//! Invariant: linear in the length of the text. What the target's items look like decides only where a text may be
//! read in two ways: whether "salt and pepper" is one item, and whether what stands behind a colon belongs to it. It
//! refuses a sentence that lists nothing.

use std::collections::HashSet;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use crate::languages::denies;
use crate::scorers::choice::options::undecorated;
use crate::statement::{Found, Kind, found};
use crate::target;
use cleanbench_text::bullets::{bulleted, column, numbered_lines};
use cleanbench_text::dress::undress;
use cleanbench_text::json::find_value;
use cleanbench_text::scan::{fold_case, is_blank};

/// The items of a target, as they are compared.
#[derive(Debug)]
pub(super) struct Known {
    /// In lower case where case does not count.
    pub(super) items: HashSet<String>,
    pub(super) case: bool,
    /// Bytes of the longest.
    pub(super) longest: usize,
}

/// Bytes of an item before which words that lead it in are looked for.
const FAR: usize = 400;

impl Known {
    fn has(&self, item: &str) -> bool {
        if item.len() > 4 * self.longest + 64 {
            return false;
        }
        let item = undecorated(item);
        let item = if self.case { item } else { fold_case(&item) };
        self.items.contains(&item)
    }

    /// Most words of an item.
    fn words(&self) -> usize {
        let words = self
            .items
            .iter()
            .map(|item| item.split_whitespace().count());
        words.max().unwrap_or(0)
    }

    /// The known item with which `text` ends, behind words that lead it in, as in "I think it's fig".
    fn behind<'a>(&self, text: &'a str) -> &'a str {
        if text.len() > FAR || self.has(text) {
            return text;
        }
        let starts = text.char_indices().filter(|(_, c)| c.is_whitespace());
        let mut ends = starts.map(|(at, _)| text.split_at(at)).take(64);
        let found = ends.find(|(_, item)| self.has(item));
        let Some((before, item)) = found else {
            return text;
        };
        // Words that hold another item lead nothing in.
        let folded = fold_case(before);
        let other = self
            .items
            .iter()
            .take(64)
            .any(|item| folded.contains(item.as_str()));
        if other || folded.trim_end().ends_with(" but") || denies(&format!("{before} ")) {
            return text;
        }
        item.trim_start()
    }
}

/// The items that `text` lists.
pub(super) fn items(text: &str, known: &Known) -> Vec<String> {
    if let Some(items) = in_json(text) {
        return items;
    }
    let last = found(text).into_iter().rev().find(|found| {
        matches!(
            found.kind,
            Kind::Boxed | Kind::Tag | Kind::Stated | Kind::Plural
        ) && !is_blank(&text[found.at..])
    });
    match last {
        Some(last) if matches!(last.kind, Kind::Boxed | Kind::Tag) => {
            let inner = enclosed(text, &last);
            in_json(inner).unwrap_or_else(|| in_text(&undress(inner, true), known, true))
        }
        Some(last) => in_text(after(text, &last), known, true),
        None => in_text(text, known, false),
    }
}

/// What a statement leads in: its own line, or the bullets that begin there.
fn after<'a>(text: &'a str, last: &Found) -> &'a str {
    let rest = &text[last.at..];
    let start = text[..last.at].rfind('\n').map_or(0, |at| at + 1);
    // What leads in steps over a bullet.
    let from = if text[start..last.at].contains(|c: char| c.is_alphanumeric()) {
        rest
    } else {
        &text[start..]
    };
    let line = from.lines().next().unwrap_or_default();
    if start <= last.from && bulleted(line).is_empty() {
        line
    } else {
        from
    }
}

fn in_json(text: &str) -> Option<Vec<String>> {
    let value = find_value(text)?;
    let list = match &value {
        Value::Array(items) => items,
        Value::Object(object) => {
            let mut lists = object.values().filter_map(Value::as_array);
            lists.next().filter(|_| lists.next().is_none())?
        }
        _ => return None,
    };
    let text_of = |item: &Value| target::text_of(item).unwrap_or_else(|| item.to_string());
    Some(list.iter().map(text_of).collect())
}

/// What stands in braces or between tags.
fn enclosed<'a>(text: &'a str, found: &Found) -> &'a str {
    let rest = &text[found.phrase..];
    if found.kind == Kind::Tag {
        return rest.split("</").next().unwrap_or(rest);
    }
    let mut depth = 0_usize;
    for (at, character) in rest.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => return &rest[..at],
            '}' => depth -= 1,
            _ => {}
        }
    }
    rest
}

/// The items in `text`, in which a statement leads where it is `led`.
fn in_text(text: &str, known: &Known, led: bool) -> Vec<String> {
    let bullets = bulleted(text);
    let marked = if bullets.is_empty() {
        column(text)
    } else {
        bullets
    };
    match marked[..] {
        [] => {}
        [only] => return heads(&numbered_on(only), known),
        _ => return heads(&marked, known),
    }
    let lines = text
        .lines()
        .filter(|line| !is_blank(line) && !line.trim_start().starts_with("```"));
    let lines: Vec<&str> = lines.collect();
    let numbered = numbered_lines(text);
    // "1 egg" may be an item: one egg.
    if !numbered.is_empty() && !lines.iter().any(|line| known.has(line)) {
        return heads(&numbered, known);
    }
    if let Some(items) = on_lines(&lines) {
        return items;
    }
    let items = on_line(of_list(&lines, known), known);
    let words = known.words() + 2;
    let prose = |item: &String| item.split_whitespace().nth(words).is_some();
    let listed = led || !items.iter().any(prose) || items.iter().any(|item| known.has(item));
    if listed { items } else { Vec::new() }
}

/// The parts of an item behind which the numbers go on: "fig 2) plum 3) sloe".
fn numbered_on(item: &str) -> Vec<&str> {
    static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"[,;]?\s\(?([0-9]{1,3})[.)]\s")
            .expect("the pattern is fixed and its tests compile it")
    });
    let mut from = 0;
    let mut parts = Vec::new();
    for found in NUMBER.captures_iter(item) {
        let (Some(whole), Some(number)) = (found.get(0), found.get(1)) else {
            break;
        };
        if number.as_str().parse() != Ok(parts.len() + 2) {
            break;
        }
        parts.push(&item[from..whole.start()]);
        from = whole.end();
    }
    parts.push(&item[from..]);
    parts
}

/// Items without what is said of each of them, as in "- apple: a fruit", where something is said of all or what is left
/// is known.
fn heads(marked: &[&str], known: &Known) -> Vec<String> {
    let some = marked.len() < 2 || marked.iter().any(|item| known.has(item));
    let all = marked.iter().all(|item| head(item).is_some());
    let shorten = |item: &&str| {
        let short = head(item).filter(|head| !some && all || !known.has(item) && known.has(head));
        undecorated(short.unwrap_or(item))
    };
    marked.iter().map(shorten).collect()
}

fn head(item: &str) -> Option<&str> {
    let ends = [": ", ":** ", " – ", " — ", " - ", "：", " ("];
    let at = ends.iter().filter_map(|end| item.find(end)).min()?;
    Some(&item[..at]).filter(|head| !is_blank(head))
}

/// Whether a line says something about a list and holds none.
fn is_remark(line: &str) -> bool {
    let line = line.trim_end_matches(['*', '_', ' ']);
    line.ends_with(':') || line.ends_with(['.', '!', '?', '。']) && line.split(' ').nth(3).is_some()
}

/// Lines that are one short item each, but for remarks before and after them.
fn on_lines(lines: &[&str]) -> Option<Vec<String>> {
    let is_item = |line: &&&str| !is_remark(line);
    let first = lines.iter().position(|line| is_item(&line))?;
    let last = lines.iter().rposition(|line| is_item(&line))?;
    let lines = &lines[first..=last];
    let plain = |line: &&str| {
        line.len() <= 80
            && line.split_whitespace().nth(6).is_none()
            && !line.contains([';', ',', '，', '、', '|', '→'])
            && !is_remark(line)
    };
    let several = lines.len() > 1 && lines.iter().all(plain);
    several.then(|| lines.iter().map(|line| undecorated(line)).collect())
}

/// The line that is the list: the last one, but for a remark behind it.
fn of_list<'a>(lines: &[&'a str], known: &Known) -> &'a str {
    let last = lines.last().copied().unwrap_or_default();
    let parts = |line: &str| divided(line).len() > 1;
    let listed = |line: &str| parts(line) || known.has(line);
    if !is_remark(last) || listed(last) {
        return last;
    }
    lines
        .iter()
        .rev()
        .copied()
        .find(|line| parts(line))
        .unwrap_or(last)
}

/// What may stand behind a list and is no item.
const ORDER: [&str; 3] = ["in that order", "in this order", "respectively"];

/// The items of one line.
fn on_line(line: &str, known: &Known) -> Vec<String> {
    let line = in_brackets(after_head(line.trim(), known));
    let mut parts = divided(line);
    parts.retain(|part| !ORDER.contains(&part.trim_matches([' ', '.'])));
    if let Some(items) = numbered_parts(&parts, known) {
        return heads(&items, known);
    }
    let last = parts.pop().unwrap_or_default();
    let several = !parts.is_empty();
    parts.extend(joined(last, several, known));
    let led = parts.iter().map(|part| known.behind(part));
    let parts: Vec<&str> = led.collect();
    let items = heads(&parts, known).into_iter();
    items.filter(|item| !item.is_empty()).collect()
}

/// The items of parts that each begin with their number: "i. oak / ii. ash".
fn numbered_parts<'a>(parts: &[&'a str], known: &Known) -> Option<Vec<&'a str>> {
    if parts.len() < 2 || parts.iter().any(|part| known.has(part)) {
        return None;
    }
    let text: Vec<&str> = parts.iter().map(|part| part.trim()).collect();
    let lines = text.join("\n");
    let count = |items: Vec<&str>| items.len() == parts.len();
    if !count(bulleted(&lines)) && !count(numbered_lines(&lines)) {
        return None;
    }
    let item = |part: &&'a str| -> Option<&'a str> {
        let (_, item) = part.trim().split_once([' ', '\t'])?;
        Some(item.trim_start())
    };
    parts.iter().map(item).collect()
}

/// What follows "Fruits:", or "The fruits are" where a list follows.
fn after_head<'a>(line: &'a str, known: &Known) -> &'a str {
    static HEAD: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^(?:[*_\s]{0,4}[^\s:,;，、：][^:,;，、：]{0,120}[:：][*_]{0,3}\s|(?:sure|certainly|of course|okay|ok|yes|great)[!.] )")
            .expect("the pattern is fixed and its tests compile it")
    });
    static SAID: LazyLock<Regex> = LazyLock::new(|| {
        let article =
            "the|my|these|those|they|here|all|some|there|die|das|les|las|los|le|gli|os|as|de";
        let verb = "are|is|were|include|includes|sind|sont|son|sono|são|zijn";
        let between = "[^:,;，、：]{0,120}?";
        Regex::new(&format!(
            r"(?i)^[*_\s]{{0,4}}(?:{article})\b{between}\s(?:{verb})\s"
        ))
        .expect("the pattern is fixed and its tests compile it")
    });
    let first = divided(line).first().copied().unwrap_or_default();
    if known.has(first) {
        return line;
    }
    if let Some(head) = HEAD.find(line) {
        return &line[head.end()..];
    }
    let rest = SAID.find(line).map(|head| &line[head.end()..]);
    let rest = rest.filter(|rest| divided(rest).len() > 1 || rest.contains(" and "));
    rest.unwrap_or(line)
}

fn in_brackets(line: &str) -> &str {
    let bare = line.trim().trim_end_matches('.');
    let pairs = [('[', ']'), ('{', '}'), ('(', ')')];
    let inner = pairs.iter().find_map(|(open, close)| {
        let inner = bare.strip_prefix(*open)?.strip_suffix(*close)?;
        (!inner.contains([*open, *close])).then_some(inner)
    });
    inner.unwrap_or(line)
}

/// What divides a list, the first of these that stands in it.
const SEPARATORS: [&[char]; 7] = [
    &[';', '；'],
    &[',', '，', '、'],
    &['→', '⇒'],
    &['|'],
    &['/'],
    &['+'],
    &['-'],
];

/// The parts of a line, where what divides it stands in no brackets or quotes.
fn divided(line: &str) -> Vec<&str> {
    let marks = open_marks(line);
    let places = |separators: &[char]| -> Vec<usize> {
        let at = marks.iter().filter(|(at, _)| !within_number(line, *at));
        at.filter(|(_, mark)| separators.contains(mark))
            .map(|(at, _)| *at)
            .collect()
    };
    let found = SEPARATORS.iter().map(|separators| places(separators));
    let places = found.into_iter().find(|places| !places.is_empty());
    let mut from = 0;
    let mut parts = Vec::new();
    for at in places.unwrap_or_default() {
        parts.push(&line[from..at]);
        from = at + line[at..].chars().next().map_or(0, char::len_utf8);
    }
    parts.push(&line[from..]);
    parts.retain(|part| !is_blank(part));
    parts
}

/// What may divide `line`, outside of brackets and quotes that are closed.
fn open_marks(line: &str) -> Vec<(usize, char)> {
    let count = |marks: &[char]| line.matches(marks).count();
    let paired = count(&['(', '[', '{']) == count(&[')', ']', '}']);
    let quoted = count(&['"']) % 2 == 0;
    let mut depth = 0_usize;
    let mut within = false;
    let mut marks = Vec::new();
    for (at, character) in line.char_indices() {
        match character {
            '(' | '[' | '{' if paired => depth += 1,
            ')' | ']' | '}' if paired => depth = depth.saturating_sub(1),
            '"' if quoted => within = !within,
            '+' | '-' if !line[..at].ends_with(' ') || !line[at + 1..].starts_with(' ') => {}
            _ if depth == 0 && !within => marks.push((at, character)),
            _ => {}
        }
    }
    marks.retain(|(_, mark)| {
        SEPARATORS
            .iter()
            .any(|separators| separators.contains(mark))
    });
    marks
}

/// Whether the comma at `at` divides thousands, as in "1,000, 2,000".
fn within_number(line: &str, at: usize) -> bool {
    let digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    let bytes = line.as_bytes();
    let (before, behind) = line.split_at(at);
    let group = behind.len() > 3
        && behind
            .bytes()
            .skip(1)
            .take(3)
            .all(|byte| byte.is_ascii_digit());
    digit(before.as_bytes().last()) && group && !digit(bytes.get(at + 4)) && spaced(line)
}

fn spaced(line: &str) -> bool {
    cleanbench_text::scan::window(line, 0, 400).contains(", ")
}

/// The last part of a list, with "and" in it or before it.
fn joined<'a>(part: &'a str, several: bool, known: &Known) -> Vec<&'a str> {
    const WORDS: [&str; 15] = [
        "and", "&", "und", "et", "en", "och", "oraz", "ve", "dan", "và", "и", "और", "y", "e", "i",
    ];
    let part = part.trim();
    if part.len() > FAR || known.has(part) {
        return vec![part];
    }
    if several
        && let Some((word, rest)) = part.split_once(' ')
        && WORDS.contains(&word.to_lowercase().as_str())
    {
        return vec![rest];
    }
    let words: Vec<&str> = part.split_whitespace().take(WORDS.len()).collect();
    if !several && words.len() > 1 && words.iter().all(|word| known.has(word)) {
        return part.split_whitespace().collect();
    }
    let parts = WORDS.iter().find_map(|word| {
        let parts: Vec<&str> = part.split(&format!(" {word} ")).collect();
        let short = word.len() == 1 && *word != "&";
        let whole = !short || parts.iter().any(|part| known.has(part));
        (parts.len() > 1 && whole).then_some(parts)
    });
    parts.unwrap_or_else(|| vec![part])
}
