//! What a key may be dressed in: encodings of the whole, and escapes of its letters.
//!
//! Invariant: what is read as an escape has the meaning that JSON, URLs or HTML give it; anything else stands for itself.

/// How many escapes may stand within one another: JSON within JSON within a URL.
pub(super) const DEPTH: u8 = 3;

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The key, and what it is in base64 (of both alphabets, wherever it stands in what was encoded) and in hexadecimal; all
/// in lower case, as they are searched for in texts in lower case.
pub(super) fn forms(key: &str) -> Vec<String> {
    let mut forms = vec![key.to_owned()];
    for shift in 0..3 {
        let standard = base64(key.as_bytes(), shift);
        forms.push(standard.replace('+', "-").replace('/', "_"));
        forms.push(standard);
    }
    let hex: String = key
        .bytes()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(digit)
        .collect();
    forms.push(hex);
    let mut seen = Vec::new();
    for form in forms.iter().map(|form| form.to_ascii_lowercase()) {
        if !seen.contains(&form) {
            seen.push(form);
        }
    }
    seen
}

fn digit(value: u8) -> char {
    char::from_digit(u32::from(value), 16).unwrap_or_default()
}

/// The letters of base64 that `key` alone decides, with `shift` bytes before it.
fn base64(key: &[u8], shift: usize) -> String {
    let bits = |at: usize| {
        let byte = (at / 8).checked_sub(shift).and_then(|place| key.get(place));
        byte.is_some_and(|byte| byte >> (7 - at % 8) & 1 == 1)
    };
    let first = (shift * 8).div_ceil(6);
    let last = (shift + key.len()) * 8 / 6;
    let letter = |place: usize| {
        let value = (0..6).fold(0, |value, bit| {
            value << 1 | usize::from(bits(place * 6 + bit))
        });
        char::from(STANDARD[value])
    };
    (first..last).map(letter).collect()
}

/// Where `letters` end, if they stand at `at` under `depth` layers of escapes.
pub(super) fn end_of(text: &[u8], at: usize, letters: &[u8], depth: u8) -> Option<usize> {
    letters.iter().try_fold(at, |at, wanted| {
        let (byte, end) = symbol(text, at, depth)?;
        (byte == *wanted).then_some(end)
    })
}

/// What stands at `at` of a text in lower case once `depth` layers of escapes are taken off, in lower case too, and where
/// it ends.
pub(super) fn symbol(text: &[u8], at: usize, depth: u8) -> Option<(u8, usize)> {
    let Some(below) = depth.checked_sub(1) else {
        return Some((*text.get(at)?, at + 1));
    };
    let (first, after) = symbol(text, at, below)?;
    let meant = match first {
        b'\\' => after_backslash(text, after, below),
        b'%' => number(text, after, below, 2, 16),
        b'&' => reference(text, after, below),
        _ => None,
    };
    let (meant, end) = meant.unwrap_or((first, after));
    Some((meant.to_ascii_lowercase(), end))
}

/// What a backslash before `at` makes of what stands there.
fn after_backslash(text: &[u8], at: usize, depth: u8) -> Option<(u8, usize)> {
    let (kind, after) = symbol(text, at, depth)?;
    match kind {
        b'u' => number(text, after, depth, 4, 16),
        b'x' => number(text, after, depth, 2, 16),
        b'/' | b'"' | b'\\' | b'\'' => Some((kind, after)),
        _ => None,
    }
}

/// The names by which HTML calls what a key is made of, and what looks like it; in lower case.
const NAMES: [(&[u8], u8); 44] = [
    (b"amp;", b'&'),
    (b"apos;", b'\''),
    (b"ast;", b'*'),
    (b"bsol;", b'\\'),
    (b"colon;", b':'),
    (b"comma;", b','),
    (b"commat;", b'@'),
    (b"dash;", b'-'),
    (b"diacriticalgrave;", b'`'),
    (b"dollar;", b'$'),
    (b"equals;", b'='),
    (b"excl;", b'!'),
    (b"grave;", b'`'),
    (b"gt;", b'>'),
    (b"hat;", b'^'),
    (b"hyphen;", b'-'),
    (b"lbrace;", b'{'),
    (b"lbrack;", b'['),
    (b"lcub;", b'{'),
    (b"lowbar;", b'_'),
    (b"lpar;", b'('),
    (b"lsqb;", b'['),
    (b"lt;", b'<'),
    (b"midast;", b'*'),
    (b"minus;", b'-'),
    (b"ndash;", b'-'),
    (b"num;", b'#'),
    (b"percnt;", b'%'),
    (b"period;", b'.'),
    (b"plus;", b'+'),
    (b"quest;", b'?'),
    (b"quot;", b'"'),
    (b"rbrace;", b'}'),
    (b"rbrack;", b']'),
    (b"rcub;", b'}'),
    (b"rpar;", b')'),
    (b"rsqb;", b']'),
    (b"semi;", b';'),
    (b"sol;", b'/'),
    (b"tilde;", b'~'),
    (b"underbar;", b'_'),
    (b"verbar;", b'|'),
    (b"vert;", b'|'),
    (b"verticalline;", b'|'),
];

/// What the reference of HTML means whose `&` stands before `at`.
fn reference(text: &[u8], at: usize, depth: u8) -> Option<(u8, usize)> {
    let follows = |name: &[u8]| {
        name.iter().try_fold(at, |at, wanted| {
            let (byte, end) = symbol(text, at, depth)?;
            (byte == *wanted).then_some(end)
        })
    };
    if let Some(after) = follows(b"#x") {
        return digits(text, after, depth, 16);
    }
    if let Some(after) = follows(b"#") {
        return digits(text, after, depth, 10);
    }
    NAMES
        .iter()
        .find_map(|(name, meant)| Some((*meant, follows(name)?)))
}

/// The letter whose number is written in up to fifteen digits and a semicolon.
fn digits(text: &[u8], mut at: usize, depth: u8, radix: u32) -> Option<(u8, usize)> {
    let mut value = 0_u32;
    for count in 0..16 {
        let (byte, after) = symbol(text, at, depth)?;
        match char::from(byte).to_digit(radix) {
            Some(digit) => value = value.saturating_mul(radix).saturating_add(digit),
            None if count == 0 => return None,
            None => return (byte == b';').then_some((u8::try_from(value).ok()?, after)),
        }
        at = after;
    }
    None
}

/// The letter whose number is written in exactly `count` digits.
fn number(text: &[u8], mut at: usize, depth: u8, count: u32, radix: u32) -> Option<(u8, usize)> {
    let mut value = 0;
    for _ in 0..count {
        let (byte, after) = symbol(text, at, depth)?;
        value = value * radix + char::from(byte).to_digit(radix)?;
        at = after;
    }
    Some((u8::try_from(value).ok()?, at))
}
