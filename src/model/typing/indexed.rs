//! Indices in rules: `post[j]`, `w[k, i]`, `sum(k <= j: …)`, and whole vectors, `mean(pre)`.

use super::{Local, Place, Said, Typed, Typer, scalar};
use crate::bug;
use crate::diag::{Code, Diagnostic, Span};
use crate::model::formula::Kind;
use crate::model::indices::Along;
use crate::model::{Leaf, Unit};
use crate::syntax::tree::{Argument, Expr, ExprKind, Name};
use crate::tensor::{Attributes, Element, op};

/// What may be taken over an index.
const FOLDS: &[&str] = &["sum", "mean", "max", "min", "all", "any"];

impl Typer<'_, '_> {
    /// `post[j]`, `pre[i]`, `w[j, i]` in a rule; none if what is indexed is something else.
    pub(super) fn synapse_index(&mut self, expr: &Expr, value: &Expr, places: &[Expr]) -> Option<Typed> {
        let ExprKind::Name(name) = &value.kind else { return None };
        if self.place != Place::Rule {
            return None;
        }
        match self.local(name.as_str()) {
            Some(Local::Leaf(leaf @ (Leaf::Pre | Leaf::Post | Leaf::Synapse), ..)) => {
                let leaf = leaf.clone();
                Some(self.indexed_leaf(&leaf, name, places, self.span(expr.span)))
            }
            Some(Local::Broken) => Some(Err(Said)),
            Some(Local::Table(at, along, unit)) => {
                let (at, along, unit) = (*at, along.clone(), *unit);
                Some(self.table_at(at, &along, unit, (name, places), self.span(expr.span)))
            }
            _ => None,
        }
    }

    fn indexed_leaf(&mut self, leaf: &Leaf, name: &Name, places: &[Expr], span: Span) -> Typed {
        let of_bias = self.indices.as_ref().is_some_and(|indices| indices.of_bias);
        let wanted: &[Along] = match leaf {
            Leaf::Pre => &[Along::Pre],
            Leaf::Synapse if !of_bias => &[Along::Post, Along::Pre],
            _ => &[Along::Post],
        };
        let axes = self.places(name, places, wanted, span)?;
        let leaf = match leaf {
            Leaf::Pre => Leaf::PreAt(axes[0]),
            Leaf::Post => Leaf::PostAt(axes[0]),
            _ => Leaf::SynapseAt(axes[0], axes.get(1).copied()),
        };
        self.leaf(leaf, scalar(Element::Real), Unit::One, span)
    }

    /// The axes of the indices behind a name, which lies along these units.
    pub(in crate::model) fn places(
        &mut self,
        name: &Name,
        places: &[Expr],
        wanted: &[Along],
        span: Span,
    ) -> Result<Vec<usize>, Said> {
        if self.indices.is_none() {
            let said =
                Diagnostic::new(Code::UNBOUND_INDEX, format!("`{name}` has an index in an equation that has none"))
                    .at(span, "the equation is per synapse, and names no indices on its left");
            return Err(self.fail(said.help(format!("name them: `dw[j, i] = …`; or leave it out: `{name}`"))));
        }
        if places.len() != wanted.len() {
            let (example, count) = match wanted.len() {
                2 => (format!("{name}[j, i]"), "two indices"),
                _ => (format!("{name}[j]"), "one index"),
            };
            let message = format!("`{name}` has {count} here, and this is {}", places.len());
            let said = Diagnostic::new(Code::BAD_INDEX, message).at(span, "not as many");
            return Err(self.fail(said.help(format!("for example `{example}`"))));
        }
        let mut axes = Vec::new();
        for (place, along) in places.iter().zip(wanted) {
            let axis = self.axis(place)?;
            let at = self.span(place.span);
            if let Some(indices) = &mut self.indices {
                indices.stands(axis, *along, at);
            }
            axes.push(axis);
        }
        Ok(axes)
    }

    /// The axis of an index that is named.
    fn axis(&mut self, place: &Expr) -> Result<usize, Said> {
        let ExprKind::Name(name) = &place.kind else {
            return self.later(place.span, "an index that is not a name", "select with it: `sum(k == j - 1: post[k])`");
        };
        if let Some(Local::Leaf(Leaf::Place(axis), ..)) = self.local(name.as_str()) {
            return Ok(*axis);
        }
        let known = self.locals.iter().filter(|(_, local)| matches!(local, Local::Leaf(Leaf::Place(_), ..)));
        let known: Vec<String> = known.map(|(name, _)| format!("`{name}`")).collect();
        let help = match &known[..] {
            [] => format!("bind it: `sum({name}: …)`"),
            known => format!("the indices here are {}; a sum binds another: `sum({name}: …)`", known.join(", ")),
        };
        let said = Diagnostic::new(Code::UNBOUND_INDEX, format!("there is no index `{name}` here"))
            .at(self.span(name.span), "not bound")
            .help(help);
        Err(self.fail(said))
    }

    fn local(&self, name: &str) -> Option<&Local> {
        self.locals.iter().rev().find(|(text, _)| &**text == name).map(|(_, local)| local)
    }

    /// A bare `pre`, `post` or `w` in a rule with indices: the whole vector, inside what reduces it.
    pub(super) fn without_index(&mut self, leaf: &Leaf, name: &Name) -> Typed {
        let span = self.span(name.span);
        let along = match leaf {
            Leaf::Pre => Some(Along::Pre),
            Leaf::Post => Some(Along::Post),
            _ if self.indices.as_ref().is_some_and(|indices| indices.of_bias) => Some(Along::Post),
            _ => None,
        };
        if let (Some(along), Some(indices)) = (along, &mut self.indices)
            && let Some(axis) = indices.whole
        {
            indices.stands(axis, along, span);
            let leaf = match leaf {
                Leaf::Pre => Leaf::PreAt(axis),
                Leaf::Post => Leaf::PostAt(axis),
                _ => Leaf::SynapseAt(axis, None),
            };
            return self.leaf(leaf, scalar(Element::Real), Unit::One, span);
        }
        let (whole, help) = match along {
            Some(Along::Pre) => {
                ("the whole vector of units before", format!("`{name}[i]`, or reduce it: `mean({name})`"))
            }
            Some(Along::Post) => {
                ("the whole vector of units behind", format!("`{name}[j]`, or reduce it: `mean({name})`"))
            }
            None => ("the whole matrix of weights", "`w[j, i]`".to_string()),
        };
        let said = Diagnostic::new(
            Code::MISSING_INDEX,
            format!("`{name}` without an index is {whole}, and a number is wanted"),
        )
        .at(span, "no index")
        .help(help);
        Err(self.fail(said))
    }

    /// `sum(k <= j: BODY)`.
    pub(super) fn over_index(
        &mut self,
        function: &Name,
        index: &Name,
        condition: &Expr,
        body: &Expr,
        span: Span,
    ) -> Typed {
        if self.place != Place::Rule || !self.calls.is_empty() {
            let help = format!("without an index it is over all elements: `{function}(x * y)`");
            return self.later(span, &format!("`{function}` over an index outside of the equations of a rule"), &help);
        }
        if self.indices.is_none() {
            let message = format!("`{function}` binds an index in an equation that has none");
            let said = Diagnostic::new(Code::UNBOUND_INDEX, message).at(span, "the equation is per synapse");
            return Err(self.fail(said.help("name its indices: `dw[j, i] = …`")));
        }
        if !FOLDS.contains(&function.as_str()) {
            let all: Vec<String> = FOLDS.iter().map(|fold| format!("`{fold}`")).collect();
            let instead = format!("{} are those of this version", all.join(", "));
            return self.later(function.span, &format!("`{function}` over an index"), &instead);
        }
        if let Some(Local::Leaf(Leaf::Place(_), ..)) = self.local(index.as_str()) {
            let said = Diagnostic::new(Code::DUPLICATE_NAME, format!("the index `{index}` is bound already"))
                .at(self.span(index.span), "the first name of the condition is bound here")
                .help(format!("begin with a new name: `{function}(k != {index}: …)`"));
            return Err(self.fail(said));
        }
        let (axis, whole) = self.open(format!("the index `{index}`").into(), false);
        let place = Local::Leaf(Leaf::Place(axis), scalar(Element::Real), Unit::One);
        self.locals.push((index.text.clone(), place));
        let mask = match &condition.kind {
            ExprKind::Name(_) => Ok(None),
            _ => self.expr(condition).and_then(|mask| self.want_truth(mask, function.as_str()).map(|()| Some(mask))),
        };
        let body = self.expr(body);
        self.locals.pop();
        self.close(whole);
        let (mask, body) = (mask?, body?);
        if self.indices.as_ref().is_some_and(|indices| indices.along(axis).is_none()) {
            let message = format!("the index `{index}` stands on nothing, so there is no saying how far it counts");
            let said = Diagnostic::new(Code::IDLE_INDEX, message)
                .at(self.span(index.span), "bound here, and no index of `pre`, `post` or `w`")
                .help(format!("use it: `{function}({index}: post[{index}])`"));
            return Err(self.fail(said));
        }
        self.fold(function.as_str(), axis, mask, body, span)
    }

    /// `mean(pre)`: over the whole vector. None if this is no such call, to be typed as ever.
    pub(super) fn over_whole(&mut self, function: &Name, arguments: &[Argument], span: Span) -> Option<Typed> {
        let [Argument { name: None, value, .. }] = arguments else { return None };
        let name = function.as_str();
        if self.indices.is_none() || !self.calls.is_empty() || !(FOLDS.contains(&name) || name == "size") {
            return None;
        }
        let (axis, whole) = self.open(format!("`{function}` over a whole vector").into(), true);
        let body = self.expr(value);
        self.close(whole);
        let body = match body {
            Ok(body) => body,
            Err(Said) => return Some(Err(Said)),
        };
        let used = self.indices.as_ref().is_some_and(|indices| indices.along(axis).is_some());
        Some(match (used, name) {
            (true, "size") => self.number(1.0, Unit::One, span).and_then(|one| self.fold("sum", axis, None, one, span)),
            (true, _) => self.fold(name, axis, None, body, span),
            (false, "size") => self.number(1.0, Unit::One, span),
            (false, _) => Ok(body),
        })
    }

    /// A new axis, along which bare vectors lie or not; and how that was before.
    fn open(&mut self, words: crate::tensor::Name, whole: bool) -> (usize, Option<usize>) {
        let Some(indices) = &mut self.indices else { bug!("an index where there are none") };
        let axis = indices.bind(words);
        (axis, std::mem::replace(&mut indices.whole, whole.then_some(axis)))
    }

    fn close(&mut self, whole: Option<usize>) {
        if let Some(indices) = &mut self.indices {
            indices.whole = whole;
        }
    }

    /// Takes the sum (or another) of a body over an axis, where the mask admits it.
    fn fold(&mut self, name: &str, axis: usize, mask: Option<usize>, body: usize, span: Span) -> Typed {
        if matches!(name, "all" | "any") {
            self.want_truth(body, name)?;
        } else {
            self.want_number(body, name)?;
        }
        let (ty, unit) = (self.nodes[body].ty.clone(), self.nodes[body].unit);
        let masked = match mask {
            None => body,
            Some(mask) => match name {
                "all" => {
                    let free = self.row("not", Attributes::None, &[mask], Unit::One, span)?;
                    self.row("or", Attributes::None, &[free, body], Unit::One, span)?
                }
                "any" => self.row("and", Attributes::None, &[mask, body], Unit::One, span)?,
                _ => {
                    let nothing = match name {
                        "max" => f64::NEG_INFINITY,
                        "min" => f64::INFINITY,
                        _ => 0.0,
                    };
                    let nothing = self.number(nothing, unit, span)?;
                    self.row("select", Attributes::None, &[mask, body, nothing], unit, span)?
                }
            },
        };
        let Some(row) = op::find(if name == "mean" { "sum" } else { name }) else { bug!("no operation `{name}`") };
        let total = self.node(Kind::Op(row, Attributes::Axes(vec![axis]), vec![masked]), ty, unit, span)?;
        if name != "mean" {
            return Ok(total);
        }
        let one = self.number(1.0, Unit::One, span)?;
        let count = self.fold("sum", axis, mask, one, span)?;
        self.row("divide", Attributes::None, &[total, count], unit, span)
    }
}
