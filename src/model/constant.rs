//! What a formula comes to when everything that it reads is known.

use super::formula::Kind;
use super::formula::Node;
use super::{Formula, Leaf, Param};
use crate::math::{Arith, F64};
use crate::tensor::op::Scalar;
use crate::tensor::{Attributes, Kind as RowKind};

/// The value of a node, if it is a real scalar that depends on params alone.
pub(super) fn value(nodes: &[Node], root: usize, params: &[Param]) -> Option<f64> {
    let node = &nodes[root];
    if !node.ty.shape.is_empty() {
        return None;
    }
    match &node.kind {
        Kind::Leaf(Leaf::Param(id)) => params.get(id.0).map(|param| param.value),
        Kind::Leaf(_) => None,
        Kind::Op(row, attributes, inputs) => match (row.kind, attributes) {
            (RowKind::Constant, Attributes::Number(number)) => Some(*number),
            (RowKind::Constant, Attributes::Integer(number)) => Some(*number as f64),
            (RowKind::Map(Scalar::Apply(function)), _) => {
                let args: Option<Vec<f64>> = inputs.iter().map(|&input| value(nodes, input, params)).collect();
                let mut carrier = F64;
                debug_assert_eq!(carrier.precision(), crate::math::Precision::F64);
                Some(function.apply(&mut carrier, &args?))
            }
            (RowKind::Expand | RowKind::Reshape, _) => value(nodes, inputs[0], params),
            _ => None,
        },
    }
}

impl Formula {
    /// The formula's value, if it depends on params alone.
    pub fn constant(&self, params: &[Param]) -> Option<f64> {
        value(&self.nodes, self.root, params)
    }
}

impl super::typing::Typer<'_, '_> {
    /// The value of a node, if it depends on params alone.
    pub(super) fn constant(&self, node: usize) -> Option<f64> {
        value(&self.nodes, node, &self.draft.params)
    }
}
