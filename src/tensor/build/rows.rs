//! One method for each operation of the table, and some that are written with several.
//!
//! None of them broadcasts: a scalar is first made as wide as the other operand ([`Builder::expand_to`]).

use super::Builder;
use crate::bug;
use crate::tensor::{Attributes, Contraction, Element, Extent, Name, Op, Type, Value, Windows, op};

/// Maps, by their number of operands.
macro_rules! maps {
    ($($name:ident($($operand:ident),+): $row:ident, $about:literal;)*) => {
        impl Builder {
            $(
                #[doc = $about]
                pub fn $name(&mut self, $($operand: Value),+) -> Value {
                    self.row(&op::$row::ROW, Attributes::None, &[$($operand),+])
                }
            )*
        }
    };
}

/// Reductions over some axes.
macro_rules! reductions {
    ($($name:ident: $about:literal;)*) => {
        impl Builder {
            $(
                #[doc = $about]
                pub fn $name(&mut self, x: Value, axes: &[usize]) -> Value {
                    self.row(&op::$name::ROW, Attributes::Axes(axes.to_vec()), &[x])
                }
            )*
        }
    };
}

maps! {
    abs(x): abs, "The absolute value.";
    add(a, b): add, "`a + b`.";
    and(a, b): and, "Whether both are true.";
    ceil(x): ceil, "Rounded up.";
    cos(x): cos, "The cosine.";
    divide(a, b): divide, "`a / b`.";
    equal(a, b): equal, "`a == b`.";
    exp(x): exp, "The exponential.";
    floor(x): floor, "Rounded down.";
    gather(x, index): gather, "The rows of `x` that `index` names.";
    less(a, b): less, "`a < b`.";
    less_equal(a, b): less_equal, "`a <= b`.";
    log(x): log, "The natural logarithm.";
    maximum(a, b): maximum, "The larger of two.";
    minimum(a, b): minimum, "The smaller of two.";
    modulo(a, b): modulo, "`a - b * floor(a / b)`.";
    multiply(a, b): multiply, "`a * b`.";
    negate(x): negate, "`-x`.";
    no_credit(x): no_credit, "The value as it is, through which no credit comes.";
    normal_quantile(p): normal_quantile, "Where a unit normal has the probability `p` below it.";
    not(x): not, "Whether it is false.";
    or(a, b): or, "Whether one or both are true.";
    pow(a, b): pow, "`a` to the power `b`.";
    quotient(a, b): quotient, "Whole numbers divided and rounded down.";
    real(x): real, "As a real.";
    remainder(a, b): remainder, "What is left of a division of whole numbers.";
    round(x): round, "The nearest whole number.";
    select(condition, a, b): select, "`a` where the condition is true, else `b`.";
    sigmoid(x): sigmoid, "The logistic function.";
    sign(x): sign, "1, 0 or -1.";
    sin(x): sin, "The sine.";
    sqrt(x): sqrt, "The square root.";
    subtract(a, b): subtract, "`a - b`.";
    tanh(x): tanh, "The hyperbolic tangent.";
    uniform(key_0, key_1, counter_0, counter_1): uniform, "A uniform real in [0, 1), a function of four whole numbers.";
}

reductions! {
    all: "Whether all are true.";
    any: "Whether any is true.";
    log_sum_exp: "The logarithm of the sum of exponentials.";
    max: "The largest.";
    min: "The smallest.";
    sum: "The sum.";
}

impl Builder {
    /// The index of the largest along an axis.
    pub fn argmax(&mut self, x: Value, axis: usize) -> Value {
        self.row(&op::argmax::ROW, Attributes::Axes(vec![axis]), &[x])
    }

    /// A whole number limited to `0..below`.
    pub fn clamp(&mut self, x: Value, below: usize) -> Value {
        self.row(&op::clamp::ROW, Attributes::Below(below), &[x])
    }

    /// A constant real.
    pub fn scalar(&mut self, value: f64) -> Value {
        self.row(&op::constant::ROW, Attributes::Number(value), &[])
    }

    /// A constant whole number.
    pub fn int(&mut self, value: i64) -> Value {
        self.row(&op::constant::ROW, Attributes::Integer(value), &[])
    }

    /// A constant truth value.
    pub fn truth(&mut self, value: bool) -> Value {
        self.row(&op::constant::ROW, Attributes::Truth(value), &[])
    }

    /// A sum of products, its indices given as `bi,oi->bo`.
    pub fn contract(&mut self, indices: &str, left: Value, right: Value) -> Value {
        match Contraction::read(indices) {
            Ok(indices) => self.row(&op::contract::ROW, Attributes::Contract(indices), &[left, right]),
            Err(message) => bug!("{message}"),
        }
    }

    /// A sum of products, its indices given as numbers.
    pub fn contract_indices(&mut self, left: Vec<u8>, right: Vec<u8>, out: Vec<u8>, a: Value, b: Value) -> Value {
        self.row(&op::contract::ROW, Attributes::Contract(Contraction { left, right, out }), &[a, b])
    }

    /// The product of a projection: what it carries is a part of what it is, until credit is done.
    pub fn product(&mut self, projection: impl Into<Name>, indices: &str, activity: Value, weight: Value) -> Value {
        let value = self.contract(indices, activity, weight);
        self.mark_product(projection);
        value
    }

    /// The same with indices by number.
    pub fn product_over(
        &mut self,
        projection: impl Into<Name>,
        indices: Contraction,
        activity: Value,
        weight: Value,
    ) -> Value {
        let value = self.row(&op::contract::ROW, Attributes::Contract(indices), &[activity, weight]);
        self.mark_product(projection);
        value
    }

    /// The contraction that was written last is the product of this projection.
    fn mark_product(&mut self, projection: impl Into<Name>) {
        match self.top_mut().graph.nodes.last_mut() {
            Some(node) => node.product = Some(projection.into()),
            None => bug!("a contraction is not in the graph"),
        }
    }

    /// `0, 1, …` along an axis.
    pub fn iota(&mut self, extent: impl Into<Extent>) -> Value {
        self.row(&op::iota::ROW, Attributes::Shape(vec![extent.into()]), &[])
    }

    /// Repeated along new axes: axis `i` of `x` becomes axis `axes[i]` of the shape.
    pub fn expand(&mut self, x: Value, shape: &[Extent], axes: &[usize]) -> Value {
        self.row(&op::expand::ROW, Attributes::Expand { shape: shape.to_vec(), axes: axes.to_vec() }, &[x])
    }

    /// A scalar repeated over a shape.
    pub fn expand_to(&mut self, x: Value, shape: &[Extent]) -> Value {
        match shape.is_empty() && self.ty(x).shape.is_empty() {
            true => x,
            false => self.expand(x, shape, &[]),
        }
    }

    /// What a reduction over `axes` of a value of that shape gave, repeated along them.
    pub fn expand_over(&mut self, x: Value, shape: &[Extent], axes: &[usize]) -> Value {
        let kept: Vec<usize> = (0..shape.len()).filter(|axis| !axes.contains(axis)).collect();
        self.expand(x, shape, &kept)
    }

    /// Repeated to the shape of another value; axis `i` of `x` becomes its axis `axes[i]`.
    pub fn expand_like(&mut self, x: Value, like: Value, axes: &[usize]) -> Value {
        let shape = self.ty(like).shape.clone();
        self.expand(x, &shape, axes)
    }

    /// Axes in another order: axis `i` of the result is axis `axes[i]` of `x`.
    pub fn permute(&mut self, x: Value, axes: &[usize]) -> Value {
        self.row(&op::permute::ROW, Attributes::Axes(axes.to_vec()), &[x])
    }

    /// Axes merged or split.
    pub fn reshape(&mut self, x: Value, shape: &[Extent]) -> Value {
        self.row(&op::reshape::ROW, Attributes::Shape(shape.to_vec()), &[x])
    }

    /// A part of an axis.
    pub fn slice(&mut self, x: Value, axis: usize, start: usize, length: usize) -> Value {
        self.row(&op::slice::ROW, Attributes::Part { axis, start, length }, &[x])
    }

    /// Zeros around, so that an axis has this length and `x` begins at `start`.
    pub fn pad(&mut self, x: Value, axis: usize, start: usize, length: usize) -> Value {
        self.row(&op::pad::ROW, Attributes::Part { axis, start, length }, &[x])
    }

    /// All windows on the last axes, as many as there are sizes: `[…, n…]` becomes `[…, size…, places…]`.
    pub fn windows(&mut self, x: Value, sizes: &[usize], strides: &[usize]) -> Value {
        let shape = &self.ty(x).shape;
        let lengths = shape[shape.len() - sizes.len()..].iter().map(Extent::bound).collect();
        let windows = Windows { lengths, sizes: sizes.to_vec(), strides: strides.to_vec() };
        self.row(&op::windows::ROW, Attributes::Windows(windows), &[x])
    }

    /// Windows added up where they lie over each other, on axes of these lengths.
    pub fn overlap(&mut self, x: Value, lengths: &[usize], sizes: &[usize], strides: &[usize]) -> Value {
        let windows = Windows { lengths: lengths.to_vec(), sizes: sizes.to_vec(), strides: strides.to_vec() };
        self.row(&op::overlap::ROW, Attributes::Windows(windows), &[x])
    }

    /// Rows added up where `index` says, into `rows` of them.
    pub fn scatter(&mut self, x: Value, index: Value, rows: usize) -> Value {
        self.row(&op::scatter::ROW, Attributes::Shape(vec![Extent::Const(rows)]), &[x, index])
    }

    /// As much of a constant axis as a count says.
    pub fn first(&mut self, x: Value, axis: usize, extent: Extent) -> Value {
        let rank = self.ty(x).shape.len();
        let front: Vec<usize> = std::iter::once(axis).chain((0..rank).filter(|other| *other != axis)).collect();
        let back: Vec<usize> =
            (0..rank).map(|other| if other == axis { 0 } else { other + usize::from(other < axis) }).collect();
        let index = self.iota(extent);
        let x = if axis == 0 { x } else { self.permute(x, &front) };
        let rows = self.gather(x, index);
        if axis == 0 { rows } else { self.permute(rows, &back) }
    }

    /// A real constant repeated over a shape.
    pub fn full(&mut self, value: f64, shape: &[Extent]) -> Value {
        let value = self.scalar(value);
        self.expand_to(value, shape)
    }

    /// A real constant in the shape of another value.
    pub fn full_like(&mut self, like: Value, value: f64) -> Value {
        let shape = self.ty(like).shape.clone();
        self.full(value, &shape)
    }

    /// Zeros (false, if truth values) of a type.
    pub fn zeros(&mut self, ty: &Type) -> Value {
        let zero = match ty.element {
            Element::Real => self.scalar(0.0),
            Element::Int => self.int(0),
            Element::Class(k) => {
                let zero = self.int(0);
                self.clamp(zero, k)
            }
            Element::Bool => self.truth(false),
            Element::Byte => bug!("no byte is computed"),
        };
        self.expand_to(zero, &ty.shape)
    }

    /// Zeros of the type of another value.
    pub fn zeros_like(&mut self, like: Value) -> Value {
        let ty = self.ty(like).clone();
        self.zeros(&ty)
    }

    /// Each real times a constant.
    pub fn scale(&mut self, x: Value, factor: f64) -> Value {
        let factor = self.full_like(x, factor);
        self.multiply(x, factor)
    }

    /// A constant added to each real.
    pub fn shift(&mut self, x: Value, by: f64) -> Value {
        let by = self.full_like(x, by);
        self.add(x, by)
    }

    /// The number of a node of the graph that is being written now whose operation this value is, if it is of this graph.
    pub fn node_of(&self, value: Value) -> Option<usize> {
        let local = self.number(value)?;
        self.graph().nodes.iter().position(|node| node.outputs.contains(&local))
    }

    /// The constant that a value is, if it is one (or one repeated).
    pub fn constant_of(&self, value: Value) -> Option<&Attributes> {
        let node = &self.graph().nodes[self.node_of(value)?];
        match &node.op {
            Op::Row(row, attributes) if **row == op::constant::ROW => Some(attributes),
            Op::Row(row, _) if **row == op::expand::ROW => self.constant_of(self.handle(node.inputs[0])),
            _ => None,
        }
    }
}
