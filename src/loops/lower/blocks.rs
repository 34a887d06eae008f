//! Products whose result is wanted for one purpose alone: some rows are computed and used while they are in the cache, then
//! the next. So the gradient of a weight never lies in memory as a whole.

use super::Lowering;
use super::block::Scope;
use super::map::{self, Member};
use super::nest;
use super::schedule::Task;
use super::view::View;
use super::writer::Writer;
use super::{affine, contract, fuse};
use crate::loops::{BufferId, Cell, Index, Matrix, Operand, Order, Precision, Stmt, Trip};
use crate::tensor::{Extent, Kind, Node, Op, Value};

/// A result of so many bytes stays in the cache as it is.
const SMALL: usize = 32 << 10;
/// The rows of a block.
const ROWS: std::ops::RangeInclusive<usize> = 8..=32;

/// A product's result, block by block.
struct Blocks {
    value: Value,
    /// Where the rows of a block lie.
    buffer: BufferId,
    /// Rows of a block.
    rows: usize,
    /// The product of all rows.
    matrix: Matrix,
    /// The axis of the rows; the other one is that of the columns.
    axis: usize,
}

/// Writes a product and the maps behind it as one nest, if the first of the tasks is one that is worth it; gives how many
/// tasks were written.
pub fn lower(lowering: &mut Lowering, scope: &Scope, tasks: &[Task]) -> Option<(usize, Vec<Stmt>)> {
    let (node, view) = product(scope, tasks, lowering.program.precision)?;
    let rest = tasks.get(1..).filter(|rest| !rest.is_empty())?;
    let users = &rest[..map::group(lowering, scope, rest)];
    if !scope.only_these_read(node.outputs[0], users) {
        return None;
    }
    lowering.coming_from(node);
    let mut stmts = contract::lower(lowering, scope, node);
    let members: Vec<Member> = users.iter().map(|task| map::member(lowering, scope, *task)).collect();
    let blocks = match stmts.last() {
        Some(Stmt::Nest { name, body, .. }) => Blocks::of(lowering, node.outputs[0], view, name, body),
        _ => None,
    };
    let Some(blocks) = blocks.filter(|blocks| blocks.can_be(lowering, scope, view, &members)) else {
        return Some((1, stmts));
    };
    if let Some(Stmt::Nest { name, body, .. }) = stmts.last_mut() {
        *body = blocks.write(lowering, scope, &members, &map::stored(scope, users, &members));
        *name = map::joined(std::iter::once(&**name).chain(members.iter().map(|member| &*member.name)));
    }
    Some((1 + users.len(), stmts))
}

/// The first task as a product into a large array in scratch memory.
fn product<'s>(scope: &'s Scope, tasks: &[Task], precision: Precision) -> Option<(&'s Node, &'s View)> {
    let Some(Task::Node(number)) = tasks.first() else { return None };
    let node = &scope.graph.nodes[*number];
    let Op::Row(row, _) = &node.op else { return None };
    if !matches!(row.kind, Kind::Contract) || fuse::can_be_inside(scope.graph, node) {
        return None;
    }
    let (shape, view) = (&scope.graph.ty(node.outputs[0]).shape, scope.view(node.outputs[0]));
    let known = shape.len() == 2 && shape.iter().all(|extent| matches!(extent, Extent::Const(_)));
    let wanted = scope.wanted.iter().flatten().any(|wanted| wanted.buffer == view.buffer);
    (known && !wanted && view.reach() * precision.bytes() >= SMALL).then_some((node, view))
}

impl Blocks {
    fn of(lowering: &mut Lowering, value: Value, view: &View, name: &str, body: &[Stmt]) -> Option<Blocks> {
        let [Stmt::Matrix(matrix)] = body else { return None };
        let (Trip::Const(all), Trip::Const(columns)) = (matrix.rows, matrix.columns) else { return None };
        let rows = ROWS.rev().find(|rows| all % rows == 0)?;
        let axis = (0..2).find(|axis| view.strides[1 - axis] == 1)?;
        let lies = view.strides[axis] == matrix.out.row && view.bounds[axis] == all && view.bounds[1 - axis] == columns;
        if !lies || matrix.accumulate || matrix.out.base != Index::at(0) {
            return None;
        }
        let buffer = lowering.buffer(name.into(), None, Cell::Real, rows * matrix.out.row);
        Some(Blocks { value, buffer, rows, matrix: matrix.clone(), axis })
    }

    /// Whether the members ask for nothing of the result but the element at which they are, and replace nothing that
    /// the product of the next rows reads.
    fn can_be(&self, lowering: &mut Lowering, scope: &Scope, view: &View, members: &[Member]) -> bool {
        let shape = &scope.graph.ty(self.value).shape;
        let look = nest::look(lowering, scope, shape, &mut |writer, at| {
            let row = affine::scaled(&at[self.axis], self.matrix.out.row);
            self.with_element(writer, at, affine::plus(&row, &at[1 - self.axis]));
            members.iter().for_each(|member| member.write(writer, at, true));
        });
        let operands = [self.matrix.left.buffer, self.matrix.right.buffer];
        look.steps.len() == 2
            && members.iter().all(|member| scope.graph.ty(member.value).shape == *shape)
            && look.accesses.iter().all(|access| access.buffer != view.buffer)
            && !look.accesses.iter().any(|access| access.stores && operands.contains(&access.buffer))
    }

    /// The element of the result at `at` is in this cell of the block.
    fn with_element(&self, writer: &mut Writer, at: &[Index], cell: Index) {
        let reg = writer.load(self.buffer, cell);
        writer.remember(self.value, at, reg);
    }

    fn write(&self, lowering: &mut Lowering, scope: &Scope, members: &[Member], stored: &[bool]) -> Vec<Stmt> {
        let Matrix { rows, columns, left, out, .. } = &self.matrix;
        let mut writer = Writer::new(lowering, scope);
        let block = writer.open(Trip::Const(rows.bound() / self.rows), Order::Serial);
        let base = affine::plus(&left.base, &Index::at(0).var(block, self.rows * left.row));
        writer.push(Stmt::Matrix(Matrix {
            rows: Trip::Const(self.rows),
            left: Operand { base, ..left.clone() },
            out: Operand { buffer: self.buffer, ..out.clone() },
            ..self.matrix.clone()
        }));
        let row = writer.open(Trip::Const(self.rows), Order::Serial);
        let column = writer.open(*columns, Order::Lanes);
        let mut at = vec![Index::at(0).var(column, 1); 2];
        at[self.axis] = affine::plus(&Index::at(0).var(block, self.rows), &Index::at(0).var(row, 1));
        self.with_element(&mut writer, &at, Index::at(0).var(row, out.row).var(column, 1));
        members.iter().zip(stored).for_each(|(member, stored)| member.write(&mut writer, &at, *stored));
        (0..3).for_each(|_| writer.close());
        writer.finish().0
    }
}
