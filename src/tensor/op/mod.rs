//! The table of operations: one row a file, everything about an operation in its row.

pub mod abs;
pub mod add;
pub mod all;
pub mod and;
pub mod any;
pub mod argmax;
pub mod ceil;
pub mod clamp;
pub mod constant;
pub mod contract;
pub mod cos;
pub mod credited_as;
pub mod divide;
pub mod equal;
pub mod exp;
pub mod expand;
pub mod floor;
pub mod gather;
pub mod iota;
pub mod less;
pub mod less_equal;
pub mod log;
pub mod log_sum_exp;
pub mod max;
pub mod maximum;
pub mod min;
pub mod minimum;
pub mod modulo;
pub mod multiply;
pub mod negate;
pub mod no_credit;
pub mod normal_quantile;
pub mod not;
pub mod or;
pub mod overlap;
pub mod pad;
pub mod permute;
pub mod pow;
pub mod quotient;
pub mod real;
pub mod remainder;
pub mod reshape;
pub mod round;
pub mod scatter;
pub mod select;
pub mod sigmoid;
pub mod sign;
pub mod sin;
pub mod slice;
pub mod sqrt;
pub mod subtract;
pub mod sum;
pub mod tanh;
pub mod uniform;
pub mod windows;

use super::{Attributes, Builder, Element, Type, Value};
use crate::math::Function;

/// Every operation, sorted by name of the file.
pub static ALL: &[&Row] = &[
    &abs::ROW,
    &add::ROW,
    &all::ROW,
    &and::ROW,
    &any::ROW,
    &argmax::ROW,
    &ceil::ROW,
    &clamp::ROW,
    &constant::ROW,
    &contract::ROW,
    &cos::ROW,
    &credited_as::ROW,
    &divide::ROW,
    &equal::ROW,
    &exp::ROW,
    &expand::ROW,
    &floor::ROW,
    &gather::ROW,
    &iota::ROW,
    &less::ROW,
    &less_equal::ROW,
    &log::ROW,
    &log_sum_exp::ROW,
    &max::ROW,
    &maximum::ROW,
    &min::ROW,
    &minimum::ROW,
    &modulo::ROW,
    &multiply::ROW,
    &negate::ROW,
    &no_credit::ROW,
    &normal_quantile::ROW,
    &not::ROW,
    &or::ROW,
    &overlap::ROW,
    &pad::ROW,
    &permute::ROW,
    &pow::ROW,
    &quotient::ROW,
    &real::ROW,
    &remainder::ROW,
    &reshape::ROW,
    &round::ROW,
    &scatter::ROW,
    &select::ROW,
    &sigmoid::ROW,
    &sign::ROW,
    &sin::ROW,
    &slice::ROW,
    &sqrt::ROW,
    &subtract::ROW,
    &sum::ROW,
    &tanh::ROW,
    &uniform::ROW,
    &windows::ROW,
];

/// The row of that name.
pub fn find(name: &str) -> Option<&'static Row> {
    ALL.iter().copied().find(|row| row.name == name)
}

/// Everything about an operation.
pub struct Row {
    /// As it is printed, and, if `callable`, as a spec calls it.
    pub name: &'static str,
    /// One line.
    pub about: &'static str,
    /// How it is evaluated, made into loops and into code.
    pub kind: Kind,
    /// Whether a spec may call it by its name, per sample.
    pub callable: bool,
    /// The type of the result.
    pub ty: fn(&[&Type], &Attributes) -> Result<Type, String>,
    /// Its derivative, once, for both modes.
    pub derivative: Derivative,
    /// The range that tests draw its real operands from.
    pub draw: (f64, f64),
}

impl Row {
    /// Whether it takes reals and gives as many, each from those at its place.
    pub fn is_elementwise(&self) -> bool {
        match self.kind {
            Kind::Map(_) => true,
            Kind::Composite(_) => {
                let number = Type::scalar(Element::Real);
                (1..=2).any(|operands| (self.ty)(&vec![&number; operands], &Attributes::None).is_ok())
            }
            _ => false,
        }
    }

    /// Whether computing it again is no dearer than writing its result to memory and reading it.
    pub fn is_cheap(&self) -> bool {
        match self.kind {
            Kind::Constant | Kind::Iota | Kind::Expand | Kind::Permute | Kind::Reshape => true,
            Kind::Slice | Kind::Pad | Kind::Gather | Kind::Windows => true,
            Kind::Map(Scalar::Apply(function)) => matches!(
                function,
                Function::Add
                    | Function::Subtract
                    | Function::Multiply
                    | Function::Divide
                    | Function::Negate
                    | Function::Abs
                    | Function::Maximum
                    | Function::Minimum
            ),
            Kind::Map(scalar) => scalar != Scalar::Uniform,
            Kind::Reduce(_) | Kind::Contract | Kind::Scatter | Kind::Overlap | Kind::Composite(_) => false,
        }
    }
}

impl PartialEq for Row {
    fn eq(&self, other: &Row) -> bool {
        self.name == other.name
    }
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// What is done to each element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scalar {
    /// A function of reals; `add`, `subtract`, `multiply`, `minimum`, `maximum` also of ints.
    Apply(Function),
    /// `a < b`, `a <= b`, `a == b`, of reals or of ints, to bool. False where a NaN takes part.
    Less,
    /// See [`Scalar::Less`].
    LessEqual,
    /// See [`Scalar::Less`].
    Equal,
    /// Of bools.
    And,
    /// Of bools.
    Or,
    /// Of a bool.
    Not,
    /// `select(bool, a, b)`, a and b of one element.
    Select,
    /// A bool (0 or 1), an int or a byte as a real.
    Real,
    /// An int limited to `0..k` (`Attributes::Below`).
    Clamp,
    /// Of ints, rounded down; 0 if the divisor is 0.
    Quotient,
    /// Of ints, with the sign of the divisor; 0 if the divisor is 0.
    Remainder,
    /// A uniform real in [0, 1): a function of two key words and two counter words, all ints.
    Uniform,
}

/// How elements are folded into one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fold {
    /// Reals or ints; 0 if there are none.
    Sum,
    /// Reals (minus infinity if there are none; a NaN wins) or ints.
    Max,
    /// Reals (infinity if there are none; a NaN wins) or ints.
    Min,
    /// Bools: whether all are true.
    All,
    /// Bools: whether any is true.
    Any,
}

/// The kinds of operations; each is evaluated, lowered and compiled in one way.
#[derive(Clone, Copy)]
pub enum Kind {
    /// Element by element; operands of one shape.
    Map(Scalar),
    /// Removes axes.
    Reduce(Fold),
    /// A sum of products.
    Contract,
    /// The same number, whole number or truth value (`Attributes`), a scalar.
    Constant,
    /// `0, 1, …` along one axis, as `class<bound>`.
    Iota,
    /// A value repeated along new axes.
    Expand,
    /// Axes in another order.
    Permute,
    /// Axes merged or split, row-major.
    Reshape,
    /// A part of an axis.
    Slice,
    /// Zeros around a part of an axis (the transpose of a slice).
    Pad,
    /// `gather(x[k, …], index[s…])` is `[s…, …]`: rows of `x`.
    Gather,
    /// `scatter(x[s…, …], index[s…])` is `[k, …]`: rows added up where the index says (the transpose of a gather); `k` is
    /// the one extent of `Attributes::Shape`.
    Scatter,
    /// All windows on the last axes: `[…, n…]` becomes `[…, size…, places…]` (`Attributes::Windows`).
    Windows,
    /// Windows added up where they lie over each other (the transpose of `windows`): for each element those of the first
    /// offset in a window first.
    Overlap,
    /// Written with other rows; a pass puts them in its place after credit has been assigned.
    Composite(fn(&mut Builder, &[Value], &Attributes) -> Value),
}

/// The derivative of an operation, written with the builder, so that it can be differentiated and simplified again.
#[derive(Clone, Copy)]
pub enum Derivative {
    /// Of maps and reductions: `partial(b, i, g, xs, y)` is `g` times the partial derivative by `xs[i]`, element by
    /// element, in the shape of `xs[i]` (for a reduction `g` and `y` come expanded to that shape). Reverse mode hands
    /// in the cotangent of the result, forward mode the tangent of `xs[i]` and then sums over the reduced axes.
    Partial(fn(&mut Builder, usize, Value, &[Value], Value) -> Value),
    /// Of a reduction that gives one of its elements: those that are equal to the result share the credit equally.
    Shared,
    /// Of what is linear in each operand: `transpose(b, g, i, xs, attributes)` is the cotangent of `xs[i]`. In forward
    /// mode the operation itself is applied to the tangent of `xs[i]`, the others as they are.
    Transpose(fn(&mut Builder, Value, usize, &[Value], &Attributes) -> Value),
    /// That of the operand of this number, whatever the operation does: all credit goes there as it is, and none elsewhere.
    Declared(usize),
    /// There is none, and why; credit stops here, and `model` says so.
    None(&'static str),
}
