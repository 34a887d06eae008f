//! The loops around what is being written: what is the same in all of their rounds can be done before them.

use super::view::View;
use crate::loops::{BufferId, Stmt, Term, Var};
use std::collections::BTreeSet;

/// A loop whose body is being written.
#[derive(Debug, Default)]
pub struct Around {
    /// Its index.
    var: Option<Var>,
    /// Where the values lie that are the same in each round.
    steady: BTreeSet<BufferId>,
    /// What is done before it.
    before: Vec<Stmt>,
    /// Arrays that were copied before it so that other neighbours lie side by side: from where, and where to.
    turned: Vec<(View, View)>,
}

/// The loops around, the outermost first.
#[derive(Debug, Default)]
pub struct Nesting(Vec<Around>);

impl Nesting {
    /// A loop begins in whose rounds these values are the same.
    pub fn begin<'v>(&mut self, var: Var, steady: impl Iterator<Item = &'v View>) {
        let steady = steady.map(|view| view.buffer).collect();
        self.0.push(Around { var: Some(var), steady, ..Around::default() });
    }

    /// It ends; gives what is to be done before it.
    pub fn end(&mut self) -> Vec<Stmt> {
        self.0.pop().map_or_else(Vec::new, |around| around.before)
    }

    /// The outermost of those loops, counted from outside, before which an array is what it is inside all of them.
    pub fn outside(&self, view: &View) -> Option<usize> {
        let is_steady = |around: &&Around| {
            let varies = around.var.is_some_and(|var| view.base.stride(Term::Var(var)) != 0);
            around.steady.contains(&view.buffer) && !varies
        };
        let inside = self.0.iter().rev().take_while(is_steady).count();
        (inside > 0 && view.base.registers().next().is_none()).then(|| self.0.len() - inside)
    }

    /// The copy of an array that was made before a loop.
    pub fn copy(&self, level: usize, from: &View) -> Option<View> {
        self.0[level].turned.iter().find(|(other, _)| other == from).map(|(_, to)| to.clone())
    }

    /// Makes a copy before a loop.
    pub fn add(&mut self, level: usize, from: &View, to: &View, stmts: Vec<Stmt>) {
        self.0[level].before.extend(stmts);
        self.0[level].turned.push((from.clone(), to.clone()));
    }
}
