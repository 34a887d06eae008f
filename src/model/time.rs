//! Time within a trial: its length, what may read it, delays, and what is looked at in its last step alone.

use super::build::number;
use super::draft::{Draft, not_supported};
use super::typing::{Place, Said, Typed, Typer, array, scalar};
use super::{Leaf, RegionId, Time, Timing, Unit};
use crate::diag::{Code, Diagnostic, Span};
use crate::syntax::tree::{self, Argument, Expr, ExprKind, ItemKind, WhenKind};
use crate::tensor::{Element, Type};

/// The longest trial, in time steps.
const LONGEST: f64 = 1_000_000.0;

/// The `time` item.
pub(super) fn time(draft: &mut Draft<'_>) {
    let items: Vec<_> = draft.items().collect();
    for item in items {
        let ItemKind::Time(tree) = &item.kind else { continue };
        if let Some(first) = draft.time {
            draft.say(
                Diagnostic::new(Code::DUPLICATE_NAME, "`time` is given twice")
                    .at(item.span, "given again here")
                    .because(first.span, "first given here")
                    .help("leave one of them out"),
            );
            continue;
        }
        if let Some(by) = &tree.step {
            draft.later(by.span, "the length of a time step", "count time in steps: `time 28 steps`");
        }
        if let Ok(steps) = whole_steps(draft, &tree.duration, "time 28 steps", 1.0) {
            draft.time = Some(Time { steps, span: item.span });
        }
    }
}

/// A whole number of time steps.
fn whole_steps(draft: &mut Draft<'_>, expr: &Expr, example: &str, least: f64) -> Result<usize, Said> {
    let (value, unit) = number(draft, expr)?;
    let said = match unit {
        Unit::Steps if value.fract() == 0.0 && (least..=LONGEST).contains(&value) => return Ok(value as usize),
        Unit::Steps => {
            let message = format!("time is counted in whole steps, from {least} to {LONGEST}, and this is {value}");
            Diagnostic::new(Code::NOT_WHOLE, message).at(expr.span, "no such number of steps").help(example)
        }
        Unit::Time => not_supported(expr.span, "time in ms", &format!("count it in steps: `{example}`")),
        _ => Diagnostic::new(Code::UNIT_MISMATCH, format!("time is counted in steps, and this is {}", unit.phrase()))
            .at(expr.span, unit.phrase())
            .help(example),
    };
    draft.say(said);
    Err(Said)
}

/// How long the activity of a projection's source takes to arrive.
pub(super) fn delay(draft: &mut Draft<'_>, clause: Span, expr: &Expr) -> Result<usize, Said> {
    let time = want(draft, clause, "a delay")?;
    let steps = whole_steps(draft, expr, "delay 1 step", 1.0)?;
    if steps >= time.steps {
        draft.say(
            Diagnostic::new(Code::LATE_DELAY, format!("a delay of {steps} steps, in a trial of {}", time.steps))
                .at(clause, "nothing would ever arrive")
                .because(time.span, format!("a trial has {} steps", time.steps))
                .help("make the delay shorter than the trial"),
        );
    }
    Ok(steps)
}

/// The time of a model in which something wants it.
pub(super) fn want(draft: &mut Draft<'_>, span: Span, what: &str) -> Result<Time, Said> {
    draft.time.ok_or_else(|| {
        let said = needs_time(draft.unknown_time(), span, what);
        said.into_iter().for_each(|said| draft.say(said));
        Said
    })
}

/// What is looked at, and when: a value with `at end` is that of the last time step. Without, [`Timing::Each`].
pub(super) fn at<'e>(
    draft: &mut Draft<'_>,
    value: &'e Expr,
    when: Option<&tree::When>,
) -> Result<(&'e Expr, Timing), Said> {
    let (value, when) = match (&value.kind, when) {
        (ExprKind::At { value, when }, None) => (&**value, when),
        (_, Some(when)) => (value, when),
        (_, None) => return Ok((value, Timing::Each)),
    };
    match &when.kind {
        WhenKind::End => want(draft, when.span, "`at end`").map(|_| (value, Timing::End)),
        _ => {
            draft.later(when.span, "another moment than `at end` here", "at end");
            Err(Said)
        }
    }
}

/// The diagnostic for what has a meaning in a model with time alone; none while the `time` item has an error.
fn needs_time(unknown: bool, span: Span, what: &str) -> Option<Diagnostic> {
    (!unknown).then(|| {
        Diagnostic::new(Code::NEEDS_TIME, format!("{what} has no meaning in a model without time"))
            .at(span, "within a trial there are no steps")
            .help("say how long a trial is: `time 28 steps`")
    })
}

impl Draft<'_> {
    /// Whether there is a `time` item that has an error.
    pub(super) fn unknown_time(&self) -> bool {
        self.time.is_none()
            && (self.has_broken("time") || self.items().any(|item| matches!(item.kind, ItemKind::Time(_))))
    }
}

impl Typer<'_, '_> {
    /// Refuses what needs time in a model without it.
    pub(super) fn want_time(&mut self, span: Span, what: &str) -> Result<(), Said> {
        if self.draft.time.is_some() {
            return Ok(());
        }
        Err(match needs_time(self.draft.unknown_time(), span, what) {
            Some(said) => self.fail(said),
            None => Said,
        })
    }

    fn within_a_trial(&self) -> bool {
        self.place.within_a_trial()
    }

    /// Whether there is a step of the trial: everywhere within one, and in the fields of generated data that are over time.
    fn has_step(&self) -> bool {
        self.within_a_trial() || matches!(self.place, Place::Generated(_, true))
    }

    /// `t`: the time step.
    pub(super) fn time_step(&mut self, name: &tree::Name, span: Span) -> Typed {
        if !self.has_step() {
            return Err(self.not_here(
                name,
                "an equation, a cost or a metric, and in fields over time",
                "x[t] = sin(t / 4)",
            ));
        }
        self.want_time(span, "`t`")?;
        self.leaf(Leaf::Time, scalar(Element::Real), Unit::One, span)
    }

    /// `prev(R)`: a region's activity one time step before.
    pub(super) fn previous(&mut self, function: &tree::Name, arguments: &[Argument], span: Span) -> Typed {
        if !self.within_a_trial() {
            return Err(self.not_here(
                function,
                "an equation, a cost or a metric",
                "region A[8] = tanh(drive + prev(A))",
            ));
        }
        self.want_time(span, "`prev`")?;
        let region = match arguments {
            [Argument { name: None, value, .. }] => match &value.kind {
                ExprKind::Name(name) => self.region_named(name),
                _ => None,
            },
            _ => None,
        };
        let Some(id) = region else {
            let said = Diagnostic::new(Code::WRONG_ARGUMENTS, "`prev` takes the name of a region")
                .at(span, "the activity of which region?")
                .help("prev(Hidden)");
            return Err(self.fail(said));
        };
        match &self.draft.regions[id.0].shape {
            Some(shape) => self.leaf(Leaf::Previous(id), array(shape), Unit::One, span),
            None => Err(Said),
        }
    }

    fn region_named(&self, name: &tree::Name) -> Option<RegionId> {
        match self.draft.names.get(name.as_str())?.meaning {
            super::draft::Meaning::Region(id) => Some(RegionId(id)),
            _ => None,
        }
    }

    /// `world.image[t]`, `x[t - 1]`: the row of a field for this time step or one near it, if it is that.
    pub(super) fn field_now(&mut self, value: &Expr, indices: &[Expr]) -> Result<Option<usize>, Said> {
        let Some(first) = indices.first() else { return Ok(None) };
        let Some((lag, at)) = self.near_step(first) else { return Ok(None) };
        let before = self.nodes.len();
        let is_field = match &value.kind {
            ExprKind::Field { .. } => true,
            ExprKind::Name(name) => self.is_local(name) && matches!(self.place, Place::Generated(..)),
            _ => false,
        };
        if !is_field || !self.has_step() {
            return Ok(None);
        }
        self.want_time(self.span(at), "`t`")?;
        let whole = self.expr(value)?;
        let (node, span) = (self.nodes[whole].clone(), self.span(value.span));
        let Some((data, name)) = node.kind.field() else {
            self.nodes.truncate(before);
            return Ok(None);
        };
        let steps = self.draft.time.map_or(1, |time| time.steps);
        let rows = node.ty.shape.first().map_or(0, |extent| extent.bound());
        if rows < steps {
            let found = super::typing::describe(&node.ty);
            let message = format!("{steps} time steps want as many rows, and this has {rows}");
            let mut said = Diagnostic::new(Code::BAD_INDEX, message).at(span, format!("this is {found}"));
            if let Some(time) = self.draft.time {
                said = said.because(time.span, format!("a trial has {steps} steps"));
            }
            return Err(self.fail(said.help(format!("time {} steps", rows.max(1)))));
        }
        self.nodes.truncate(before);
        let ty = Type { element: node.ty.element, shape: node.ty.shape[1..].to_vec() };
        self.leaf(Leaf::FieldNow(data, name, lag), ty, Unit::One, span).map(Some)
    }

    /// `t`, `t - 1`, `t + 2`: how far from the step that is, and where `t` stands.
    fn near_step(&self, index: &Expr) -> Option<(i64, Span)> {
        let step = |expr: &Expr| match &expr.kind {
            ExprKind::Name(t) if t.as_str() == "t" && !self.is_local(t) && !self.draft.names.contains_key("t") => {
                Some(t.span)
            }
            _ => None,
        };
        if let Some(at) = step(index) {
            return Some((0, at));
        }
        let ExprKind::Binary { operator, left, right, .. } = &index.kind else { return None };
        let ExprKind::Number(number) = &right.kind else { return None };
        let far = i64::try_from(number.integer().filter(|far| *far <= LONGEST as u64)?).ok()?;
        match operator {
            tree::BinaryOperator::Add => Some((far, step(left)?)),
            tree::BinaryOperator::Subtract => Some((-far, step(left)?)),
            _ => None,
        }
    }
}
