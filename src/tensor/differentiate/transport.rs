//! What travels from a region's drive to its sources' activity: the exact transpose, or what a credit rule puts there.

use crate::bug;
use crate::tensor::{Attributes, Builder, Contraction, Name, Op, Value, op};

/// A contraction that is the product of a projection, in reverse mode.
#[derive(Debug, Clone, Copy)]
pub struct Product<'a> {
    /// The projection.
    pub name: &'a Name,
    /// The indices: activity on the left, weight on the right.
    pub indices: &'a Contraction,
    /// The activity.
    pub activity: Value,
    /// The weight.
    pub weight: Value,
    /// The product.
    pub result: Value,
    /// The cotangent of the product.
    pub cotangent: Value,
}

/// Says what crosses a product on the way back. The weight always receives its exact derivative.
pub trait Transport {
    /// What the activity receives, in its shape; nothing, if credit ends here. It is written with the builder, at the
    /// place of the derivative, which may be in a loop's body: values of the graphs around may be used there.
    fn activity(&mut self, builder: &mut Builder, product: &Product) -> Option<Value>;

    /// What a carry of a loop receives from the round of this index, given its derivative: as a rule, that.
    fn carry(&mut self, _builder: &mut Builder, _index: Value, cotangent: Value) -> Value {
        cotangent
    }
}

/// Everywhere the transpose: the derivative.
#[derive(Debug, Clone, Copy, Default)]
pub struct Exact;

impl Transport for Exact {
    fn activity(&mut self, builder: &mut Builder, product: &Product) -> Option<Value> {
        Some(product.transposed(builder, product.weight))
    }
}

impl Product<'_> {
    /// The cotangent carried across a matrix of the weight's shape as the derivative carries it across the weight.
    pub fn transposed(&self, builder: &mut Builder, matrix: Value) -> Value {
        let Contraction { left, right, out } = self.indices.clone();
        let indices = Contraction { left: out, right, out: left };
        builder.row(&op::contract::ROW, Attributes::Contract(indices), &[self.cotangent, matrix])
    }
}

impl<'a> Product<'a> {
    /// The product that a node is, if it is one; its operands in handles.
    pub(super) fn of(
        op: &'a Op,
        name: Option<&'a Name>,
        inputs: &[Value],
        result: Value,
        cotangent: Value,
    ) -> Option<Self> {
        let name = name?;
        match op {
            Op::Row(_, Attributes::Contract(indices)) => {
                Some(Product { name, indices, activity: inputs[0], weight: inputs[1], result, cotangent })
            }
            _ => bug!("{name} is the product of something that is not a contraction"),
        }
    }
}
