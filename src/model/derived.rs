//! Data from other data (`data pairs from world { a = world.image  b = other.image }`), and generated fields that a phase
//! sets (`set task.x = normal(0, 2)`).

use super::build::dataset;
use super::draft::Draft;
use super::generated::{self, World};
use super::sources::Clauses;
use super::typing::{Said, Typer};
use super::{Data, DataId, Generated, GeneratedField};
use crate::data::{self, Element as FieldElement, FieldType, Signature};
use crate::diag::{Code, Diagnostic, Span};
use crate::syntax::tree::{self, BodyStatement, BodyStatementKind, Expr, ItemKind, Target};
use crate::tensor::{Element, Extent, Name};
use indexmap::IndexMap;

/// The block of a `data … from` item, with its signature. The item has this number; `from` is the other data's.
pub(super) fn block(
    draft: &mut Draft<'_>,
    id: DataId,
    from: DataId,
    span: Span,
    statements: &[BodyStatement],
    clauses: &Clauses,
) -> Result<(Signature, Generated), Said> {
    let Some(of) = dataset(draft, from).cloned() else { return Err(Said) };
    let mut fields: Vec<GeneratedField> = Vec::new();
    let mut bad = clauses.broken;
    for statement in statements {
        match field(draft, id, from, &fields, statement) {
            Ok(field) => fields.push(field),
            Err(Said) => bad = true,
        }
    }
    if fields.is_empty() && !bad {
        draft.say(
            Diagnostic::new(Code::NO_SAMPLES, "data from other data need a field").at(span, "there is none").help(
                format!("a = {}.{}", of.name, of.signature.fields.first().map_or("x", |field| field.name.as_str())),
            ),
        );
        return Err(Said);
    }
    if clauses.test.is_some() || clauses.validation.is_some() {
        draft.say(
            Diagnostic::new(
                Code::SPLITS_OF_SOURCE,
                format!("the test and validation samples are made of those of `{}`", of.name),
            )
            .at(span, "says how many there are")
            .because(of.span, "its splits are given here")
            .help("leave `test` and `validation` out; `samples 4000` says how many there are to train on"),
        );
        return Err(Said);
    }
    let counts = |train| Signature { fields: fields_of(&fields), train, ..of.signature.clone() };
    let signature = counts(clauses.samples.unwrap_or(of.signature.train));
    if signature.bytes() > 1 << 40 || signature.total() > u32::MAX as usize {
        draft.say(
            Diagnostic::new(Code::TOO_LARGE, "these data would hold more than any memory does")
                .at(span, format!("{} samples", signature.total()))
                .help("make the samples fewer, or their fields smaller"),
        );
        return Err(Said);
    }
    if bad {
        return Err(Said);
    }
    let order = (0..fields.len()).collect();
    Ok((signature, Generated { fields, order, from: Some(from) }))
}

fn fields_of(fields: &[GeneratedField]) -> Vec<data::Field> {
    fields.iter().map(|field| data::Field { name: field.name.to_string(), ty: field.ty.clone() }).collect()
}

/// A field: its type is as said, or follows from its equation, which may read the fields above it.
fn field(
    draft: &mut Draft<'_>,
    id: DataId,
    from: DataId,
    before: &[GeneratedField],
    statement: &BodyStatement,
) -> Result<GeneratedField, Said> {
    let BodyStatementKind::Define { target, of_type, value } = &statement.kind else {
        draft.later(statement.span, "this statement of a dataset", "a field: `a = world.image`");
        return Err(Said);
    };
    if let Some(first) = before.iter().find(|field| field.name == target.name.text) {
        draft.say(
            Diagnostic::new(Code::DUPLICATE_NAME, format!("the field `{}` is defined twice", target.name))
                .at(target.name.span, "defined again here")
                .because(first.span, "first defined here")
                .help(format!("give one of them another name, such as `{}_2`", target.name)),
        );
        return Err(Said);
    }
    let locals: Vec<(Name, FieldType)> = before.iter().map(|field| (field.name.clone(), field.ty.clone())).collect();
    let world = World { id, from: Some(from), locals: &locals };
    let said_shape = match target.axes.is_empty() {
        true => None,
        false => Some(super::build::shape(draft, target).ok_or(Said)?),
    };
    let said_element = of_type.as_ref().map(|of| generated::class(draft, of)).transpose()?;
    let mut typer = world.typer(draft, target, said_shape.as_deref().unwrap_or(&[]), false);
    let typed = typer.expr(value).and_then(|root| finished(&mut typer, root, target, said_shape, said_element));
    let draws = std::mem::take(&mut typer.draws);
    let (root, ty) = match typed {
        Ok((root, ty)) => (Ok(root), Some(ty)),
        Err(Said) => (Err(Said), None),
    };
    let (formula, said) = typer.finish(root);
    said.into_iter().for_each(|diagnostic| draft.say(diagnostic));
    let (formula, ty) = (formula?, ty.ok_or(Said)?);
    let name = target.name.text.clone();
    Ok(GeneratedField { name, ty, over_time: false, formula, draws, set: false, span: statement.span })
}

/// The value of a field in its type.
fn finished(
    typer: &mut Typer<'_, '_>,
    root: usize,
    target: &Target,
    shape: Option<Vec<usize>>,
    element: Option<FieldElement>,
) -> Result<(usize, FieldType), Said> {
    let found = typer.nodes[root].ty.clone();
    let own = || found.shape.iter().map(|extent| if let Extent::Const(n) = extent { *n } else { 1 }).collect();
    let shape = shape.unwrap_or_else(own);
    let element = element.unwrap_or(match found.element {
        Element::Class(classes) => FieldElement::Class(classes),
        _ => FieldElement::Real,
    });
    let root = typer.field_value(root, &shape, element, target)?;
    Ok((root, FieldType { element, shape }))
}

/// `set task.field = EXPR`: the generated data of a phase with another equation for a field, whose other draws stay.
pub(super) fn set(
    draft: &mut Draft<'_>,
    worlds: &mut IndexMap<DataId, Generated>,
    id: DataId,
    field: &tree::Name,
    value: &Expr,
    span: Span,
) -> Result<(), Said> {
    let data: Data = dataset(draft, id).cloned().ok_or(Said)?;
    let Some(place) = data.signature.position(field.as_str()) else {
        let said = data.signature.unknown_field(&data.name, field.as_str(), field.span, data.span);
        draft.say(said);
        return Err(Said);
    };
    let whole = data.base == id && data.source.generated().is_some_and(|generated| generated.from.is_none());
    let Some(first) = data.source.generated().filter(|_| whole) else {
        draft.say(
            Diagnostic::new(Code::FIXED_FIELD, format!("`{}.{field}` does not come of an equation", data.name))
                .at(span, "cannot be set")
                .because(data.span, "the field comes from here")
                .help(
                    "`set` a field of generated data: `data task { samples 4000  x = normal(0, 1) }`, `set task.x = …`",
                ),
        );
        return Err(Said);
    };
    let mut world = worlds.get(&id).unwrap_or(first).clone();
    let old = &world.fields[place];
    let target = target_of(draft, &data.name, field.as_str()).ok_or(Said)?;
    let locals: Vec<(Name, FieldType)> =
        world.fields.iter().map(|field| (field.name.clone(), field.ty.clone())).collect();
    let read = World { id, from: None, locals: &locals };
    // The type is that of the item: what a phase sets has the shape that the regions read.
    let (formula, draws) = read.equation(draft, &target, value, &old.ty.clone(), old.over_time)?;
    world.fields[place] = GeneratedField { formula, draws, set: true, span, ..world.fields[place].clone() };
    world.order = generated::order(draft, id, &world.fields)?;
    worlds.insert(id, world);
    Ok(())
}

/// Name and axes of a field of a block.
fn target_of(draft: &Draft<'_>, data: &str, field: &str) -> Option<Target> {
    draft.items().find_map(|item| match &item.kind {
        ItemKind::Data(tree::Data { name, kind: tree::DataKind::Block { fields, .. } }) if name.as_str() == data => {
            fields.iter().find_map(|statement| match &statement.kind {
                BodyStatementKind::Define { target, .. } if target.name.as_str() == field => Some(target.clone()),
                _ => None,
            })
        }
        _ => None,
    })
}
