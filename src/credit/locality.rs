//! What a synapse reads when it changes: found by walking back through the program of a step, from what a parameter becomes to
//! activity, weights and states. Nothing is believed of a rule, and no name of one stands here.
//!
//! Every value on the way is looked at along its axes: which of them go with those of the parameter, so that each synapse sees its
//! own element, and which are summed over or mixed, so that it sees those of others. The walk ends where activity is computed (how
//! that came about is no concern of the synapse) and at what is one number for each sample, which is the same for all synapses.
//! Behind a cost and a modulator it goes on, but looks for weights alone: what they bring may have come over some.

mod axes;

use super::by::{Changed, changed_by};
use super::feedback::{self, Feedback};
use super::learn::{learn as step_of, slot_of};
use crate::model::{Bias, Learn, Model, Pattern, ProjectionId, owner};
use crate::tensor::{Element, Extent, Graph, Kind, Loop, Name, Node, Op, Part, Program, Record, Role, Value};
use std::collections::{BTreeSet, HashSet};
use std::fmt;

/// Something that a synapse reads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reads {
    /// The activity of the unit before it.
    Pre,
    /// That of the unit behind it, and what that is made of.
    Post,
    /// Itself.
    Own,
    /// What lives on beside itself: the state of an optimiser, a trace.
    State,
    /// Noise.
    Noise,
    /// What a cost asks of the unit behind it.
    Asked(Name),
    /// A modulator.
    Modulator(Name),
    /// A number that is the same for all synapses, of a sample or of a batch.
    Global,
    /// What comes of other samples, beyond the mean of the changes that all ask for.
    Batch,
    /// The activity of other units than those at its ends, in this region.
    Units(Name),
    /// What a cost asks of other units.
    AskedOfOthers(Name),
    /// Other synapses that have a parameter, by slot.
    Synapses(Name),
    /// Weights along which activity travels, to carry credit the other way: by slot.
    Transport(Name),
    /// Feedback weights that are no weights of the way forward: by slot.
    Feedback(Name),
}

impl fmt::Display for Reads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reads::Pre => write!(f, "the unit before it"),
            Reads::Post => write!(f, "the unit behind it"),
            Reads::Own => write!(f, "itself"),
            Reads::State => write!(f, "its own state"),
            Reads::Noise => write!(f, "noise"),
            Reads::Asked(cost) => write!(f, "what `{cost}` asks of the unit behind it"),
            Reads::Modulator(name) => write!(f, "the modulator `{name}`"),
            Reads::Global => write!(f, "a number that is the same for all"),
            Reads::Batch => write!(f, "other samples of the batch"),
            Reads::Units(region) => write!(f, "other units of `{region}`"),
            Reads::AskedOfOthers(cost) => write!(f, "what `{cost}` asks of other units"),
            Reads::Synapses(slot) => write!(f, "other synapses of `{slot}`"),
            Reads::Transport(slot) => write!(f, "`{slot}`, to carry credit back"),
            Reads::Feedback(slot) => write!(f, "the feedback weights `{slot}`"),
        }
    }
}

impl Reads {
    /// Whether it is where the synapse is. What is the mean of a batch would be a mean over time, were there one sample at a time.
    pub fn is_local(&self) -> bool {
        !matches!(
            self,
            Reads::Units(_) | Reads::AskedOfOthers(_) | Reads::Synapses(_) | Reads::Transport(_) | Reads::Feedback(_)
        )
    }
}

/// What each parameter of a statement, and the feedback weights that it changes, read when they change.
pub fn reads(model: &Model, phase: usize, learn: &Learn) -> Vec<(Changed, BTreeSet<Reads>)> {
    let mut alone = model.clone();
    alone.phases[phase].learns = vec![learn.clone()];
    let program = step_of(&alone, phase, 1);
    let mut changed = changed_by(model, learn);
    for feedback in feedback::all(model).map(Changed::Feedback) {
        let slot = slot_of(model, &feedback);
        let known = changed.iter().any(|other| slot_of(model, other) == slot);
        if !known && program.writes.iter().any(|written| program.slots[*written].name == slot) {
            changed.push(feedback);
        }
    }
    changed.into_iter().map(|changed| (changed, of(model, &program, &changed))).collect()
}

/// What an axis of a value is to the synapse: the parameter's axis of this number, or mixed.
type Along = Vec<Option<usize>>;

/// What is known of the way to a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
struct How {
    /// It carries credit back over a product.
    back: bool,
    /// A cost or a modulator brings it: only weights count.
    brought: bool,
    /// The samples have been put together.
    averaged: bool,
}

/// A value, how its axes lie, and how it is read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Seen {
    value: Value,
    along: Along,
    how: How,
}

/// The same of a graph's parameter, by number.
struct Given {
    number: usize,
    along: Along,
    how: How,
}

/// What one parameter reads.
fn of(model: &Model, program: &Program, changed: &Changed) -> BTreeSet<Reads> {
    let own = slot_of(model, changed);
    let Some(place) = program.writes.iter().position(|slot| program.slots[*slot].name == own) else {
        return BTreeSet::new();
    };
    let value = program.graph.results[place];
    let along = (0..program.graph.ty(value).shape.len()).map(Some).collect();
    let mut walk = Walk { model, program, changed, own, found: BTreeSet::new() };
    for given in walk.graph(&program.graph, Seen { value, along, how: How::default() }) {
        walk.slot(&given);
    }
    walk.found
}

struct Walk<'w> {
    model: &'w Model,
    program: &'w Program,
    changed: &'w Changed,
    own: Name,
    found: BTreeSet<Reads>,
}

impl Walk<'_> {
    /// Walks back in a graph; gives which of its parameters are read, and how.
    fn graph(&mut self, graph: &Graph, start: Seen) -> Vec<Given> {
        let mut defined: Vec<Option<usize>> = vec![None; graph.values.len()];
        for (number, node) in graph.nodes.iter().enumerate() {
            node.outputs.iter().for_each(|value| defined[value.0 as usize] = Some(number));
        }
        let (mut known, mut open, mut given) = (HashSet::new(), vec![start], Vec::new());
        while let Some(seen) = open.pop() {
            if !known.insert(seen.clone()) {
                continue;
            }
            let Some(number) = defined[seen.value.0 as usize] else {
                if let Some(number) = graph.params.iter().position(|other| *other == seen.value) {
                    given.push(Given { number, along: seen.along, how: seen.how });
                }
                continue;
            };
            let node = &graph.nodes[number];
            if let Some(how) = self.onwards(graph, node, &seen) {
                let output = node.outputs.iter().position(|other| *other == seen.value).unwrap_or(0);
                open.extend(self.node(graph, node, output, &Seen { how, ..seen }));
            }
        }
        given
    }

    /// Notes what a value is, if it has a name; says how the walk goes on behind it, if it does.
    fn onwards(&mut self, graph: &Graph, node: &Node, seen: &Seen) -> Option<How> {
        if !matches!(node.op, Op::Row(..)) {
            return Some(seen.how);
        }
        let brought = Some(How { brought: true, ..seen.how });
        let whose = node.origin.whose.as_deref();
        let is = |part: Part| whose.is_some_and(|whose| whose.part == part);
        let span = whose.map(|whose| whose.span);
        if is(Part::Modulator) {
            let modulator = self.model.modulators.iter().find(|modulator| Some(modulator.span) == span);
            self.note(seen, modulator.map(|modulator| Reads::Modulator(modulator.name.clone())));
            return if is_one(graph, seen.value) { None } else { brought };
        }
        if is_one(graph, seen.value) {
            return self.number(graph, node, seen);
        }
        if only_moves(node) {
            return Some(seen.how);
        }
        if is(Part::Activity) && node.origin.derivative.is_none() {
            let region = self.model.regions.iter().find(|region| Some(region.span) == span);
            let read = region.map(|region| self.activity(&region.name, &seen.along));
            self.note(seen, read);
            return None;
        }
        if is(Part::Cost) {
            let cost = self.model.costs.iter().find(|cost| Some(cost.span) == span);
            let mine = seen.along.contains(&Some(0));
            let name = cost.map(|cost| cost.name.clone());
            self.note(seen, name.map(|name| if mine { Reads::Asked(name) } else { Reads::AskedOfOthers(name) }));
            return brought;
        }
        Some(seen.how)
    }

    /// What is one number: the walk goes on to those that it is made of, up to where it comes of something else.
    fn number(&mut self, graph: &Graph, node: &Node, seen: &Seen) -> Option<How> {
        let kind = match &node.op {
            Op::Row(row, _) => Some(row.kind),
            _ => None,
        };
        match kind {
            Some(Kind::Map(_) | Kind::Reduce(_)) if node.inputs.iter().all(|input| is_one(graph, *input)) => {
                return Some(seen.how);
            }
            Some(Kind::Constant) => {}
            _ if self.depends(graph, seen.value) => self.note(seen, Some(Reads::Global)),
            _ => {}
        }
        None
    }

    fn note(&mut self, seen: &Seen, read: Option<Reads>) {
        if !seen.how.brought {
            self.found.extend(read);
        }
    }

    /// Whether a single number depends on more than clocks and constants.
    fn depends(&self, graph: &Graph, value: Value) -> bool {
        let (mut open, mut seen) = (vec![value], HashSet::new());
        while let Some(value) = open.pop() {
            if !seen.insert(value) {
                continue;
            }
            if let Some(param) = graph.params.iter().position(|other| *other == value) {
                let outermost = std::ptr::eq(graph, &self.program.graph);
                let counts = |slot: &crate::tensor::Slot| slot.role != Role::Input && !slot.ty.shape.is_empty();
                if !outermost || self.program.slots.get(param).is_some_and(counts) {
                    return true;
                }
            }
            if let Some(node) = graph.nodes.iter().find(|node| node.outputs.contains(&value)) {
                open.extend(&node.inputs);
            }
        }
        false
    }

    /// Activity of a region, seen along its axes.
    fn activity(&self, name: &Name, along: &Along) -> Reads {
        let regions = &self.model.regions;
        let (pre, post) = self.ends_of_changed();
        let is = |ends: &[usize]| ends.iter().any(|end| regions[*end].name == *name);
        let shared = self.is_shared();
        let element = |axis: usize| shared || along.contains(&Some(axis));
        let one_axis = self.projection().is_some_and(|id| self.model.projections[id.0].pattern == Pattern::OneToOne);
        if is(&post) && element(0) {
            Reads::Post
        } else if is(&pre) && element(if one_axis { 0 } else { 1 }) {
            Reads::Pre
        } else {
            Reads::Units(name.clone())
        }
    }

    /// Whether one weight stands for synapses at many places, which are all its ends.
    fn is_shared(&self) -> bool {
        match (self.projection(), self.changed) {
            (Some(id), _) => self.siblings(id).any(|id| matches!(self.model.projections[id].pattern, Pattern::Conv(_))),
            (None, Changed::Bias(id)) => self.model.regions[id.0].bias == Bias::Channel,
            _ => false,
        }
    }

    /// The projection whose weights change, or a factor or the feedback weights that stand for them.
    fn projection(&self) -> Option<ProjectionId> {
        match self.changed {
            Changed::Weight(id) | Changed::Factor(id, _) => Some(*id),
            Changed::Feedback(Feedback::Projection(id) | Feedback::Factor(id, _)) => Some(*id),
            _ => None,
        }
    }

    /// The projections that have the weights of this one.
    fn siblings(&self, id: ProjectionId) -> impl Iterator<Item = usize> + '_ {
        let wires = &self.model.projections;
        let own = owner(wires, id);
        (0..wires.len()).filter(move |other| wires[*other].has_weights() && owner(wires, ProjectionId(*other)) == own)
    }

    /// The regions before and behind what changes.
    fn ends_of_changed(&self) -> (Vec<usize>, Vec<usize>) {
        let wires = &self.model.projections;
        match (self.projection(), self.changed) {
            (Some(id), _) => self
                .siblings(id)
                .map(|other| match wires[other].is_transposed() {
                    true => (wires[other].target.0, wires[other].source.0),
                    false => (wires[other].source.0, wires[other].target.0),
                })
                .unzip(),
            (None, Changed::Inner(id, _) | Changed::Feedback(Feedback::Inner(id, _))) => {
                let into = wires.iter().filter(|wire| wire.target == *id).map(|wire| wire.source.0);
                (into.chain([id.0]).collect(), vec![id.0])
            }
            (None, Changed::Bias(id)) => (Vec::new(), vec![id.0]),
            (None, Changed::Feedback(Feedback::Direct(from, to, _))) => (vec![from.0], vec![to.0]),
            (None, _) => Default::default(),
        }
    }

    /// A slot that is read.
    fn slot(&mut self, given: &Given) {
        let slot = &self.program.slots[given.number];
        let name = slot.name.clone();
        let along = &given.along;
        let same = along.iter().enumerate().all(|(axis, other)| *other == Some(axis));
        let read = match slot.role {
            Role::Parameter if name == self.own && same => Reads::Own,
            _ if feedback::is_slot(&name) => Reads::Feedback(name),
            Role::Input if name.starts_with(super::chance::SLOT) && !given.how.brought => Reads::Noise,
            Role::Input => return,
            Role::State if name.starts_with("clock.") || name.ends_with(".synapses") => return,
            Role::State if along.iter().all(Option::is_some) && self.is_beside(&name) => Reads::State,
            Role::State => Reads::Synapses(name),
            Role::Parameter if given.how.back => Reads::Transport(name),
            Role::Parameter => Reads::Synapses(name),
        };
        self.found.insert(read);
    }

    /// Whether a state is kept beside what changes: by its optimiser, or by a rule at its projection, or for its units.
    fn is_beside(&self, state: &str) -> bool {
        let Some((beside, _)) = state.split_once('|') else {
            return self.ends_of_changed().1.iter().any(|region| {
                state
                    .strip_prefix(&*self.model.regions[*region].name)
                    .is_some_and(|rest| rest.starts_with(".incoming_"))
            });
        };
        let wires = &self.model.projections;
        let kept = match (self.projection(), self.changed) {
            (Some(id), _) => self.siblings(id).any(|id| *wires[id].name == *beside),
            (None, Changed::Bias(region) | Changed::Inner(region, _)) => {
                wires.iter().any(|wire| wire.target == *region && *wire.name == *beside)
            }
            (None, _) => false,
        };
        beside == &*self.own || kept
    }

    /// How a node's operands are seen where one of its results is.
    fn node(&mut self, graph: &Graph, node: &Node, output: usize, seen: &Seen) -> Vec<Seen> {
        match &node.op {
            Op::Row(row, attributes) => {
                let product = matches!(row.kind, Kind::Contract);
                let back = product && (node.origin.derivative.is_some() || seen.how.brought);
                let mut how = How { back: seen.how.back || back, ..seen.how };
                if puts_samples_together(graph, node, seen.value) {
                    if how.averaged {
                        self.note(seen, Some(Reads::Batch));
                    }
                    how.averaged = true;
                }
                let operand = |place: usize| axes::operand(graph, row, attributes, node, place, &seen.along);
                let each = node.inputs.iter().enumerate();
                each.map(|(place, input)| Seen { value: *input, along: operand(place), how }).collect()
            }
            Op::Bind(_) => Vec::new(),
            Op::Loop(inner) => self.rounds(graph, node, inner, output, seen),
            Op::When(branches) => {
                let mut read = vec![Seen { value: node.inputs[0], along: Vec::new(), how: seen.how }];
                for branch in [&branches.then, &branches.otherwise] {
                    let given = self.graph(branch, Seen { value: branch.results[output], ..seen.clone() });
                    let from_outside = |given: Given| Seen {
                        value: node.inputs[given.number + 1],
                        along: given.along,
                        how: given.how,
                    };
                    read.extend(given.into_iter().map(from_outside));
                }
                read
            }
        }
    }

    /// How what a loop reads is seen where one of its results is.
    fn rounds(&mut self, graph: &Graph, node: &Node, inner: &Loop, output: usize, seen: &Seen) -> Vec<Seen> {
        let body = &inner.body;
        let (invariants, slices, carries) = (inner.invariants, inner.slices.len(), inner.carries);
        let (first, along) = if output < carries {
            (body.results[output], seen.along.clone())
        } else if output < carries + inner.records.len() {
            let rest = seen.along.get(1..).unwrap_or_default().to_vec();
            match inner.records[output - carries] {
                Record::Carry(carry) => (body.results[carry], rest),
                Record::Value => (inner.recorded(output - carries), rest),
            }
        } else {
            return Vec::new();
        };
        let mut starts = vec![Seen { value: first, along, how: seen.how }];
        let (mut known, mut read) = (HashSet::new(), Vec::new());
        while let Some(start) = starts.pop() {
            if !known.insert(start.clone()) {
                continue;
            }
            for Given { number, along, how } in self.graph(body, start) {
                let Some(place) = number.checked_sub(1) else { continue };
                let value = node.inputs[place];
                if place >= invariants && place < invariants + slices {
                    let along = std::iter::once(None).chain(along).collect::<Along>();
                    read.push(Seen { value, along, how });
                    continue;
                }
                if place >= invariants + slices {
                    let value = body.results[place - invariants - slices];
                    starts.push(Seen { value, along: along.clone(), how });
                }
                read.push(Seen { value, along, how });
            }
        }
        debug_assert!(read.iter().all(|seen| seen.along.len() == graph.ty(seen.value).shape.len()));
        read
    }
}

/// Whether a value is one number, or one for each sample.
fn is_one(graph: &Graph, value: Value) -> bool {
    let ty = graph.ty(value);
    matches!(ty.element, Element::Real | Element::Bool) && ty.shape.iter().all(is_samples)
}

/// Whether a node gives elements of its operand in another place, so that they are still whose they were.
fn only_moves(node: &Node) -> bool {
    let Op::Row(row, _) = &node.op else { return false };
    matches!(
        row.kind,
        Kind::Expand | Kind::Permute | Kind::Reshape | Kind::Slice | Kind::Pad | Kind::Windows | Kind::Overlap
    )
}

/// Whether an axis is that of the samples.
fn is_samples(extent: &Extent) -> bool {
    matches!(extent, Extent::Count(count) if &*count.name == super::clock::SAMPLES)
}

/// Whether the operands of a node have an axis of samples, and its result has none.
fn puts_samples_together(graph: &Graph, node: &Node, result: Value) -> bool {
    let has = |value: &Value| graph.ty(*value).shape.iter().any(is_samples);
    !has(&result) && node.inputs.iter().any(has)
}
