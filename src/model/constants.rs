//! Fixed arrays: `const template[2, 8] = normal(0, 1)`, `const wiring[2, 2] = [[1, 0], [0, 1]]`.

use super::draft::{Draft, Meaning};
use super::typing::{Local, Place, Said, Typer, array};
use super::{Const, ConstId, ConstValue, Leaf, Pattern, Projection, Unit};
use crate::data::Element;
use crate::diag::{Code, Diagnostic};
use crate::syntax::tree::{self, Expr, ExprKind, ItemKind};

/// The most elements of a fixed array.
const LARGEST: usize = 1 << 28;

/// Every `const`, in order; each may read those before it.
pub(super) fn declare(draft: &mut Draft<'_>) {
    let items: Vec<_> = draft.items().collect();
    for item in items {
        let ItemKind::Const(tree) = &item.kind else { continue };
        let made = one(draft, tree, item.span);
        draft.consts.push(made.ok());
    }
}

fn one(draft: &mut Draft<'_>, tree: &tree::Const, span: crate::diag::Span) -> Result<Const, Said> {
    let name = &tree.target.name;
    let shape = super::build::shape(draft, &tree.target).ok_or(Said)?;
    if shape.iter().product::<usize>() > LARGEST {
        draft.say(
            Diagnostic::new(Code::TOO_LARGE, format!("`{name}` has more than {LARGEST} elements"))
                .at(tree.target.span, "too large")
                .help("give it smaller sizes"),
        );
        return Err(Said);
    }
    let value = match &tree.value.kind {
        ExprKind::List(_) => {
            let mut values = Vec::new();
            written(draft, name, &tree.value, &shape, &mut values)?;
            ConstValue::Written(values)
        }
        _ => equation(draft, tree, &shape)?,
    };
    Ok(Const { name: name.text.clone(), shape, value, span })
}

fn equation(draft: &mut Draft<'_>, tree: &tree::Const, shape: &[usize]) -> Result<ConstValue, Said> {
    let mut typer = Typer::new(draft, Place::Const);
    typer.drawn = Some(shape.to_vec());
    for (axis, named) in tree.target.axes.iter().enumerate() {
        if let Some(name) = &named.name {
            typer.locals.push((name.text.clone(), Local::Leaf(Leaf::Axis(axis), array(shape), Unit::One)));
        }
    }
    let root = typer.expr(&tree.value).and_then(|root| typer.field_value(root, shape, Element::Real, &tree.target));
    let draws = std::mem::take(&mut typer.draws);
    let (formula, said) = typer.finish(root);
    said.into_iter().for_each(|diagnostic| draft.say(diagnostic));
    Ok(ConstValue::Equation(formula?, draws))
}

/// The numbers of nested lists, which have the array's shape.
fn written(
    draft: &mut Draft<'_>,
    name: &tree::Name,
    expr: &Expr,
    shape: &[usize],
    values: &mut Vec<f64>,
) -> Result<(), Said> {
    let (ExprKind::List(parts), [length, rest @ ..]) = (&expr.kind, shape) else {
        if shape.is_empty() {
            values.push(super::init::plain(draft, expr)?);
            return Ok(());
        }
        draft.say(
            Diagnostic::new(Code::SHAPE_MISMATCH, format!("`{name}` wants a list of {} here", shape[0]))
                .at(expr.span, "no list")
                .help("write a list for each axis: `[[1, 0], [0, 1]]`"),
        );
        return Err(Said);
    };
    if parts.len() != *length {
        draft.say(
            Diagnostic::new(
                Code::SHAPE_MISMATCH,
                format!("`{name}` wants {length} here, and this list has {}", parts.len()),
            )
            .at(expr.span, format!("{} of them", parts.len()))
            .because(name.span, "its shape is given here")
            .help("give the list as many parts as the axis is long"),
        );
        return Err(Said);
    }
    parts.iter().try_for_each(|part| written(draft, name, part, rest, values))
}

/// The `const` that `fixed(NAME)` means, if the name is one; its shape is that of the weights.
pub(super) fn fixed(draft: &mut Draft<'_>, made: &Projection, expr: &Expr) -> Result<Option<Pattern>, Said> {
    let ExprKind::Name(name) = &expr.kind else { return Ok(None) };
    let Some(Meaning::Const(id)) = draft.names.get(name.as_str()).map(|declared| declared.meaning) else {
        return Ok(None);
    };
    let wanted = draft.weight_shape(made);
    let found = draft.consts.get(id).and_then(Option::as_ref).ok_or(Said)?;
    if found.shape == wanted {
        return Ok(Some(Pattern::FixedConst(ConstId(id))));
    }
    let (found, span) = (format!("{:?}", found.shape), found.span);
    draft.say(
        Diagnostic::new(
            Code::SHAPE_MISMATCH,
            format!("`{}` has weights of {wanted:?}, and `{name}` is {found}", made.name),
        )
        .at(expr.span, found)
        .because(span, "defined here")
        .help("a row for each unit of the target, with a weight for each unit of the source"),
    );
    Err(Said)
}
