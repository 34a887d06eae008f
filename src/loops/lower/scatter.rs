//! Rows added up where an index says, in the order of the rows.

use super::block::Scope;
use super::nest::SIDE_BY_SIDE;
use super::writer::Writer;
use super::{Lowering, map};
use crate::loops::{Index, Order, Scalar, Stmt, Trip};
use crate::math::Function;
use crate::tensor::Node;

/// Writes a scatter: zeros, then a row after the other.
pub fn lower(lowering: &mut Lowering, scope: &Scope, node: &Node) -> Vec<Stmt> {
    let (rows, index, output) = (node.inputs[0], node.inputs[1], node.outputs[0]);
    let (view, name) = (scope.view(output).clone(), scope.name(output));
    let shape = &scope.graph.ty(output).shape;
    let mut stmts = map::zeros(lowering, scope, (&name, node.span), shape, &view);
    let rank = scope.graph.ty(index).shape.len();
    let trips: Vec<Trip> = scope.graph.ty(rows).shape.iter().map(|extent| lowering.trip(extent)).collect();
    let mut writer = Writer::new(lowering, scope);
    let mut at: Vec<Index> = Vec::new();
    for (axis, trip) in trips.iter().enumerate() {
        // Rows may meet; the elements of a row do not.
        let side_by_side = axis >= rank && axis + 1 == trips.len() && trip.bound() >= SIDE_BY_SIDE;
        let var = writer.open(*trip, if side_by_side { Order::Lanes } else { Order::Serial });
        at.push(Index::at(0).var(var, 1));
    }
    let mut place = vec![writer.class_index(index, &at[..rank])];
    place.extend_from_slice(&at[rank..]);
    let row = writer.element(rows, &at);
    let before = writer.load_here(view.buffer, view.at(&place));
    let sum = writer.operation(Scalar::Apply(Function::Add), &[before, row], None);
    writer.store(&view, &place, sum);
    trips.iter().for_each(|_| writer.close());
    let (body, _) = writer.finish();
    stmts.push(Stmt::Nest { name, span: node.span, split: None, body });
    stmts
}
