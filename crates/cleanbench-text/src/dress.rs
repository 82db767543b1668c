//! Letters and options without the dress that answers put on them: circled, squared and mathematical letters, and
//! what LaTeX and HTML wrap around a text to change its look alone.
//!
//! Invariant: linear in the length of the text; `\boxed{` and its braces stay, since they say what the answer is.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

use crate::scan::{after, before, window};

/// Commands whose braces only change the look of what is in them.
const LOOKS: &str = "text|textbf|textrm|textit|textsf|texttt|mathbf|mathrm|mathit|mathsf|mathtt|mathbb|mathcal|\
    boldsymbol|bm|bf|rm|emph|underline|operatorname";

/// Tags that only change the look of what is in them.
const TAGS: [&str; 11] = [
    "b", "strong", "i", "em", "u", "p", "span", "mark", "code", "div", "center",
];

/// `text` without dress; tags stay where `tags` is false.
pub fn undress(text: &str, tags: bool) -> Cow<'_, str> {
    let dressed = |byte: u8| byte >= 0x80 || matches!(byte, b'\\' | b'<' | b'~');
    if !text.bytes().any(dressed) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    // For each open brace whether it stays.
    let mut braces: Vec<bool> = Vec::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let (taken, opens) = match character {
            '\\' => command(rest, &mut out),
            '<' if tags => (tag(rest, &mut out), false),
            '~' => (struck(rest, &mut out), false),
            '{' => {
                braces.push(true);
                (0, false)
            }
            '}' => (usize::from(!braces.pop().unwrap_or(true)), false),
            _ => (undressed(character, &mut out), false),
        };
        if opens {
            braces.push(false);
        }
        if taken == 0 {
            out.push(character);
        }
        rest = &rest[taken.max(character.len_utf8())..];
    }
    Cow::Owned(out)
}

/// Longest stretch in underscores that is emphasis.
const EMPHASIS: usize = 400;

/// `text` with stars for the underscores of emphasis: `__x__` as `**x**`. What stands within a word, such as
/// `snake_case` and the index in `x_1`, stays, and so does a blank to fill in.
pub fn starred(text: &str) -> Cow<'_, str> {
    if !text.contains('_') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    while let Some(at) = text[from..].find('_').map(|at| from + at) {
        let width = text[at..].bytes().take_while(|byte| *byte == b'_').count();
        out.push_str(&text[from..at]);
        from = at + width;
        let closing = (width <= 2 && !touches(before(text, at)))
            .then(|| closed(&text[from..], width))
            .flatten();
        if let Some(length) = closing {
            let stars = &"**"[..width];
            let inner = &text[from..from + length];
            out.extend([stars, inner, stars]);
            from += length + width;
        } else {
            out.push_str(&text[at..from]);
        }
    }
    out.push_str(&text[from..]);
    Cow::Owned(out)
}

/// Whether a character makes what it touches a part of a word or of a formula.
fn touches(character: Option<char>) -> bool {
    character.is_some_and(|c| c.is_alphanumeric() || "_})]\\".contains(c))
}

/// Where the emphasis ends that begins `rest` after `width` underscores.
fn closed(rest: &str, width: usize) -> Option<usize> {
    let line = window(rest, 0, EMPHASIS).lines().next()?;
    if line.starts_with(|c: char| c.is_whitespace() || "{_".contains(c)) {
        return None;
    }
    let end = line.find(&"__"[..width])?;
    let ends = !line[..end].ends_with(char::is_whitespace);
    let after = after(rest, end + width);
    let word = after.is_some_and(|c| c.is_alphanumeric() || "_{".contains(c));
    (ends && end > 0 && !word).then_some(end)
}

/// How much of `rest`, which begins with a backslash, is dress, and whether a brace is open after it.
fn command(rest: &str, out: &mut String) -> (usize, bool) {
    let name = &rest[1..];
    let end = name
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(name.len());
    let (name, after) = name.split_at(end.min(16));
    if name.is_empty() {
        return match after.chars().next() {
            Some('(' | ')' | '[' | ']') => (2, false),
            Some(',' | ';' | '!' | ' ' | ':') => {
                out.push(' ');
                (2, false)
            }
            _ => (0, false),
        };
    }
    match name {
        "dfrac" | "tfrac" => {
            out.push_str("\\frac");
            (1 + name.len(), false)
        }
        "quad" | "qquad" => {
            out.push(' ');
            (1 + name.len(), false)
        }
        "log" | "ln" | "sin" | "cos" | "tan" | "max" | "min" | "lim" | "exp" => {
            out.push_str(name);
            (1 + name.len(), false)
        }
        _ if LOOKS.split('|').any(|look| look == name) => {
            let spaces = after.len() - after.trim_start_matches(' ').len();
            if after[spaces..].starts_with('{') {
                (1 + name.len() + spaces + 1, true)
            } else if name.len() == 2 {
                (1 + name.len() + spaces.min(1), false)
            } else {
                (0, false)
            }
        }
        _ => (0, false),
    }
}

/// How much of `rest`, which begins with `~`, is struck out; one that stands alone is a space of LaTeX.
fn struck(rest: &str, out: &mut String) -> usize {
    if let Some(inner) = rest.strip_prefix("~~") {
        let line = window(inner, 0, 400);
        let line = line.lines().next().unwrap_or_default();
        return line.find("~~").map_or(0, |end| end + 4);
    }
    let spaces = out.ends_with(|c: char| c == '{' || c == '}' || c == ' ' || c.is_ascii_digit());
    if spaces && rest[1..].starts_with(|c: char| c == '\\' || c.is_alphabetic()) {
        out.push(' ');
        return 1;
    }
    0
}

/// How much of `rest`, which begins with `<`, is a tag that only changes the look.
fn tag(rest: &str, out: &mut String) -> usize {
    let inner = window(rest, 1, 64);
    let Some(end) = inner.find('>') else {
        return 0;
    };
    let name = inner[..end].trim_start_matches('/').trim_end_matches('/');
    let name = name
        .split(' ')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    // "<B>" that nothing closes is a letter in brackets.
    if name.len() == 1 && !inner.starts_with('/') && !closes(rest, &name) {
        return 0;
    }
    if name == "br" {
        out.push('\n');
    } else if TAGS.contains(&name.as_str()) {
        out.push_str("**");
    } else {
        return 0;
    }
    end + 2
}

/// Whether a tag of that name is closed not far from the beginning of `rest`.
fn closes(rest: &str, name: &str) -> bool {
    let near = window(rest, 0, EMPHASIS).to_ascii_lowercase();
    near.contains(&format!("</{name}>"))
}

/// Writes the plain form of a dressed character; 0 where it has none.
fn undressed(character: char, out: &mut String) -> usize {
    let code = u32::from(character);
    let letter =
        |first: u32, base: u8| char::from(base + u8::try_from((code - first) % 26).unwrap_or(0));
    let plain = match code {
        0x24b6..=0x24cf => letter(0x24b6, b'A'),
        0x24d0..=0x24e9 => letter(0x24d0, b'a'),
        0x249c..=0x24b5 => letter(0x249c, b'a'),
        0x1f130..=0x1f149 => letter(0x1f130, b'A'),
        0x1f150..=0x1f169 => letter(0x1f150, b'A'),
        0x1f170..=0x1f189 => letter(0x1f170, b'A'),
        0x1f1e6..=0x1f1ff => letter(0x1f1e6, b'A'),
        0xff21..=0xff3a => letter(0xff21, b'A'),
        0xff41..=0xff5a => letter(0xff41, b'a'),
        0x1d400..=0x1d6a3 if (code - 0x1d400) % 52 < 26 => letter(0x1d400, b'A'),
        0x1d400..=0x1d6a3 => letter(0x1d400, b'a'),
        0xfe0e | 0xfe0f | 0x20e3 => return character.len_utf8(),
        0x2460..=0x2473 => return number(code - 0x245f, character, out),
        0x2776..=0x277f => return number(code - 0x2775, character, out),
        _ => return 0,
    };
    out.push(plain);
    character.len_utf8()
}

/// Numbers that follow each other are several: `②④` is 2 and 4.
fn number(number: u32, character: char, out: &mut String) -> usize {
    if out.ends_with(|c: char| c.is_ascii_digit()) {
        out.push_str(", ");
    }
    out.push_str(&number.to_string());
    character.len_utf8()
}

/// `text` with signs right at the number to which they belong: `20 %` and `20 percent` as `20%`, `20 °C` as `20°C`, `€ 20` as
/// `€20`.
pub fn tight(text: &str) -> Cow<'_, str> {
    static PERCENT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)([0-9])[ \u{a0}\u{202f}]{0,2}(?:\\?%|(?:percent|per cent|prozent|pour cent|por ciento|por cento|per cento|procent|процент(?:а|ов)?)\b)")
            .expect("the pattern is fixed and the tests compile it")
    });
    static DEGREE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"([0-9])[ \u{a0}\u{202f}]([°‰])")
            .expect("the pattern is fixed and the tests compile it")
    });
    static MONEY: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"([€£¥₹])[ \u{a0}\u{202f}]([0-9])")
            .expect("the pattern is fixed and the tests compile it")
    });
    let percent = PERCENT.replace_all(text, "$1%");
    let signs = ['°', '‰', '€', '£', '¥', '₹'];
    if !percent.contains(signs) {
        return percent;
    }
    let degree = DEGREE.replace_all(&percent, "$1$2");
    Cow::Owned(MONEY.replace_all(&degree, "$1$2").into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emphasis_is_in_stars() {
        for (text, expected) in [
            ("__blue__ and _b_.", "**blue** and *b*."),
            ("(__B__)", "(**B**)"),
            ("snake_case_name x_1 + y_2", "snake_case_name x_1 + y_2"),
            ("a ____ b", "a ____ b"),
            ("_ a _", "_ a _"),
            ("a_{1}_b", "a_{1}_b"),
            ("__a", "__a"),
            ("__a b__c", "__a b__c"),
            ("_é_", "*é*"),
        ] {
            assert_eq!(starred(text), expected, "{text}");
        }
    }

    #[test]
    fn signs_stand_at_their_numbers() {
        for (text, expected) in [
            ("20 % of 5\u{a0}%", "20% of 5%"),
            ("20 percent, 20 Prozent", "20%, 20%"),
            ("40 °C for € 20", "40°C for €20"),
            ("percent 20", "percent 20"),
        ] {
            assert_eq!(tight(text), expected, "{text}");
        }
    }

    #[test]
    fn dress_is_taken_off() {
        for (text, expected) in [
            ("Ⓑ 🅱️ 𝐁 𝙱 Ｂ", "B B B B B"),
            ("③", "3"),
            ("②④", "2, 4"),
            (r"$\mathbf{B}$", "$B$"),
            (r"\boxed{\text{B) green}}", r"\boxed{B) green}"),
            (r"\text{a{b}c}}", "a{b}c}"),
            (r"\(B\)", "B"),
            (r"{\bf B}", "{B}"),
            (r"\dfrac{1}{2}", r"\frac{1}{2}"),
            ("<b>B</b> <x>", "**B** <x>"),
            ("<B>", "<B>"),
            (r"\alpha \", r"\alpha \"),
            ("~~A~~ B ~~", " B ~~"),
            (r"2.5\mathrm{~m}", "2.5 m"),
        ] {
            assert_eq!(undress(text, true), expected, "{text}");
        }
    }
}
