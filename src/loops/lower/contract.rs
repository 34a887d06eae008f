//! Contractions: matrix products where rows and columns make it worth it, else folds of products.

use super::Lowering;
use super::block::Scope;
use super::matrix::{self, Axis};
use super::reduce::Fold;
use super::view::{Home, View};
use super::writer::{Folded, Writer};
use crate::bug;
use crate::loops::{Index, Stmt};
use crate::tensor::{Attributes, Contraction, Extent, Node, Op, Value};

/// Writes a contraction.
pub fn lower(lowering: &mut Lowering, scope: &Scope, node: &Node) -> Vec<Stmt> {
    let Op::Row(_, Attributes::Contract(indices)) = &node.op else { bug!("a contraction without indices") };
    let (left, right) = (scope.array(node.inputs[0]), scope.array(node.inputs[1]));
    if let (Home::View(left), Home::View(right)) = (&left, &right) {
        let out = scope.view(node.outputs[0]);
        let axes = axes(scope, node, indices, left, right, out);
        if let Some(stmts) = matrix::lower(lowering, scope, node, &axes, [left, right, out]) {
            return stmts;
        }
    }
    sums(lowering, scope, node, indices)
}

/// The indices, each with its extent and its strides.
fn axes(scope: &Scope, node: &Node, indices: &Contraction, left: &View, right: &View, out: &View) -> Vec<Axis> {
    let stride = |letters: &[u8], view: &View, letter: u8| {
        letters.iter().position(|other| *other == letter).map(|axis| view.strides[axis])
    };
    let mut letters: Vec<u8> = indices.left.clone();
    letters.extend(indices.right.iter().filter(|letter| !indices.left.contains(letter)));
    let of = |letter: &u8| Axis {
        extent: extent(scope, node, indices, *letter),
        left: stride(&indices.left, left, *letter),
        right: stride(&indices.right, right, *letter),
        out: stride(&indices.out, out, *letter),
    };
    letters.iter().map(of).filter(|axis| axis.extent != Extent::Const(1)).collect()
}

fn extent(scope: &Scope, node: &Node, indices: &Contraction, letter: u8) -> Extent {
    let of = |letters: &[u8], value: Value| {
        letters.iter().position(|other| *other == letter).map(|axis| scope.graph.ty(value).shape[axis].clone())
    };
    match of(&indices.left, node.inputs[0]).or_else(|| of(&indices.right, node.inputs[1])) {
        Some(extent) => extent,
        None => bug!("index {letter} stands in the result alone"),
    }
}

/// A contraction as a fold of products.
fn sums(lowering: &mut Lowering, scope: &Scope, node: &Node, indices: &Contraction) -> Vec<Stmt> {
    let summed: Vec<u8> = indices.left.iter().filter(|letter| !indices.out.contains(letter)).copied().collect();
    let index = |letters: &[u8], at: &[Index], folded: &[Index]| {
        let of = |letter: &u8| {
            let place = |letters: &[u8]| letters.iter().position(|other| other == letter);
            match (place(&indices.out), place(&summed)) {
                (Some(axis), _) => at[axis].clone(),
                (None, Some(axis)) => folded[axis].clone(),
                (None, None) => bug!("index {letter} stands in one place alone"),
            }
        };
        letters.iter().map(of).collect::<Vec<_>>()
    };
    let body = |writer: &mut Writer, at: &[Index], folded: &[Index]| {
        let a = writer.element(node.inputs[0], &index(&indices.left, at, folded));
        Folded::Dot(a, writer.element(node.inputs[1], &index(&indices.right, at, folded)))
    };
    let extents = |letters: &[u8]| letters.iter().map(|letter| extent(scope, node, indices, *letter)).collect();
    let fold = Fold {
        name: scope.name(node.outputs[0]),
        span: node.span,
        out: scope.view(node.outputs[0]).clone(),
        kept: extents(&indices.out),
        folded: extents(&summed),
        body: &body,
    };
    fold.lower(lowering, scope)
}
