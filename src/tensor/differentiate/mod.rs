//! Derivatives of graphs, written into the graphs themselves: reverse mode and forward mode.
//!
//! Both walk over the nodes of the graph that a [`Builder`] is writing and append what they compute. What an operation's
//! derivative is stands in its row; loops and branches are differentiated here.
//!
//! # Loops
//! The derivative of a loop is a loop of as many rounds, in the other direction (reverse mode) or the same (forward
//! mode). Its body is written behind the end of the loop's own body, where all values are known, and then cut off
//! (`cut`): of the values that it reads, the index, invariants, slices and what is cheap are had again, and for the rest
//! the loop is asked for a record, of a carry with one row more instead of its old and its new value. The records that an
//! inner loop was asked for are values of the body around it like any other, and so are recorded by the outer loop in
//! turn. A loop that ends on a condition has a derivative of as many rounds as it did.
//!
//! # Branches
//! The derivative of a `when` is a `when` on the same condition; what it reads of a branch the forward `when` gives
//! besides, with zeros from the other branch.
//!
//! # The order of sums
//! The cotangent of a value is the sum of its parts in the order in which they arise: the seeds as given, then the uses
//! from the last node to the first, in each node the operands from left to right, each part added on the right. In the
//! body of a loop the seeds are those of the next carries, then those of the records. The cotangent of an invariant
//! begins with zero, to which the rounds add theirs, from the last round to the first (for a reverse loop: from the
//! round done last, which is that of index 0). A tangent is the sum of its parts, the operands from left to right.

mod activity;
mod branches;
mod cut;
mod forward;
mod reverse;
mod supply;
mod transport;

pub use forward::forward;
pub use reverse::reverse;
pub use transport::{Exact, Product, Transport};

use super::{Attributes, Builder, Extent, Kind, Row, Value};
use crate::bug;

/// What has been found for the values of one graph, by their numbers: sums of parts, nothing for zero.
struct Sums(Vec<Option<Value>>);

impl Sums {
    fn new(values: usize) -> Sums {
        Sums(vec![None; values])
    }

    fn get(&self, value: Value) -> Option<Value> {
        self.0.get(value.0 as usize).copied().flatten()
    }

    fn each(&self, values: &[Value]) -> Vec<Option<Value>> {
        values.iter().map(|value| self.get(*value)).collect()
    }

    /// Adds a part.
    fn add(&mut self, b: &mut Builder, value: Value, part: Value) {
        let sum = &mut self.0[value.0 as usize];
        *sum = Some(match *sum {
            Some(sum) => b.add(sum, part),
            None => part,
        });
    }
}

/// The axes that a row removes, if its derivative is that of a reduction.
fn reduced<'a>(row: &Row, attributes: &'a Attributes) -> Option<&'a [usize]> {
    match (row.kind, attributes) {
        (Kind::Reduce(_) | Kind::Composite(_), Attributes::Axes(axes)) => Some(axes),
        _ => None,
    }
}

/// A value repeated along the axes that a reduction of `like` has removed.
fn unreduced(b: &mut Builder, value: Value, like: Value, reduced: &[usize]) -> Value {
    let shape = b.ty(like).shape.clone();
    b.expand_over(value, &shape, reduced)
}

/// Of a reduction that gives one of its elements: which are equal to the result, and how many there are of them.
fn equals(b: &mut Builder, x: Value, y: Value, reduced: &[usize]) -> (Value, Value) {
    let wide = unreduced(b, y, x, reduced);
    let equal = b.equal(x, wide);
    let ones = b.real(equal);
    (equal, b.sum(ones, reduced))
}

/// The length of an extent, as a whole number.
fn length(b: &mut Builder, extent: &Extent) -> Value {
    match extent {
        Extent::Const(n) => b.int(*n as i64),
        Extent::Count(_) => {
            let one = b.int(1);
            let ones = b.expand_to(one, std::slice::from_ref(extent));
            b.sum(ones, &[0])
        }
    }
}

/// The number of a value in the graph that is being written, in which it becomes known if it was not.
fn local(b: &mut Builder, value: Value) -> Value {
    let here = b.here(value);
    match b.number(here) {
        Some(number) => number,
        None => bug!("a value is not known where it was made known"),
    }
}
