//! Arithmetic on indices: sums of variables and registers with strides.

use crate::loops::{Index, Term};

/// `index * by`.
pub fn scaled(index: &Index, by: usize) -> Index {
    let terms = index.terms.iter().map(|(term, stride)| (*term, stride * by)).filter(|(_, stride)| *stride > 0);
    Index { offset: index.offset * by, terms: terms.collect() }
}

/// `a + b`, each term once, in a fixed order: equal sums are equal indices.
pub fn plus(a: &Index, b: &Index) -> Index {
    let mut terms: Vec<(Term, usize)> = Vec::with_capacity(a.terms.len() + b.terms.len());
    for (term, stride) in a.terms.iter().chain(&b.terms).filter(|(_, stride)| *stride > 0) {
        match terms.iter_mut().find(|(other, _)| other == term) {
            Some((_, sum)) => *sum += stride,
            None => terms.push((*term, *stride)),
        }
    }
    terms.sort_by_key(|(term, _)| rank(*term));
    Index { offset: a.offset + b.offset, terms }
}

fn rank(term: Term) -> (u8, u32) {
    match term {
        Term::Var(var) => (0, var.0),
        Term::Reg(reg) => (1, reg.0),
    }
}

/// The quotient and the remainder of a division by `by`, if the terms fall apart into multiples of it and a rest that
/// stays below it.
pub fn divide(index: &Index, by: usize, bound: impl Fn(Term) -> usize) -> Option<(Index, Index)> {
    let (multiples, rest): (Vec<_>, Vec<_>) = index.terms.iter().partition(|(_, stride)| stride % by == 0);
    let remainder = Index { offset: index.offset % by, terms: rest };
    if remainder.largest(|term| bound(term) - 1)? >= by {
        return None;
    }
    let terms = multiples.into_iter().map(|(term, stride)| (term, stride / by)).collect();
    Some((Index { offset: index.offset / by, terms }, remainder))
}
