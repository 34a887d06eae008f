//! Matrix products: which operand gives the columns, which axes are rows, columns and depth, and what loops are around.

use super::Lowering;
use super::affine;
use super::block::Scope;
use super::layout::WORTH_LANES;
use super::map;
use super::view::View;
use super::writer::Writer;
use crate::loops::{Index, LANES, Matrix, Operand, Order, Stmt, Trip, Var};
use crate::tensor::{Element, Extent, Node, Type};

/// From so many rows on, it pays to turn the operand of the columns round first.
const WORTH_TURNING: usize = 4;

/// An index of a contraction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Axis {
    /// How long it is.
    pub extent: Extent,
    /// Its stride in the left operand, if it is there.
    pub left: Option<usize>,
    /// In the right one.
    pub right: Option<usize>,
    /// In the result.
    pub out: Option<usize>,
}

/// What an index is to a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Batch,
    Row,
    Column,
    Depth,
}

impl Axis {
    fn part(&self) -> Part {
        match (self.left, self.right, self.out) {
            (Some(_), Some(_), Some(_)) => Part::Batch,
            (Some(_), None, _) => Part::Row,
            (None, ..) => Part::Column,
            (Some(_), Some(_), None) => Part::Depth,
        }
    }

    fn strides(&self) -> [Option<usize>; 3] {
        [self.left, self.right, self.out]
    }

    /// Whether this axis and the one inside it can be one.
    fn merges(&self, inner: &Axis) -> bool {
        let bound = match inner.extent {
            Extent::Const(n) => n,
            Extent::Count(_) => return false,
        };
        matches!(self.extent, Extent::Const(_))
            && self.part() == inner.part()
            && self.strides().iter().zip(inner.strides()).all(|(outer, inner)| *outer == inner.map(|s| s * bound))
    }
}

/// A product as it will be written.
struct Product {
    /// Loops around, outermost first.
    around: Vec<Axis>,
    row: Axis,
    column: Axis,
    depth: Axis,
    /// Several rounds of the loops around add to the same result.
    accumulates: bool,
}

/// Writes a contraction as a matrix product, if it is one. The views are those of left, right and result.
pub fn lower(
    lowering: &mut Lowering,
    scope: &Scope,
    node: &Node,
    axes: &[Axis],
    [left, right, out]: [&View; 3],
) -> Option<Vec<Stmt>> {
    // The columns are those of the axis that runs fastest in the result; its operand is called the right one.
    let column = axes.iter().find(|axis| axis.out == Some(1))?;
    let (axes, left, right) = match column.part() {
        Part::Column => (axes.to_vec(), left, right),
        Part::Row => (axes.iter().map(swapped).collect(), right, left),
        _ => return None,
    };
    let product = product(&merged(axes))?;
    let mut stmts = Vec::new();
    let turned;
    let (product, right) = if product.column.right == Some(1) {
        (product, right)
    } else if product.row.extent.bound() >= WORTH_TURNING {
        let (packed, view) = turn(lowering, scope, node, &product, right, &mut stmts);
        turned = view;
        (packed, &turned)
    } else {
        return None;
    };
    stmts.extend(write(lowering, scope, node, &product, [left, right, out]));
    Some(stmts)
}

fn swapped(axis: &Axis) -> Axis {
    Axis { left: axis.right, right: axis.left, ..axis.clone() }
}

/// The axes with those merged that can be.
fn merged(mut axes: Vec<Axis>) -> Vec<Axis> {
    loop {
        let pair = (0..axes.len()).flat_map(|a| (0..axes.len()).map(move |b| (a, b)));
        let Some((outer, inner)) = { pair }.find(|(a, b)| a != b && axes[*a].merges(&axes[*b])) else { return axes };
        let bound = axes[outer].extent.bound() * axes[inner].extent.bound();
        axes[inner].extent = Extent::Const(bound);
        axes.remove(outer);
    }
}

/// Which axes are rows, columns and depth: the longest of each part, columns side by side; `None` if it is not worth it.
fn product(axes: &[Axis]) -> Option<Product> {
    let absent = |part: Part| Axis {
        extent: Extent::Const(1),
        left: (part != Part::Column).then_some(0),
        right: (part == Part::Column).then_some(1),
        out: Some(0),
    };
    let longest = |part: Part| {
        let of = axes.iter().filter(|axis| axis.part() == part);
        of.max_by_key(|axis| axis.extent.bound()).cloned()
    };
    let column = axes.iter().find(|axis| axis.out == Some(1))?.clone();
    let row = longest(Part::Row).unwrap_or_else(|| absent(Part::Row));
    // The last summed axis runs inside; those before it are loops around.
    let depth = axes.iter().filter(|axis| axis.part() == Part::Depth).max_by_key(|axis| axis.extent.bound())?.clone();
    if column.extent.bound() < WORTH_LANES {
        return None;
    }
    let mut rest: Vec<Axis> = Vec::new();
    let mut taken = [&row, &column, &depth].map(Some);
    for axis in axes {
        match taken.iter_mut().find(|one| **one == Some(axis)) {
            Some(one) => *one = None,
            None => rest.push(axis.clone()),
        }
    }
    // Summed axes innermost, so that each output is finished before the next begins.
    rest.sort_by_key(|axis| axis.part() == Part::Depth);
    let accumulates = rest.iter().any(|axis| axis.part() == Part::Depth);
    Some(Product { around: rest, row, column, depth, accumulates })
}

/// The right operand copied so that its columns lie side by side: before the loops in which it is the same, if there are
/// such.
fn turn(
    lowering: &mut Lowering,
    scope: &Scope,
    node: &Node,
    product: &Product,
    right: &View,
    stmts: &mut Vec<Stmt>,
) -> (Product, View) {
    let all = product.around.iter().chain([&product.depth, &product.column]);
    let axes: Vec<&Axis> = all.filter(|axis| axis.right.is_some()).collect();
    let shape: Vec<Extent> = axes.iter().map(|axis| axis.extent.clone()).collect();
    let strides = axes.iter().map(|axis| axis.right.unwrap_or(0)).collect();
    let bounds = shape.iter().map(Extent::bound).collect();
    let from = View { buffer: right.buffer, base: right.base.clone(), bounds, strides, room: None };
    let is_known = shape.iter().all(|extent| matches!(extent, Extent::Const(_)));
    let level = lowering.around.outside(&from).filter(|_| is_known);
    let view = match level.and_then(|level| lowering.around.copy(level, &from)) {
        Some(view) => view,
        None => {
            let name = format!("{}, turned", scope.name(node.outputs[0]));
            let ty = Type { element: Element::Real, shape: shape.clone() };
            let view = lowering.scratch(name.as_str().into(), node.span, &ty, None);
            let copied = map::transfer(lowering, scope, (&name.as_str().into(), node.span), &shape, &from, &view);
            match level {
                Some(level) => lowering.around.add(level, &from, &view, copied),
                None => stmts.extend(copied),
            }
            view
        }
    };
    (relaid(product, &view), view)
}

/// The product with the right operand as it lies in the copy.
fn relaid(product: &Product, view: &View) -> Product {
    let mut place = 0;
    let mut relaid = |axis: &Axis| {
        let right = axis.right.map(|_| {
            place += 1;
            view.strides[place - 1]
        });
        Axis { right, ..axis.clone() }
    };
    let around = product.around.iter().map(&mut relaid).collect();
    let (depth, column) = (relaid(&product.depth), relaid(&product.column));
    Product { around, row: product.row.clone(), column, depth, accumulates: product.accumulates }
}

fn write(
    lowering: &mut Lowering,
    scope: &Scope,
    node: &Node,
    product: &Product,
    [left, right, out]: [&View; 3],
) -> Vec<Stmt> {
    let name = scope.name(node.outputs[0]);
    let mut stmts = Vec::new();
    if product.accumulates {
        stmts.extend(map::zeros(lowering, scope, (&name, node.span), &scope.graph.ty(node.outputs[0]).shape, out));
    }
    let trips: Vec<Trip> = [&product.row, &product.column, &product.depth].map(|a| lowering.trip(&a.extent)).to_vec();
    let around: Vec<Trip> = product.around.iter().map(|axis| lowering.trip(&axis.extent)).collect();
    let origin = lowering.origin;
    let mut writer = Writer::new(lowering, scope);
    let vars: Vec<Var> = around.iter().map(|trip| writer.open(*trip, Order::Serial)).collect();
    let base = |view: &View, stride: fn(&Axis) -> Option<usize>| {
        product.around.iter().zip(&vars).fold(affine::plus(&view.base, &Index::at(0)), |base, (axis, var)| {
            affine::plus(&base, &Index::at(0).var(*var, stride(axis).unwrap_or(0)))
        })
    };
    let operand = |view: &View, stride: fn(&Axis) -> Option<usize>, row: usize, column: usize| Operand {
        buffer: view.buffer,
        base: base(view, stride),
        row,
        column,
    };
    let stride = |stride: Option<usize>| stride.unwrap_or(0);
    let matrix = Matrix {
        rows: trips[0],
        columns: trips[1],
        depth: trips[2],
        left: operand(left, |axis| axis.left, stride(product.row.left), stride(product.depth.left)),
        right: operand(right, |axis| axis.right, stride(product.depth.right), 1),
        out: operand(out, |axis| axis.out, stride(product.row.out), 1),
        accumulate: product.accumulates,
        room: room(product, right, out),
        origin,
    };
    writer.push(Stmt::Matrix(matrix));
    vars.iter().for_each(|_| writer.close());
    let (body, _) = writer.finish();
    stmts.push(Stmt::Nest { name, span: node.span, split: None, body });
    stmts
}

/// How many columns code may use: as many as a multiple of 16, if both rows have that room.
fn room(product: &Product, right: &View, out: &View) -> usize {
    let columns = product.column.extent.bound();
    let wide = columns.next_multiple_of(LANES);
    let has = |view: &View| {
        view.room.is_some_and(|(axis, cells)| view.strides[axis] == 1 && cells >= wide && view.bounds[axis] == columns)
    };
    let rows = product.row.extent.bound() == 1 || product.row.out.is_some_and(|stride| stride >= wide);
    if has(right) && has(out) && rows { wide } else { columns }
}
