//! Why a value is not finite any more: the guilty step is carried out once more by the interpreter, which knows where each
//! such value comes from, and what it finds is said in words of the spec.

use super::RunError;
use super::engine::Engine;
use super::store::{Bad, Store};
use crate::diag::{Code, Diagnostic, Span};
use crate::loops::eval::{Cause, Deed, Interpreter};
use crate::loops::{FoldKind, Origin, Precision};
use crate::math::Function;
use crate::model::{Model, Phase};
use crate::tensor::origin::{deed, operation};
use crate::tensor::{Part, Whose, op};

/// The step of a phase that went wrong, and what it left.
pub(super) struct Guilty<'g> {
    pub(super) model: &'g Model,
    pub(super) phase: &'g Phase,
    /// The training step since birth, from 0.
    pub(super) step: u64,
    pub(super) bad: Bad,
}

impl Guilty<'_> {
    /// Says which operation it was; the store is as the step found it.
    pub(super) fn explain(&self, engine: &Engine, store: &mut Store) -> Result<Diagnostic, RunError> {
        let fault = |fault: crate::loops::eval::Fault| RunError::Code(fault.to_string());
        let program = &*engine.program;
        let interpreter = Interpreter::new(program).map_err(fault)?;
        let traced = store.lend(None, program, |slots| interpreter.trace(&mut slots.iter_mut().collect::<Vec<_>>()));
        let traced = traced.map_err(fault)?;
        let slots = (0..program.slots.len()).filter(|slot| self.bad.slots.contains(&program.slots[*slot].name));
        let cause = traced.first(slots);
        let origin = cause.and_then(|cause| program.origins.get(cause.origin));
        Ok(self.say(cause, origin, store.precision))
    }

    fn say(&self, cause: Option<&Cause>, origin: Option<&Origin>, precision: Precision) -> Diagnostic {
        let (what, phase, step) = (&self.bad.what, &self.phase.name, self.step);
        let mut message = format!("{what} is not finite any more, in phase `{phase}` at step {step}");
        let Some(cause) = cause else {
            return Diagnostic::new(Code::INFINITE_ACTIVITY, message).at(self.phase.span, "in this phase").help(GROWS);
        };
        let sentence = sentence(cause, origin, precision);
        message += &format!(": {sentence}");
        if let Some(origin) = origin {
            message += &belongs(origin);
        }
        if let (Some(_), [time]) = (self.model.time, &cause.rounds[..]) {
            message += &format!(", at time step {time}");
        }
        let whose = origin.and_then(|origin| origin.whose.as_deref());
        let place = self.place(cause, origin);
        let mut said = Diagnostic::new(code(origin), message)
            .at(place, format!("{sentence}: the first value that is not finite"))
            .help(help(cause, origin, self.step));
        if let Some(whose) = whose.filter(|whose| !overlap(whose.span, place)) {
            said = said.because(whose.span, belonging(whose));
        }
        said
    }

    /// Where in the spec it was.
    fn place(&self, cause: &Cause, origin: Option<&Origin>) -> Span {
        let given = match &cause.deed {
            Deed::Given(name) => {
                let data = self.model.data.iter().find(|data| name.starts_with(&format!("{}.", data.name)));
                data.map(|data| data.span)
            }
            _ => None,
        };
        let whose = origin.and_then(|origin| origin.whose.as_ref());
        let place = origin.and_then(|origin| origin.span).or(whose.map(|whose| whose.span));
        place.or(given).unwrap_or(self.phase.span)
    }
}

/// What is said at the item or statement to which it belongs.
fn belonging(whose: &Whose) -> String {
    match whose.part {
        Part::Credit | Part::Change => "asked for by this statement".to_string(),
        Part::Activity | Part::Cost | Part::Metric | Part::Modulator => format!("a part of {}", whose.words),
    }
}

fn overlap(a: Span, b: Span) -> bool {
    a.file == b.file && a.start < b.end && b.start < a.end
}

/// What kind of mistake it is.
fn code(origin: Option<&Origin>) -> Code {
    let part = origin.and_then(|origin| origin.whose.as_ref()).map(|whose| whose.part);
    match (origin.and_then(|origin| origin.derivative.as_ref()), part) {
        (Some(_), _) | (None, Some(Part::Credit)) => Code::INFINITE_GRADIENT,
        (None, Some(Part::Change)) => Code::INFINITE_CHANGE,
        (None, Some(Part::Activity | Part::Cost | Part::Metric | Part::Modulator) | None) => Code::INFINITE_ACTIVITY,
    }
}

/// To what it belongs.
fn belongs(origin: &Origin) -> String {
    let derivative = origin.derivative.as_ref().map(|title| format!(", in the derivative of {}", operation(title)));
    let whose = origin.whose.as_ref().map(|whose| format!(", in {}", whose.words));
    derivative.unwrap_or_default() + &whose.unwrap_or_default()
}

/// A number as it is written in this precision.
fn number(value: f64, precision: Precision) -> String {
    // The sign of a zero says nothing.
    let value = value + 0.0;
    let text = match precision {
        Precision::F32 => format!("{:?}", value as f32),
        Precision::F64 => format!("{value:?}"),
    };
    text.strip_suffix(".0").map_or(text.clone(), str::to_string)
}

/// What was done, to what, and what came of it.
fn sentence(cause: &Cause, origin: Option<&Origin>, precision: Precision) -> String {
    let operands: Vec<String> = cause.operands.iter().map(|operand| number(*operand, precision)).collect();
    let value = number(cause.value, precision);
    match &cause.deed {
        Deed::Function(function) => deed(function.name(), &operands, &value),
        Deed::MultiplyAdd => match &operands[..] {
            [a, b, c] => format!("{a} * {b} + {c} is {value}"),
            _ => format!("a product and a sum give {value}"),
        },
        Deed::Fold(FoldKind::Max) => format!("the largest of none is {value}"),
        Deed::Fold(FoldKind::Min) => format!("the smallest of none is {value}"),
        Deed::Fold(_) => format!("a sum comes to {value}"),
        Deed::Dot => match origin.map(|origin| &*origin.title) {
            Some("sum") => format!("a sum comes to {value}"),
            Some(title) if op::find(title).is_none() => format!("{} comes to {value}", operation(title)),
            _ => format!("a sum of products comes to {value}"),
        },
        Deed::Constant => format!("a number that is written here is {value} in {}", precision.name()),
        Deed::Given(name) => format!("`{name}` holds {value} when the step begins"),
    }
}

const GROWS: &str = "values that grow from step to step come from a rate that is too high, or from weights that begin too \
    large: a smaller `rate`, `clip 1.0` behind the `learn`, or an activation with bounds such as `tanh` usually helps";

const LARGE: &str = "numbers of this size do not fit: scale what goes in (`standardised`), begin with smaller weights, or \
    compute with `--precision f64`";

/// What usually helps.
fn help(cause: &Cause, origin: Option<&Origin>, step: u64) -> String {
    let zero = |place: usize| cause.operands.get(place).is_some_and(|operand| *operand == 0.0);
    let slope = origin.and_then(|origin| origin.derivative.as_deref());
    let own = match &cause.deed {
        Deed::Function(_) if slope == Some("log") => {
            "the slope of a logarithm is 1 / x: keep what goes in above 0, also where `select` does not choose it: \
             `log(max(x, 1e-6))`"
        }
        Deed::Function(Function::Divide | Function::Pow | Function::Log) if slope.is_some() => {
            "a slope that divides by 0: keep the divisor, or what a root is taken of, away from 0, also where `select` does \
             not choose it"
        }
        Deed::Function(Function::Log) => {
            "a logarithm wants a number above 0: add a little (`log(x + 1e-6)`) or keep it from below (`log(max(x, 1e-6))`)"
        }
        Deed::Function(Function::Divide) if zero(1) => {
            "keep the divisor away from 0: add a little (`x / (y + 1e-6)`), or choose with `select` before dividing"
        }
        Deed::Function(Function::Exp) => {
            "keep what goes in from above (`exp(min(x, 80))`), or keep it small by a smaller `rate` or smaller weights"
        }
        Deed::Function(Function::Pow | Function::Sqrt) => {
            "a root or a power of a negative number is none, and a large power grows fast: keep what goes in within bounds"
        }
        Deed::Given(_) => "look at what the data hold: `neurula data SPEC`",
        _ => "",
    };
    if !own.is_empty() {
        return own.to_string();
    }
    match code(origin) {
        Code::INFINITE_GRADIENT => {
            "a gradient that grows on its way back is bounded by `clip 1.0` behind the `learn` if it is still finite; smaller \
             weights, fewer time steps (`truncated(n)`) or a smaller `rate` keep it so"
        }
        Code::INFINITE_CHANGE => {
            "a smaller `rate` keeps changes small; a rule without decay lets weights grow without end, and a state without \
             one too"
        }
        _ if step == 0 => LARGE,
        _ => GROWS,
    }
    .to_string()
}
