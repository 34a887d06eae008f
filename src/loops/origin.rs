//! Where registers and products come from in the spec, so that it can be said how a value came about. This is no part of
//! what a program does: programs that differ in it alone are equal, share code and give the same bits.

use super::{Reg, Var};
use crate::diag::Span;
use crate::tensor::{Name, Node, Whose};
use std::sync::Arc;

/// An operation of the spec, as far as is known.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The tensor operation, or the projection whose product it is.
    pub title: Name,
    /// The place in the spec.
    pub span: Option<Span>,
    /// To what it belongs.
    pub whose: Option<Arc<Whose>>,
    /// The operation whose derivative it is a part of.
    pub derivative: Option<Name>,
}

impl Origin {
    /// That of a node.
    pub fn of(node: &Node) -> Origin {
        let (whose, derivative) = (node.origin.whose.clone(), node.origin.derivative.clone());
        Origin { title: node.title(), span: node.span, whose, derivative }
    }
}

/// The number of an origin.
#[derive(Debug, Clone, Copy, Default)]
pub struct Mark(pub Option<u32>);

impl PartialEq for Mark {
    fn eq(&self, _: &Mark) -> bool {
        true
    }
}

/// The origins of a program, as lowering knows them; a program that was read from text has none.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    /// All of them.
    pub list: Vec<Origin>,
    /// Of each register; those at the end may be missing.
    pub registers: Vec<Mark>,
    /// The variables of loops of the spec, such as that over the time steps.
    pub rounds: Vec<Var>,
}

impl Origins {
    /// The origin of that number.
    pub fn get(&self, mark: Mark) -> Option<&Origin> {
        self.list.get(mark.0? as usize)
    }

    /// The number of a register's origin.
    pub fn of_register(&self, reg: Reg) -> Mark {
        self.registers.get(reg.0 as usize).copied().unwrap_or_default()
    }
}

impl PartialEq for Origins {
    fn eq(&self, _: &Origins) -> bool {
        true
    }
}
