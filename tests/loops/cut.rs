//! Programs with every nest cut that the verifier lets be cut: pieces are to give the same bits.

use neurula::loops::verify::verify;
use neurula::loops::walk::walk;
use neurula::loops::{Axis, LANES, Order, Program, Split, Stmt};

/// The program with each nest cut along the first axis that is allowed; `None` if there is none.
pub fn cut(program: &Program) -> Option<Program> {
    let mut made = wrapped(program);
    let mut found = Vec::new();
    nests(&mut made.body, &mut |stmt| found.push(axes(stmt)));
    let mut any = false;
    for (number, axes) in found.into_iter().enumerate() {
        for axis in axes {
            let mut tried = made.clone();
            let mut place = 0;
            nests(&mut tried.body, &mut |stmt| {
                if let (Stmt::Nest { split, .. }, true) = (stmt, place == number) {
                    *split = Some(axis);
                }
                place += 1;
            });
            if verify(&tried).is_empty() {
                (made, any) = (tried, true);
                break;
            }
        }
    }
    any.then_some(made)
}

/// Visits every nest.
fn nests(block: &mut [Stmt], visit: &mut impl FnMut(&mut Stmt)) {
    for stmt in block {
        if matches!(stmt, Stmt::Nest { .. }) {
            visit(stmt);
        }
        stmt.blocks_mut().into_iter().for_each(|inner| nests(inner, visit));
    }
}

/// Loops and products that stand in no nest get one.
fn wrapped(program: &Program) -> Program {
    let mut made = program.clone();
    for stmt in &mut made.body {
        let mut holds = false;
        walk(std::slice::from_ref(stmt), &mut |stmt| holds |= matches!(stmt, Stmt::Nest { .. }));
        if !holds && matches!(stmt, Stmt::Loop { .. } | Stmt::Matrix(_)) {
            let body = vec![stmt.clone()];
            *stmt = Stmt::Nest { name: "wrapped".into(), span: None, split: None, body };
        }
    }
    made
}

fn axes(stmt: &Stmt) -> Vec<Split> {
    let mut axes = Vec::new();
    walk(std::slice::from_ref(stmt), &mut |stmt| match stmt {
        Stmt::Loop { var, trip, order, .. } if trip.bound() > 1 => {
            axes.push(Split { axis: Axis::Loop(*var), grain: if *order == Order::Lanes { LANES } else { 1 } });
        }
        Stmt::Matrix(_) => {
            axes.push(Split { axis: Axis::Rows, grain: 1 });
            axes.push(Split { axis: Axis::Columns, grain: LANES });
        }
        _ => {}
    });
    // Now an outer axis comes first, now an inner one.
    let turn = axes.len() / 2;
    axes.rotate_left(turn);
    axes
}
