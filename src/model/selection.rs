//! Which samples of a dataset, and in what order: `world where label < 5 take 20 per label`, `world order by difficulty`.

use super::build::{dataset, formula, truth};
use super::draft::Draft;
use super::typing::{Place, Said, describe};
use super::{DataId, Formula};
use crate::data::Element as FieldElement;
use crate::diag::{Code, Diagnostic, Span};
use crate::syntax::tree::{self, Expr, ExprKind};
use crate::tensor::{Element, Name};
use std::sync::Arc;

/// One of the selections of a dataset, which hold one after the other.
#[derive(Debug, Clone)]
pub struct Selection {
    /// What it is.
    pub kind: SelectionKind,
    /// Where the spec says so.
    pub span: Span,
}

/// What a selection does.
#[derive(Debug, Clone)]
pub enum SelectionKind {
    /// `where CONDITION`: of every split, the samples for which it holds.
    Where(Formula),
    /// `take N`, `take N per FIELD`: the first so many samples that are trained on, of each class of the field.
    Take {
        /// How many.
        count: usize,
        /// The field of a class.
        per: Option<Name>,
    },
    /// `order by VALUE`: what is trained on, the least first.
    OrderBy(Formula),
}

/// The selections of a dataset, in the order of the text.
pub(super) fn selected(
    draft: &mut Draft<'_>,
    id: DataId,
    selections: &[tree::Selection],
) -> Result<Vec<Selection>, Said> {
    let mut made: Vec<Selection> = Vec::new();
    for selection in selections {
        let (kind, span) = match selection {
            tree::Selection::Where(condition) => {
                let condition = with_own_fields(draft, id, condition);
                (SelectionKind::Where(truth(draft, Place::Filter(id), &condition)?), condition.span)
            }
            tree::Selection::Take { count, per } => {
                let number = super::sources::whole_count(draft, count).ok_or(Said)?;
                let per = per.as_ref().map(|per| class(draft, id, per)).transpose()?;
                enough(draft, id, &made, number, count.span)?;
                (SelectionKind::Take { count: number, per }, count.span)
            }
            tree::Selection::OrderBy(by) => (SelectionKind::OrderBy(order(draft, id, by)?), by.span),
        };
        made.push(Selection { kind, span });
    }
    Ok(made)
}

/// The field of a class that `per` names.
fn class(draft: &mut Draft<'_>, id: DataId, per: &tree::Name) -> Result<Name, Said> {
    let data = dataset(draft, id).ok_or(Said)?;
    let Some(place) = data.signature.position(per.as_str()) else {
        let said = data.signature.unknown_field(&data.name, per.as_str(), per.span, data.span);
        draft.say(said);
        return Err(Said);
    };
    let ty = &data.signature.fields[place].ty;
    if matches!(ty.element, FieldElement::Class(_)) && ty.shape.is_empty() {
        return Ok(per.text.clone());
    }
    let help = match data.signature.label() {
        Some(label) => format!("take 5 per {}", data.signature.fields[label].name),
        None => "`take 5` takes so many of all".to_string(),
    };
    let message = format!("samples are taken per class, and `{per}` is {}", describe(&super::field_type(ty)));
    draft.say(Diagnostic::new(Code::NOT_A_CLASS, message).at(per.span, "no class").help(help));
    Err(Said)
}

/// More samples than the source has are not there, whatever is selected before.
fn enough(draft: &mut Draft<'_>, id: DataId, before: &[Selection], count: usize, at: Span) -> Result<(), Said> {
    let data = dataset(draft, id).ok_or(Said)?;
    let taken = before.iter().chain(&data.selections).filter_map(|selection| match &selection.kind {
        SelectionKind::Take { count, per: None } => Some(*count),
        _ => None,
    });
    let most = taken.fold(data.signature.train, usize::min);
    if count <= most {
        return Ok(());
    }
    let message = format!("{count} samples are to be taken, and `{}` has {most} to train on", data.name);
    draft.say(
        Diagnostic::new(Code::TAKES_TOO_MANY, message)
            .at(at, format!("more than {most}"))
            .help(format!("take {most} or fewer")),
    );
    Err(Said)
}

/// What samples are ordered by: a number.
fn order(draft: &mut Draft<'_>, id: DataId, by: &Expr) -> Result<Formula, Said> {
    let own = with_own_fields(draft, id, by);
    let found = formula(draft, Place::Filter(id), &own)?;
    let ty = &found.value().ty;
    if ty.shape.is_empty() && ty.element != Element::Byte {
        return Ok(found);
    }
    let what = describe(ty);
    draft.say(
        Diagnostic::new(Code::NOT_SCALAR, format!("samples are ordered by a number each, and this is {what}"))
            .at(by.span, what)
            .help("order by mean(x^2)"),
    );
    Err(Said)
}

/// The source's own field names stand alone: `label` means `world.label`.
fn with_own_fields(draft: &Draft<'_>, id: DataId, expr: &Expr) -> Expr {
    let mut expr = expr.clone();
    if let Some(data) = dataset(draft, id) {
        let owner = data.name.clone();
        let fields: Vec<&str> = data.signature.fields.iter().map(|field| field.name.as_str()).collect();
        own_fields(&mut expr, &owner, &fields);
    }
    expr
}

fn own_fields(expr: &mut Expr, owner: &Arc<str>, fields: &[&str]) {
    let span = expr.span;
    match &mut expr.kind {
        ExprKind::Name(name) if fields.contains(&name.as_str()) => {
            let field = name.clone();
            let value = Expr { span, kind: ExprKind::Name(tree::Name { text: owner.clone(), span }) };
            expr.kind = ExprKind::Field { value: Box::new(value), field };
        }
        ExprKind::Unary { operand, .. } => own_fields(operand, owner, fields),
        ExprKind::Binary { left, right, .. } => {
            own_fields(left, owner, fields);
            own_fields(right, owner, fields);
        }
        ExprKind::Call { arguments, .. } => {
            arguments.iter_mut().for_each(|argument| own_fields(&mut argument.value, owner, fields));
        }
        ExprKind::Index { value, .. } => own_fields(value, owner, fields),
        _ => {}
    }
}
