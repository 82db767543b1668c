//! Cuts a formula, in LaTeX or as plain text, into tokens.
//!
//! A comma between digits has several meanings; [`Comma`] says which one holds. Marks of layout, spaces and delimiters of
//! mathematics are left out. It refuses what is longer than [`LONGEST`], and numbers with more than [`DIGITS`] digits.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Zero, pow};

use crate::expr::{Failure, Sign, TOO_LARGE, UNREADABLE};

/// Most bytes of a formula.
pub(crate) const LONGEST: usize = 4096;
/// Most digits of a number.
const DIGITS: usize = 400;

pub(crate) const TOO_LONG: Failure = "formula too long";

/// What a comma between digits is, outside of brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comma {
    /// It groups digits where three follow; else it separates.
    Groups,
    /// It separates, always.
    Separates,
    /// It stands before decimals.
    Decimal,
}

/// One token.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    /// A number and its digits where it is written with digits alone.
    Number(BigRational, String),
    Letter(char),
    Word(String),
    Command(String),
    Text(String),
    /// One of `+ - * / ! ^ _ % ' ° | , ; & :`, `±` and `∓`.
    Op(char),
    Open(char),
    Close(char),
    Row,
    Begin(String),
    End(String),
    Is(Sign),
    Unit(String),
}

/// A token, and whether white space is before it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) spaced: bool,
}

/// The tokens of `text`.
pub(crate) fn tokens(text: &str, comma: Comma) -> Result<Vec<Token>, Failure> {
    if text.len() > LONGEST {
        return Err(TOO_LONG);
    }
    let mut lexer = Lexer {
        rest: text,
        comma,
        brackets: 0,
        tables: 0,
        spaced: false,
        out: Vec::new(),
    };
    while !lexer.rest.is_empty() {
        lexer.step()?;
    }
    Ok(lexer.out)
}

struct Lexer<'a> {
    rest: &'a str,
    comma: Comma,
    brackets: usize,
    tables: usize,
    spaced: bool,
    out: Vec<Token>,
}

impl<'a> Lexer<'a> {
    fn push(&mut self, kind: Kind) {
        match kind {
            Kind::Open('(' | '[' | 's') => self.brackets += 1,
            Kind::Close(')' | ']' | 's') => self.brackets = self.brackets.saturating_sub(1),
            _ => {}
        }
        let spaced = std::mem::take(&mut self.spaced);
        self.out.push(Token { kind, spaced });
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = &self.rest[bytes..];
    }

    /// Leaves out what matches nothing that is read.
    fn blank(&mut self, bytes: usize) {
        self.spaced = true;
        self.skip(bytes);
    }

    fn step(&mut self) -> Result<(), Failure> {
        let Some(first) = self.rest.chars().next() else {
            return Ok(());
        };
        let length = first.len_utf8();
        match first {
            '\\' => self.command(),
            '0'..='9' => self.number(),
            '.' if digits(&self.rest[1..]) > 0 => self.number(),
            'a'..='z' | 'A'..='Z' => {
                self.word();
                Ok(())
            }
            _ if first.is_whitespace() || first == '~' || is_unseen(first) => {
                self.blank(length);
                Ok(())
            }
            '$' => {
                self.blank(length);
                Ok(())
            }
            _ => self.sign(first),
        }
    }

    fn sign(&mut self, first: char) -> Result<(), Failure> {
        for (text, sign) in SIGNS {
            if self.rest.starts_with(text) {
                self.skip(text.len());
                self.push(Kind::Is(*sign));
                return Ok(());
            }
        }
        if self.rest.starts_with("**") {
            self.skip(2);
            self.push(Kind::Op('^'));
            return Ok(());
        }
        if superscript(first).is_some() {
            return self.raised();
        }
        self.skip(first.len_utf8());
        let kind = plain(first).ok_or(UNREADABLE)?;
        self.push(kind);
        Ok(())
    }

    /// An exponent in raised digits, as in `10⁻⁶`.
    fn raised(&mut self) -> Result<(), Failure> {
        let raised: String = self.rest.chars().map_while(superscript).collect();
        let width = self.rest.chars().take(raised.chars().count());
        self.skip(width.map(char::len_utf8).sum());
        let digits = raised.trim_start_matches(['-', '+']);
        let plain = raised.len() - digits.len() <= 1 && digits.bytes().all(|b| b.is_ascii_digit());
        if digits.is_empty() || digits.len() > DIGITS || !plain {
            return Err(UNREADABLE);
        }
        self.push(Kind::Op('^'));
        let value = decimal(digits, "", "")?;
        let number = Kind::Number(value, digits.to_owned());
        if raised.len() == 1 {
            self.push(number);
            return Ok(());
        }
        self.push(Kind::Open('{'));
        if raised.starts_with('-') {
            self.push(Kind::Op('-'));
        }
        self.push(number);
        self.push(Kind::Close('}'));
        Ok(())
    }

    fn word(&mut self) {
        let length = self
            .rest
            .bytes()
            .take_while(u8::is_ascii_alphabetic)
            .count();
        let word = &self.rest[..length];
        self.skip(length);
        self.push_word(word);
    }

    fn push_word(&mut self, word: &str) {
        let lower = word.to_ascii_lowercase();
        if let Some(kind) = known_word(word, &lower) {
            return self.push(kind);
        }
        if word.len() == 1 || word.len() <= 3 && !is_common(&lower) {
            for letter in word.chars() {
                self.push(Kind::Letter(letter));
            }
            return;
        }
        for name in ["sin", "cos", "tan", "log", "ln", "sqrt"] {
            if let Some(rest) = lower.strip_prefix(name).filter(|rest| rest.len() == 1) {
                self.push(Kind::Command(name.to_owned()));
                return self.push_word(&word[word.len() - rest.len()..]);
            }
        }
        self.push(Kind::Word(word.to_owned()));
    }

    fn command(&mut self) -> Result<(), Failure> {
        let after = &self.rest[1..];
        let name = after.bytes().take_while(u8::is_ascii_alphabetic).count();
        if name > 0 {
            let name = &after[..name];
            self.skip(1 + name.len());
            return self.named(name);
        }
        let Some(sign) = after.chars().next() else {
            return Err(UNREADABLE);
        };
        match sign {
            '\\' => self.double(),
            ',' | ';' | ':' | '!' | ' ' | '\n' | '(' | ')' | '[' | ']' | '"' => {
                self.blank(1 + sign.len_utf8());
            }
            '{' | '}' | '%' | '$' | '|' | '#' | '&' | '_' => {
                self.skip(2);
                match sign {
                    '{' => self.push(Kind::Open('s')),
                    '}' => self.push(Kind::Close('s')),
                    '$' => self.push(Kind::Unit("$".to_owned())),
                    '%' | '|' => self.push(Kind::Op(sign)),
                    _ => return Err(UNREADABLE),
                }
            }
            _ => return Err(UNREADABLE),
        }
        Ok(())
    }

    /// Two backslashes: the end of a row, or a command whose backslash was escaped once more.
    fn double(&mut self) {
        let after = &self.rest[2..];
        let escaped = after.starts_with(|c: char| c.is_ascii_alphabetic())
            || after.starts_with('{')
            || after.starts_with('}')
            || after.starts_with('%');
        if self.tables > 0 {
            self.skip(2);
            self.push(Kind::Row);
        } else if escaped {
            self.skip(1);
        } else {
            self.blank(2);
        }
    }

    fn named(&mut self, name: &str) -> Result<(), Failure> {
        match name {
            "left" | "right" | "big" | "Big" | "bigg" | "Bigg" | "bigl" | "bigr" | "Bigl"
            | "Bigr" | "biggl" | "biggr" => {
                self.rest = self.rest.trim_start();
                let dot = self.rest.starts_with('.') && digits(&self.rest[1..]) == 0;
                self.skip(usize::from(dot));
            }
            "quad" | "qquad" | "displaystyle" | "limits" | "boxed" | "fbox" | "mathbf"
            | "boldsymbol" | "vec" | "bm" | "hline" | "space" | "textstyle" | "mathit" | "bold"
            | "hfill" | "phantom" => {
                self.spaced = true;
            }
            "text" | "textbf" | "textit" | "textrm" | "mbox" | "hbox" | "mathrm" | "rm"
            | "operatorname" | "mathsf" | "texttt" | "textsf" | "textnormal" => self.words(name)?,
            "mathbb" | "Bbb" => {
                let inner = self.group()?;
                self.push(Kind::Command(format!("mathbb{}", inner.trim())));
            }
            "begin" => {
                let inner = self.group()?;
                self.begin(inner)?;
            }
            "end" => {
                let inner = self.group()?;
                self.tables = self.tables.saturating_sub(usize::from(is_table(inner)));
                if is_table(inner) {
                    self.push(Kind::End(inner.to_owned()));
                }
            }
            _ => self.push(known_command(name)),
        }
        Ok(())
    }

    fn begin(&mut self, name: &str) -> Result<(), Failure> {
        if !is_table(name) {
            return Ok(());
        }
        self.tables += 1;
        if name == "array" {
            self.group()?;
        }
        self.push(Kind::Begin(name.to_owned()));
        Ok(())
    }

    /// What follows in braces, which hold no others.
    fn group(&mut self) -> Result<&'a str, Failure> {
        let inner = self.rest.trim_start();
        if let Some(letter) = inner.chars().next().filter(|&c| c != '{') {
            self.rest = &inner[letter.len_utf8()..];
            return Ok(&inner[..letter.len_utf8()]);
        }
        let inner = inner.strip_prefix('{').ok_or(UNREADABLE)?;
        let end = inner.find('}').ok_or(UNREADABLE)?;
        self.rest = &inner[end + 1..];
        Ok(&inner[..end])
    }

    /// Text in a formula: a word that joins, a function, a letter, or words.
    fn words(&mut self, command: &str) -> Result<(), Failure> {
        let whole = self.group()?;
        let inner = whole.trim().trim_matches('$').trim_end_matches(['.', ',']);
        let inner = inner
            .trim_start_matches("\\ ")
            .trim_start_matches("\\,")
            .trim();
        let lower = inner.to_ascii_lowercase();
        let number = inner
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b".,-/+ ".contains(&byte));
        if inner.is_empty() {
            self.spaced = true;
        } else if number || inner.contains(['\\', '{']) || inner.starts_with(['$']) {
            let within = tokens(inner, self.comma)?;
            self.out.extend(within);
        } else if let Some(kind) = known_word(inner, &lower) {
            self.push(kind);
        } else if inner.len() == 1 && command != "text" {
            self.push_word(inner);
        } else {
            self.push(Kind::Text(inner.to_owned()));
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), Failure> {
        if self.takes_one_digit() {
            let (digit, after) = self.rest.split_at(1);
            self.rest = after;
            self.push(Kind::Number(decimal(digit, "", "")?, digit.to_owned()));
            return Ok(());
        }
        let start = self.rest;
        let mut digits_of = take_digits(&mut self.rest).to_owned();
        let first = digits_of.len();
        let plain = self.groups(&mut digits_of, first);
        let decimals = self.decimals();
        let repeated = self.repeated(decimals.is_some());
        let decimals = decimals.unwrap_or_default();
        if digits_of.len() + decimals.len() + repeated.len() > DIGITS {
            return Err(TOO_LARGE);
        }
        let simple = plain && decimals.is_empty() && start.len() - self.rest.len() == first;
        let mut value = decimal(&digits_of, decimals, repeated)?;
        value *= self.exponent()?;
        let raw = if simple { digits_of } else { String::new() };
        self.push(Kind::Number(value, raw));
        Ok(())
    }

    /// Whether the digit is all of a part of a fraction, as in `\\frac12`.
    fn takes_one_digit(&self) -> bool {
        let is_fraction =
            |token: &Token| matches!(&token.kind, Kind::Command(name) if name == "frac");
        match self.out.as_slice() {
            [.., last] if is_fraction(last) => true,
            [.., before, last] => is_fraction(before) && matches!(last.kind, Kind::Number(..)),
            _ => false,
        }
    }

    /// Groups of three digits that follow; whether there are none.
    fn groups(&mut self, found: &mut String, first: usize) -> bool {
        let mut separator: Option<&str> = None;
        while (1..=3).contains(&first) {
            let Some(next) = self
                .separator()
                .filter(|next| separator.is_none_or(|s| s == *next))
            else {
                break;
            };
            let after = self.rest[next.len()..].trim_start_matches(' ');
            let after = if next.starts_with(',') && next.len() == 1 || next == " " {
                &self.rest[next.len()..]
            } else {
                after
            };
            if digits(after) != 3 {
                break;
            }
            found.push_str(&after[..3]);
            self.rest = &after[3..];
            separator = Some(next);
        }
        separator.is_none()
    }

    /// What may separate groups of digits here.
    fn separator(&self) -> Option<&'static str> {
        const ALWAYS: [&str; 9] = [
            "{,}", ",\\!", "\\,", "{,\\!}", "'", "\u{2019}", "\u{a0}", "\u{202f}", "\u{2009}",
        ];
        if let Some(found) = ALWAYS.into_iter().find(|one| self.rest.starts_with(one)) {
            return Some(found);
        }
        let outside = self.brackets == 0 && self.tables == 0;
        if outside && self.comma == Comma::Groups && self.rest.starts_with(',') {
            return Some(",");
        }
        if outside && self.rest.starts_with(' ') && !self.after_caret() {
            return Some(" ");
        }
        let dotted = self.comma == Comma::Decimal && self.rest.starts_with('.');
        let tail = self
            .rest
            .trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        (dotted && outside && tail.starts_with(',') && digits(&tail[1..]) > 0).then_some(".")
    }

    fn after_caret(&self) -> bool {
        matches!(
            self.out.last(),
            Some(Token {
                kind: Kind::Op('^' | '_'),
                ..
            })
        )
    }

    fn decimals(&mut self) -> Option<&'a str> {
        let is_comma = self.rest.starts_with(',')
            && self.comma == Comma::Decimal
            && self.brackets == 0
            && self.tables == 0;
        let braced = self.rest.starts_with("{,}") && digits(&self.rest[3..]) != 3;
        let width = match (self.rest.starts_with('.'), is_comma, braced) {
            (true, ..) => 1,
            (_, true, _) if digits(&self.rest[1..]) != 3 => 1,
            (_, _, true) => 3,
            _ => return None,
        };
        let bar = self.rest[width..].starts_with("\\overline");
        if digits(&self.rest[width..]) == 0 && !bar {
            return None;
        }
        self.skip(width);
        Some(take_digits(&mut self.rest))
    }

    /// Decimals under a bar, which repeat.
    fn repeated(&mut self, after_point: bool) -> &'a str {
        let inner = self.rest.strip_prefix("\\overline").filter(|_| after_point);
        let Some(inner) = inner.map(|inner| inner.strip_prefix('{').unwrap_or(inner)) else {
            return "";
        };
        let length = digits(inner);
        if length == 0 || !inner[length..].starts_with('}') {
            return "";
        }
        self.rest = &inner[length + 1..];
        &inner[..length]
    }

    /// The power of ten of `1.5e-3`; 1 where there is none.
    fn exponent(&mut self) -> Result<BigRational, Failure> {
        let Some(after) = self.rest.strip_prefix(['e', 'E']) else {
            return Ok(BigRational::one());
        };
        let unsigned = after.strip_prefix(['+', '-']).unwrap_or(after);
        let length = digits(unsigned);
        if length == 0 || unsigned[length..].starts_with(|c: char| c.is_ascii_alphabetic()) {
            return Ok(BigRational::one());
        }
        let size: usize = unsigned[..length].parse().map_err(|_| TOO_LARGE)?;
        if size > DIGITS {
            return Err(TOO_LARGE);
        }
        self.rest = &unsigned[length..];
        let power = BigRational::from_integer(pow(BigInt::from(10), size));
        Ok(if after.starts_with('-') {
            power.recip()
        } else {
            power
        })
    }
}

/// How many digits `text` starts with.
fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

fn take_digits<'a>(rest: &mut &'a str) -> &'a str {
    let (found, after) = rest.split_at(digits(rest));
    *rest = after;
    found
}

fn integer(digits: &str) -> Result<BigInt, Failure> {
    if digits.is_empty() {
        return Ok(BigInt::zero());
    }
    digits.parse().map_err(|_| UNREADABLE)
}

/// The value of digits, decimals, and decimals that repeat after them.
fn decimal(whole: &str, decimals: &str, repeated: &str) -> Result<BigRational, Failure> {
    let ten = || BigInt::from(10);
    let scale = pow(ten(), decimals.len());
    let head = integer(whole)? * &scale + integer(decimals)?;
    let mut value = BigRational::new(head, scale.clone());
    if !repeated.is_empty() {
        let nines = pow(ten(), repeated.len()) - BigInt::one();
        value += BigRational::new(integer(repeated)?, nines * scale);
    }
    Ok(value)
}

const SIGNS: &[(&str, Sign)] = &[
    ("<=", Sign::AtMost),
    (">=", Sign::AtLeast),
    ("=<", Sign::AtMost),
    ("!=", Sign::Unequal),
    ("==", Sign::Equal),
    ("~=", Sign::About),
    ("=", Sign::Equal),
    ("<", Sign::Less),
    (">", Sign::More),
    ("≤", Sign::AtMost),
    ("⩽", Sign::AtMost),
    ("≥", Sign::AtLeast),
    ("⩾", Sign::AtLeast),
    ("≠", Sign::Unequal),
    ("≈", Sign::About),
    ("∈", Sign::In),
];

fn is_unseen(character: char) -> bool {
    character.is_control() || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

/// What a character means by itself.
fn plain(character: char) -> Option<Kind> {
    Some(match character {
        '+' | '*' | '/' | '!' | '^' | '_' | '%' | '\'' | '°' | '|' | ',' | ';' | '&' | ':'
        | '±' | '∓' => Kind::Op(character),
        '-' | '−' | '–' | '﹣' | '－' => Kind::Op('-'),
        '×' | '·' | '⋅' | '∗' | '∙' => Kind::Op('*'),
        '÷' | '⁄' => Kind::Op('/'),
        '＋' => Kind::Op('+'),
        '，' | '、' => Kind::Op(','),
        '′' | '’' => Kind::Op('\''),
        '(' | '（' => Kind::Open('('),
        ')' | '）' => Kind::Close(')'),
        '[' => Kind::Open('['),
        ']' => Kind::Close(']'),
        '{' => Kind::Open('{'),
        '}' => Kind::Close('}'),
        '⟨' => Kind::Open('<'),
        '⟩' => Kind::Close('>'),
        '√' => Kind::Command("surd".to_owned()),
        'π' => Kind::Command("pi".to_owned()),
        '∞' => Kind::Command("infty".to_owned()),
        '∪' => Kind::Command("cup".to_owned()),
        '∩' => Kind::Command("cap".to_owned()),
        '∖' => Kind::Command("setminus".to_owned()),
        '∅' => Kind::Command("emptyset".to_owned()),
        'ℝ' => Kind::Command("mathbbR".to_owned()),
        'ℤ' => Kind::Command("mathbbZ".to_owned()),
        'ℕ' => Kind::Command("mathbbN".to_owned()),
        'ℚ' => Kind::Command("mathbbQ".to_owned()),
        'ℂ' => Kind::Command("mathbbC".to_owned()),
        '€' | '£' | '¥' | '₹' | '₽' | '₩' | '¢' => Kind::Unit(character.to_string()),
        'α'..='ω' | 'Α'..='Ω' => greek(character),
        _ => return None,
    })
}

/// A Greek letter by the name that LaTeX has for it, where it has one.
fn greek(letter: char) -> Kind {
    const NAMES: [&str; 25] = [
        "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa",
        "lambda", "mu", "nu", "xi", "", "pi", "rho", "", "sigma", "tau", "upsilon", "phi", "chi",
        "psi", "omega",
    ];
    let position = ('α'..='ω').position(|other| other == letter);
    match position
        .and_then(|at| NAMES.get(at))
        .filter(|name| !name.is_empty())
    {
        Some(name) => Kind::Command((*name).to_owned()),
        None => Kind::Letter(letter),
    }
}

/// What a raised character is when it is not raised.
fn superscript(character: char) -> Option<char> {
    let at = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺".chars().position(|c| c == character)?;
    "0123456789-+".chars().nth(at)
}

/// What a command of LaTeX means, where it has other names.
fn known_command(name: &str) -> Kind {
    let op = |sign: char| Kind::Op(sign);
    match name {
        "times" | "cdot" | "ast" | "bullet" => op('*'),
        "div" => op('/'),
        "pm" => op('±'),
        "mp" => op('∓'),
        "mid" | "vert" | "lvert" | "rvert" => op('|'),
        "prime" => op('\''),
        "circ" | "degree" | "degrees" => op('°'),
        "colon" => op(':'),
        "lbrace" => Kind::Open('s'),
        "rbrace" => Kind::Close('s'),
        "lbrack" => Kind::Open('['),
        "rbrack" => Kind::Close(']'),
        "langle" => Kind::Open('<'),
        "rangle" => Kind::Close('>'),
        "lparen" => Kind::Open('('),
        "rparen" => Kind::Close(')'),
        "le" | "leq" | "leqslant" | "leqq" => Kind::Is(Sign::AtMost),
        "ge" | "geq" | "geqslant" | "geqq" => Kind::Is(Sign::AtLeast),
        "lt" => Kind::Is(Sign::Less),
        "gt" => Kind::Is(Sign::More),
        "ne" | "neq" => Kind::Is(Sign::Unequal),
        "approx" | "simeq" | "sim" | "approxeq" | "thickapprox" => Kind::Is(Sign::About),
        "in" => Kind::Is(Sign::In),
        "eq" => Kind::Is(Sign::Equal),
        "land" | "wedge" => Kind::Word("and".to_owned()),
        "lor" | "vee" => Kind::Word("or".to_owned()),
        "dfrac" | "tfrac" | "cfrac" => Kind::Command("frac".to_owned()),
        "dbinom" | "tbinom" => Kind::Command("binom".to_owned()),
        "infin" => Kind::Command("infty".to_owned()),
        "varnothing" => Kind::Command("emptyset".to_owned()),
        "backslash" => Kind::Command("setminus".to_owned()),
        "varphi" => Kind::Command("phi".to_owned()),
        "varepsilon" => Kind::Command("epsilon".to_owned()),
        "bigcup" => Kind::Command("cup".to_owned()),
        _ => Kind::Command(name.to_owned()),
    }
}

/// What a plain word means, where it means something.
fn known_word(word: &str, lower: &str) -> Option<Kind> {
    const FUNCTIONS: [&str; 31] = [
        "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "asin", "acos",
        "atan", "sinh", "cosh", "tanh", "log", "ln", "exp", "sqrt", "cbrt", "abs", "floor", "ceil",
        "min", "max", "gcd", "lcm", "pi", "binom", "lg", "sgn",
    ];
    Some(match lower {
        "and" | "or" => Kind::Word(lower.to_owned()),
        "in" => Kind::Is(Sign::In),
        "percent" | "percentage" | "pct" | "prozent" => Kind::Op('%'),
        "degrees" | "degree" | "deg" => Kind::Op('°'),
        "inf" | "infinity" | "oo" => Kind::Command("infty".to_owned()),
        "plus" => Kind::Op('+'),
        "minus" => Kind::Op('-'),
        "times" => Kind::Op('*'),
        "u" if word == "U" => Kind::Command("cup".to_owned()),
        _ if FUNCTIONS.contains(&word) => known_command(word),
        _ => return None,
    })
}

/// Short words that are no product of letters.
fn is_common(lower: &str) -> bool {
    const WORDS: [&str; 67] = [
        "the", "is", "of", "to", "if", "no", "yes", "we", "it", "so", "as", "at", "by", "an", "on",
        "are", "for", "was", "has", "not", "but", "his", "her", "she", "he", "its", "day", "cm",
        "mm", "km", "kg", "mg", "ml", "mi", "ft", "mph", "kmh", "hr", "hrs", "min", "sec", "sq",
        "cu", "usd", "eur", "mol", "mpa", "kpa", "pa", "hz", "khz", "mhz", "kj", "kw", "kwh", "lb",
        "lbs", "oz", "yd", "gal", "bit", "kb", "mb", "gb", "ms", "all", "one",
    ];
    WORDS.contains(&lower)
}

/// Whether an environment has rows and columns that are read.
fn is_table(name: &str) -> bool {
    let name = name.trim_end_matches('*');
    name == "array" || name.ends_with("matrix") || name == "cases"
}
