//! Which values get a place in memory, and which are computed inside the nests that ask for them.
//!
//! A sum, a product, a loop's or a branch's result lies in memory. All else is computed where it is asked for, unless
//! - somebody wants an array to look at (an operand of a matrix product, what is handed into a loop or a branch),
//! - several nests ask for it and it is not cheap, or
//! - it is costly and would be computed anew for each repetition.

use super::expression::cost;
use super::reshape;
use crate::tensor::{Attributes, Contraction, Extent, Graph, Kind, Node, Op, Value};
use std::collections::BTreeSet;

/// At most so many additions are done again rather than kept.
const CHEAP: usize = 2;
/// From so many additions on, nothing is computed anew for each repetition.
const COSTLY: usize = 8;
/// No nest computes more than this for one element: long functions take long to compile.
const LARGEST: usize = 400;
/// No chain of values inside a nest is longer.
const DEEPEST: usize = 100;

/// What was decided for a graph.
#[derive(Debug, Clone)]
pub struct Fusion {
    /// For each value, whether it has a place in memory (parameters have theirs from outside).
    pub kept: Vec<bool>,
    /// For each value the node that gives it.
    pub producer: Vec<Option<usize>>,
    /// For each value, whether something that is wanted depends on it.
    pub live: Vec<bool>,
    /// For each value how often it is used by what is wanted.
    pub uses: Vec<usize>,
}

/// Decides for a graph of which some results are wanted.
pub fn decide(graph: &Graph, wanted: &[bool]) -> Fusion {
    let values = graph.values.len();
    let mut fusion = Fusion {
        kept: vec![false; values],
        producer: vec![None; values],
        live: vec![false; values],
        uses: vec![0; values],
    };
    for (number, node) in graph.nodes.iter().enumerate() {
        for output in &node.outputs {
            fusion.producer[output.0 as usize] = Some(number);
        }
    }
    mark_live(graph, wanted, &mut fusion);
    let mut demanded = vec![false; values];
    for node in live_nodes(graph, &fusion) {
        demand(graph, &fusion, node, &mut demanded);
    }
    for (result, _) in graph.results.iter().zip(wanted).filter(|(_, wanted)| **wanted) {
        demanded[result.0 as usize] |= fusion.node(graph, *result).is_some_and(is_computed);
    }
    // What is kept decides what is cheap, and what is cheap decides what is kept: once to see, once to settle.
    fusion.kept.clone_from(&demanded);
    for _ in 0..2 {
        let costs = costs(graph, &mut fusion, &mut demanded);
        fusion.kept = keep(graph, &fusion, wanted, &demanded, &costs);
    }
    fusion
}

impl Fusion {
    /// The node that gives a value.
    pub fn node<'a>(&self, graph: &'a Graph, value: Value) -> Option<&'a Node> {
        self.producer[value.0 as usize].map(|number| &graph.nodes[number])
    }
}

/// Whether a node computes, rather than moves or repeats.
fn is_computed(node: &Node) -> bool {
    match &node.op {
        Op::Row(row, _) => matches!(row.kind, Kind::Map(_) | Kind::Gather | Kind::Contract),
        _ => false,
    }
}

/// Whether a node can be a part of another's nest.
pub fn can_be_inside(graph: &Graph, node: &Node) -> bool {
    match &node.op {
        Op::Row(row, _) => match row.kind {
            Kind::Reduce(_) | Kind::Scatter | Kind::Overlap | Kind::Pad | Kind::Composite(_) => false,
            Kind::Contract => sums_at_most_one(graph, node),
            _ => true,
        },
        _ => false,
    }
}

/// Whether a contraction sums over nothing, or over axes of one element.
fn sums_at_most_one(graph: &Graph, node: &Node) -> bool {
    let Op::Row(_, Attributes::Contract(Contraction { left, out, .. })) = &node.op else { return false };
    let shape = &graph.ty(node.inputs[0]).shape;
    left.iter().zip(shape).all(|(letter, extent)| out.contains(letter) || *extent == Extent::Const(1))
}

fn mark_live(graph: &Graph, wanted: &[bool], fusion: &mut Fusion) {
    for (result, wanted) in graph.results.iter().zip(wanted) {
        fusion.live[result.0 as usize] |= *wanted;
        fusion.uses[result.0 as usize] += usize::from(*wanted);
    }
    // A count that some type mentions is wanted too; it is bound by a value that nobody needs to use.
    let counts: BTreeSet<_> = graph.values.iter().flat_map(|info| &info.ty.shape).filter_map(name_of_count).collect();
    for node in graph.nodes.iter().rev() {
        let binds = match &node.op {
            Op::Bind(_) => true,
            Op::Loop(inner) => inner.until.as_ref().is_some_and(|count| counts.contains(&count.name)),
            _ => false,
        };
        if binds || node.outputs.iter().any(|output| fusion.live[output.0 as usize]) {
            for output in node.outputs.iter().filter(|_| matches!(node.op, Op::Bind(_))) {
                fusion.live[output.0 as usize] = true;
            }
            if let (Op::Loop(_), true, Some(rounds)) = (&node.op, binds, node.outputs.last()) {
                fusion.live[rounds.0 as usize] = true;
            }
            for input in &node.inputs {
                fusion.live[input.0 as usize] = true;
                fusion.uses[input.0 as usize] += 1;
            }
        }
    }
}

fn name_of_count(extent: &Extent) -> Option<&crate::tensor::Name> {
    match extent {
        Extent::Count(count) => Some(&count.name),
        Extent::Const(_) => None,
    }
}

fn live_nodes<'a>(graph: &'a Graph, fusion: &Fusion) -> impl DoubleEndedIterator<Item = &'a Node> {
    let live: Vec<&Node> =
        graph.nodes.iter().filter(|node| node.outputs.iter().any(|output| fusion.live[output.0 as usize])).collect();
    live.into_iter()
}

/// Marks what must have a place for the sake of this node: its own results, or arrays that it wants to look at.
fn demand(graph: &Graph, fusion: &Fusion, node: &Node, demanded: &mut [bool]) {
    if !can_be_inside(graph, node) {
        for output in &node.outputs {
            demanded[output.0 as usize] = true;
        }
        let looked_at: &[Value] = match &node.op {
            Op::Row(row, _) if matches!(row.kind, Kind::Contract) => &node.inputs,
            Op::Loop(inner) => &node.inputs[..inner.invariants + inner.slices.len()],
            Op::When(_) => &node.inputs,
            _ => &[],
        };
        for input in looked_at {
            demand_view(graph, fusion, *input, demanded);
        }
    }
}

/// Marks what must have a place so that this value can be looked at as an array.
fn demand_view(graph: &Graph, fusion: &Fusion, value: Value, demanded: &mut [bool]) {
    let Some(node) = fusion.node(graph, value) else { return };
    let Op::Row(row, attributes) = &node.op else { return };
    match (row.kind, attributes) {
        (Kind::Constant, _) => {}
        (Kind::Expand | Kind::Permute | Kind::Slice | Kind::Windows, _) => {
            demand_view(graph, fusion, node.inputs[0], demanded)
        }
        (Kind::Reshape, Attributes::Shape(shape)) if reshape::only_splits(&graph.ty(node.inputs[0]).shape, shape) => {
            demand_view(graph, fusion, node.inputs[0], demanded);
        }
        (Kind::Gather, _) if is_front(graph, fusion, node) => {
            demand_view(graph, fusion, node.inputs[0], demanded);
        }
        _ => demanded[value.0 as usize] = true,
    }
}

/// Whether a gather takes the first rows, in their order.
pub fn is_front(graph: &Graph, fusion: &Fusion, node: &Node) -> bool {
    let index = fusion.node(graph, node.inputs[1]);
    index.is_some_and(|index| matches!(&index.op, Op::Row(row, _) if matches!(row.kind, Kind::Iota)))
}

/// What computing an element costs, given what is kept; marks what would become too large.
fn costs(graph: &Graph, fusion: &mut Fusion, demanded: &mut [bool]) -> Vec<usize> {
    let mut costs = vec![0_usize; graph.values.len()];
    let mut depths = vec![0_usize; graph.values.len()];
    for node in &graph.nodes {
        if !can_be_inside(graph, node) {
            continue;
        }
        let own = match &node.op {
            Op::Row(row, _) => match row.kind {
                Kind::Map(op) => cost(op),
                Kind::Contract | Kind::Gather => 1,
                _ => 0,
            },
            _ => 0,
        };
        let inside = |value: &Value| !fusion.kept[value.0 as usize] && fusion.producer[value.0 as usize].is_some();
        let inputs = || node.inputs.iter().filter(|input| inside(input)).map(|input| input.0 as usize);
        let total = inputs().fold(own, |sum, input| sum.saturating_add(costs[input]));
        let depth = inputs().map(|input| depths[input] + 1).max().unwrap_or(0);
        let output = node.outputs[0].0 as usize;
        if total > LARGEST || depth > DEEPEST {
            demanded[output] = true;
            fusion.kept[output] = true;
        }
        costs[output] = total;
        depths[output] = depth;
    }
    costs
}

/// Decides from the last node to the first, knowing who asks for each value.
fn keep(graph: &Graph, fusion: &Fusion, wanted: &[bool], demanded: &[bool], costs: &[usize]) -> Vec<bool> {
    let mut kept = demanded.to_vec();
    let mut askers: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); graph.values.len()];
    for (number, (result, _)) in graph.results.iter().zip(wanted).enumerate().filter(|(_, (_, wanted))| **wanted) {
        askers[result.0 as usize].insert(graph.nodes.len() + number);
    }
    for (number, node) in graph.nodes.iter().enumerate().rev() {
        if !node.outputs.iter().any(|output| fusion.live[output.0 as usize]) {
            continue;
        }
        let mut asks = BTreeSet::from([number]);
        if can_be_inside(graph, node) {
            let output = node.outputs[0].0 as usize;
            let shared = askers[output].len() > 1 && costs[output] > CHEAP;
            kept[output] |= shared && !matches!(&node.op, Op::Row(row, _) if matches!(row.kind, Kind::Constant));
            if !kept[output] {
                asks.clone_from(&askers[output]);
            }
        }
        for (place, input) in node.inputs.iter().enumerate() {
            askers[input.0 as usize].extend(&asks);
            kept[input.0 as usize] |= repeats(graph, node, place)
                && costs[input.0 as usize] >= COSTLY
                && fusion.producer[input.0 as usize].is_some();
        }
    }
    kept
}

/// Whether a node asks for the elements of an operand again and again, in a way that no loop order saves.
fn repeats(graph: &Graph, node: &Node, place: usize) -> bool {
    let Op::Row(row, attributes) = &node.op else { return false };
    let rank = graph.ty(node.inputs[place]).shape.len();
    match (row.kind, attributes) {
        (Kind::Expand, Attributes::Expand { axes, .. }) => rank > 0 && !axes.iter().copied().eq(0..rank),
        (Kind::Contract, Attributes::Contract(Contraction { left, right, out })) => {
            let letters = if place == 0 { left } else { right };
            rank > 0 && !out.starts_with(letters)
        }
        (Kind::Windows, Attributes::Windows(windows)) => {
            windows.sizes.iter().zip(&windows.strides).any(|(size, stride)| size > stride)
        }
        (Kind::Gather, _) => place == 0,
        _ => false,
    }
}
