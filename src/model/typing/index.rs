//! `x[0]`, `V1[0..64]`: parts of arrays, at compile-time places.

use super::{Place, Said, Typed, Typer, describe};
use crate::diag::{Code, Diagnostic};
use crate::model::Unit;
use crate::syntax::tree::{Expr, ExprKind};
use crate::tensor::{Attributes, Extent};

impl Typer<'_, '_> {
    pub(super) fn index(&mut self, expr: &Expr, value: &Expr, indices: &[Expr]) -> Typed {
        let span = self.span(expr.span);
        if let Some(typed) = self.synapse_index(expr, value, indices) {
            return typed;
        }
        let (mut node, indices) = match self.field_now(value, indices)? {
            Some(row) => (row, &indices[1..]),
            None => (self.expr(value)?, indices),
        };
        if indices.is_empty() {
            return Ok(node);
        }
        let shape = self.nodes[node].ty.shape.clone();
        if indices.len() > shape.len() {
            let message = format!("{} indices for {}", indices.len(), describe(&self.nodes[node].ty));
            return Err(self.fail(
                Diagnostic::new(Code::BAD_INDEX, message)
                    .at(span, "too many indices")
                    .because(self.nodes[node].span, format!("this is {}", describe(&self.nodes[node].ty)))
                    .help("one index or range for each axis, from the left"),
            ));
        }
        let unit = self.nodes[node].unit;
        let mut kept = Vec::new();
        for (axis, index) in indices.iter().enumerate() {
            let length = shape[axis].bound();
            let (start, end, keep) = match &index.kind {
                ExprKind::Range { start, end } => (self.whole(start)?, self.whole(end)?, true),
                _ => {
                    let at = self.whole(index)?;
                    (at, at.saturating_add(1), false)
                }
            };
            if start >= end || end > length {
                let found = if keep { format!("{start}..{end}") } else { start.to_string() };
                let (message, label) = match start >= end && end <= length {
                    true => (format!("{found} holds nothing"), "it ends where it begins, or before"),
                    false => (format!("{found} is not within an axis of {length}"), "outside"),
                };
                return Err(self.fail(
                    Diagnostic::new(Code::BAD_INDEX, message)
                        .at(self.span(index.span), label)
                        .because(self.nodes[node].span, format!("this is {}", describe(&self.nodes[node].ty)))
                        .help(format!("indices go from 0 to {}; ranges are half open: `0..{length}`", length - 1)),
                ));
            }
            if (start, end) != (0, length) {
                let attributes = Attributes::Part { axis, start, length: end - start };
                node = self.row("slice", attributes, &[node], unit, span)?;
            }
            if keep {
                kept.push(Extent::Const(end - start));
            }
        }
        kept.extend(shape[indices.len()..].iter().cloned());
        if kept == self.nodes[node].ty.shape {
            return Ok(node);
        }
        self.row("reshape", Attributes::Shape(kept), &[node], unit, span)
    }

    /// A whole number of compile time.
    pub(in crate::model) fn whole(&mut self, expr: &Expr) -> Result<usize, Said> {
        let place = std::mem::replace(&mut self.place, Place::Constant);
        let typed = self.expr(expr);
        self.place = place;
        let node = typed?;
        let value = self.constant(node);
        match value {
            Some(value)
                if value.fract() == 0.0
                    && (0.0..=u32::MAX as f64).contains(&value)
                    && self.nodes[node].unit == Unit::One =>
            {
                Ok(value as usize)
            }
            _ => {
                let found = value.map_or("not known at compile time".to_string(), |value| format!("{value}"));
                let said =
                    Diagnostic::new(Code::NOT_WHOLE, format!("a whole number is wanted here, and this is {found}"))
                        .at(self.span(expr.span), "no whole number")
                        .help("write a whole number, or a `param` that holds one");
                Err(self.fail(said))
            }
        }
    }
}
