//! What the checks have in common: one call a text, in one step, and no controls.

use cleanbench_core::event::RecordedScore;
use cleanbench_core::probe::{
    Arm, Finding, ProbeCall, ProbeContext, ProbeForm, ProbeItem, Seen, Step,
};
use cleanbench_core::{Completion, Message, Probe, Role};

use crate::answer::{another, invalid, room, why_invalid};
use crate::compared::Compared;
use crate::layout;
use crate::protocol::{Declining, Protocol};

/// What tells one check from another.
pub(crate) trait Checked: Send + Sync + std::fmt::Debug {
    fn id(&self) -> &'static str;

    /// The instruction, with `{text}` where the text belongs.
    fn instruction(&self) -> &'static str;

    /// How an answer is judged that is as it should be; `None` for another.
    fn passed(
        &self,
        call: &ProbeCall,
        form: ProbeForm,
        completion: &Completion,
    ) -> Option<RecordedScore>;
}

/// A check in one form, as a probe.
#[derive(Debug)]
pub(crate) struct Asking<C> {
    check: C,
    form: ProbeForm,
    declines: Declining,
}

impl<C: Checked> Asking<C> {
    pub(crate) fn new(check: C, form: ProbeForm, protocol: Protocol) -> Self {
        let declines: Declining = match protocol {
            Protocol::First => |_| false,
            Protocol::Second(declines) | Protocol::Third(declines) | Protocol::Fourth(declines) => {
                declines
            }
        };
        Self {
            check,
            form,
            declines,
        }
    }

    fn call(&self, position: usize, item: &ProbeItem) -> ProbeCall {
        let shown = layout::question(&item.sample);
        let message = match self.form {
            ProbeForm::Raw => Message::new(Role::Assistant, shown),
            ProbeForm::Instruction => {
                let text = self.check.instruction().replace("{text}", &shown);
                Message::new(Role::User, text)
            }
        };
        let expected = item.sample.target.as_ref().and_then(|text| text.as_str());
        let expected = expected.unwrap_or_default().to_owned();
        ProbeCall {
            arm: Arm::Suspect,
            item: position,
            messages: vec![message],
            continuations: Vec::new(),
            max_tokens: room(&expected),
            stop: Vec::new(),
            expected,
            right: None,
        }
    }

    fn calls(&self, context: &ProbeContext<'_>) -> Vec<ProbeCall> {
        let items = context.suspects.iter().enumerate();
        items
            .map(|(position, item)| self.call(position, item))
            .collect()
    }
}

impl<C: Checked> Probe for Asking<C> {
    fn id(&self) -> &'static str {
        self.check.id()
    }

    fn form(&self) -> ProbeForm {
        self.form
    }

    fn version(&self) -> u32 {
        super::VERSION
    }

    fn next(&self, context: &ProbeContext<'_>, seen: &[Seen]) -> Step {
        if seen.is_empty() && !context.suspects.is_empty() {
            Step::Calls(self.calls(context))
        } else {
            Step::Done
        }
    }

    fn score(&self, call: &ProbeCall, completion: &Completion) -> RecordedScore {
        if let Some(passed) = self.check.passed(call, self.form, completion) {
            return passed;
        }
        // A text that was asked for and is in the message is no sign that the answer is not in form.
        match why_invalid(call, ProbeForm::Raw, completion, self.declines) {
            Some(reason) => invalid(reason),
            None => another(ProbeForm::Raw, &completion.text),
        }
    }

    fn judge(&self, context: &ProbeContext<'_>, calls: &[ProbeCall], seen: &[Seen]) -> Finding {
        let mut finding = Finding::new(self.id(), self.form, context.kind);
        Compared::new(context, self.form, calls, seen).tell(&mut finding);
        finding
    }
}
