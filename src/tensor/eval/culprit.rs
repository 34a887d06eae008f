//! Which operation a value comes from that is not finite.

use super::{Array, graph_watched};
use crate::diag::Span;
use crate::tensor::{Graph, Kind, Name, Node, Op, origin};
use ndarray::Zip;

/// So many operations are tried.
const MOST: usize = 256;

/// An operation that gave a number that is not finite for numbers that are.
#[derive(Debug, Clone, PartialEq)]
pub struct Culprit {
    /// Its place in the spec.
    pub span: Option<Span>,
    /// What it is called.
    pub title: Name,
    /// One of its elements, and to what it was done if that is known.
    operands: Vec<f64>,
    value: f64,
}

impl Culprit {
    /// What was done, to what, and what came of it.
    pub fn sentence(&self) -> String {
        let operands: Vec<String> = self.operands.iter().map(|operand| format!("{operand}")).collect();
        origin::deed(&self.title, &operands, &format!("{}", self.value))
    }
}

/// The first operation that gives what is not finite for what is, and on which it depends whether the results are: where
/// all others of that kind give 0 instead, some result is not finite all the same.
pub fn culprit(graph: &Graph, inputs: &[Array]) -> Option<Culprit> {
    let mut found: Vec<(*const Node, Culprit)> = Vec::new();
    let looked = graph_watched(graph, inputs, &mut |node, operands, value| {
        if found.len() < MOST && !found.iter().any(|(known, _)| std::ptr::eq(*known, node)) {
            let title = node.title();
            let culprit = |(operands, value)| Culprit { span: node.span, title, operands, value };
            found.extend(
                arises(node, operands, value, None).map(culprit).map(|culprit| (std::ptr::from_ref(node), culprit)),
            );
        }
    });
    looked.ok()?;
    let guilty = |(one, _): &(*const Node, Culprit)| {
        let results = graph_watched(graph, inputs, &mut |node, operands, value| {
            if !std::ptr::eq(*one, node) {
                arises(node, operands, value, Some(0.0));
            }
        });
        results.is_ok_and(|results| results.iter().flat_map(Array::numbers).any(|number| !number.is_finite()))
    };
    let place = found.iter().position(guilty).unwrap_or(0);
    found.into_iter().nth(place).map(|(_, culprit)| culprit)
}

/// Where a node gives what is not finite for what is: the first such element with its operands. All of them become
/// `instead`.
fn arises(node: &Node, operands: &[Array], value: &mut Array, instead: Option<f64>) -> Option<(Vec<f64>, f64)> {
    let Array::Real(value) = value else { return None };
    if value.iter().all(|number| number.is_finite()) {
        return None;
    }
    let Op::Row(row, _) = &node.op else { return None };
    let reals: Vec<_> = operands.iter().filter_map(|operand| operand.reals().ok()).collect();
    let mut first = None;
    if matches!(row.kind, Kind::Map(_)) {
        let mut clean = ndarray::ArrayD::from_elem(value.raw_dim(), true);
        for operand in &reals {
            Zip::from(&mut clean).and(*operand).for_each(|clean, number| *clean &= number.is_finite());
        }
        for ((place, number), clean) in value.indexed_iter_mut().zip(&clean) {
            if *clean && !number.is_finite() {
                first.get_or_insert_with(|| (reals.iter().map(|operand| operand[&place]).collect(), *number));
                *number = instead.unwrap_or(*number);
            }
        }
    } else if reals.iter().all(|operand| operand.iter().all(|number| number.is_finite())) {
        for number in value.iter_mut().filter(|number| !number.is_finite()) {
            first.get_or_insert((Vec::new(), *number));
            *number = instead.unwrap_or(*number);
        }
    }
    first
}
