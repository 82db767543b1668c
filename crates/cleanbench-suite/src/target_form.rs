//! What a target of the data means: an option's text, its letter, its position; what stands behind a mark.
//!
//! Invariant: a target that could mean two options is never guessed: what the whole column shows decides, and where it
//! does not, the task has to say it. What was found is on record with the task.

use std::fmt;

use serde_json::Value;

use crate::at::At;
use crate::boxed;
use crate::choices::{self, Options};
use crate::diagnostic::Fault;
use crate::words::{kind_of_json, shown};

/// How a target names an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// The label that the data gives an option.
    Label,
    Text,
    Letter,
    /// A position, counted from 0.
    IndexFrom0,
    /// A position, counted from 1.
    IndexFrom1,
    /// True or false, 1 or 0, of options that say yes and no.
    Truth,
    /// For each option whether it is right, 1 or 0.
    Flags,
}

impl Form {
    /// All of them, those that a column can show first.
    pub(crate) const ALL: [Self; 7] = [
        Self::Label,
        Self::Text,
        Self::Letter,
        Self::IndexFrom0,
        Self::IndexFrom1,
        Self::Truth,
        Self::Flags,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Label => "label",
            Self::Text => "text",
            Self::Letter => "letter",
            Self::IndexFrom0 => "index_from_0",
            Self::IndexFrom1 => "index_from_1",
            Self::Truth => "truth",
            Self::Flags => "flags",
        }
    }

    /// The option of `options` that `target` names in this form.
    pub(crate) fn option(self, target: &Value, options: &Options<'_>) -> Option<usize> {
        match self {
            Self::Label => options.of_label(target),
            Self::Text => options.of_text(&text_of(target)?),
            Self::Letter => options.of_letter(target.as_str()?),
            Self::IndexFrom0 => index(target).filter(|index| *index < options.texts.len()),
            Self::IndexFrom1 => index(target)?
                .checked_sub(1)
                .filter(|index| *index < options.texts.len()),
            Self::Truth => options.of_truth(truth(target)?),
            Self::Flags => None,
        }
    }

    fn is_position(self) -> bool {
        matches!(self, Self::IndexFrom0 | Self::IndexFrom1)
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A string as it is, a number as it is written.
fn text_of(target: &Value) -> Option<String> {
    match target {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A whole number, also one that is written as a text.
fn index(target: &Value) -> Option<usize> {
    match target {
        Value::Number(number) => usize::try_from(number.as_u64()?).ok(),
        Value::String(text) => {
            let text = text.trim();
            let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| text.parse().ok())?
        }
        _ => None,
    }
}

/// True or false, also as a number or as a text.
fn truth(target: &Value) -> Option<bool> {
    if let Some(truth) = target.as_bool() {
        return Some(truth);
    }
    match text_of(target)?.trim().to_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// How the targets of a task are written, as its table says it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TargetReading {
    pub(crate) form: Option<Form>,
    /// The mark before the answer.
    pub(crate) after: Option<String>,
    /// Whether the answer stands in `\\boxed{…}`.
    pub(crate) is_boxed: bool,
}

impl TargetReading {
    /// The target within `target`.
    ///
    /// # Errors
    /// A fault at its place where it has no such mark.
    pub(crate) fn take_out(&self, mut target: At<Value>) -> Result<At<Value>, Fault> {
        if self.after.is_none() && !self.is_boxed {
            return Ok(target);
        }
        let Value::String(text) = &target.value else {
            let found = kind_of_json(&target.value.to_string());
            let message =
                format!("a target to be searched for a mark must be a text, found {found}");
            return Err(Fault::new(target.at, message));
        };
        let mut answer = text.as_str();
        if let Some(mark) = &self.after {
            let place = answer.rfind(mark.as_str());
            let place = place.ok_or_else(|| no_mark(target.at, mark))?;
            answer = &answer[place + mark.len()..];
        }
        if self.is_boxed {
            answer = boxed::last_box(answer).ok_or_else(|| no_box(answer, target.at))?;
        }
        target.value = Value::from(answer.trim());
        Ok(target)
    }
}

fn no_box(answer: &str, at: usize) -> Fault {
    if !boxed::has_box(answer) {
        return no_mark(at, "\\boxed{…}");
    }
    let message = "what the last box of the target holds cannot be told";
    Fault::new(at, message).hint("write it in braces, `\\boxed{…}`")
}

fn no_mark(at: usize, mark: &str) -> Fault {
    let message = format!("the target has no {}", shown(mark));
    Fault::new(at, message).hint("`fields.target` of the task says that the answer stands there")
}

/// The forms in which a target says which option it means, where a position only counts.
const NAMED: [Form; 3] = [Form::Label, Form::Text, Form::Letter];

/// What is known of a column of targets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum ColumnForm {
    /// It was not looked at as a whole.
    #[default]
    Unknown,
    /// It was.
    Looked(Shown),
}

/// What a column of targets shows as a whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    /// The one form of all of them.
    pub(crate) form: Option<Form>,
    /// Whether they are labels, texts and letters in turns, so that one of digits is a text and no position: each names
    /// an option in such a form, and some are no number.
    has_no_positions: bool,
}

impl ColumnForm {
    /// What the column shows, as far as is known.
    pub(crate) fn shown(self) -> Shown {
        match self {
            Self::Looked(shown) => shown,
            Self::Unknown => Shown::default(),
        }
    }
}

/// What a column of targets can mean as a whole.
#[derive(Debug, Clone)]
pub(crate) struct Evidence {
    /// The forms in which every target so far names an option.
    possible: Vec<Form>,
    /// Forms of which some target names different options.
    differing: Vec<Pair>,
    letters: Letters,
    /// Whether every target so far names an option as a label, a text or a letter.
    are_all_named: bool,
    /// Whether one is no number.
    has_words: bool,
}

/// How targets that are letters are written: labels are all capital or all small.
#[derive(Debug, Clone, Copy, Default)]
struct Letters {
    is_capital: bool,
    is_small: bool,
    /// Whether one is the text of another option.
    is_text: bool,
}

impl Letters {
    fn add(&mut self, target: &Value, options: &Options<'_>) {
        let (Some(text), Some(option)) = (target.as_str(), Form::Letter.option(target, options))
        else {
            return;
        };
        self.is_capital |= text.contains(|c: char| c.is_ascii_uppercase());
        self.is_small |= text.contains(|c: char| c.is_ascii_lowercase());
        self.is_text |= options.of_text(text).is_some_and(|named| named != option);
    }

    /// Whether some are letters and others texts, as far as can be seen.
    fn are_mixed(self) -> bool {
        self.is_capital && self.is_small && self.is_text
    }
}

/// Two forms, in the order of [`Form::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pair {
    one: Form,
    other: Form,
}

impl Default for Evidence {
    fn default() -> Self {
        Self {
            possible: Form::ALL[..6].to_vec(),
            differing: Vec::new(),
            letters: Letters::default(),
            are_all_named: true,
            has_words: false,
        }
    }
}

impl Evidence {
    /// Takes in a target.
    pub(crate) fn add(&mut self, target: &Value, options: &Options<'_>) {
        self.letters.add(target, options);
        self.are_all_named &= NAMED
            .iter()
            .any(|form| form.option(target, options).is_some());
        self.has_words |= index(target).is_none();
        self.possible
            .retain(|form| form.option(target, options).is_some());
        for (at, &one) in self.possible.iter().enumerate() {
            for &other in &self.possible[at + 1..] {
                let pair = Pair { one, other };
                let differ = one.option(target, options) != other.option(target, options);
                if differ && !self.differing.contains(&pair) {
                    self.differing.push(pair);
                }
            }
        }
    }

    /// Whether more targets can change nothing: one form that is left may still be contradicted.
    pub(crate) fn is_settled(&self) -> bool {
        self.possible.is_empty() && !self.are_all_named
    }

    /// What all of them show.
    pub(crate) fn shown(&self) -> Shown {
        Shown {
            form: self.form(),
            has_no_positions: self.are_all_named && self.has_words,
        }
    }

    /// Whether all targets, read as positions, name other options than as texts, however positions are counted: of few
    /// targets of digits, texts of options too, nobody can tell which they are.
    fn may_all_be_positions(&self) -> bool {
        let mut positions = self
            .possible
            .iter()
            .filter(|form| form.is_position())
            .peekable();
        let differs = |other: &Form| {
            let pair = Pair {
                one: Form::Text,
                other: *other,
            };
            self.differing.contains(&pair)
        };
        positions.peek().is_some() && positions.all(differs)
    }

    /// The form in which all targets name an option: as labels or as texts where they all are one, and not both with
    /// different options; of other forms only where all that are possible name the same options.
    fn form(&self) -> Option<Form> {
        let is_possible = |form: &Form| self.possible.contains(form);
        let both = |pair: &Pair| is_possible(&pair.one) && is_possible(&pair.other);
        let explicit = [Form::Label, Form::Text];
        let mut contradictions = self.differing.iter().filter(|pair| both(pair));
        if let Some(form) = explicit.into_iter().find(is_possible) {
            let is_contradicted =
                contradictions.any(|pair| [pair.one, pair.other] == [Form::Label, Form::Text]);
            let is_doubtful = form == Form::Text && self.may_all_be_positions();
            return Some(form).filter(|_| !is_contradicted && !is_doubtful);
        }
        let is_unclear = contradictions.next().is_some();
        let found = self.possible.first().copied().filter(|_| !is_unclear);
        found.filter(|form| *form != Form::Letter || !self.letters.are_mixed())
    }
}

/// Whether only the whole column shows what `target` means: it could name different options, or is a position.
pub(crate) fn is_unclear(target: &Value, options: &Options<'_>) -> bool {
    candidates(target, options, Shown::default()).len() > 1 || is_position(target, options)
}

/// The options that `target` can name, ascending, where its column shows so much.
fn candidates(target: &Value, options: &Options<'_>, shown: Shown) -> Vec<usize> {
    let forms = if options.of_label(target).is_some() {
        // Who gives labels counts no positions.
        &Form::ALL[..2]
    } else {
        &Form::ALL[..]
    };
    let is_open = |form: &&Form| !(shown.has_no_positions && form.is_position());
    let forms = forms.iter().filter(is_open);
    let found = forms.filter_map(|form| form.option(target, options));
    let mut found: Vec<_> = found.collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Whether `target` names an option by its position, and in no other way.
fn is_position(target: &Value, options: &Options<'_>) -> bool {
    let names = |form: &Form| form.option(target, options).is_some();
    let mut forms = Form::ALL.into_iter().filter(names).peekable();
    options.of_label(target).is_none() && forms.peek().is_some() && forms.all(Form::is_position)
}

/// The option that `target` names: in the form that the task says, or, where it says none and `target` could name
/// several, in the form that its column has `shown`.
///
/// # Errors
/// A fault at `at` where it names none, or several.
pub(crate) fn resolve(
    target: &Value,
    options: &Options<'_>,
    said: Option<Form>,
    shown: Shown,
    at: usize,
) -> Result<usize, Fault> {
    if let Some(form) = said {
        let found = form.option(target, options);
        return found.ok_or_else(|| not_in_form(target, form, options, at));
    }
    match candidates(target, options, shown)[..] {
        [] => Err(choices::not_among(target, options, at)),
        [one] if !is_position(target, options) => Ok(one),
        _ => {
            let found = shown.form.and_then(|form| form.option(target, options));
            found.ok_or_else(|| unclear(target, options, at))
        }
    }
}

/// The options that the flags `target` say are right.
///
/// # Errors
/// A fault at `at` where it is not a flag for each option, or none is set.
pub(crate) fn flagged(
    target: &Value,
    options: &Options<'_>,
    at: usize,
) -> Result<Vec<usize>, Fault> {
    let wrong = |what: &str| {
        let message =
            format!("{what}, and `fields.target` of the task says that the target is flags");
        Fault::new(at, message)
    };
    let Value::Array(flags) = target else {
        return Err(wrong("the target is no list"));
    };
    let count = options.texts.len();
    if flags.len() != count {
        let what = format!("the target has {} flags for {count} choices", flags.len());
        return Err(wrong(&what));
    }
    let is_set = |flag: &Value| match flag {
        Value::Bool(set) => Some(*set),
        Value::Number(number) => match number.as_f64() {
            Some(0.0) => Some(false),
            Some(1.0) => Some(true),
            _ => None,
        },
        _ => None,
    };
    let flags: Option<Vec<bool>> = flags.iter().map(is_set).collect();
    let flags = flags.ok_or_else(|| wrong("a flag is neither 0 nor 1"))?;
    let set: Vec<_> = (0..count).filter(|option| flags[*option]).collect();
    if set.is_empty() {
        return Err(wrong("no flag is set"));
    }
    Ok(set)
}

fn not_in_form(target: &Value, form: Form, options: &Options<'_>, at: usize) -> Fault {
    let fault = choices::not_among(target, options, at);
    let hint = format!("`fields.target` of the task says that targets are of the form `{form}`");
    fault.hint(hint)
}

fn unclear(target: &Value, options: &Options<'_>, at: usize) -> Fault {
    let of = |form: Form| {
        let option = form.option(target, options)?;
        Some((form, option))
    };
    let named: Vec<_> = Form::ALL.into_iter().filter_map(of).collect();
    let texts = named.iter().map(|(form, option)| {
        let text = options.texts.get(*option).map_or("", String::as_str);
        format!("{} by `{form}`", shown(text))
    });
    let texts: Vec<_> = texts.collect();
    let target = text_of(target).unwrap_or_default();
    let message = format!("target {} is {}", shown(&target), texts.join(" and "));
    let forms = named.iter().map(|(form, _)| format!("`{form}`"));
    let forms: Vec<_> = forms.collect();
    Fault::new(at, message).hint(format!(
        "the targets of all samples together do not show which is meant: write `fields = {{ target = {{ form = \"…\" }} }}` with {}",
        forms.join(" or ")
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(
        choices: &[&str],
        labels: &[&str],
        targets: &[Value],
    ) -> (Option<Form>, Vec<Option<usize>>) {
        let owned = |texts: &[&str]| -> Vec<String> {
            texts.iter().map(|text| (*text).to_owned()).collect()
        };
        let (texts, labels) = (owned(choices), owned(labels));
        let options = Options::new(&texts, &labels);
        let mut evidence = Evidence::default();
        for target in targets {
            evidence.add(target, &options);
        }
        let shown = evidence.shown();
        let resolved = targets
            .iter()
            .map(|target| resolve(target, &options, None, shown, 0).ok());
        (shown.form, resolved.collect())
    }

    #[test]
    fn what_a_column_shows_decides_and_nothing_is_guessed() {
        let four = ["w", "x", "y", "z"];
        for (choices, targets, form, expected) in [
            (
                four,
                vec![json!(1), json!(0)],
                Some(Form::IndexFrom0),
                vec![Some(1), Some(0)],
            ),
            (
                four,
                vec![json!(1), json!(4)],
                Some(Form::IndexFrom1),
                vec![Some(0), Some(3)],
            ),
            (
                four,
                vec![json!("1"), json!("0")],
                Some(Form::IndexFrom0),
                vec![Some(1), Some(0)],
            ),
            (four, vec![json!(1), json!(2)], None, vec![None, None]),
            (
                four,
                vec![json!("b"), json!("(D)")],
                Some(Form::Letter),
                vec![Some(1), Some(3)],
            ),
            (
                four,
                vec![json!("x"), json!("y")],
                Some(Form::Text),
                vec![Some(1), Some(2)],
            ),
            (
                ["3", "4", "5", "6"],
                vec![json!("4"), json!("6")],
                Some(Form::Text),
                vec![Some(1), Some(3)],
            ),
            (
                ["3", "4", "5", "6"],
                vec![json!(3), json!(0)],
                Some(Form::IndexFrom0),
                vec![Some(3), Some(0)],
            ),
            (
                ["B", "A", "7", "8"],
                vec![json!("A"), json!("D")],
                Some(Form::Letter),
                vec![Some(0), Some(3)],
            ),
            (
                ["B", "A", "7", "8"],
                vec![json!("A"), json!("7")],
                Some(Form::Text),
                vec![Some(1), Some(2)],
            ),
        ] {
            assert_eq!(
                check(&choices, &[], &targets),
                (form, expected),
                "{targets:?}"
            );
        }
        // What contradicts itself is asked for, and what two forms read otherwise.
        for targets in [
            [json!(0), json!(4)],
            [json!(4), json!(0)],
            [json!("x"), json!(0)],
        ] {
            let (form, resolved) = check(&four, &[], &targets);
            assert_eq!(form, None, "{targets:?}");
            assert!(resolved.contains(&None), "{targets:?}");
        }
        // Grades are texts, whether or not the highest is among them.
        let grades = check(&["1", "2", "none"], &[], &[json!("2"), json!("1")]);
        assert_eq!(grades, (Some(Form::Text), vec![Some(1), Some(0)]));
        let in_order = check(&["1", "2", "3", "4"], &[], &[json!("4"), json!(1)]);
        assert_eq!(in_order.1, [Some(3), Some(0)]);
        let numbers = ["1", "2", "3", "4"];
        let labelled = check(&four, &numbers, &[json!("2"), json!("4")]);
        assert_eq!(labelled.1, [Some(1), Some(3)]);
        let truths = check(&["No", "Yes"], &[], &[json!(true), json!(false)]);
        assert_eq!(truths.1, [Some(1), Some(0)]);
        let written = check(&["no", "yes"], &[], &[json!("TRUE"), json!("false")]);
        assert_eq!(written.1, [Some(1), Some(0)]);
        let counted = check(&["no", "yes"], &[], &[json!(1), json!(0)]);
        assert_eq!(counted.1, [Some(1), Some(0)]);
        // 1 is the position of "no" and says yes.
        let inverted = check(&["yes", "no"], &[], &[json!(1), json!(0)]);
        assert_eq!(inverted, (None, vec![None, None]));
    }

    #[test]
    fn digits_that_are_texts_and_positions_are_asked_for() {
        let reversed = ["4", "3", "2", "1"];
        let both = check(&reversed, &[], &[json!(1), json!("3")]);
        assert_eq!(both, (None, vec![None, None]));
        let last = check(&reversed, &[], &[json!(1), json!(4)]);
        assert_eq!(last, (None, vec![None, None]));
        let told = check(&["40", "3", "20", "1"], &[], &[json!(3), json!("20")]);
        assert_eq!(told, (Some(Form::Text), vec![Some(1), Some(2)]));
    }

    #[test]
    fn among_letters_and_texts_digits_are_a_text_unless_one_can_only_be_a_position() {
        let numbers = ["1", "2", "3", "4"];
        let mixed = check(&numbers, &[], &[json!("3"), json!("B"), json!(1)]);
        assert_eq!(mixed, (None, vec![Some(2), Some(1), Some(0)]));
        let counted = check(
            &["2", "3", "1", "w"],
            &[],
            &[json!("2"), json!(0), json!("w")],
        );
        assert_eq!(counted.1, [None, None, Some(3)]);
    }

    #[test]
    fn labels_and_texts_in_one_column_are_asked_for() {
        // "a" is the letter of the first and the text of the last; capitals show that it is no letter here.
        let mixed = check(&["c", "b", "a"], &[], &[json!("A"), json!("a")]);
        assert_eq!(mixed, (None, vec![Some(0), None]));
        let small = check(&["c", "b", "x"], &[], &[json!("a"), json!("B")]);
        assert_eq!(small, (Some(Form::Letter), vec![Some(0), Some(1)]));
        let letters = ["A", "B", "C"];
        let labelled = check(&["c", "b", "a"], &letters, &[json!("A"), json!("a")]);
        assert_eq!(labelled, (None, vec![Some(0), None]));
        // Each target is a label, and each is the text of another option.
        let both = check(&["B", "C", "A"], &letters, &[json!("A"), json!("B")]);
        assert_eq!(both, (None, vec![None, None]));
        // One that is no text shows that they are labels.
        let shown = check(&["B", "x", "A"], &letters, &[json!("A"), json!("C")]);
        assert_eq!(shown, (Some(Form::Label), vec![Some(0), Some(2)]));
        let numbered = check(&["2", "3", "1"], &["1", "2", "3"], &[json!(1), json!("x")]);
        assert_eq!(numbered.1, [None, None]);
    }

    #[test]
    fn answers_are_taken_out_from_behind_their_marks() {
        let take = |after: Option<&str>, is_boxed: bool, text: &str| {
            let reading = TargetReading {
                form: None,
                after: after.map(str::to_owned),
                is_boxed,
            };
            let target = At {
                value: json!(text),
                at: 7,
            };
            let taken = reading.take_out(target).map(|target| target.value);
            taken.map_err(|fault| (fault.at, fault.message))
        };
        assert_eq!(
            take(Some("####"), false, "2 + 2 #### x\n#### 4\n"),
            Ok(json!("4"))
        );
        assert_eq!(
            take(None, true, r"so $\boxed{1}$, no: \boxed{\frac{1}{2}}."),
            Ok(json!(r"\frac{1}{2}"))
        );
        assert_eq!(
            take(Some("####"), false, "4"),
            Err((7, "the target has no `####`".to_owned()))
        );
        assert!(take(None, true, r"\boxed{1").is_err());
    }
}
