//! Matrix products stay inside their buffers and do not read what they write.

use super::Report;
use super::values::Bounds;
use crate::loops::{LANES, Matrix, Operand, Program, RegKind};

/// Checks one product.
pub(super) fn check(program: &Program, bounds: &Bounds, matrix: &Matrix, report: &mut Report) {
    operands(program, matrix, report);
    room(matrix, report);
    inside(program, bounds, matrix, report);
    apart(matrix, &matrix.left, reach_of_left(matrix), "left", report);
    apart(matrix, &matrix.right, reach_of_right(matrix), "right", report);
}

fn operands(program: &Program, matrix: &Matrix, report: &mut Report) {
    for operand in matrix.operands() {
        let buffer = &program.buffers[operand.buffer.0 as usize];
        if buffer.cell.register() != RegKind::Real {
            report.say(format!("b{} {:?} does not hold reals", operand.buffer.0, buffer.name));
        }
    }
    if matrix.right.column != 1 || matrix.out.column != 1 {
        report.say("the columns of the right operand and of the result are neighbours in memory");
    }
}

/// Code may write as many columns as there is room for, so rows of the result must not share that room.
fn room(matrix: &Matrix, report: &mut Report) {
    let (columns, room) = (matrix.columns.bound(), matrix.room);
    if room < columns || (room > columns && room % LANES != 0) {
        report.say(format!("room for {room} columns: neither {columns} nor a larger multiple of {LANES}"));
    }
    if matrix.rows.bound() > 1 && matrix.out.row < room {
        report.say(format!("rows of the result lie {} cells apart, with room for {room} columns", matrix.out.row));
    }
}

fn inside(program: &Program, bounds: &Bounds, matrix: &Matrix, report: &mut Report) {
    let reaches = [reach_of_left(matrix), reach_of_right(matrix), reach_of_out(matrix)];
    for (operand, reach) in matrix.operands().into_iter().zip(reaches) {
        if let Some(message) = bounds.index(program, operand.buffer, &operand.base, reach) {
            report.say(message);
        }
    }
}

/// From the first cell to the last.
fn reach(operand: &Operand, rows: usize, columns: usize) -> Option<usize> {
    let down = operand.row.checked_mul(rows.saturating_sub(1))?;
    down.checked_add(operand.column.checked_mul(columns.saturating_sub(1))?)
}

fn reach_of_left(matrix: &Matrix) -> Option<usize> {
    reach(&matrix.left, matrix.rows.bound(), matrix.depth.bound())
}

fn reach_of_right(matrix: &Matrix) -> Option<usize> {
    reach(&matrix.right, matrix.depth.bound(), matrix.room)
}

fn reach_of_out(matrix: &Matrix) -> Option<usize> {
    reach(&matrix.out, matrix.rows.bound(), matrix.room)
}

/// An operand lies elsewhere than the result: in another buffer, or before or behind it.
fn apart(matrix: &Matrix, operand: &Operand, reach: Option<usize>, name: &str, report: &mut Report) {
    let out = &matrix.out;
    if operand.buffer != out.buffer {
        return;
    }
    let behind = |first: &Operand, reach: Option<usize>, second: &Operand| {
        reach.and_then(|reach| first.base.offset.checked_add(reach)).is_some_and(|last| last < second.base.offset)
    };
    let same_terms = operand.base.terms == out.base.terms;
    if !(same_terms && (behind(operand, reach, out) || behind(out, reach_of_out(matrix), operand))) {
        report.say(format!("the result may overlap the {name} operand"));
    }
}
