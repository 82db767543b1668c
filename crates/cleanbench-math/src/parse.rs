//! Makes objects of the tokens of a formula.
//!
//! From loose to tight: lists (`,`, "and", "or"), relations, unions of sets, sums, products (also without a sign, `2x`),
//! powers, and what stands in brackets. `±` makes two objects of the item that it stands in. A number before a fraction
//! of two numbers is a mixed number. `e` and `i` are the constants; `f`, `g` and `h` before a bracket are functions of
//! which nothing is known.
//!
//! It refuses, with a reason, whatever it does not know in full: nothing is skipped to make the rest readable. Depth is
//! bounded by [`DEPTH`], and steps by the length of the text.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Signed, Zero, pow};

use crate::expr::{
    Constant, DEPTH, Expr, Failure, Joiner, Named, Object, Sign, TOO_DEEP, UNREADABLE,
};
use crate::lex::{Comma, Kind, Token, tokens};

/// Most items of a list, a set, a tuple or a row.
pub(crate) const MOST_ITEMS: usize = 32;

/// The object that `text` is, where commas between digits mean `comma`.
pub(crate) fn object(text: &str, comma: Comma) -> Result<Object, Failure> {
    let tokens = tokens(text, comma)?;
    let mut parser = Parser {
        tokens: &tokens,
        at: 0,
        depth: 0,
        steps: 0,
        bars: 0,
        minus: false,
        has_signs: false,
    };
    let found = parser.list()?;
    if parser.at < tokens.len() {
        return Err(UNREADABLE);
    }
    Ok(found)
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: usize,
    steps: usize,
    /// How many bars of absolute values are open.
    bars: usize,
    /// Whether `±` is read as minus.
    minus: bool,
    /// Whether a `±` was read.
    has_signs: bool,
}

impl Parser<'_> {
    fn kind(&self) -> Option<&Kind> {
        self.tokens.get(self.at).map(|token| &token.kind)
    }

    fn kind_after(&self, steps: usize) -> Option<&Kind> {
        self.tokens.get(self.at + steps).map(|token| &token.kind)
    }

    fn is_op(&self, sign: char) -> bool {
        self.kind() == Some(&Kind::Op(sign))
    }

    fn is_command(&self, name: &str) -> bool {
        matches!(self.kind(), Some(Kind::Command(found)) if found == name)
    }

    fn takes(&mut self, sign: char) -> bool {
        let found = self.is_op(sign);
        self.at += usize::from(found);
        found
    }

    fn takes_open(&mut self, bracket: char) -> bool {
        let found = self.kind() == Some(&Kind::Open(bracket));
        self.at += usize::from(found);
        found
    }

    fn closes(&mut self, bracket: char) -> Result<(), Failure> {
        if self.kind() != Some(&Kind::Close(bracket)) {
            return Err(UNREADABLE);
        }
        self.at += 1;
        Ok(())
    }

    /// Reads one level deeper.
    fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.steps += 1;
        if self.depth >= DEPTH || self.steps > 64 + 64 * self.tokens.len() {
            return Err(TOO_DEEP);
        }
        self.depth += 1;
        let found = read(self);
        self.depth -= 1;
        found
    }

    /// Items up to the end or a bracket that closes; one item is itself.
    fn list(&mut self) -> Result<Object, Failure> {
        let mut items = Vec::new();
        let mut joiner = Joiner::Comma;
        loop {
            if self.alternatives(&mut items)? {
                joiner = Joiner::Or;
            }
            match self.joined() {
                Some(Joiner::Comma) => {}
                Some(found) => joiner = found,
                None => break,
            }
        }
        if items.len() == 1 {
            return items.pop().ok_or(UNREADABLE);
        }
        Ok(Object::List(items, joiner))
    }

    /// Goes over what joins two items.
    fn joined(&mut self) -> Option<Joiner> {
        let comma = self.takes(',') || self.takes(';');
        let word = match self.kind() {
            Some(Kind::Word(word)) if word == "and" => Some(Joiner::And),
            Some(Kind::Word(word)) if word == "or" => Some(Joiner::Or),
            _ => None,
        };
        self.at += usize::from(word.is_some());
        let ends = self.kind().is_none();
        word.or(comma.then_some(Joiner::Comma))
            .filter(|joiner| !ends || *joiner != Joiner::Comma)
    }

    /// One item, and again with the other signs where it has `±`; whether it has.
    fn alternatives(&mut self, items: &mut Vec<Object>) -> Result<bool, Failure> {
        let outer = (self.minus, self.has_signs);
        (self.minus, self.has_signs) = (false, false);
        let start = self.at;
        items.push(self.relation()?);
        let twofold = self.has_signs;
        if twofold {
            self.at = start;
            self.minus = true;
            items.push(self.relation()?);
        }
        (self.minus, self.has_signs) = outer;
        if items.len() > MOST_ITEMS {
            return Err(crate::expr::TOO_MANY);
        }
        Ok(twofold)
    }

    fn relation(&mut self) -> Result<Object, Failure> {
        if let Some(Kind::Is(Sign::Equal | Sign::About)) = self.kind() {
            self.at += 1;
        }
        let mut terms = vec![self.union()?];
        let mut signs = Vec::new();
        while let Some(Kind::Is(sign)) = self.kind() {
            signs.push(*sign);
            self.at += 1;
            terms.push(self.union()?);
        }
        if signs.is_empty() {
            return terms.pop().ok_or(UNREADABLE);
        }
        Ok(Object::Relation { terms, signs })
    }

    fn union(&mut self) -> Result<Object, Failure> {
        let mut found = self.sum()?;
        loop {
            if self.is_command("cup") {
                self.at += 1;
                let next = self.sum()?;
                found = match found {
                    Object::Union(mut parts) => {
                        parts.push(next);
                        Object::Union(parts)
                    }
                    first => Object::Union(vec![first, next]),
                };
            } else if self.is_command("cap") {
                self.at += 1;
                found = Object::Common(vec![found, self.sum()?]);
            } else if self.is_command("setminus") {
                self.at += 1;
                found = Object::Minus(Box::new(found), Box::new(self.sum()?));
            } else {
                return Ok(found);
            }
        }
    }

    fn sum(&mut self) -> Result<Object, Failure> {
        let first = self.signed_term()?;
        if !self.is_sum_sign() {
            return Ok(first);
        }
        let (first, mut unit) = without_unit(first);
        let mut terms = vec![first.scalar()?];
        while self.is_sum_sign() {
            let (term, found) = without_unit(self.signed_term()?);
            unit = found.or(unit);
            terms.push(term.scalar()?);
        }
        let sum = Object::Scalar(Expr::sum(terms));
        Ok(match unit {
            Some(unit) => Object::Measured(Box::new(sum), unit),
            None => sum,
        })
    }

    fn is_sum_sign(&self) -> bool {
        matches!(self.kind(), Some(Kind::Op('+' | '-' | '±' | '∓')))
    }

    /// A product and the signs before it.
    fn signed_term(&mut self) -> Result<Object, Failure> {
        let mut negative = false;
        while let Some(Kind::Op(sign @ ('+' | '-' | '±' | '∓'))) = self.kind() {
            let sign = *sign;
            self.at += 1;
            self.has_signs |= matches!(sign, '±' | '∓');
            negative ^= match sign {
                '-' => true,
                '±' => self.minus,
                '∓' => !self.minus,
                _ => false,
            };
        }
        let term = self.deeper(Self::term)?;
        if negative { opposite(term) } else { Ok(term) }
    }

    fn term(&mut self) -> Result<Object, Failure> {
        let prefix = self.currency();
        let mut found = self.power()?;
        loop {
            if self.takes('*') {
                found = times(found, self.signed_factor()?)?;
            } else if self.takes('/') || self.takes_ratio() {
                found = times(found, inverse(self.signed_factor()?)?)?;
            } else if let Some(factor) = self.magnitude() {
                found = times(found, factor)?;
            } else if let Some(unit) = self.unit() {
                return measured(found, unit);
            } else if self.starts_factor() {
                if matches!(self.kind(), Some(Kind::Number(..))) {
                    return Err(UNREADABLE);
                }
                found = times(found, self.power()?)?;
            } else {
                break;
            }
        }
        Ok(match prefix {
            Some(unit) => Object::Measured(Box::new(found), unit),
            None => found,
        })
    }

    /// `:` between two numbers.
    fn takes_ratio(&mut self) -> bool {
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        let numbers = matches!(
            before,
            Some(Token {
                kind: Kind::Number(..),
                ..
            })
        ) && matches!(self.kind_after(1), Some(Kind::Number(..)))
            && self.kind_after(2) != Some(&Kind::Op(':'));
        // `2:30` may be a time.
        let time = matches!(self.kind_after(1), Some(Kind::Number(_, digits)) if digits.len() == 2);
        numbers && !time && self.takes(':')
    }

    fn currency(&mut self) -> Option<String> {
        let Some(Kind::Unit(unit)) = self.kind() else {
            return None;
        };
        let unit = unit.clone();
        self.at += 1;
        Some(unit)
    }

    /// A word that multiplies, as in "5 million".
    fn magnitude(&mut self) -> Option<Object> {
        let Some(Kind::Word(word) | Kind::Text(word)) = self.kind() else {
            return None;
        };
        let words = [
            ("hundred", 2),
            ("thousand", 3),
            ("million", 6),
            ("billion", 9),
            ("trillion", 12),
        ];
        let found = words
            .into_iter()
            .find(|(name, _)| word.trim_end_matches('s').eq_ignore_ascii_case(name));
        let dozen = word
            .eq_ignore_ascii_case("dozen")
            .then_some(BigInt::from(12));
        let factor = found
            .map(|(_, zeros)| pow(BigInt::from(10), zeros))
            .or(dozen)?;
        self.at += 1;
        Some(Object::number(BigRational::from_integer(factor)))
    }

    /// Words after a value.
    fn unit(&mut self) -> Option<String> {
        let mut unit = String::new();
        loop {
            match self.kind() {
                Some(Kind::Text(word) | Kind::Unit(word)) => unit.push_str(word),
                Some(Kind::Word(word)) if word != "and" && word != "or" => unit.push_str(word),
                Some(Kind::Op('/')) if !unit.is_empty() => unit.push('/'),
                Some(Kind::Op('^')) if !unit.is_empty() => self.unit_power(&mut unit)?,
                _ => break,
            }
            self.at += 1;
        }
        (!unit.is_empty()).then_some(unit)
    }

    /// The power of a unit, in braces or not; stays on its last token.
    fn unit_power(&mut self, unit: &mut String) -> Option<()> {
        let braces = self.kind_after(1) == Some(&Kind::Open('{'));
        let at = 1 + usize::from(braces);
        let Some(Kind::Number(_, digits)) = self.kind_after(at) else {
            return None;
        };
        unit.push_str(digits);
        self.at += at + usize::from(braces);
        Some(())
    }

    /// A factor after a sign of multiplication, which may have a sign of its own.
    fn signed_factor(&mut self) -> Result<Object, Failure> {
        if self.takes('-') {
            let factor = self.deeper(Self::signed_factor)?;
            return opposite(factor);
        }
        self.takes('+');
        self.power()
    }

    /// Whether a factor starts here, without a sign of multiplication before it.
    fn starts_factor(&self) -> bool {
        match self.kind() {
            Some(Kind::Number(..) | Kind::Letter(_) | Kind::Open(_) | Kind::Begin(_)) => true,
            Some(Kind::Command(name)) => !CLOSING.contains(&name.as_str()),
            Some(Kind::Op('|')) => self.bars == 0,
            _ => false,
        }
    }

    fn power(&mut self) -> Result<Object, Failure> {
        self.deeper(|parser| {
            let base = parser.postfix()?;
            parser.raised(base)
        })
    }

    /// `base` to the power that follows, where one does.
    fn raised(&mut self, base: Object) -> Result<Object, Failure> {
        if !self.takes('^') {
            return Ok(base);
        }
        if self.takes_degree() {
            let degrees = Object::Scalar(Expr::call("°", base.scalar()?));
            return self.suffixed(degrees);
        }
        let exponent = self.exponent()?;
        let raised = Object::Scalar(base.scalar()?.power(exponent));
        self.suffixed(raised)
    }

    fn exponent(&mut self) -> Result<Expr, Failure> {
        self.deeper(|parser| {
            if parser.takes('-') {
                return Ok(parser.exponent()?.negated());
            }
            parser.takes('+');
            parser.power()?.scalar()
        })
    }

    fn takes_degree(&mut self) -> bool {
        if self.takes('°') {
            return true;
        }
        let braced = self.kind() == Some(&Kind::Open('{'))
            && self.kind_after(1) == Some(&Kind::Op('°'))
            && self.kind_after(2) == Some(&Kind::Close('}'));
        self.at += 3 * usize::from(braced);
        braced
    }

    fn postfix(&mut self) -> Result<Object, Failure> {
        let found = self.atom()?;
        self.suffixed(found)
    }

    fn suffixed(&mut self, mut found: Object) -> Result<Object, Failure> {
        loop {
            let name = match self.kind() {
                Some(Kind::Op('!')) => "!",
                Some(Kind::Op('%')) => "%",
                Some(Kind::Op('°')) => "°",
                _ => return Ok(found),
            };
            self.at += 1;
            self.steps += 1;
            if self.depth + self.steps > 64 + 64 * self.tokens.len() || self.suffixes() > 3 {
                return Err(TOO_DEEP);
            }
            found = Object::Scalar(Expr::call(name, found.scalar()?));
        }
    }

    /// How many suffixes end here.
    fn suffixes(&self) -> usize {
        let read = self.tokens[..self.at].iter().rev();
        read.take(8)
            .take_while(|token| matches!(token.kind, Kind::Op('!' | '%' | '°')))
            .count()
    }

    fn atom(&mut self) -> Result<Object, Failure> {
        let kind = self.kind().cloned().ok_or(UNREADABLE)?;
        self.at += 1;
        match kind {
            Kind::Number(value, digits) => self.number(value, &digits),
            Kind::Letter(letter) => self.letter(letter),
            Kind::Command(name) => self.command(&name),
            Kind::Open(bracket) => self.deeper(|parser| parser.brackets(bracket)),
            Kind::Op('|') => self.deeper(Self::bars),
            Kind::Begin(name) => self.deeper(|parser| parser.matrix(&name)),
            Kind::Text(text) | Kind::Word(text) => Ok(self.text(text)),
            _ => Err(UNREADABLE),
        }
    }

    /// Words with nothing else between them.
    fn text(&mut self, mut text: String) -> Object {
        while let Some(Kind::Word(next) | Kind::Text(next)) = self.kind() {
            if next == "and" || next == "or" {
                break;
            }
            text.push(' ');
            text.push_str(next);
            self.at += 1;
        }
        let letter = text.trim_matches(['(', ')']);
        if let [letter @ (b'A'..=b'Z' | b'a'..=b'z')] = letter.as_bytes() {
            return Object::Scalar(Expr::Symbol(char::from(*letter).to_string()));
        }
        Object::Text(text)
    }

    fn number(&mut self, value: BigRational, digits: &str) -> Result<Object, Failure> {
        if self.is_op('_') && !digits.is_empty() {
            self.at += 1;
            return self.in_base(digits);
        }
        if value.is_integer()
            && !digits.is_empty()
            && let Some(part) = self.mixed()?
        {
            return Ok(Object::number(value + part));
        }
        Ok(Object::number(value))
    }

    /// The value of digits with a base below them.
    fn in_base(&mut self, digits: &str) -> Result<Object, Failure> {
        let base = self.argument()?;
        let base = base
            .as_number()
            .filter(|base| base.is_integer())
            .ok_or(UNREADABLE)?;
        let base = u32::try_from(base.to_integer()).map_err(|_| UNREADABLE)?;
        if !(2..=36).contains(&base) {
            return Err(UNREADABLE);
        }
        let value = BigInt::parse_bytes(digits.as_bytes(), base).ok_or(UNREADABLE)?;
        Ok(Object::number(BigRational::from_integer(value)))
    }

    /// The fraction after a whole number that makes it a mixed one.
    fn mixed(&mut self) -> Result<Option<BigRational>, Failure> {
        let start = self.at;
        let fraction = if self.is_command("frac") {
            self.at += 1;
            self.fraction()?
        } else {
            self.plain_fraction()
        };
        let part = match &fraction {
            Some(Object::Scalar(Expr::Product(parts))) => ratio(parts),
            _ => None,
        };
        if part.is_none() {
            self.at = start;
        }
        Ok(part)
    }

    /// `1/2` as in `3 1/2`.
    fn plain_fraction(&mut self) -> Option<Object> {
        let spaced = self.tokens.get(self.at).is_some_and(|token| token.spaced);
        let (Some(Kind::Number(above, _)), Some(Kind::Op('/')), Some(Kind::Number(below, _))) =
            (self.kind(), self.kind_after(1), self.kind_after(2))
        else {
            return None;
        };
        if !spaced || below.is_zero() {
            return None;
        }
        let parts = vec![Expr::Number(above.clone()), Expr::Number(below.recip())];
        self.at += 3;
        Some(Object::Scalar(Expr::Product(parts)))
    }

    fn fraction(&mut self) -> Result<Option<Object>, Failure> {
        let (above, below) = (self.argument()?, self.argument()?);
        let below = below.scalar()?.inverted();
        Ok(Some(Object::Scalar(Expr::Product(vec![
            above.scalar()?,
            below,
        ]))))
    }

    fn letter(&mut self, letter: char) -> Result<Object, Failure> {
        let called = matches!(letter, 'f' | 'g' | 'h' | 'F' | 'G' | 'H');
        let mut name = letter.to_string();
        self.subscript(&mut name)?;
        while self.takes('\'') {
            name.push('\'');
        }
        if called && self.kind() == Some(&Kind::Open('(')) {
            let arguments = self.arguments()?;
            return Ok(Object::Scalar(Expr::Call(format!("?{name}"), arguments)));
        }
        Ok(Object::Scalar(match name.as_str() {
            "e" => Expr::Constant(Constant::E),
            "i" => Expr::Constant(Constant::I),
            "π" => Expr::Constant(Constant::Pi),
            _ => Expr::Symbol(name),
        }))
    }

    /// Adds what stands below to a name.
    fn subscript(&mut self, name: &mut String) -> Result<(), Failure> {
        if !self.takes('_') {
            return Ok(());
        }
        name.push('_');
        if !self.takes_open('{') {
            return self.subscript_part(name);
        }
        while self.kind() != Some(&Kind::Close('}')) {
            self.subscript_part(name)?;
        }
        self.at += 1;
        Ok(())
    }

    fn subscript_part(&mut self, name: &mut String) -> Result<(), Failure> {
        match self.kind() {
            Some(Kind::Number(value, _)) => name.push_str(&value.to_string()),
            Some(Kind::Letter(letter)) => name.push(*letter),
            Some(Kind::Word(word) | Kind::Text(word) | Kind::Command(word)) => name.push_str(word),
            Some(Kind::Op(sign @ ('+' | '-' | ','))) => name.push(*sign),
            _ => return Err(UNREADABLE),
        }
        self.at += 1;
        Ok(())
    }

    fn command(&mut self, name: &str) -> Result<Object, Failure> {
        let scalar = |expr| Ok(Object::Scalar(expr));
        match name {
            "frac" => self.fraction()?.ok_or(UNREADABLE),
            "binom" => {
                let arguments = if self.kind() == Some(&Kind::Open('(')) {
                    self.arguments()?
                } else {
                    vec![self.argument()?.scalar()?, self.argument()?.scalar()?]
                };
                scalar(Expr::Call("binom".to_owned(), arguments))
            }
            "sqrt" | "surd" | "cbrt" => self.root(name),
            "pi" => scalar(Expr::Constant(Constant::Pi)),
            "infty" => scalar(Expr::Constant(Constant::Infinity)),
            "emptyset" => Ok(Object::Named(Named::Empty)),
            "lfloor" => self.enclosed("floor", "rfloor"),
            "lceil" => self.enclosed("ceil", "rceil"),
            "mathbbR" => Ok(Object::Named(Named::Reals)),
            _ if name.starts_with("mathbb") => {
                let letter = name.chars().nth(6).ok_or(UNREADABLE)?;
                Ok(Object::Named(Named::Other(letter)))
            }
            _ if FUNCTIONS.contains(&name) => self.function(name),
            _ if LETTERS.contains(&name) => {
                let mut name = format!("\\{name}");
                self.subscript(&mut name)?;
                scalar(Expr::Symbol(name))
            }
            _ => Err(UNREADABLE),
        }
    }

    fn root(&mut self, name: &str) -> Result<Object, Failure> {
        let mut degree = Expr::whole(if name == "cbrt" { 3 } else { 2 });
        if self.takes_open('[') {
            degree = self.deeper(Self::sum)?.scalar()?;
            self.closes(']')?;
        }
        if let Some(Kind::Number(_, digits)) = self.kind()
            && digits.len() != 1
            && name != "surd"
        {
            return Err(UNREADABLE);
        }
        let radicand = self.argument()?.scalar()?;
        Ok(Object::Scalar(radicand.root(degree)))
    }

    fn enclosed(&mut self, name: &str, end: &str) -> Result<Object, Failure> {
        let inner = self.deeper(Self::sum)?.scalar()?;
        if !self.is_command(end) {
            return Err(UNREADABLE);
        }
        self.at += 1;
        Ok(Object::Scalar(Expr::call(name, inner)))
    }

    /// What a command is followed by: braces, or one thing.
    fn argument(&mut self) -> Result<Object, Failure> {
        self.deeper(Self::atom)
    }

    /// Scalars in brackets.
    fn arguments(&mut self) -> Result<Vec<Expr>, Failure> {
        match self.argument()? {
            Object::Tuple { items, .. } | Object::List(items, _) | Object::Set(items) => {
                items.into_iter().map(Object::scalar).collect()
            }
            single => Ok(vec![single.scalar()?]),
        }
    }

    fn function(&mut self, name: &str) -> Result<Object, Failure> {
        let mut base = None;
        if name == "log" && self.takes('_') {
            base = Some(self.argument()?.scalar()?);
        }
        let exponent = if self.takes('^') {
            Some(self.exponent()?)
        } else {
            None
        };
        if name == "log" && base.is_none() && self.takes('_') {
            base = Some(self.argument()?.scalar()?);
        }
        let arguments = self.function_arguments()?;
        let name = plain_name(name);
        let called = match base {
            Some(base) => Expr::product(vec![
                Expr::Call("ln".to_owned(), arguments),
                Expr::call("ln", base).inverted(),
            ]),
            None => Expr::Call(name.to_owned(), arguments),
        };
        inverse_or_power(name, called, exponent).map(Object::Scalar)
    }

    /// What a function is applied to: brackets, or a product up to the next sign or function.
    fn function_arguments(&mut self) -> Result<Vec<Expr>, Failure> {
        if let Some(Kind::Open('(' | '{' | '[')) = self.kind() {
            return self.arguments();
        }
        let mut factors = vec![self.power()?.scalar()?];
        while self.continues_argument() {
            factors.push(self.power()?.scalar()?);
        }
        Ok(vec![Expr::product(factors)])
    }

    fn continues_argument(&self) -> bool {
        match self.kind() {
            Some(Kind::Letter(_)) => true,
            Some(Kind::Command(name)) => {
                self.starts_factor() && !FUNCTIONS.contains(&name.as_str())
            }
            _ => false,
        }
    }

    fn bars(&mut self) -> Result<Object, Failure> {
        self.bars += 1;
        let inner = self.sum()?.scalar()?;
        self.bars -= 1;
        if !self.takes('|') {
            return Err(UNREADABLE);
        }
        Ok(Object::Scalar(Expr::call("abs", inner)))
    }

    fn brackets(&mut self, open: char) -> Result<Object, Failure> {
        if matches!(open, 's' | '{') && self.takes_unknown() {
            let condition = self.list()?;
            self.closes(open_to_close(open))?;
            return Ok(condition);
        }
        let bars = std::mem::take(&mut self.bars);
        let mut items = Vec::new();
        while !matches!(self.kind(), Some(Kind::Close(_))) {
            if matches!(open, 's' | '{') {
                self.alternatives(&mut items)?;
            } else {
                items.push(self.relation()?);
            }
            let joined = self.takes(',') || self.takes(';') || self.takes_word(open);
            if items.len() > MOST_ITEMS {
                return Err(crate::expr::TOO_MANY);
            }
            if !joined {
                break;
            }
        }
        let Some(Kind::Close(close)) = self.kind() else {
            return Err(UNREADABLE);
        };
        let close = *close;
        self.at += 1;
        self.bars = bars;
        bracketed(open, items, close)
    }

    /// Goes over `x |` or `x \\in \\mathbb{R} :` in a set that is given by a condition.
    fn takes_unknown(&mut self) -> bool {
        let real = self.kind_after(1) == Some(&Kind::Is(Sign::In))
            && self.kind_after(2) == Some(&Kind::Command("mathbbR".to_owned()));
        let bar = if real { 3 } else { 1 };
        let found = matches!(self.kind(), Some(Kind::Letter(_)))
            && matches!(self.kind_after(bar), Some(Kind::Op('|' | ':')));
        self.at += (bar + 1) * usize::from(found);
        found
    }

    fn takes_word(&mut self, open: char) -> bool {
        let joins = matches!(self.kind(), Some(Kind::Word(word)) if word == "and" || word == "or");
        let found = joins && matches!(open, 's' | '{');
        self.at += usize::from(found);
        found
    }

    fn matrix(&mut self, name: &str) -> Result<Object, Failure> {
        if name.starts_with(['v', 'V']) || name == "cases" {
            return Err(UNREADABLE);
        }
        let mut rows = vec![Vec::new()];
        let mut cells = 0;
        while self.kind() != Some(&Kind::End(name.to_owned())) {
            cells += 1;
            if cells > 2 * MOST_ITEMS {
                return Err(crate::expr::TOO_MANY);
            }
            match self.kind() {
                Some(Kind::Row) => rows.push(Vec::new()),
                Some(Kind::Op('&')) => {}
                _ => {
                    let cell = self.sum()?.scalar()?;
                    rows.last_mut().ok_or(UNREADABLE)?.push(cell);
                    continue;
                }
            }
            self.at += 1;
        }
        self.at += 1;
        rows.retain(|row| !row.is_empty());
        let width = rows.first().map_or(0, Vec::len);
        if width == 0 || rows.iter().any(|row| row.len() != width) {
            return Err(UNREADABLE);
        }
        Ok(Object::Matrix(rows))
    }
}

/// Commands that end a product.
const CLOSING: [&str; 5] = ["cup", "cap", "setminus", "rfloor", "rceil"];

const FUNCTIONS: [&str; 32] = [
    "sin",
    "cos",
    "tan",
    "cot",
    "sec",
    "csc",
    "arcsin",
    "arccos",
    "arctan",
    "asin",
    "acos",
    "atan",
    "sinh",
    "cosh",
    "tanh",
    "log",
    "ln",
    "exp",
    "abs",
    "floor",
    "ceil",
    "min",
    "max",
    "gcd",
    "lcm",
    "lg",
    "sgn",
    "arcsinh",
    "arccosh",
    "arctanh",
    "operatorname",
    "Re",
];

const LETTERS: [&str; 36] = [
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa",
    "lambda", "mu", "nu", "xi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega",
    "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega",
    "ell", "hbar", "vartheta",
];

/// One name for each function.
fn plain_name(name: &str) -> &str {
    match name {
        "asin" => "arcsin",
        "acos" => "arccos",
        "atan" => "arctan",
        "lg" => "log",
        other => other,
    }
}

/// `\sin^{-1} x` is the inverse function; any other exponent is of the value.
fn inverse_or_power(name: &str, called: Expr, exponent: Option<Expr>) -> Result<Expr, Failure> {
    let Some(exponent) = exponent else {
        return Ok(called);
    };
    if exponent != Expr::whole(-1) {
        return Ok(called.power(exponent));
    }
    let inverse = match name {
        "sin" => "arcsin",
        "cos" => "arccos",
        "tan" => "arctan",
        _ => return Err(UNREADABLE),
    };
    match called {
        Expr::Call(_, arguments) => Ok(Expr::Call(inverse.to_owned(), arguments)),
        _ => Err(UNREADABLE),
    }
}

fn open_to_close(open: char) -> char {
    if open == 's' { 's' } else { '}' }
}

/// What brackets make of their items.
fn bracketed(open: char, mut items: Vec<Object>, close: char) -> Result<Object, Failure> {
    match (open, close) {
        ('s', 's') if items.is_empty() => Ok(Object::Named(Named::Empty)),
        ('s', 's') => Ok(Object::Set(items)),
        ('{', '}') | ('(', ')') | ('[', ']') if items.len() == 1 => items.pop().ok_or(UNREADABLE),
        ('{', '}') if !items.is_empty() => Ok(Object::Set(items)),
        ('(' | '[', ')' | ']') if items.len() > 1 => Ok(Object::Tuple { open, items, close }),
        ('<', '>') if items.len() > 1 => Ok(Object::Tuple {
            open: '(',
            items,
            close: ')',
        }),
        _ => Err(UNREADABLE),
    }
}

/// The fraction of two whole numbers that `parts` multiply to, where it is a proper one.
fn ratio(parts: &[Expr]) -> Option<BigRational> {
    let [Expr::Number(above), Expr::Number(below)] = parts else {
        return None;
    };
    let whole = above.is_integer() && below.numer().is_one() && !above.is_negative();
    let value = above * below;
    (whole && value < BigRational::one()).then_some(value)
}

/// The object with the other sign.
fn opposite(object: Object) -> Result<Object, Failure> {
    match object {
        Object::Scalar(expr) => Ok(Object::Scalar(expr.negated())),
        other => times(Object::Scalar(Expr::whole(-1)), other),
    }
}

fn inverse(object: Object) -> Result<Object, Failure> {
    Ok(Object::Scalar(object.scalar()?.inverted()))
}

/// A value with a unit; words after symbols are no unit, but prose.
fn measured(value: Object, unit: String) -> Result<Object, Failure> {
    match value {
        Object::Text(_) => Err(UNREADABLE),
        Object::Scalar(Expr::Call(name, mut inner)) if name == "°" && inner.len() == 1 => {
            let value = Object::Scalar(inner.remove(0));
            measured(value, format!("°{unit}"))
        }
        value if value.has_symbols() => Err(UNREADABLE),
        value => Ok(Object::Measured(Box::new(value), unit)),
    }
}

/// The value and its unit.
fn without_unit(object: Object) -> (Object, Option<String>) {
    match object {
        Object::Measured(value, unit) => (*value, Some(unit)),
        other => (other, None),
    }
}

/// A product of scalars, or of a scalar and a matrix.
fn times(left: Object, right: Object) -> Result<Object, Failure> {
    match (left, right) {
        (Object::Matrix(rows), Object::Scalar(by)) | (Object::Scalar(by), Object::Matrix(rows)) => {
            let scaled = |cell: Expr| Expr::Product(vec![by.clone(), cell]);
            let rows = rows
                .into_iter()
                .map(|row| row.into_iter().map(scaled).collect());
            Ok(Object::Matrix(rows.collect()))
        }
        (Object::Scalar(left), Object::Measured(value, unit)) => {
            let value = times(Object::Scalar(left), *value)?;
            Ok(Object::Measured(Box::new(value), unit))
        }
        (left, right) => Ok(Object::Scalar(multiplied(left.scalar()?, right.scalar()?))),
    }
}

/// A product that stays flat, so that a long one is not deep.
fn multiplied(left: Expr, right: Expr) -> Expr {
    match left {
        Expr::Product(mut factors) => {
            factors.push(right);
            Expr::Product(factors)
        }
        left => Expr::Product(vec![left, right]),
    }
}
