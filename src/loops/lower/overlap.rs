//! Windows added up where they lie over each other, one offset in the window after the other.

use super::block::Scope;
use super::nest::SIDE_BY_SIDE;
use super::writer::Writer;
use super::{Lowering, affine, map};
use crate::bug;
use crate::loops::{Index, Order, Scalar, Stmt, Trip};
use crate::math::Function;
use crate::tensor::{Attributes, Node, Windows};

/// Writes an overlap: zeros, then for each offset in the window the elements of all places, which do not meet.
pub fn lower(lowering: &mut Lowering, scope: &Scope, node: &Node, attributes: &Attributes) -> Vec<Stmt> {
    let Attributes::Windows(windows) = attributes else { bug!("an overlap without windows") };
    let (input, output) = (node.inputs[0], node.outputs[0]);
    let (view, name) = (scope.view(output).clone(), scope.name(output));
    let mut stmts = map::zeros(lowering, scope, (&name, node.span), &scope.graph.ty(output).shape, &view);
    let trips: Vec<Trip> = scope.graph.ty(input).shape.iter().map(|extent| lowering.trip(extent)).collect();
    let mut writer = Writer::new(lowering, scope);
    let mut at: Vec<Index> = Vec::new();
    for (axis, trip) in trips.iter().enumerate() {
        let side_by_side = axis + 1 == trips.len() && trip.bound() >= SIDE_BY_SIDE;
        let var = writer.open(*trip, if side_by_side { Order::Lanes } else { Order::Serial });
        at.push(Index::at(0).var(var, 1));
    }
    let place = source(windows, &at);
    let element = writer.element(input, &at);
    let before = writer.load_here(view.buffer, view.at(&place));
    let sum = writer.operation(Scalar::Apply(Function::Add), &[before, element], None);
    writer.store(&view, &place, sum);
    trips.iter().for_each(|_| writer.close());
    let (body, _) = writer.finish();
    stmts.push(Stmt::Nest { name, span: node.span, split: None, body });
    stmts
}

/// Where the element of a window lies: `[…, offset…, place…]` is `[…, offset + stride * place…]`.
pub fn source(windows: &Windows, at: &[Index]) -> Vec<Index> {
    let axes = windows.sizes.len();
    let (front, inside) = at.split_at(at.len() - 2 * axes);
    let (offsets, places) = inside.split_at(axes);
    let within = offsets.iter().zip(places).zip(&windows.strides);
    let within = within.map(|((offset, place), stride)| affine::plus(offset, &affine::scaled(place, *stride)));
    front.iter().cloned().chain(within).collect()
}
