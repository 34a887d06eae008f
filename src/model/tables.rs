//! What a rule keeps along axes that are written out, one for each projection: `state P[pre, pre] = identity`, read as `P[i, k]`
//! and brought up to date as a whole, `P[a, b] := …`.

use super::draft::Draft;
use super::indices::{Along, Indices, POST, PRE};
use super::kept::{Keeping, Kept, Line, Locals, Within};
use super::typing::{Local, Said, Typed, Typer, scalar};
use super::{Formula, KeptAt, Leaf, Unit};
use crate::diag::{Code, Diagnostic, Span};
use crate::syntax::tree::{BinaryOperator, Declaration, Expr, ExprKind, Name, Target};
use crate::tensor::Element;

/// The word for the matrix with 1 on its diagonal.
const IDENTITY: &str = "identity";

impl Keeping {
    /// `state P[pre, pre] = identity / alpha`.
    pub(super) fn table(
        &mut self,
        draft: &mut Draft<'_>,
        within: &Within<'_>,
        locals: &mut Locals,
        tree: &Declaration,
    ) -> Result<(), Said> {
        let along = declared(draft, within, &tree.target)?;
        let (mut first, mut unit, mut diagonal) = (0.0, Unit::One, false);
        if let Some(value) = &tree.value {
            diagonal = identity(value).unwrap_or(false);
            if (diagonal && !(along.len() == 2 && along[0] == along[1])) || identity(value).is_none() {
                let said = Diagnostic::new(
                    Code::NOT_CONSTANT,
                    "`identity` is a square matrix, times a number or divided by one",
                )
                .at(within.outer.unwrap_or(value.span), "not that")
                .help("state P[pre, pre] = identity / alpha");
                draft.say(said);
                return Err(Said);
            }
            let one = [(IDENTITY.into(), Local::Formula(Formula::number(1.0, value.span)))];
            (first, unit) = self.first(draft, within, if diagonal { &one } else { &[] }, &tree.target.name, value)?;
        }
        self.keep(draft, within, locals, &tree.target.name, (first, unit), false)?;
        let at = KeptAt { number: self.kept.len() - 1, lines: 0, of_sample: false };
        let kept = &mut self.kept[at.number];
        (kept.along, kept.diagonal) = (along.clone(), diagonal);
        locals.push((tree.target.name.text.clone(), Local::Table(at, along, unit)));
        Ok(())
    }

    /// `P[a, b] := E`.
    pub(super) fn update_at(
        &mut self,
        draft: &mut Draft<'_>,
        within: &Within<'_>,
        locals: &mut Locals,
        indices: &mut Indices,
        (target, value): (&Target, &Expr),
    ) -> Result<(), Said> {
        let number = self.updated(draft, within, target)?;
        let along = self.kept[number].along.clone();
        let names = self.named(draft, within, target, along.len())?;
        indices.begin(&[]);
        indices.of_bias = false;
        let one_by_one = draft.data.iter().flatten().all(|data| data.batch == 1);
        let unit = self.units[number];
        let mut typer = within.typer(draft, locals);
        let mut axes = Vec::new();
        for (name, along) in names.iter().zip(&along) {
            let axis = indices.bind(format!("the index `{name}`").into());
            indices.stands(axis, *along, typer.span(name.span));
            let place = Local::Leaf(Leaf::Place(axis), scalar(Element::Real), Unit::One);
            typer.locals.push((name.text.clone(), place));
            axes.push(axis);
        }
        typer.indices = Some(std::mem::take(indices));
        let root = typer.expr(value).and_then(|root| typer.plain_scalar(root));
        let root = root.and_then(|root| typer.of_unit(root, unit)).and_then(|root| typer.for_life(root, one_by_one));
        *indices = typer.indices.take().unwrap_or_default();
        let (formula, said) = typer.finish(root);
        said.into_iter().for_each(|diagnostic| draft.say(diagnostic));
        self.lines.push(Line { kept: number, axes, value: formula? });
        let lines = self.lines.iter().filter(|line| line.kept == number).count();
        let at = KeptAt { number, lines, of_sample: false };
        locals.push((self.kept[number].name.clone(), Local::Table(at, along, unit)));
        Ok(())
    }

    /// The names of the indices behind the name of a `:=`.
    pub(super) fn named<'t>(
        &self,
        draft: &mut Draft<'_>,
        within: &Within<'_>,
        target: &'t Target,
        wanted: usize,
    ) -> Result<Vec<&'t Name>, Said> {
        let names: Vec<&Name> = target
            .axes
            .iter()
            .filter_map(|axis| match &axis.size.kind {
                ExprKind::Name(name) if axis.name.is_none() => Some(name),
                _ => None,
            })
            .collect();
        if names.len() != wanted || target.axes.len() != wanted {
            let (count, example) = match wanted {
                0 => ("no index", format!("{} := …", target.name)),
                1 => ("one index", format!("{}[a] := …", target.name)),
                _ => ("two indices", format!("{}[a, b] := …", target.name)),
            };
            let said = Diagnostic::new(Code::BAD_INDEX, format!("`{}` has {count} of its own", target.name))
                .at(within.outer.unwrap_or(target.span), "other indices than these")
                .help(format!("`{example}`"));
            draft.say(said);
            return Err(Said);
        }
        if names.len() == 2 && names[0].text == names[1].text {
            let message = format!("`{}` has the index `{}` twice", target.name, names[1]);
            let said = Diagnostic::new(Code::DUPLICATE_NAME, message)
                .at(within.outer.unwrap_or(names[1].span), "named again here")
                .help(format!("two names: `{}[a, b] := …`", target.name));
            draft.say(said);
            return Err(Said);
        }
        Ok(names)
    }

    /// Whether a line along axes of its own reads what lies along others; if so, that is said.
    pub(super) fn strays(&self, draft: &mut Draft<'_>, within: &Within<'_>) -> bool {
        let mut said = Vec::new();
        for line in self.lines.iter().filter(|line| !line.axes.is_empty()) {
            let kept = &self.kept[line.kept];
            if let Some(span) = line.value.leaves().find_map(|(leaf, span)| self.elsewhere(draft, leaf).then_some(span))
            {
                let message = format!("`{}` lies along axes of its own, and this along those of `dw`", kept.name);
                said.push(
                    Diagnostic::new(Code::UNBOUND_INDEX, message)
                        .at(within.outer.unwrap_or(span), "an entry for each unit of the synapse")
                        .because(kept.span, "declared with its axes here")
                        .help("read `pre[a]` or `post[a]` with the indices on the left, or sum over others: `sum(k: pre[k]^2)`"),
                );
            }
        }
        let any = !said.is_empty();
        said.into_iter().for_each(|diagnostic| draft.say(diagnostic));
        any
    }

    /// Whether a leaf lies along the units of `dw[j, i]`.
    fn elsewhere(&self, draft: &Draft<'_>, leaf: &Leaf) -> bool {
        let own = |axis: usize| axis == POST || axis == PRE;
        match leaf {
            Leaf::PreAt(axis) | Leaf::PostAt(axis) | Leaf::Place(axis) => own(*axis),
            Leaf::SynapseAt(first, second) | Leaf::KeptAlong(_, first, second) => {
                own(*first) || second.is_some_and(own)
            }
            Leaf::Kept(at) => self.kept[at.number].per_pre || self.kept[at.number].per_post,
            Leaf::Modulator(id) => {
                let modulator = draft.modulators.get(id.0).and_then(Option::as_ref);
                modulator.is_some_and(|modulator| !modulator.shape.is_empty())
            }
            Leaf::Pre | Leaf::Post | Leaf::PreIn(_) | Leaf::PostIn(_) | Leaf::Synapse => true,
            _ => false,
        }
    }
}

impl Kept {
    /// Whether it is kept along axes that are written out.
    pub fn is_table(&self) -> bool {
        !self.along.is_empty()
    }
}

/// The axes of a declaration: `pre` and `post`, one or two of them.
fn declared(draft: &mut Draft<'_>, within: &Within<'_>, target: &Target) -> Result<Vec<Along>, Said> {
    let of = |axis: &crate::syntax::tree::Axis| match &axis.size.kind {
        ExprKind::Name(name) if axis.name.is_none() => match name.as_str() {
            "pre" => Some(Along::Pre),
            "post" => Some(Along::Post),
            _ => None,
        },
        _ => None,
    };
    let along: Option<Vec<Along>> = target.axes.iter().map(of).collect();
    match along.filter(|along| along.len() <= 2) {
        Some(along) => Ok(along),
        None => {
            let what = "a state of a rule along anything else than one or two of `pre` and `post`";
            draft.later(within.outer.unwrap_or(target.span), what, &format!("state {}[pre, pre] = 0", target.name));
            Err(Said)
        }
    }
}

/// Whether a first value is `identity`, times a number or divided by one; none: it is there in another way.
fn identity(value: &Expr) -> Option<bool> {
    match &value.kind {
        ExprKind::Name(name) => Some(name.as_str() == IDENTITY),
        ExprKind::Unary { operand, .. } => identity(operand),
        ExprKind::Binary { operator, left, right, .. } => match (identity(left)?, identity(right)?, operator) {
            (false, false, _) => Some(false),
            (true, false, BinaryOperator::Multiply | BinaryOperator::Divide) => Some(true),
            (false, true, BinaryOperator::Multiply) => Some(true),
            _ => None,
        },
        _ => Some(false),
    }
}

impl Typer<'_, '_> {
    /// `P[i, k]`.
    pub(super) fn table_at(
        &mut self,
        at: KeptAt,
        along: &[Along],
        unit: Unit,
        (name, places): (&Name, &[Expr]),
        span: Span,
    ) -> Typed {
        let axes = self.places(name, places, along, span)?;
        self.leaf(Leaf::KeptAlong(at, axes[0], axes.get(1).copied()), scalar(Element::Real), unit, span)
    }

    /// A table where a number is wanted.
    pub(super) fn whole_table(&mut self, name: &Name, along: &[Along]) -> Typed {
        let (what, example) = match along.len() {
            1 => ("a whole vector", format!("{name}[i]")),
            _ => ("a whole matrix", format!("{name}[i, k]")),
        };
        let said = Diagnostic::new(
            Code::MISSING_INDEX,
            format!("`{name}` without an index is {what}, and a number is wanted"),
        )
        .at(self.span(name.span), "no index")
        .help(format!("`{example}`"));
        Err(self.fail(said))
    }
}
