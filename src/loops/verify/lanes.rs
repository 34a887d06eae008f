//! The rounds of a lanes loop are independent.

use super::access::{Look, independent};
use super::{Report, step};
use crate::loops::{Axis, Order, Program, Stmt};

/// Checks a whole program.
pub(super) fn check(program: &Program, report: &mut Report) {
    block(&program.body, report);
}

fn block(stmts: &[Stmt], report: &mut Report) {
    for (number, stmt) in stmts.iter().enumerate() {
        report.within(step(number, stmt), |report| match stmt {
            Stmt::Loop { var, trip, order: Order::Lanes, body } => {
                independent(&Look::new(body, Axis::Loop(*var)).accesses(), trip.bound(), report);
            }
            other => other.blocks().into_iter().for_each(|inner| block(inner, report)),
        });
    }
}
