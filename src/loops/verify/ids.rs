//! Everything that is named exists.

use super::{Report, step};
use crate::loops::{Index, Place, Program, Stmt, Term};

/// Checks a whole program.
pub(super) fn check(program: &Program, report: &mut Report) {
    for (number, buffer) in program.buffers.iter().enumerate() {
        if let Place::Slot(slot) = buffer.place
            && slot >= program.slots.len()
        {
            report.within(format!("buffer b{number}"), |report| report.say(format!("there is no slot {slot}")));
        }
    }
    block(program, &program.body, report);
}

fn block(program: &Program, stmts: &[Stmt], report: &mut Report) {
    for (number, stmt) in stmts.iter().enumerate() {
        report.within(step(number, stmt), |report| {
            registers(program, stmt, report);
            buffers(program, stmt, report);
            variables(program, stmt, report);
            stmt.blocks().into_iter().for_each(|inner| block(program, inner, report));
        });
    }
}

fn registers(program: &Program, stmt: &Stmt, report: &mut Report) {
    for reg in stmt.reads().into_iter().chain(stmt.defines()) {
        if reg.0 as usize >= program.registers.len() {
            report.say(format!("there is no register r{}", reg.0));
        }
    }
}

fn buffers(program: &Program, stmt: &Stmt, report: &mut Report) {
    for touch in stmt.touches() {
        if touch.buffer.0 as usize >= program.buffers.len() {
            report.say(format!("there is no buffer b{}", touch.buffer.0));
        }
    }
}

fn variables(program: &Program, stmt: &Stmt, report: &mut Report) {
    let of_index = |index: &Index| {
        let var = |(term, _): &(Term, usize)| match term {
            Term::Var(var) => Some(*var),
            Term::Reg(_) => None,
        };
        index.terms.iter().filter_map(var).collect::<Vec<_>>()
    };
    let mut vars: Vec<_> = stmt.counts().into_iter().map(|(var, _)| var).collect();
    match stmt {
        Stmt::Index { var, .. } => vars.push(*var),
        Stmt::Load { index, .. } | Stmt::Store { index, .. } => vars.extend(of_index(index)),
        Stmt::Matrix(matrix) => matrix.operands().iter().for_each(|operand| vars.extend(of_index(&operand.base))),
        _ => {}
    }
    for var in vars {
        if var.0 >= program.variables {
            report.say(format!("there is no variable i{}", var.0));
        }
    }
}
