//! Rules of types, one for each family of operations; what they refuse they explain with the shapes.

use super::{Attributes, Contraction, Element, Extent, Type, Windows};

/// What a rule gives.
pub type Ruled = Result<Type, String>;

/// Reals of one shape to reals.
pub fn reals(name: &str, n: usize, xs: &[&Type], attributes: &Attributes) -> Ruled {
    plain(name, attributes)?;
    let shape = one_shape(name, n, xs)?;
    expect(name, "reals", xs, |element| element == Element::Real)?;
    Ok(shape.of(Element::Real))
}

/// Reals or whole numbers of one shape, to the same.
pub fn numbers(name: &str, n: usize, xs: &[&Type], attributes: &Attributes) -> Ruled {
    plain(name, attributes)?;
    let shape = one_shape(name, n, xs)?;
    Ok(shape.of(number(name, xs)?))
}

/// Whole numbers of one shape to ints.
pub fn wholes(name: &str, n: usize, xs: &[&Type], attributes: &Attributes) -> Ruled {
    plain(name, attributes)?;
    let shape = one_shape(name, n, xs)?;
    expect(name, "whole numbers", xs, Element::is_whole)?;
    Ok(shape.of(Element::Int))
}

/// Truth values of one shape to truth values.
pub fn truths(name: &str, n: usize, xs: &[&Type], attributes: &Attributes) -> Ruled {
    plain(name, attributes)?;
    let shape = one_shape(name, n, xs)?;
    expect(name, "truth values", xs, |element| element == Element::Bool)?;
    Ok(shape.of(Element::Bool))
}

/// Two reals or two whole numbers of one shape to truth values.
pub fn comparison(name: &str, xs: &[&Type], attributes: &Attributes) -> Ruled {
    Ok(numbers(name, 2, xs, attributes)?.of(Element::Bool))
}

/// A truth value and two values of one element.
pub fn select(xs: &[&Type], attributes: &Attributes) -> Ruled {
    plain("select", attributes)?;
    one_shape("select", 3, xs)?;
    expect("select", "a truth value first", &xs[..1], |element| element == Element::Bool)?;
    expect("select", "reals, whole numbers or truth values", &xs[1..], |element| element != Element::Byte)?;
    join(xs[1], xs[2]).ok_or(format!("`select` chooses between values of one element; found {}", list(&xs[1..])))
}

/// Truth values, whole numbers or bytes to reals.
pub fn real(xs: &[&Type], attributes: &Attributes) -> Ruled {
    plain("real", attributes)?;
    let shape = one_shape("real", 1, xs)?;
    expect("real", "truth values, whole numbers or bytes", xs, |element| element != Element::Real)?;
    Ok(shape.of(Element::Real))
}

/// Whole numbers to `class<k>`.
pub fn clamp(xs: &[&Type], attributes: &Attributes) -> Ruled {
    let Attributes::Below(k) = attributes else { return Err(wants("clamp", "a bound", attributes)) };
    let shape = one_shape("clamp", 1, xs)?;
    expect("clamp", "whole numbers", xs, Element::is_whole)?;
    if *k == 0 {
        return Err("`clamp` limits to 0..k, and k is at least 1".into());
    }
    Ok(shape.of(Element::Class(*k)))
}

/// Four whole numbers to a real.
pub fn uniform(xs: &[&Type], attributes: &Attributes) -> Ruled {
    Ok(wholes("uniform", 4, xs, attributes)?.of(Element::Real))
}

/// A reduction of reals to reals.
pub fn fold_reals(name: &str, xs: &[&Type], attributes: &Attributes) -> Ruled {
    let reduced = fold(name, xs, attributes)?;
    expect(name, "reals", xs, |element| element == Element::Real)?;
    Ok(reduced.of(Element::Real))
}

/// A reduction of reals or whole numbers to the same.
pub fn fold_numbers(name: &str, xs: &[&Type], attributes: &Attributes) -> Ruled {
    let reduced = fold(name, xs, attributes)?;
    Ok(reduced.of(number(name, xs)?))
}

/// As [`fold_numbers`], but a `class<k>` stays one, if there is an element for sure.
pub fn fold_extremes(name: &str, xs: &[&Type], attributes: &Attributes) -> Ruled {
    let ty = fold_numbers(name, xs, attributes)?;
    let Attributes::Axes(axes) = attributes else { return Ok(ty) };
    match axes.iter().all(|axis| matches!(xs[0].shape[*axis], Extent::Const(_))) {
        true => Ok(ty.of(xs[0].element)),
        false => Ok(ty),
    }
}

/// A reduction of truth values.
pub fn fold_truths(name: &str, xs: &[&Type], attributes: &Attributes) -> Ruled {
    let reduced = fold(name, xs, attributes)?;
    expect(name, "truth values", xs, |element| element == Element::Bool)?;
    Ok(reduced)
}

/// Reals to an index along one axis.
pub fn argmax(xs: &[&Type], attributes: &Attributes) -> Ruled {
    let reduced = fold_reals("argmax", xs, attributes)?;
    match attributes {
        Attributes::Axes(axes) if axes.len() == 1 => Ok(reduced.of(Element::Class(xs[0].shape[axes[0]].bound()))),
        _ => Err(wants("argmax", "one axis", attributes)),
    }
}

/// A sum of products.
pub fn contract(xs: &[&Type], attributes: &Attributes) -> Ruled {
    let Attributes::Contract(indices) = attributes else { return Err(wants("contract", "indices", attributes)) };
    expect_operands("contract", 2, xs)?;
    expect("contract", "reals", xs, |element| element == Element::Real)?;
    let Contraction { left, right, out } = indices;
    for (part, rank) in [(left, xs[0].shape.len()), (right, xs[1].shape.len()), (out, out.len())] {
        if part.len() != rank {
            return Err(format!("`contract \"{indices}\"` does not have an index for each axis of {}", list(xs)));
        }
        if let Some(twice) = part.iter().enumerate().find(|(i, index)| part[..*i].contains(index)) {
            let letter = Contraction::letter(*twice.1);
            return Err(format!("`contract \"{indices}\"` has {letter} twice in one place: {}", list(xs)));
        }
    }
    for index in left.iter().chain(right).chain(out) {
        if *index >= 26 {
            return Err(format!("`contract` has the index {index}; there is no such letter"));
        }
        if [left, right, out].iter().filter(|part| part.contains(index)).count() < 2 {
            let letter = Contraction::letter(*index);
            return Err(format!("`contract \"{indices}\"` has {letter} in one place alone: {}", list(xs)));
        }
    }
    let extent = |part: &[u8], ty: &Type, index: u8| {
        part.iter().position(|other| *other == index).map(|axis| ty.shape[axis].clone())
    };
    for index in left {
        let (a, b) = (extent(left, xs[0], *index), extent(right, xs[1], *index));
        if b.is_some() && a != b {
            let letter = Contraction::letter(*index);
            return Err(format!("`contract \"{indices}\"` has two extents for {letter}: {}", list(xs)));
        }
    }
    let axes = out.iter().filter_map(|index| extent(left, xs[0], *index).or(extent(right, xs[1], *index)));
    Ok(Type::new(Element::Real, axes.collect::<Vec<_>>()))
}

/// A constant scalar.
pub fn constant(xs: &[&Type], attributes: &Attributes) -> Ruled {
    expect_operands("constant", 0, xs)?;
    match attributes {
        Attributes::Number(_) => Ok(Type::scalar(Element::Real)),
        Attributes::Integer(n) if i32::try_from(*n).is_ok() => Ok(Type::scalar(Element::Int)),
        Attributes::Integer(n) => Err(format!("`constant` {n} does not fit in 32 bits")),
        Attributes::Truth(_) => Ok(Type::scalar(Element::Bool)),
        _ => Err(wants("constant", "a value", attributes)),
    }
}

/// Indices along one axis.
pub fn iota(xs: &[&Type], attributes: &Attributes) -> Ruled {
    expect_operands("iota", 0, xs)?;
    match attributes {
        Attributes::Shape(shape) if shape.len() == 1 => {
            Ok(sound("iota", Type::new(Element::Class(shape[0].bound()), shape.clone()))?)
        }
        _ => Err(wants("iota", "one extent", attributes)),
    }
}

/// A wider shape.
pub fn expand(xs: &[&Type], attributes: &Attributes) -> Ruled {
    let Attributes::Expand { shape, axes } = attributes else {
        return Err(wants("expand", "a shape and axes", attributes));
    };
    let x = movable("expand", xs)?;
    let placed = axes.len() == x.shape.len()
        && axes.windows(2).all(|pair| pair[0] < pair[1])
        && axes.iter().zip(&x.shape).all(|(axis, extent)| shape.get(*axis) == Some(extent));
    let wide = sound("expand", Type::new(x.element, shape.clone()))?;
    match placed {
        true => Ok(wide),
        false => Err(format!("`expand` does not find the axes of {x} at {axes:?} of {}", wide.of(x.element))),
    }
}

/// Another order of axes.
pub fn permute(xs: &[&Type], attributes: &Attributes) -> Ruled {
    let Attributes::Axes(axes) = attributes else { return Err(wants("permute", "axes", attributes)) };
    let x = movable("permute", xs)?;
    let mut sorted = axes.clone();
    sorted.sort_unstable();
    match sorted.iter().copied().eq(0..x.shape.len()) {
        true => Ok(Type::new(x.element, axes.iter().map(|axis| x.shape[*axis].clone()).collect::<Vec<_>>())),
        false => Err(format!("`permute` wants an order of the axes of {x}; found {axes:?}")),
    }
}

/// Axes merged or split. Counts may stay or be merged with axes of 1, at their place, but no more.
pub fn reshape(xs: &[&Type], attributes: &Attributes) -> Ruled {
    let Attributes::Shape(shape) = attributes else { return Err(wants("reshape", "a shape", attributes)) };
    let x = movable("reshape", xs)?;
    let wide = sound("reshape", Type::new(x.element, shape.clone()))?;
    let same = match (segments(&x.shape), segments(shape)) {
        (Some(a), Some(b)) => a == b,
        _ => false,
    };
    match same {
        true => Ok(wide),
        false => Err(format!("`reshape` does not keep the elements in their order: {x} to {wide}")),
    }
}

/// The counts of a shape, with the number of elements between them.
fn segments(shape: &[Extent]) -> Option<(Vec<&Extent>, Vec<usize>)> {
    let (mut counts, mut sizes) = (Vec::new(), vec![1_usize]);
    for extent in shape {
        match extent {
            Extent::Const(n) => {
                let last = sizes.last_mut()?;
                *last = last.checked_mul(*n)?;
            }
            Extent::Count(_) => {
                counts.push(extent);
                sizes.push(1);
            }
        }
    }
    Some((counts, sizes))
}

/// A part of a constant axis.
pub fn slice(xs: &[&Type], attributes: &Attributes) -> Ruled {
    let Attributes::Part { axis, start, length } = *attributes else {
        return Err(wants("slice", "a part of an axis", attributes));
    };
    let x = movable("slice", xs)?;
    let end = start.checked_add(length);
    match (x.shape.get(axis), end) {
        (Some(Extent::Const(n)), Some(end)) if end <= *n && length > 0 => {
            let mut shape = x.shape.clone();
            shape[axis] = Extent::Const(length);
            Ok(Type::new(x.element, shape))
        }
        _ => Err(format!("`slice` of {length} from {start} on axis {axis} does not lie in {x}")),
    }
}

/// A longer constant axis.
pub fn pad(xs: &[&Type], attributes: &Attributes) -> Ruled {
    let Attributes::Part { axis, start, length } = *attributes else {
        return Err(wants("pad", "a part of an axis", attributes));
    };
    let x = movable("pad", xs)?;
    let end = x.shape.get(axis).and_then(|extent| extent.bound().checked_add(start));
    match end {
        Some(end) if end <= length => {
            let mut shape = x.shape.clone();
            shape[axis] = Extent::Const(length);
            Ok(Type::new(x.element, shape))
        }
        _ => Err(format!("`pad` to {length} from {start} on axis {axis} has no room for {x}")),
    }
}

/// All windows on the last axes.
pub fn windows(xs: &[&Type], attributes: &Attributes) -> Ruled {
    let windows = sound_windows("windows", attributes)?;
    let x = movable("windows", xs)?;
    let lengths: Vec<Extent> = windows.lengths.iter().map(|n| Extent::Const(*n)).collect();
    match x.shape.strip_suffix(&lengths[..]) {
        Some(front) => Ok(Type::new(x.element, [front, &inside(windows)].concat())),
        None => Err(format!("`windows` on axes {:?} does not find them at the end of {x}", windows.lengths)),
    }
}

/// Windows added up where they lie over each other.
pub fn overlap(xs: &[&Type], attributes: &Attributes) -> Ruled {
    let windows = sound_windows("overlap", attributes)?;
    expect_operands("overlap", 1, xs)?;
    let element = number("overlap", xs)?;
    match xs[0].shape.strip_suffix(&inside(windows)[..]) {
        Some(front) => {
            let lengths = windows.lengths.iter().map(|n| Extent::Const(*n));
            Ok(Type::new(element, front.iter().cloned().chain(lengths).collect::<Vec<_>>()))
        }
        None => Err(format!("`overlap` adds up windows {windows:?}; found {}", xs[0])),
    }
}

/// The axes of windows: offsets, then places.
fn inside(windows: &Windows) -> Vec<Extent> {
    windows.sizes.iter().copied().chain(windows.places()).map(Extent::Const).collect()
}

fn sound_windows<'a>(name: &str, attributes: &'a Attributes) -> Result<&'a Windows, String> {
    match attributes {
        Attributes::Windows(windows) if windows.is_sound() => Ok(windows),
        _ => Err(wants(name, "windows that lie inside", attributes)),
    }
}

/// Rows chosen by an index.
pub fn gather(xs: &[&Type], attributes: &Attributes) -> Ruled {
    plain("gather", attributes)?;
    expect_operands("gather", 2, xs)?;
    let (x, index) = (xs[0], xs[1]);
    let (Some(Extent::Const(rows)), Some(row)) = (x.shape.first(), x.row()) else {
        return Err(format!("`gather` selects along a first axis of constant length; found {x}"));
    };
    match index.element {
        Element::Class(k) if k <= *rows => {
            Ok(Type::new(x.element, index.shape.iter().chain(&row.shape).cloned().collect::<Vec<_>>()))
        }
        _ => Err(format!("`gather` selects from {x} by a class<{rows}>; found {index}")),
    }
}

/// Rows added up where an index says.
pub fn scatter(xs: &[&Type], attributes: &Attributes) -> Ruled {
    expect_operands("scatter", 2, xs)?;
    let (x, index) = (xs[0], xs[1]);
    let rows = match attributes {
        Attributes::Shape(shape) => match shape[..] {
            [Extent::Const(rows)] if rows > 0 => rows,
            _ => return Err(wants("scatter", "one constant extent", attributes)),
        },
        _ => return Err(wants("scatter", "one constant extent", attributes)),
    };
    let element = number("scatter", &xs[..1])?;
    let Some(row) = x.shape.strip_prefix(&index.shape[..]) else {
        return Err(format!("`scatter` has an index for each row: {x} does not begin with the axes of {index}"));
    };
    match index.element {
        Element::Class(k) if k <= rows => Ok(Type::new(element, row).stacked(Extent::Const(rows))),
        _ => Err(format!("`scatter` adds into {rows} rows by a class<{rows}>; found {index}")),
    }
}

/// The type that both fit: the same, or a whole number of the wider range.
pub fn join(a: &Type, b: &Type) -> Option<Type> {
    match (a.fits(b), b.fits(a)) {
        (true, _) => Some(b.clone()),
        (_, true) => Some(a.clone()),
        _ => None,
    }
}

/// The type, if every bound in it is at least 1.
pub fn sound(name: &str, ty: Type) -> Ruled {
    match ty.element == Element::Class(0) || ty.shape.iter().any(|extent| extent.bound() == 0) {
        true => Err(format!("`{name}` gives {ty}, in which a bound is 0")),
        false => Ok(ty),
    }
}

/// Types as they stand in a message.
pub fn list(xs: &[&Type]) -> String {
    match xs {
        [] => "nothing".into(),
        [one] => one.to_string(),
        [before @ .., last] => {
            format!("{} and {last}", before.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
        }
    }
}

fn wants(name: &str, what: &str, found: &Attributes) -> String {
    format!("`{name}` wants {what}; found {found:?}")
}

fn plain(name: &str, attributes: &Attributes) -> Result<(), String> {
    match attributes {
        Attributes::None => Ok(()),
        _ => Err(format!("`{name}` takes operands alone; found {attributes:?}")),
    }
}

fn expect_operands(name: &str, n: usize, xs: &[&Type]) -> Result<(), String> {
    match xs.len() == n {
        true => Ok(()),
        false => Err(format!("`{name}` takes {n} operands; found {}", list(xs))),
    }
}

fn expect(name: &str, what: &str, xs: &[&Type], is: impl Fn(Element) -> bool) -> Result<(), String> {
    match xs.iter().all(|x| is(x.element)) {
        true => Ok(()),
        false => Err(format!("`{name}` takes {what}; found {}", list(xs))),
    }
}

/// The element of reals, or of whole numbers.
fn number(name: &str, xs: &[&Type]) -> Result<Element, String> {
    match xs.iter().all(|x| x.element == Element::Real) {
        true => Ok(Element::Real),
        false => {
            expect(name, "reals or whole numbers, not both", xs, Element::is_whole)?;
            Ok(Element::Int)
        }
    }
}

fn one_shape<'a>(name: &str, n: usize, xs: &[&'a Type]) -> Result<&'a Type, String> {
    expect_operands(name, n, xs)?;
    match xs.iter().all(|x| x.shape == xs[0].shape) {
        true => Ok(xs[0]),
        false => Err(format!("`{name}` takes operands of one shape; found {}", list(xs))),
    }
}

/// The one operand of what moves elements about.
fn movable<'a>(name: &str, xs: &[&'a Type]) -> Result<&'a Type, String> {
    expect_operands(name, 1, xs)?;
    expect(name, "reals, whole numbers or truth values", xs, |element| element != Element::Byte)?;
    Ok(xs[0])
}

/// What remains of the one operand of a reduction.
fn fold(name: &str, xs: &[&Type], attributes: &Attributes) -> Ruled {
    let Attributes::Axes(axes) = attributes else { return Err(wants(name, "axes", attributes)) };
    expect_operands(name, 1, xs)?;
    let x = xs[0];
    let sorted = axes.windows(2).all(|pair| pair[0] < pair[1]) && axes.last().is_some_and(|last| *last < x.shape.len());
    if !sorted {
        return Err(format!("`{name}` wants axes of {x}, sorted; found {axes:?}"));
    }
    let kept = x.shape.iter().enumerate().filter(|(axis, _)| !axes.contains(axis)).map(|(_, extent)| extent.clone());
    Ok(Type::new(x.element, kept.collect::<Vec<_>>()))
}
