//! Prompt templates: compiled once, checked for what they may use, rendered per sample.
//!
//! Invariants: a template sees the question and never the answer; an undefined value is a fault and
//! never an empty text; rendering neither escapes nor trims anything, and its work is bounded.
//!
//! Refused: including or extending other templates, unknown variables.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use cleanbench_core::sample::SampleInput;
use cleanbench_core::{Message, Role, Sample};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Serde, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, State, UndefinedBehavior, Value};

use crate::choices;
use crate::diagnostic::Fault;
use crate::images::ImageRef;
use crate::template_size;
use crate::words::{did_you_mean, shown};

/// The template engine and its version; a rendered prompt may differ under another one.
pub const TEMPLATE_ENGINE: &str = "minijinja 3.1.0";

/// The wording where a task gives none.
const BUILT_IN: &str = "{{ input }}{% if choices %}\n\n{{ options }}\n\n\
    Which option is right? Reply with its letter only.{% endif %}";

/// Work that one rendering may do: about a million instructions or 64 MB of text.
const FUEL: u64 = 1_000_000;

/// Fuel that all renderings of a task may use together, besides what each may.
const FREE_FUEL: u64 = 20 * FUEL;
/// Fuel that a rendering may use on average, besides that for its text.
const FUEL_OF_ONE: u64 = 2_000;
/// Bytes of text that may be written for one fuel; the engine charges one for 64.
const BYTES_PER_FUEL: u64 = 16;
/// Renderings that may run out of fuel before no more is rendered.
const MOST_FAILED: u64 = 10;
/// Most spaces by which JSON is indented.
const MOST_INDENT: usize = 16;

const VARIABLES: [&str; 6] = ["input", "choices", "options", "letters", "metadata", "id"];

/// Where a template's text comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    BuiltIn,
    /// A string of the manifest, whose first quote is at this offset.
    Manifest(usize),
    File(PathBuf),
}

/// A template before it is compiled.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    /// How messages call it: `system`, `prompt` or `messages[0]`.
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) origin: Origin,
}

impl Template {
    pub(crate) fn built_in() -> Self {
        Self {
            name: "prompt".to_owned(),
            text: BUILT_IN.to_owned(),
            origin: Origin::BuiltIn,
        }
    }
}

/// The templates of a task, ready to render.
#[derive(Debug)]
pub(crate) struct Prompts {
    environment: Environment<'static>,
    pub(crate) system: Option<Template>,
    pub(crate) turns: Vec<(Role, Template)>,
    /// Images of the turns, which go with them to every sample.
    pub(crate) images: Vec<ImageRef>,
    /// The variables that some template reads; the others are not even built.
    used: BTreeSet<&'static str>,
    work: Work,
}

/// What all renderings of a task have done so far.
#[derive(Debug, Default)]
struct Work {
    /// Renderings.
    count: AtomicU64,
    /// Fuel beyond what their texts account for.
    beyond: AtomicU64,
    /// Renderings that ran out of it.
    failed: AtomicU64,
}

impl Work {
    /// Takes in a rendering of `text` that took `used` fuel.
    fn add(&self, used: u64, text: &str) {
        let beyond = used.saturating_sub(text.len() as u64 / BYTES_PER_FUEL);
        self.count.fetch_add(1, Ordering::Relaxed);
        self.beyond.fetch_add(beyond, Ordering::Relaxed);
    }

    fn is_too_much(&self) -> bool {
        let count = self.count.load(Ordering::Relaxed);
        let allowed = FREE_FUEL.saturating_add(count.saturating_mul(FUEL_OF_ONE));
        self.beyond.load(Ordering::Relaxed) > allowed
            || self.failed.load(Ordering::Relaxed) > MOST_FAILED
    }
}

/// A rendering that failed.
#[derive(Debug)]
pub(crate) struct RenderError<'a> {
    pub(crate) template: &'a Template,
    /// The part of the template at fault.
    pub(crate) range: Option<Range<usize>>,
    pub(crate) message: String,
    /// Whether the template is at fault, whatever the sample.
    pub(crate) is_of_template: bool,
}

impl Prompts {
    /// Compiles the templates; calls `report` with every fault, at its offset in its template.
    pub(crate) fn compile(
        system: Option<Template>,
        turns: Vec<(Role, Template)>,
        report: &mut dyn FnMut(&Template, Fault),
    ) -> Option<Self> {
        let mut prompts = Self {
            environment: environment(),
            system: None,
            turns: Vec::new(),
            images: Vec::new(),
            used: BTreeSet::new(),
            work: Work::default(),
        };
        let mut is_good = true;
        let all = system
            .iter()
            .chain(turns.iter().map(|(_, template)| template));
        for template in all {
            for fault in prompts.add(template) {
                is_good = false;
                report(template, fault);
            }
        }
        prompts.system = system;
        prompts.turns = turns;
        is_good.then_some(prompts)
    }

    fn add(&mut self, template: &Template) -> Vec<Fault> {
        if let Some(fault) = template_size::fault_of(&template.text) {
            let message = format!("`{}`: {}", template.name, fault.message);
            return vec![Fault { message, ..fault }];
        }
        let (name, text) = (template.name.clone(), template.text.clone());
        let compiled = self.environment.add_template_owned(name, text);
        if let Err(error) = compiled {
            return vec![syntax_fault(template, &error)];
        }
        let Ok(compiled) = self.environment.get_template(&template.name) else {
            return Vec::new();
        };
        let names: BTreeSet<String> = compiled.undeclared_variables(false).into_iter().collect();
        let globals: BTreeSet<&str> = self.environment.globals().map(|(name, _)| name).collect();
        let mut faults = Vec::new();
        for name in &names {
            match VARIABLES.iter().find(|known| *known == name) {
                Some(known) => {
                    self.used.insert(*known);
                }
                None if globals.contains(name.as_str()) => {}
                None => faults.push(unknown_variable(&template.text, name)),
            }
        }
        faults
    }

    /// Whether some template reads `variable`.
    pub(crate) fn uses(&self, variable: &str) -> bool {
        self.used.contains(variable)
    }

    /// Whether the renderings so far have done more than templates of a suite need to.
    pub(crate) fn is_too_much(&self) -> bool {
        self.work.is_too_much()
    }

    fn render_error<'a>(&self, template: &'a Template, error: &Error) -> RenderError<'a> {
        let is_spent = error.kind() == ErrorKind::OutOfFuel;
        self.work
            .failed
            .fetch_add(u64::from(is_spent), Ordering::Relaxed);
        render_error(template, error)
    }

    /// Whether some message of the task's wording is the user's.
    pub(crate) fn ask(&self) -> bool {
        self.turns.iter().any(|(role, _)| *role == Role::User)
    }

    /// The messages for `sample`, without its pictures.
    pub(crate) fn render(&self, sample: &Sample) -> Result<Vec<Message>, RenderError<'_>> {
        let context = self.context(sample);
        let mut messages = Vec::with_capacity(self.turns.len() + 1);
        let own: &[Message] = match &sample.input {
            SampleInput::Messages(own) => own,
            SampleInput::Input(_) => &[],
        };
        let has_system = own.iter().any(|message| message.role == Role::System);
        if let (Some(system), false) = (&self.system, has_system) {
            messages.push(self.message(Role::System, system, &context)?);
        }
        if own.is_empty() {
            for (role, template) in &self.turns {
                messages.push(self.message(*role, template, &context)?);
            }
        }
        messages.extend_from_slice(own);
        Ok(messages)
    }

    fn message<'a>(
        &'a self,
        role: Role,
        template: &'a Template,
        context: &Value,
    ) -> Result<Message, RenderError<'a>> {
        let compiled = self.environment.get_template(&template.name);
        let rendered = compiled.and_then(|compiled| compiled.render_captured(context.clone()));
        let rendered = rendered.map_err(|error| self.render_error(template, &error))?;
        let levels = rendered.state().fuel_levels();
        let used = levels.map_or(0, |(used, _)| used);
        self.work.add(used, rendered.output());
        let content = rendered.into_output();
        if content.trim().is_empty() && role == Role::User {
            return Err(RenderError {
                template,
                range: None,
                message: format!("`{}` renders to nothing", template.name),
                is_of_template: false,
            });
        }
        Ok(Message::new(role, content))
    }

    /// The variables. `options` stays undefined without choices, so that a prompt which relies on
    /// them is a fault; `choices` is then empty, so that it can be asked for.
    fn context(&self, sample: &Sample) -> Value {
        let mut pairs: Vec<(&'static str, Value)> = Vec::with_capacity(VARIABLES.len());
        for name in &self.used {
            let value = match *name {
                "input" => match &sample.input {
                    SampleInput::Input(text) => Value::from(text.as_str()),
                    SampleInput::Messages(_) => continue,
                },
                "choices" => sample.choices.iter().map(String::as_str).collect(),
                "letters" => (0..sample.choices.len()).map(choices::letter).collect(),
                "options" if sample.choices.is_empty() => continue,
                "options" => Value::from(choices::wording(&sample.choices)),
                "metadata" => Value::from(Serde(&sample.metadata)),
                _ => Value::from(sample.id.as_str()),
            };
            pairs.push((*name, value));
        }
        Value::from_pairs(pairs)
    }
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    // Jinja drops the last line feed of a template by default; a prompt is what its author wrote.
    if let Ok(syntax) = SyntaxConfig::builder().keep_trailing_newline(true).build() {
        environment.set_syntax(syntax);
    }
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_fuel(Some(FUEL));
    environment.set_debug(true);
    environment.add_filter("tojson", tojson);
    environment.remove_global("debug");
    environment
}

/// JSON, as the engine has it, but for what it does not account for: how deep it is indented, and lists within lists,
/// each there many times.
fn tojson(
    state: &State<'_, '_>,
    value: &Value,
    indent: Option<Value>,
    arguments: Kwargs,
) -> Result<Value, Error> {
    let given = match &indent {
        Some(indent) => Some(indent.clone()),
        None => arguments.get("indent")?,
    };
    let width = given.and_then(|given| usize::try_from(given).ok());
    if width.is_some_and(|width| width > MOST_INDENT) {
        let message = format!("JSON is indented by at most {MOST_INDENT} spaces");
        return Err(Error::new(ErrorKind::InvalidOperation, message));
    }
    visit(state, value, 0)?;
    minijinja::filters::tojson(value, indent, arguments)
}

/// Takes fuel for every value within `value`.
fn visit(state: &State<'_, '_>, value: &Value, depth: usize) -> Result<(), Error> {
    const MOST_DEPTH: usize = 128;
    state.consume_fuel(1)?;
    if !matches!(
        value.kind(),
        ValueKind::Seq | ValueKind::Map | ValueKind::Iterable
    ) {
        return Ok(());
    }
    if depth > MOST_DEPTH {
        let message = "lists within lists, too deep for JSON";
        return Err(Error::new(ErrorKind::InvalidOperation, message));
    }
    for item in value.try_iter()? {
        visit(state, &item, depth + 1)?;
        if value.kind() == ValueKind::Map {
            visit(state, &value.get_item(&item)?, depth + 1)?;
        }
    }
    Ok(())
}

fn syntax_fault(template: &Template, error: &Error) -> Fault {
    let line_start = |line: usize| {
        let newlines = template.text.match_indices('\n').map(|(at, _)| at + 1);
        std::iter::once(0)
            .chain(newlines)
            .nth(line.saturating_sub(1))
            .unwrap_or(0)
    };
    let at = error
        .range()
        .map(|range| range.start)
        .or_else(|| error.line().map(line_start));
    Fault::new(
        at.unwrap_or(0),
        format!("`{}`: {}", template.name, explain(error)),
    )
}

fn explain(error: &Error) -> String {
    match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    }
}

fn render_error<'a>(template: &'a Template, error: &Error) -> RenderError<'a> {
    let range = error
        .range()
        .filter(|range| template.text.get(range.clone()).is_some());
    let part = range.clone().and_then(|range| template.text.get(range));
    let explanation = explain(error);
    let part = match part {
        Some(part) if !explanation.contains(part) => format!(" in {}", shown(part)),
        _ => String::new(),
    };
    let is_of_template = matches!(
        error.kind(),
        ErrorKind::UnknownFilter
            | ErrorKind::UnknownTest
            | ErrorKind::UnknownFunction
            | ErrorKind::TooManyArguments
            | ErrorKind::MissingArgument
    );
    RenderError {
        template,
        range,
        message: format!("cannot render `{}`: {explanation}{part}", template.name),
        is_of_template,
    }
}

fn unknown_variable(text: &str, name: &str) -> Fault {
    let at = find_variable(text, name);
    let fault = Fault::new(at, format!("unknown variable {}", shown(name)));
    if name == "target" {
        return fault.hint("a template cannot use the target: it would tell the model the answer");
    }
    let hint = did_you_mean(name, VARIABLES);
    fault
        .hint(format!(
            "a template can use {}",
            VARIABLES.map(|name| format!("`{name}`")).join(", ")
        ))
        .maybe_hint(hint)
}

/// Offset of the first use of `name` within `{{ … }}` or `{% … %}`, outside strings and not after
/// a dot; 0 if there is none.
fn find_variable(text: &str, name: &str) -> usize {
    let bytes = text.as_bytes();
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80;
    let (mut at, mut inside, mut quote) = (0, false, None);
    while at < bytes.len() {
        let rest = &text.as_bytes()[at..];
        if !inside {
            inside = rest.starts_with(b"{{") || rest.starts_with(b"{%");
            at += if inside { 2 } else { 1 };
            continue;
        }
        let width = rest.iter().take_while(|byte| is_word(byte)).count();
        match (quote, bytes[at]) {
            (Some(open), byte) if byte == open => quote = None,
            (Some(_), _) => {}
            (None, byte @ (b'"' | b'\'')) => quote = Some(byte),
            (None, b'}' | b'%') if rest.starts_with(b"}}") || rest.starts_with(b"%}") => {
                inside = false;
            }
            (None, _) if &rest[..width] == name.as_bytes() && bytes[at - 1] != b'.' => return at,
            (None, _) => {
                at += width.max(1);
                continue;
            }
        }
        at += 1;
    }
    0
}

#[cfg(test)]
mod tests {
    use cleanbench_core::Sensitivity;
    use serde_json::json;

    use super::*;

    fn sample(choices: &[&str]) -> Sample {
        Sample {
            id: "s".to_owned(),
            input: SampleInput::Input("2 < 3 & \"4\"?".to_owned()),
            target: Some(json!("SECRET")),
            choices: choices.iter().map(|choice| (*choice).to_owned()).collect(),
            metadata: json!({"lang": "de", "n": 3}).as_object().unwrap().clone(),
            created: None,
            cluster: None,
            rewording_of: None,
            isomorph_of: None,
            images: Vec::new(),
            choice_rewordings: Vec::new(),
            sensitivity: Sensitivity::Public,
        }
    }

    fn render(text: &str, sample: &Sample) -> Result<String, String> {
        let template = Template {
            text: text.to_owned(),
            ..Template::built_in()
        };
        let mut faults = Vec::new();
        let mut report =
            |_: &Template, fault: Fault| faults.push(format!("{}: {}", fault.at, fault.message));
        let prompts = Prompts::compile(None, vec![(Role::User, template)], &mut report);
        let prompts = prompts.ok_or_else(|| faults.join("; "))?;
        let messages = prompts.render(sample).map_err(|error| error.message)?;
        Ok(messages[0].content.clone())
    }

    #[test]
    fn a_prompt_is_what_its_author_wrote() {
        let options = sample(&["x", "y"]);
        for (text, expected) in [
            ("{{ input }}\n\n", "2 < 3 & \"4\"?\n\n"),
            ("  {{ options }} ", "  A. x\nB. y "),
            ("{{ letters | join('/') }} {{ choices[1] }}", "A/B y"),
            ("{{ metadata.lang }}{{ metadata.n + 1 }}{{ id }}", "de4s"),
            (
                "{% for c in choices %}{{ loop.index }}{{ c }}{% endfor %}",
                "1x2y",
            ),
            (
                BUILT_IN,
                "2 < 3 & \"4\"?\n\nA. x\nB. y\n\nWhich option is right? Reply with its letter only.",
            ),
        ] {
            assert_eq!(render(text, &options), Ok(expected.to_owned()));
        }
        assert_eq!(
            render(BUILT_IN, &sample(&[])),
            Ok("2 < 3 & \"4\"?".to_owned())
        );
    }

    #[test]
    fn faults_of_templates_have_their_place() {
        for (text, expected) in [
            (
                "a {{ 'target' }} {{ id.target }} {{ target }}",
                "36: unknown variable `target`",
            ),
            ("é{% if inptu %}{% endif %}", "8: unknown variable `inptu`"),
            (
                "{{ input ",
                "3: `prompt`: syntax error: unexpected end of input, expected end of variable block",
            ),
            (
                "{% include 'x' %}",
                "3: `prompt`: syntax error: unknown statement include",
            ),
        ] {
            assert_eq!(render(text, &sample(&[])), Err(expected.to_owned()));
        }
    }

    #[test]
    fn what_is_missing_in_a_sample_is_a_fault_and_work_is_bounded() {
        for text in [
            "{{ metadata.nothing }}",
            "{{ options }}",
            "{{ input | upcase }}",
            "{% for i in range(99999) %}{% for j in range(99999) %}.{% endfor %}{% endfor %}",
            " {{ '' }}\n",
        ] {
            let error = render(text, &sample(&[])).unwrap_err();
            assert!(error.contains("`prompt`"), "{error}");
        }
    }

    #[test]
    fn the_engine_is_the_one_that_is_named() {
        let lock = include_str!("../../../Cargo.lock");
        let (name, version) = TEMPLATE_ENGINE.split_once(' ').unwrap();
        assert!(lock.contains(&format!("name = \"{name}\"\nversion = \"{version}\"\n")));
    }
}
