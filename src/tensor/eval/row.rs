//! Operations of the table.

use super::array::each;
use super::{Array, Counts, Fault, lengths, windows, within};
use crate::math::{F64, Function, uniform};
use crate::tensor::op::{Fold, Scalar};
use crate::tensor::{Attributes, Builder, Contraction, Element, Kind, Row, Type};
use ndarray::{ArrayD, Axis, Dimension, IxDyn, Zip};
use std::ops::AddAssign;

fn odd<T>(row: &Row) -> Result<T, Fault> {
    Err(Fault(format!("`{}` with operands or attributes that it does not take", row.name)))
}

/// The value of a row for its operands.
pub(super) fn eval(
    row: &'static Row,
    attributes: &Attributes,
    xs: &[Array],
    types: &[&Type],
    ty: &Type,
    counts: &mut Counts,
) -> Result<Array, Fault> {
    match (row.kind, attributes) {
        (Kind::Map(scalar), _) => map(row, scalar, attributes, xs),
        (Kind::Reduce(fold), Attributes::Axes(axes)) => reduce(row, fold, axes, &xs[0]),
        (Kind::Contract, Attributes::Contract(indices)) => {
            contract(indices, xs[0].reals()?, xs[1].reals()?, &lengths(&ty.shape, counts)?)
        }
        (Kind::Constant, _) => constant(row, attributes),
        (Kind::Iota, _) => {
            let shape = lengths(&ty.shape, counts)?;
            Ok(Array::Int(ArrayD::from_shape_fn(IxDyn(&shape), |index| index[0] as i64)))
        }
        (Kind::Expand, Attributes::Expand { shape, axes }) => {
            let shape = lengths(shape, counts)?;
            Ok(each!(&xs[0], x => ArrayD::from_shape_fn(IxDyn(&shape), |index| {
                let from: Vec<usize> = axes.iter().map(|&axis| index[axis]).collect();
                x[IxDyn(&from)]
            })))
        }
        (Kind::Permute, Attributes::Axes(axes)) => {
            Ok(each!(&xs[0], x => x.clone().permuted_axes(IxDyn(axes)).as_standard_layout().into_owned()))
        }
        (Kind::Reshape, Attributes::Shape(shape)) => {
            let shape = lengths(shape, counts)?;
            let numbers = xs[0].shape().iter().product::<usize>();
            if numbers != shape.iter().product::<usize>() {
                return odd(row);
            }
            Ok(
                each!(&xs[0], x => ArrayD::from_shape_vec(IxDyn(&shape), x.iter().copied().collect()).map_err(|e| Fault(e.to_string()))?),
            )
        }
        (Kind::Slice, Attributes::Part { axis, start, length }) => Ok(xs[0].part(*axis, *start, *length)),
        (Kind::Pad, Attributes::Part { axis, start, length }) => pad(&xs[0], *axis, *start, *length),
        (Kind::Gather, _) => gather(&xs[0], xs[1].ints()?),
        (Kind::Scatter, _) => {
            let (index, rows) = (xs[1].ints()?, ty.shape[0].bound());
            match &xs[0] {
                Array::Real(x) => Ok(Array::Real(scatter(x, index, rows)?)),
                Array::Int(x) => Ok(Array::Int(scatter(x, index, rows)?)),
                Array::Bool(_) => odd(row),
            }
        }
        (Kind::Windows, Attributes::Windows(of)) => Ok(each!(&xs[0], x => windows::windows(x, of)?)),
        (Kind::Overlap, Attributes::Windows(of)) => match &xs[0] {
            Array::Real(x) => Ok(Array::Real(windows::overlap(x, of)?)),
            Array::Int(x) => Ok(Array::Int(windows::overlap(x, of)?)),
            Array::Bool(_) => odd(row),
        },
        (Kind::Composite(compose), _) => composite(compose, attributes, xs, types, counts),
        _ => odd(row),
    }
}

/// A composite is the rows that it stands for.
fn composite(
    compose: fn(&mut Builder, &[crate::tensor::Value], &Attributes) -> crate::tensor::Value,
    attributes: &Attributes,
    xs: &[Array],
    types: &[&Type],
    counts: &mut Counts,
) -> Result<Array, Fault> {
    let mut b = Builder::new();
    let params: Vec<_> = types.iter().map(|ty| b.param((*ty).clone(), None)).collect();
    let value = compose(&mut b, &params, attributes);
    let graph = b.finish(&[value]);
    within(&graph, xs, counts, &mut |_, _, _| {})?.pop().ok_or_else(|| Fault("a composite without a value".into()))
}

fn constant(row: &Row, attributes: &Attributes) -> Result<Array, Fault> {
    let shape = IxDyn(&[]);
    match attributes {
        Attributes::Number(value) => Ok(Array::Real(ArrayD::from_elem(shape, *value))),
        Attributes::Integer(value) => Ok(Array::Int(ArrayD::from_elem(shape, *value))),
        Attributes::Truth(value) => Ok(Array::Bool(ArrayD::from_elem(shape, *value))),
        _ => odd(row),
    }
}

fn two<A: Copy, B: Copy>(a: &ArrayD<A>, b: &ArrayD<A>, f: impl Fn(A, A) -> B) -> Result<ArrayD<B>, Fault> {
    if a.shape() != b.shape() {
        return Err(Fault(format!("shapes {:?} and {:?}", a.shape(), b.shape())));
    }
    Ok(Zip::from(a).and(b).map_collect(|a, b| f(*a, *b)))
}

fn map(row: &Row, scalar: Scalar, attributes: &Attributes, xs: &[Array]) -> Result<Array, Fault> {
    let f = |function: Function, args: &[f64]| function.apply(&mut F64, args);
    Ok(match (scalar, xs) {
        (Scalar::Apply(function), [Array::Real(x)]) => Array::Real(x.mapv(|x| f(function, &[x]))),
        (Scalar::Apply(function), [Array::Real(a), Array::Real(b)]) => {
            Array::Real(two(a, b, |a, b| f(function, &[a, b]))?)
        }
        (Scalar::Apply(function), [Array::Int(a), Array::Int(b)]) => {
            let whole: fn(i64, i64) -> i64 = match function {
                Function::Add => i64::wrapping_add,
                Function::Subtract => i64::wrapping_sub,
                Function::Multiply => i64::wrapping_mul,
                Function::Minimum => i64::min,
                Function::Maximum => i64::max,
                _ => return odd(row),
            };
            Array::Int(two(a, b, whole)?)
        }
        (Scalar::Less, [Array::Real(a), Array::Real(b)]) => Array::Bool(two(a, b, |a, b| a < b)?),
        (Scalar::Less, [Array::Int(a), Array::Int(b)]) => Array::Bool(two(a, b, |a, b| a < b)?),
        (Scalar::LessEqual, [Array::Real(a), Array::Real(b)]) => Array::Bool(two(a, b, |a, b| a <= b)?),
        (Scalar::LessEqual, [Array::Int(a), Array::Int(b)]) => Array::Bool(two(a, b, |a, b| a <= b)?),
        (Scalar::Equal, [Array::Real(a), Array::Real(b)]) => Array::Bool(two(a, b, |a, b| a == b)?),
        (Scalar::Equal, [Array::Int(a), Array::Int(b)]) => Array::Bool(two(a, b, |a, b| a == b)?),
        (Scalar::And, [Array::Bool(a), Array::Bool(b)]) => Array::Bool(two(a, b, |a, b| a && b)?),
        (Scalar::Or, [Array::Bool(a), Array::Bool(b)]) => Array::Bool(two(a, b, |a, b| a || b)?),
        (Scalar::Not, [Array::Bool(a)]) => Array::Bool(a.mapv(|a| !a)),
        (Scalar::Select, [Array::Bool(c), Array::Real(a), Array::Real(b)]) => Array::Real(chosen(c, a, b)?),
        (Scalar::Select, [Array::Bool(c), Array::Int(a), Array::Int(b)]) => Array::Int(chosen(c, a, b)?),
        (Scalar::Select, [Array::Bool(c), Array::Bool(a), Array::Bool(b)]) => Array::Bool(chosen(c, a, b)?),
        (Scalar::Real, [Array::Int(x)]) => Array::Real(x.mapv(|x| x as f64)),
        (Scalar::Real, [Array::Bool(x)]) => Array::Real(x.mapv(|x| f64::from(u8::from(x)))),
        (Scalar::Clamp, [Array::Int(x)]) => match attributes {
            Attributes::Below(k) => Array::Int(x.mapv(|x| x.clamp(0, (*k as i64 - 1).max(0)))),
            _ => return odd(row),
        },
        (Scalar::Quotient, [Array::Int(a), Array::Int(b)]) => {
            Array::Int(two(a, b, |a, b| if b == 0 { 0 } else { floor_quotient(a, b) })?)
        }
        (Scalar::Remainder, [Array::Int(a), Array::Int(b)]) => {
            Array::Int(two(a, b, |a, b| if b == 0 { 0 } else { a.wrapping_sub(b.wrapping_mul(floor_quotient(a, b))) })?)
        }
        (Scalar::Uniform, [Array::Int(k0), Array::Int(k1), Array::Int(c0), Array::Int(c1)]) => {
            let keys: Vec<(i64, i64)> = k0.iter().copied().zip(k1.iter().copied()).collect();
            let values: Vec<f64> = c0
                .iter()
                .zip(c1)
                .zip(keys)
                .map(|((c0, c1), (k0, k1))| uniform(&mut F64, [k0, k1], [*c0, *c1]))
                .collect();
            Array::Real(ArrayD::from_shape_vec(c0.raw_dim(), values).map_err(|e| Fault(e.to_string()))?)
        }
        _ => return odd(row),
    })
}

/// Rounded down.
fn floor_quotient(a: i64, b: i64) -> i64 {
    let quotient = a.wrapping_div(b);
    if a.wrapping_rem(b) != 0 && (a < 0) != (b < 0) { quotient - 1 } else { quotient }
}

fn chosen<T: Copy>(condition: &ArrayD<bool>, a: &ArrayD<T>, b: &ArrayD<T>) -> Result<ArrayD<T>, Fault> {
    if condition.shape() != a.shape() || a.shape() != b.shape() {
        return Err(Fault("a select of different shapes".into()));
    }
    Ok(Zip::from(condition).and(a).and(b).map_collect(|c, a, b| if *c { *a } else { *b }))
}

fn reduce(row: &Row, fold: Fold, axes: &[usize], x: &Array) -> Result<Array, Fault> {
    let mut x = x.clone();
    for axis in axes.iter().rev() {
        let axis = Axis(*axis);
        x = match (fold, &x) {
            (Fold::Sum, Array::Real(x)) => Array::Real(x.fold_axis(axis, 0.0, |sum, x| sum + x)),
            (Fold::Sum, Array::Int(x)) => Array::Int(x.fold_axis(axis, 0, |sum, x| sum.wrapping_add(*x))),
            (Fold::Max, Array::Real(x)) => Array::Real(x.fold_axis(axis, f64::NEG_INFINITY, |a, b| larger(*a, *b))),
            (Fold::Max, Array::Int(x)) => Array::Int(x.fold_axis(axis, i64::from(i32::MIN), |a, b| *a.max(b))),
            (Fold::Min, Array::Real(x)) => Array::Real(x.fold_axis(axis, f64::INFINITY, |a, b| -larger(-*a, -*b))),
            (Fold::Min, Array::Int(x)) => Array::Int(x.fold_axis(axis, i64::from(i32::MAX), |a, b| *a.min(b))),
            (Fold::All, Array::Bool(x)) => Array::Bool(x.fold_axis(axis, true, |a, b| *a && *b)),
            (Fold::Any, Array::Bool(x)) => Array::Bool(x.fold_axis(axis, false, |a, b| *a || *b)),
            _ => return odd(row),
        };
    }
    Ok(x)
}

/// The larger of two; a NaN wins.
fn larger(a: f64, b: f64) -> f64 {
    if a.is_nan() || a >= b { a } else { b }
}

/// A sum of products, index by index.
fn contract(indices: &Contraction, a: &ArrayD<f64>, b: &ArrayD<f64>, shape: &[usize]) -> Result<Array, Fault> {
    let mut sizes = [None::<usize>; 256];
    let pairs = indices.left.iter().zip(a.shape()).chain(indices.right.iter().zip(b.shape()));
    for (index, size) in pairs {
        match sizes[*index as usize].replace(*size) {
            Some(other) if other != *size => return Err(Fault("a contraction of different lengths".into())),
            _ => {}
        }
    }
    if let ([i, k], [j, l], [m, n]) = (&indices.left[..], &indices.right[..], &indices.out[..])
        && (i, j, k) == (m, n, l)
    {
        let flat = |x: &ArrayD<f64>| x.clone().into_dimensionality::<ndarray::Ix2>().map_err(|e| Fault(e.to_string()));
        return Ok(Array::Real(flat(a)?.dot(&flat(b)?.t()).into_dyn()));
    }
    let summed: Vec<u8> = (0..=255u8).filter(|i| sizes[*i as usize].is_some() && !indices.out.contains(i)).collect();
    let spans: Vec<usize> = summed.iter().map(|i| sizes[*i as usize].unwrap_or(1)).collect();
    let mut at = [0usize; 256];
    Ok(Array::Real(ArrayD::from_shape_fn(IxDyn(shape), |place| {
        indices.out.iter().zip(place.slice()).for_each(|(index, value)| at[*index as usize] = *value);
        let mut sum = 0.0;
        for point in ndarray::indices(IxDyn(&spans)) {
            summed.iter().zip(point.slice()).for_each(|(index, value)| at[*index as usize] = *value);
            let find = |letters: &[u8]| letters.iter().map(|index| at[*index as usize]).collect::<Vec<usize>>();
            sum += a[IxDyn(&find(&indices.left))] * b[IxDyn(&find(&indices.right))];
        }
        sum
    })))
}

fn pad(x: &Array, axis: usize, start: usize, length: usize) -> Result<Array, Fault> {
    let mut shape = x.shape().to_vec();
    let within = shape[axis];
    shape[axis] = length;
    let element = match x {
        Array::Real(_) => Element::Real,
        Array::Int(_) => Element::Int,
        Array::Bool(_) => Element::Bool,
    };
    let mut wide = Array::zeros(element, &shape);
    let part = ndarray::Slice::from(start..start + within);
    match (&mut wide, x) {
        (Array::Real(wide), Array::Real(x)) => wide.slice_axis_mut(Axis(axis), part).assign(x),
        (Array::Int(wide), Array::Int(x)) => wide.slice_axis_mut(Axis(axis), part).assign(x),
        (Array::Bool(wide), Array::Bool(x)) => wide.slice_axis_mut(Axis(axis), part).assign(x),
        _ => return Err(Fault("a pad of another element".into())),
    }
    Ok(wide)
}

fn gather(x: &Array, index: &ArrayD<i64>) -> Result<Array, Fault> {
    let rows = x.shape()[0];
    if let Some(bad) = index.iter().find(|i| !(0..rows as i64).contains(i)) {
        return Err(Fault(format!("row {bad} of {rows}")));
    }
    let shape: Vec<usize> = index.shape().iter().chain(&x.shape()[1..]).copied().collect();
    let rank = index.ndim();
    Ok(each!(x, x => ArrayD::from_shape_fn(IxDyn(&shape), |place| {
        let row = index[IxDyn(&place.slice()[..rank])] as usize;
        let from: Vec<usize> = std::iter::once(row).chain(place.slice()[rank..].iter().copied()).collect();
        x[IxDyn(&from)]
    })))
}

fn scatter<T: Copy + Default + AddAssign>(x: &ArrayD<T>, index: &ArrayD<i64>, rows: usize) -> Result<ArrayD<T>, Fault> {
    if let Some(bad) = index.iter().find(|i| !(0..rows as i64).contains(i)) {
        return Err(Fault(format!("row {bad} of {rows}")));
    }
    let rank = index.ndim();
    let shape: Vec<usize> = std::iter::once(rows).chain(x.shape()[rank..].iter().copied()).collect();
    let mut sums = ArrayD::from_elem(IxDyn(&shape), T::default());
    for (place, value) in x.indexed_iter() {
        let row = index[IxDyn(&place.slice()[..rank])] as usize;
        let to: Vec<usize> = std::iter::once(row).chain(place.slice()[rank..].iter().copied()).collect();
        sums[IxDyn(&to)] += *value;
    }
    Ok(sums)
}
