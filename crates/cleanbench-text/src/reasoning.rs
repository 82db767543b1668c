//! What of a reply is no answer: reasoning between marks, and what leaks out of a template.
//!
//! Known marks, in any case, with spaces, attributes or a name space in the tag: `<think>`, `<thinking>`,
//! `<thought>`, `<reasoning>`, `<analysis>`, `<scratchpad>`, `<reflection>` and their kin, `[THINK]`, `◁think▷`,
//! `<|START_THINKING|>` with `<|START_RESPONSE|>`, the same with `&lt;` for `<`, `<unused94>thought` with `<unused95>`, the
//! channels of Harmony, of which only the final one is the answer, and a head such as "# Thinking" that one such as
//! "# Answer" follows. Further marks come from a scorer's `reasoning_marks`.
//!
//! Several blocks are taken out; before an end without a beginning everything is reasoning (a template opened it);
//! after a beginning without an end nothing counts. A mark that is quoted by backticks is none. Marks of a turn's
//! end (`</s>`, `<|im_end|>`) end the answer.
//!
//! Invariant: linear in the length of the reply.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

use crate::scan::is_blank;

/// Why there is no answer where the reply is cut off while it reasons.
pub const UNCLOSED: &str = "reasoning that never ends";

/// Why there is no answer where the reply only reasons.
pub const ONLY: &str = "nothing but reasoning";

const TAGS: &str = r#"(?:<|&lt;)\s{0,3}/?\s{0,3}(?:[a-z]{1,12}:)?(?:ant-?)?(?:think(?:ing)?|thoughts?|thought[_-]?process|reason(?:ing)?|analysis|scratch_?pad|reflection|(?:inner_|internal_)?monologue|chain[_-]of[_-]thought|cot|rationale|deliberation)(?:\s[^<>]{0,200})?\s{0,3}/?(?:>|&gt;)|<unused9[45]>(?:thought\b)?|\[\s?/?(?:think|thinking|reasoning|thought)\s?\]|◁\s?/?\s?think\s?▷|<[|｜]/?(?:start_|end_|begin_of_|end_of_|begin▁of▁|end▁of▁)?(?:thinking|think|thought|reasoning|response|solution)[|｜]>|<details\s{1,3}type="reasoning"[^<>]{0,200}>|</details>"#;

/// The marks of one scorer.
#[derive(Debug, Default)]
pub struct Marks {
    /// Further pairs, in lower case.
    more: Vec<Pair>,
    /// Known and further marks in one pattern, where there are further ones.
    pattern: Option<Regex>,
}

/// What begins and what ends a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The mark of the beginning.
    pub begin: String,
    /// The mark of the end.
    pub end: String,
}

/// What a mark does.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Mark {
    Begin(String),
    End(String),
    /// Begins the answer, whatever is open.
    Answer,
    /// Stands for nothing.
    Empty,
}

impl Marks {
    /// Known marks and `more`; `None` where they are too many for a pattern.
    pub fn with(more: Vec<Pair>) -> Option<Self> {
        if more.is_empty() {
            return Some(Self::default());
        }
        let more: Vec<Pair> = more
            .into_iter()
            .map(|pair| Pair {
                begin: pair.begin.to_lowercase(),
                end: pair.end.to_lowercase(),
            })
            .collect();
        let literals: Vec<String> = more
            .iter()
            .flat_map(|pair| [regex::escape(&pair.begin), regex::escape(&pair.end)])
            .collect();
        let pattern = Regex::new(&format!("(?i){}|{TAGS}", literals.join("|"))).ok()?;
        Some(Self {
            more,
            pattern: Some(pattern),
        })
    }

    fn pattern(&self) -> &Regex {
        static KNOWN: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(&format!("(?i){TAGS}"))
                .expect("the pattern is fixed and the tests compile it")
        });
        self.pattern.as_ref().unwrap_or(&KNOWN)
    }

    fn kind(&self, mark: &str) -> Mark {
        let mark = mark.to_lowercase();
        for pair in &self.more {
            if pair.begin == mark {
                return Mark::Begin(pair.begin.clone());
            }
            if pair.end == mark {
                return Mark::End(pair.begin.clone());
            }
        }
        if let Some(number) = mark.strip_prefix("<unused9") {
            let name = "unused".to_owned();
            return if number.starts_with('4') {
                Mark::Begin(name)
            } else {
                Mark::End(name)
            };
        }
        let mark = mark.replace("&lt;", "<").replace("&gt;", ">");
        let inner = mark.trim_matches(|c: char| c.is_whitespace() || "<>[]◁▷|｜".contains(c));
        if inner.ends_with('/') {
            return Mark::Empty;
        }
        let ends = inner.starts_with('/') || inner.starts_with("end");
        let name = inner.trim_start_matches(['/', ' ']);
        let name = name.split_whitespace().next().unwrap_or_default();
        let name = name.rsplit([':', '_', '▁']).next().unwrap_or_default();
        match (name, ends) {
            ("response" | "solution", false) => Mark::Answer,
            ("response" | "solution", true) => Mark::Empty,
            (_, true) => Mark::End(name.to_owned()),
            (_, false) => Mark::Begin(name.to_owned()),
        }
    }

    /// The answer in `reply`.
    ///
    /// # Errors
    /// Why there is none.
    pub fn answer<'a>(&self, reply: &'a str) -> Result<Cow<'a, str>, &'static str> {
        let reply = match final_channel(reply) {
            None => reply,
            Some(Ok(answer)) => answer,
            Some(Err(reason)) => return Err(reason),
        };
        let stripped = self.stripped(reply);
        let answer = match stripped.text {
            Cow::Borrowed(text) => Cow::Borrowed(within_turn(text)),
            Cow::Owned(text) => Cow::Owned(within_turn(&text).to_owned()),
        };
        match (is_blank(&answer), stripped.open) {
            (true, true) => Err(UNCLOSED),
            (true, false) => Err(ONLY),
            (false, _) => Ok(match answer {
                Cow::Borrowed(text) => Cow::Borrowed(under_head(text).unwrap_or(text)),
                Cow::Owned(text) => {
                    Cow::Owned(under_head(&text).map(str::to_owned).unwrap_or(text))
                }
            }),
        }
    }

    fn stripped<'a>(&self, reply: &'a str) -> Stripped<'a> {
        let mut open: Vec<String> = Vec::new();
        let mut kept = String::new();
        let mut from = 0;
        let mut any = false;
        let mut known = Known::default();
        for found in self.pattern().find_iter(reply) {
            if is_quoted(reply, &found) {
                continue;
            }
            let mark = known.kind(self, found.as_str());
            let details = matches!(&mark, Mark::End(name) if name == "details");
            if details && !open.iter().any(|name| name == "details") {
                continue;
            }
            any = true;
            if open.is_empty() {
                kept.push_str(&reply[from..found.start()]);
                kept.push('\n');
            }
            match mark {
                Mark::Begin(name) if !open.contains(&name) => open.push(name),
                Mark::Begin(_) | Mark::Empty => {}
                Mark::End(name) => end_block(&mut open, &mut kept, &name),
                Mark::Answer => {
                    open.clear();
                    kept.clear();
                }
            }
            from = found.end();
        }
        if !any {
            return Stripped {
                text: Cow::Borrowed(reply),
                open: false,
            };
        }
        if open.is_empty() {
            kept.push_str(&reply[from..]);
        }
        Stripped {
            text: Cow::Owned(kept),
            open: !open.is_empty(),
        }
    }
}

/// The last two marks of a reply and what they do: most replies repeat a few.
#[derive(Debug, Default)]
struct Known<'a> {
    marks: [Option<(&'a str, Mark)>; 2],
}

impl<'a> Known<'a> {
    fn kind(&mut self, marks: &Marks, text: &'a str) -> Mark {
        let known = self
            .marks
            .iter()
            .flatten()
            .find(|(known, _)| *known == text);
        if let Some((_, mark)) = known {
            return mark.clone();
        }
        let mark = marks.kind(text);
        self.marks.swap(0, 1);
        self.marks[0] = Some((text, mark.clone()));
        mark
    }
}

/// A reply without reasoning, and whether a block is open at its end.
struct Stripped<'a> {
    text: Cow<'a, str>,
    open: bool,
}

/// Ends the block `name` and those in it, or, where none is open, takes all that was kept for reasoning.
fn end_block(open: &mut Vec<String>, kept: &mut String, name: &str) {
    if open.is_empty() {
        kept.clear();
    } else {
        let position = open.iter().position(|other| other == name);
        open.truncate(position.unwrap_or(0));
    }
}

fn is_quoted(reply: &str, found: &regex::Match<'_>) -> bool {
    reply[..found.start()].ends_with('`') && reply[found.end()..].starts_with('`')
}

/// The final channel of a reply in Harmony's format, its marks kept or lost; `None` for any other reply.
fn final_channel(reply: &str) -> Option<Result<&str, &'static str>> {
    const MESSAGE: &str = "<|message|>";
    /// Bytes before it in which its channel stands.
    const HEAD: usize = 160;
    let start = reply.trim_start();
    if !reply.contains("<|channel|>") && !reply.contains(MESSAGE) {
        return marks_lost(start);
    }
    let mut answer = None;
    let mut last = "";
    for (at, _) in reply.match_indices(MESSAGE) {
        let head = &reply[reply.floor_char_boundary(at.saturating_sub(HEAD))..at];
        let head = head.rsplit("<|channel|>").next().unwrap_or(head);
        let head = head.rsplit("<|end|>").next().unwrap_or(head).trim_start();
        last = if head.len() < HEAD / 2 { head } else { "" };
        if last.starts_with("final") {
            answer = Some(&reply[at + MESSAGE.len()..]);
        }
    }
    let unread = if last.starts_with("analysis") {
        UNCLOSED
    } else {
        ONLY
    };
    let answer = answer.map(|answer| {
        let ends = [
            "<|end|>",
            "<|return|>",
            "<|start|>",
            "<|call|>",
            "<|channel|>",
        ];
        let end = ends.iter().filter_map(|end| answer.find(end)).min();
        &answer[..end.unwrap_or(answer.len())]
    });
    Some(answer.filter(|answer| !is_blank(answer)).ok_or(unread))
}

/// What follows the last head such as "# Answer", where the reply begins with one such as "# Thinking".
fn under_head(reply: &str) -> Option<&str> {
    static FIRST: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\A\s{0,64}(?:#{1,6}[ \t]{1,4}|\*\*)(?:my )?(?:thinking|reasoning|thoughts?|thought process|thinking process|analysis|chain of thought)[:*\s]{0,8}\n")
            .expect("the pattern is fixed and the tests compile it")
    });
    static ANSWER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?im)^[ \t]{0,4}(?:#{1,6}[ \t]{1,4}|\*\*)(?:final )?(?:answer|response|output|conclusion|result)[:*\s]{0,8}\n")
            .expect("the pattern is fixed and the tests compile it")
    });
    FIRST.find(reply)?;
    let head = ANSWER.find_iter(reply).last()?;
    let answer = &reply[head.end()..];
    (!is_blank(answer)).then_some(answer)
}

/// The same where the marks were dropped and their words are left: "analysisThe user … assistantfinalB".
fn marks_lost(start: &str) -> Option<Result<&str, &'static str>> {
    if start.starts_with("Thinking...\n") {
        let (_, answer) = start.split_once("...done thinking.")?;
        return Some(if is_blank(answer) {
            Err(ONLY)
        } else {
            Ok(answer)
        });
    }
    let rest = ["analysis", "commentary"]
        .iter()
        .find_map(|name| start.strip_prefix(name))?;
    if !rest.starts_with(|c: char| c.is_uppercase() || c == '\n')
        && !start.contains("assistantfinal")
    {
        return None;
    }
    match start.rfind("assistantfinal") {
        Some(at) => {
            let answer = &start[at + "assistantfinal".len()..];
            Some(if is_blank(answer) {
                Err(UNCLOSED)
            } else {
                Ok(answer)
            })
        }
        None if rest.starts_with(char::is_uppercase) => Some(Err(UNCLOSED)),
        None => None,
    }
}

/// `text` without the marks of a template before it, and to the first one after its beginning.
fn within_turn(text: &str) -> &str {
    static LEAKED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"<\|(?:eot_id|im_end|endoftext|end|eom_id|return|end_of_text|eos|end_of_turn|im_start|user|assistant|start_header_id|end_header_id|start|START_OF_TURN_TOKEN|END_OF_TURN_TOKEN|END_RESPONSE)\|>|</s>|<end_of_turn>|<start_of_turn>|<eos>|<bos>|<pad>|<｜(?:end▁of▁sentence|begin▁of▁sentence|User|Assistant)｜>|\[/?INST\]")
            .expect("the pattern is fixed and the tests compile it")
    });
    let mut rest = text;
    for found in LEAKED.find_iter(text) {
        let start = text.len() - rest.len();
        let lead = &text[start..found.start().max(start)];
        let role = lead.trim();
        if is_blank(lead) || ["assistant", "model"].contains(&role) {
            rest = &text[found.end()..];
        } else if found.as_str() == "</s>" && lead.contains("<s>") {
            break;
        } else {
            return after_role(lead);
        }
    }
    after_role(rest)
}

/// `text` without the name of a role on a line of its own before it.
fn after_role(text: &str) -> &str {
    let start = text.trim_start();
    let rest = ["assistant\n", "model\n"]
        .iter()
        .find_map(|role| start.strip_prefix(role));
    rest.filter(|rest| !is_blank(rest)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(reply: &str, expected: Result<&str, &str>) {
        let marks = Marks::with(vec![Pair {
            begin: "<x>".to_owned(),
            end: "</x>".to_owned(),
        }])
        .unwrap();
        for marks in [Marks::default(), marks] {
            let found = marks.answer(reply);
            let found = found
                .as_ref()
                .map(|answer| answer.trim())
                .map_err(|reason| *reason);
            assert_eq!(found, expected, "{reply:?}");
        }
    }

    #[test]
    fn reasoning_is_taken_out() {
        for open in [
            "<think>",
            "<THINK >",
            "<thinking>",
            "<thought>",
            "<reasoning>",
            "<analysis id=\"1\">",
            "<scratchpad>",
            "<reflection>",
            "<mm:think>",
            "<seed:think>",
            "[THINK]",
            "◁think▷",
            "<|START_THINKING|>",
            "<|begin_of_thought|>",
        ] {
            let close = match open {
                "[THINK]" => "[/THINK]".to_owned(),
                "◁think▷" => "◁/think▷".to_owned(),
                "<|START_THINKING|>" => "<|END_THINKING|>".to_owned(),
                "<|begin_of_thought|>" => "<|end_of_thought|>".to_owned(),
                _ => {
                    open.split(' ')
                        .next()
                        .unwrap()
                        .replace('<', "</")
                        .trim_end_matches('>')
                        .to_owned()
                        + ">"
                }
            };
            check(&format!("{open}no{close}yes"), Ok("yes"));
            check(&format!("{open}no{close}{open}no{close}yes"), Ok("yes"));
            check(&format!("no{close}\nyes"), Ok("yes"));
            check(&format!("{open}no"), Err(UNCLOSED));
            check(&format!("{open}no{close}"), Err(ONLY));
            check(&format!("yes{open}no"), Ok("yes"));
        }
        check("<think>a</thinking>b", Ok("b"));
        check("&lt;think&gt;a&lt;/think&gt;b", Ok("b"));
        check("<unused94>thought\na<unused95>b", Ok("b"));
        check("# Thinking\na\n\n# Answer\nb", Ok("b"));
        check("**Reasoning:**\na\n**Final answer:**\nb", Ok("b"));
        check("# Answer\nb", Ok("# Answer\nb"));
        check("<think>a<think>b</think>c</think>d", Ok("d"));
        check(
            "<thinking>a<reflection>b</reflection>c</thinking>d",
            Ok("d"),
        );
        check("<think><analysis>a</analysis>b", Err(UNCLOSED));
        check("write `<think>` first", Ok("write `<think>` first"));
        check("<details>a</details>", Ok("<details>a</details>"));
    }

    #[test]
    fn channels_and_turns() {
        check(
            "<|channel|>analysis<|message|>no<|end|><|start|>assistant<|channel|>final<|message|>yes<|return|>",
            Ok("yes"),
        );
        check("<|channel|>analysis<|message|>no", Err(UNCLOSED));
        check("analysisWe need x.assistantfinalyes", Ok("yes"));
        check("analysisWe need x.", Err(UNCLOSED));
        check("analysis of this: yes", Ok("analysis of this: yes"));
        check(
            "<|START_THINKING|>no<|END_THINKING|><|START_RESPONSE|>yes<|END_RESPONSE|>",
            Ok("yes"),
        );
        check("Thinking...\nno\n...done thinking.\n\nyes", Ok("yes"));
        check("yes<|eot_id|><|start_header_id|>user", Ok("yes"));
        check("<|im_start|>assistant\nyes<|im_end|>", Ok("yes"));
        check("yes</s>no", Ok("yes"));
        check("<s>yes</s> no", Ok("<s>yes</s> no"));
    }

    #[test]
    fn marks_of_a_scorer() {
        let pair = Pair {
            begin: "((".to_owned(),
            end: "))".to_owned(),
        };
        let marks = Marks::with(vec![pair]).unwrap();
        assert_eq!(marks.answer("((no))yes").unwrap().trim(), "yes");
        assert_eq!(marks.answer("((no"), Err(UNCLOSED));
    }
}
