//! Every invariant, one small function each; all violations, each at its statement.
//!
//! A program whose ids point nowhere is not looked at further. It may come from anywhere: nothing here panics.

mod access;
mod ids;
mod lanes;
mod matrix;
mod memory;
mod scope;
pub(crate) mod split;
mod values;

use super::{Order, Program, Stmt};
use std::fmt;

/// Extents, counts and ints fit in 32 bits.
pub(super) const MOST: usize = i32::MAX as usize;

/// An invariant that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The statement, such as `1: nest "Hidden" / 0: lanes i0 / 3: store`, or what else it is about.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

/// All violations; none if the program is valid.
pub fn verify(program: &Program) -> Vec<Violation> {
    let mut report = Report::default();
    ids::check(program, &mut report);
    if report.violations.is_empty() {
        memory::check(program, &mut report);
        scope::check(program, &mut report);
        lanes::check(program, &mut report);
        split::check(program, &mut report);
    }
    report.violations
}

/// What has been found, and where we are.
#[derive(Debug, Default)]
struct Report {
    violations: Vec<Violation>,
    path: Vec<String>,
}

impl Report {
    /// Something is wrong here.
    fn say(&mut self, message: impl Into<String>) {
        let path = if self.path.is_empty() { "program".to_string() } else { self.path.join(" / ") };
        self.violations.push(Violation { path, message: message.into() });
    }

    /// Looks at something inside.
    fn within<T>(&mut self, step: String, look: impl FnOnce(&mut Report) -> T) -> T {
        self.path.push(step);
        let result = look(self);
        self.path.pop();
        result
    }
}

/// How a statement is named in a path.
fn step(number: usize, stmt: &Stmt) -> String {
    let what = match stmt {
        Stmt::Constant { reg, .. } => format!("r{} = constant", reg.0),
        Stmt::Index { reg, .. } => format!("r{} = index", reg.0),
        Stmt::Let { reg, op, .. } => format!("r{} = {}", reg.0, super::kinds::name(*op)),
        Stmt::Fma { reg, .. } => format!("r{} = fma", reg.0),
        Stmt::Load { reg, .. } => format!("r{} = load", reg.0),
        Stmt::Fold { reg, .. } => format!("r{} = fold", reg.0),
        Stmt::Store { buffer, .. } => format!("store b{}", buffer.0),
        Stmt::Loop { var, order: Order::Serial, .. } => format!("loop i{}", var.0),
        Stmt::Loop { var, order: Order::Reverse, .. } => format!("reverse loop i{}", var.0),
        Stmt::Loop { var, order: Order::Lanes, .. } => format!("lanes loop i{}", var.0),
        Stmt::Matrix(_) => "matrix".to_string(),
        Stmt::Until { var, .. } => format!("until i{}", var.0),
        Stmt::When { .. } => "when".to_string(),
        Stmt::Nest { name, .. } => format!("nest {name:?}"),
    };
    format!("{number}: {what}")
}
