//! Equations of what moves elements about, or looks at them where they are all the same.

use crate::tensor::op::Fold;
use crate::tensor::rewrite::{Found, Rewriter};
use crate::tensor::{Attributes, Element, Extent, Kind, Value, op};

/// A scalar repeated over the shape that the operation gives.
fn repeat(r: &mut Rewriter, found: &Found, scalar: Value) -> Option<Value> {
    let types: Vec<_> = found.inputs.iter().map(|input| r.builder.ty(*input)).collect();
    let shape = (found.row.ty)(&types, &found.attributes).ok()?.shape;
    match shape.is_empty() {
        true => Some(scalar),
        false => Some(r.make(&op::expand::ROW, Attributes::Expand { shape, axes: Vec::new() }, &[scalar])),
    }
}

/// The shape of the only or first operand.
fn shape(r: &Rewriter, found: &Found) -> Vec<Extent> {
    r.builder.ty(found.inputs[0]).shape.clone()
}

/// `clamp(x, k) → x` if `x` is `class<k>`
pub(super) fn clamp_class(r: &mut Rewriter, found: &Found) -> Option<Value> {
    let Attributes::Below(k) = found.attributes else { return None };
    (r.builder.ty(found.inputs[0]).element == Element::Class(k)).then(|| found.inputs[0])
}

/// `expand(x) → x` if no axis is new
pub(super) fn expand_same(r: &mut Rewriter, found: &Found) -> Option<Value> {
    let Attributes::Expand { shape: wide, .. } = &found.attributes else { return None };
    (shape(r, found) == *wide).then(|| found.inputs[0])
}

/// `expand(expand(x)) → expand(x)`
pub(super) fn expand_expanded(r: &mut Rewriter, found: &Found) -> Option<Value> {
    let Attributes::Expand { shape, axes } = &found.attributes else { return None };
    let inner = r.definition_of(found.inputs[0], &op::expand::ROW)?;
    let Attributes::Expand { axes: first, .. } = &inner.attributes else { return None };
    let axes = first.iter().map(|axis| axes[*axis]).collect();
    Some(r.make(found.row, Attributes::Expand { shape: shape.clone(), axes }, &inner.inputs))
}

/// `permute(x) → x` if the order stays
pub(super) fn permute_same(_: &mut Rewriter, found: &Found) -> Option<Value> {
    let Attributes::Axes(axes) = &found.attributes else { return None };
    (*found.row == op::permute::ROW && axes.iter().copied().eq(0..axes.len())).then(|| found.inputs[0])
}

/// `permute(permute(x)) → permute(x)`
pub(super) fn permute_permuted(r: &mut Rewriter, found: &Found) -> Option<Value> {
    let Attributes::Axes(axes) = &found.attributes else { return None };
    if *found.row != op::permute::ROW {
        return None;
    }
    let inner = r.definition_of(found.inputs[0], &op::permute::ROW)?;
    let Attributes::Axes(first) = &inner.attributes else { return None };
    let axes = axes.iter().map(|axis| first[*axis]).collect();
    Some(r.make(found.row, Attributes::Axes(axes), &inner.inputs))
}

/// `permute(expand(c)) → expand(c)` of a scalar
pub(super) fn permute_repeated(r: &mut Rewriter, found: &Found) -> Option<Value> {
    if *found.row != op::permute::ROW {
        return None;
    }
    let scalar = r.repeated(found.inputs[0])?;
    repeat(r, found, scalar)
}

/// `reshape(x) → x` if the shape stays
pub(super) fn reshape_same(r: &mut Rewriter, found: &Found) -> Option<Value> {
    let Attributes::Shape(new) = &found.attributes else { return None };
    (*found.row == op::reshape::ROW && shape(r, found) == *new).then(|| found.inputs[0])
}

/// `reshape(reshape(x)) → reshape(x)`
pub(super) fn reshape_reshaped(r: &mut Rewriter, found: &Found) -> Option<Value> {
    if *found.row != op::reshape::ROW {
        return None;
    }
    let inner = r.definition_of(found.inputs[0], &op::reshape::ROW)?;
    Some(r.make(found.row, found.attributes.clone(), &inner.inputs))
}

/// `reshape(expand(c)) → expand(c)` of a scalar
pub(super) fn reshape_repeated(r: &mut Rewriter, found: &Found) -> Option<Value> {
    if *found.row != op::reshape::ROW {
        return None;
    }
    let scalar = r.repeated(found.inputs[0])?;
    repeat(r, found, scalar)
}

/// `slice(x) → x` of the whole axis
pub(super) fn slice_all(r: &mut Rewriter, found: &Found) -> Option<Value> {
    let Attributes::Part { axis, length, .. } = found.attributes else { return None };
    (*found.row == op::slice::ROW && shape(r, found)[axis] == Extent::Const(length)).then(|| found.inputs[0])
}

/// `slice(slice(x)) → slice(x)` along one axis
pub(super) fn slice_sliced(r: &mut Rewriter, found: &Found) -> Option<Value> {
    let Attributes::Part { axis, start, length } = found.attributes else { return None };
    if *found.row != op::slice::ROW {
        return None;
    }
    let inner = r.definition_of(found.inputs[0], &op::slice::ROW)?;
    match inner.attributes {
        Attributes::Part { axis: other, start: first, .. } if other == axis => {
            Some(r.make(found.row, Attributes::Part { axis, start: first + start, length }, &inner.inputs))
        }
        _ => None,
    }
}

/// `slice(pad(x)) → slice(x)` if the part lies within `x`
pub(super) fn slice_padded(r: &mut Rewriter, found: &Found) -> Option<Value> {
    let Attributes::Part { axis, start, length } = found.attributes else { return None };
    if *found.row != op::slice::ROW {
        return None;
    }
    let inner = r.definition_of(found.inputs[0], &op::pad::ROW)?;
    let Attributes::Part { axis: other, start: first, .. } = inner.attributes else { return None };
    let Extent::Const(all) = r.builder.ty(inner.inputs[0]).shape[other] else { return None };
    if other != axis || start < first || start + length > first + all {
        return None;
    }
    Some(r.make(found.row, Attributes::Part { axis, start: start - first, length }, &inner.inputs))
}

/// `slice(expand(c)) → expand(c)` of a scalar
pub(super) fn slice_repeated(r: &mut Rewriter, found: &Found) -> Option<Value> {
    if *found.row != op::slice::ROW {
        return None;
    }
    let scalar = r.repeated(found.inputs[0])?;
    repeat(r, found, scalar)
}

/// `pad(x) → x` if the axis is as long already
pub(super) fn pad_nothing(r: &mut Rewriter, found: &Found) -> Option<Value> {
    let Attributes::Part { axis, length, .. } = found.attributes else { return None };
    (*found.row == op::pad::ROW && shape(r, found)[axis] == Extent::Const(length)).then(|| found.inputs[0])
}

/// `pad(pad(x)) → pad(x)` along one axis
pub(super) fn pad_padded(r: &mut Rewriter, found: &Found) -> Option<Value> {
    let Attributes::Part { axis, start, length } = found.attributes else { return None };
    if *found.row != op::pad::ROW {
        return None;
    }
    let inner = r.definition_of(found.inputs[0], &op::pad::ROW)?;
    match inner.attributes {
        Attributes::Part { axis: other, start: first, .. } if other == axis => {
            Some(r.make(found.row, Attributes::Part { axis, start: start + first, length }, &inner.inputs))
        }
        _ => None,
    }
}

/// `gather(x, iota) → x` of all rows
pub(super) fn gather_all(r: &mut Rewriter, found: &Found) -> Option<Value> {
    if *found.row != op::gather::ROW {
        return None;
    }
    r.definition_of(found.inputs[1], &op::iota::ROW)?;
    let rows = &r.builder.ty(found.inputs[1]).shape[0];
    (shape(r, found)[0] == *rows).then(|| found.inputs[0])
}

/// `gather(expand(c), index) → expand(c)` of a scalar
pub(super) fn gather_repeated(r: &mut Rewriter, found: &Found) -> Option<Value> {
    if *found.row != op::gather::ROW {
        return None;
    }
    let scalar = r.repeated(found.inputs[0])?;
    repeat(r, found, scalar)
}

/// `sum(x) → reshape(x)` over axes of length 1; so `max`, `min`, `all`, `any`
pub(super) fn reduce_single(r: &mut Rewriter, found: &Found) -> Option<Value> {
    let (Kind::Reduce(_), Attributes::Axes(axes)) = (found.row.kind, &found.attributes) else { return None };
    let shape = shape(r, found);
    if axes.iter().any(|axis| shape[*axis] != Extent::Const(1)) {
        return None;
    }
    let kept = (0..shape.len()).filter(|axis| !axes.contains(axis)).map(|axis| shape[axis].clone()).collect();
    Some(r.make(&op::reshape::ROW, Attributes::Shape(kept), &found.inputs))
}

/// `max(expand(x)) → x` over the new axes, if they are constant; so `min`, `all`, `any`
pub(super) fn extreme_of_expanded(r: &mut Rewriter, found: &Found) -> Option<Value> {
    let (Kind::Reduce(Fold::Max | Fold::Min | Fold::All | Fold::Any), Attributes::Axes(axes)) =
        (found.row.kind, &found.attributes)
    else {
        return None;
    };
    let inner = r.definition_of(found.inputs[0], &op::expand::ROW)?;
    let Attributes::Expand { shape, axes: kept } = &inner.attributes else { return None };
    let new: Vec<usize> = (0..shape.len()).filter(|axis| !kept.contains(axis)).collect();
    let constant = new.iter().all(|axis| matches!(shape[*axis], Extent::Const(_)));
    (new == *axes && constant).then(|| inner.inputs[0])
}

/// `f(expand(x), expand(y)) → expand(f(x, y))` along the same axes
pub(super) fn map_of_expanded(r: &mut Rewriter, found: &Found) -> Option<Value> {
    let Kind::Map(_) = found.row.kind else { return None };
    let mut inputs = Vec::new();
    let mut expansion = None;
    for input in &found.inputs {
        let inner = r.definition_of(*input, &op::expand::ROW)?;
        if *expansion.get_or_insert(inner.attributes.clone()) != inner.attributes {
            return None;
        }
        inputs.push(inner.inputs[0]);
    }
    let value = r.make(found.row, found.attributes.clone(), &inputs);
    Some(r.make(&op::expand::ROW, expansion?, &[value]))
}
