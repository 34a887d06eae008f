//! `steps(0.1 at 0 epochs, 0.01 at 5 epochs)`: a value that changes at certain times of a phase.

use super::{Place, Typed, Typer, scalar};
use crate::diag::{Code, Diagnostic, Span};
use crate::model::draft;
use crate::model::{Leaf, Unit};
use crate::syntax::tree::{Argument, Expr, ExprKind, Name, WhenKind};
use crate::tensor::{Attributes, Element};

/// From when on: so many steps, or epochs, of the phase.
#[derive(Clone, Copy)]
struct Moment {
    value: f64,
    unit: Unit,
    span: Span,
}

impl Typer<'_, '_> {
    /// Each value from its moment on; the first from the beginning of the phase.
    pub(super) fn steps(&mut self, function: &Name, arguments: &[Argument], span: Span) -> Typed {
        if !matches!(self.place, Place::Schedule | Place::Argument) {
            return Err(self.not_here(
                function,
                "a scheduled value",
                "using sgd(rate = steps(0.1 at 0 epochs, 0.01 at 5 epochs))",
            ));
        }
        let mut result: Option<usize> = None;
        let mut last: Option<Moment> = None;
        for argument in arguments {
            let (value, moment) = self.value_and_moment(argument)?;
            let node = self.expr(value)?;
            let Some(before) = result else {
                if moment.value != 0.0 {
                    return Err(self.no_steps(moment.span, "the first value holds from the beginning on: `at 0`"));
                }
                (result, last) = (Some(node), Some(moment));
                continue;
            };
            let earlier = last.replace(moment);
            let in_order = earlier.is_none_or(|earlier| {
                moment.value > earlier.value && (earlier.unit == moment.unit || earlier.value == 0.0)
            });
            if !in_order {
                return Err(self
                    .no_steps(moment.span, "each value stands at a later time than the one before, in the same unit"));
            }
            let unit = self.same_unit("steps", before, node, span)?;
            let reached = self.reached(moment, span)?;
            result = Some(self.row("select", Attributes::None, &[reached, node, before], unit, span)?);
        }
        match result {
            Some(node) => Ok(node),
            None => Err(self.no_steps(span, "there is no value")),
        }
    }

    fn no_steps(&mut self, at: Span, why: &str) -> super::Said {
        let said = Diagnostic::new(Code::WRONG_ARGUMENTS, format!("`steps` does not take this: {why}"))
            .at(at, "here")
            .help("write it as `steps(0.1 at 0 epochs, 0.01 at 5 epochs)`");
        self.fail(said)
    }

    /// `0.1 at 5 epochs`.
    fn value_and_moment<'e>(&mut self, argument: &'e Argument) -> Result<(&'e Expr, Moment), super::Said> {
        let (ExprKind::At { value, when }, None) = (&argument.value.kind, &argument.name) else {
            return Err(self.no_steps(argument.span, "each value says from when on it holds"));
        };
        let WhenKind::Number(number) = &when.kind else {
            return Err(self.no_steps(when.span, "a time is a number of steps or epochs"));
        };
        let (unit, factor) = number.unit.as_ref().map_or((Unit::One, 1.0), |(unit, _)| draft::unit_of(*unit));
        let moment = Moment { value: number.value() * factor, unit, span: when.span };
        match unit {
            Unit::Steps | Unit::Epochs => Ok((value, moment)),
            Unit::One if moment.value == 0.0 => Ok((value, moment)),
            _ => Err(self.no_steps(when.span, "a time is a number of steps or epochs")),
        }
    }

    /// Whether the phase has come so far.
    fn reached(&mut self, moment: Moment, span: Span) -> Typed {
        let now = self.leaf(Leaf::PhaseStep, scalar(Element::Real), Unit::One, span)?;
        let mut then = self.number(moment.value, Unit::One, span)?;
        if moment.unit == Unit::Epochs {
            let epoch = self.leaf(Leaf::StepsPerEpoch, scalar(Element::Real), Unit::One, span)?;
            then = self.row("multiply", Attributes::None, &[then, epoch], Unit::One, span)?;
        }
        self.row("less_equal", Attributes::None, &[then, now], Unit::One, span)
    }
}
