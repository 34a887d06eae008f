//! Zeros around a part of an axis.

use super::Lowering;
use super::block::Scope;
use super::map;
use crate::bug;
use crate::loops::Stmt;
use crate::tensor::{Attributes, Extent, Node};

/// Writes a pad: zeros before and behind, the part in between. Where a count says how long the part is, all is zero
/// first.
pub fn lower(lowering: &mut Lowering, scope: &Scope, node: &Node, attributes: &Attributes) -> Vec<Stmt> {
    let Attributes::Part { axis, start, length } = *attributes else { bug!("a pad without a part") };
    let (input, output) = (node.inputs[0], node.outputs[0]);
    let (view, name) = (scope.view(output).clone(), scope.name(output));
    let part = scope.graph.ty(input).shape[axis].clone();
    let (end, zeros) = match part {
        Extent::Const(n) => (start + n, vec![(0, start), (start + n, length - start - n)]),
        Extent::Count(_) => (start + part.bound(), vec![(0, length)]),
    };
    let mut stmts = Vec::new();
    for (from, long) in zeros.into_iter().filter(|(_, long)| *long > 0) {
        let mut shape = scope.graph.ty(output).shape.clone();
        shape[axis] = Extent::Const(long);
        let around = view.part(axis, from, long);
        stmts.extend(map::zeros(lowering, scope, (&name, node.span), &shape, &around));
    }
    let inside = view.part(axis, start, end - start);
    stmts.extend(map::copy(lowering, scope, (&name, node.span), input, &inside));
    stmts
}
