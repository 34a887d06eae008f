//! Branches.

use super::Lowering;
use super::block::{self, Scope};
use super::view::{Home, View};
use crate::bug;
use crate::loops::{Constant, RegKind, Stmt};
use crate::tensor::{Node, When};

/// Writes a branch: both graphs put their results at the same places.
pub fn lower(lowering: &mut Lowering, scope: &Scope, node: &Node, when: &When) -> Vec<Stmt> {
    let cond = lowering.register(RegKind::Bool);
    let look = match scope.array(node.inputs[0]) {
        Home::View(view) => Stmt::Load { reg: cond, buffer: view.buffer, index: view.at(&[]) },
        Home::Constant(value @ Constant::Bool(_)) => Stmt::Constant { reg: cond, value },
        other => bug!("{other:?} is no condition"),
    };
    let homes: Vec<Home> = node.inputs[1..].iter().map(|input| scope.array(*input)).collect();
    let live = node.outputs.iter().map(|output| {
        let live = scope.fusion.live[output.0 as usize];
        live.then(|| scope.view(*output).clone())
    });
    let wanted: Vec<Option<View>> = live.collect();
    let then = block::lower(lowering, &when.then, homes.clone(), wanted.clone());
    let otherwise = block::lower(lowering, &when.otherwise, homes, wanted);
    vec![look, Stmt::When { cond, then, otherwise }]
}
