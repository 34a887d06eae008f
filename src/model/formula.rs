//! Expressions with names resolved, calls of definitions written out, and a type and a unit on every node.

use super::{ConstId, CostId, DataId, MetricId, ModulatorId, ParamId, ProjectionId, RegionId};
use crate::bug;
use crate::diag::Span;
use crate::tensor::{Attributes, Name, Row, Type};
use std::fmt;

/// What a number measures. Two numbers are added or compared only if they measure the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// A plain number.
    One,
    /// Time, kept in ms.
    Time,
    /// Rate, kept in Hz.
    Frequency,
    /// Voltage, kept in mV.
    Voltage,
    /// Conductance, kept in nS.
    Conductance,
    /// Current, kept in pA.
    Current,
    /// Angle, kept in deg.
    Angle,
    /// Training steps (or time steps).
    Steps,
    /// Epochs.
    Epochs,
    /// Trials.
    Trials,
}

impl Unit {
    /// `in ms`, or `a plain number`.
    pub fn phrase(self) -> String {
        if self == Unit::One { self.to_string() } else { format!("in {self}") }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unit::One => "a plain number",
            Unit::Time => "ms",
            Unit::Frequency => "Hz",
            Unit::Voltage => "mV",
            Unit::Conductance => "nS",
            Unit::Current => "pA",
            Unit::Angle => "deg",
            Unit::Steps => "steps",
            Unit::Epochs => "epochs",
            Unit::Trials => "trials",
        })
    }
}

/// What a formula may read. Shapes are per sample.
#[derive(Debug, Clone, PartialEq)]
pub enum Leaf {
    /// The activity of a region.
    Region(RegionId),
    /// In a region's equation: the sum of its unnamed projections and its bias.
    Drive,
    /// In a region's equation: a named projection into it.
    Projection(ProjectionId),
    /// A field of the sample.
    Field(DataId, Name),
    /// In data from other data: the field of a second sample of the same split.
    Other(DataId, Name),
    /// The row of a field that belongs to the time step so many behind this one (before it, if negative); outside of the
    /// trial, 0.
    FieldNow(DataId, Name, i64),
    /// In a region's equation, generated data and constants: the draw of this number, a unit normal or uniform in [0, 1).
    Draw(usize),
    /// In generated data: the number of the sample in its split, as a real.
    Index,
    /// In generated data and constants: the index along this axis of what is defined, for each of its elements.
    Axis(usize),
    /// The time step, as a real, from 0.
    Time,
    /// The activity of a region one time step before; 0 at first.
    Previous(RegionId),
    /// In a structure: the activity of the sources without a name, one behind the other.
    Input,
    /// In a structure: its own weight of this number.
    Inner(usize),
    /// In a structure: the state of this number, as the time step finds it.
    Before(usize),
    /// A fixed array; the same for all samples.
    Const(ConstId),
    /// A param.
    Param(ParamId),
    /// The weights of a projection, `[post, pre]` (`[n]` if one to one); not per sample.
    Weight(ProjectionId),
    /// What they were when the phase of this name last ended; before that, at birth.
    WeightAt(ProjectionId, Name),
    /// Where something settles: whether the sample did not, 1 or 0.
    Unsettled,
    /// `training`: 1 while learning, 0 while measuring.
    Training,
    /// How far the phase is: k / n at step k = 0 … n - 1 of its bound.
    Progress,
    /// The step of the phase, k, as a real.
    PhaseStep,
    /// The number of steps in an epoch of the phase, as a real.
    StepsPerEpoch,
    /// In `until`: a metric's value on the split named, else on validation or, without one, its running value.
    Metric(MetricId, Option<Name>),
    /// In `until`: a cost's value, likewise.
    Cost(CostId, Option<Name>),
    /// In a rule: the activity of the unit before the synapse.
    Pre,
    /// In a rule: that of the unit behind it.
    Post,
    /// In a rule: the activity of the unit before the synapse in the pass of this number.
    PreIn(usize),
    /// In a rule: that of the unit behind it, likewise.
    PostIn(usize),
    /// In a rule or optimiser: the parameter itself (`w`).
    Synapse,
    /// In a rule with indices: the activity of the units before, along this axis (see [`super::indices`]).
    PreAt(usize),
    /// In a rule with indices: that of the units behind.
    PostAt(usize),
    /// In a rule with indices: the weights, along these axes; or the biases, along the first.
    SynapseAt(usize, Option<usize>),
    /// In a rule with indices: the index of this axis, as a real.
    Place(usize),
    /// In a rule: what it keeps.
    Kept(KeptAt),
    /// In a rule with indices: what it keeps along axes that are written out, along these of the equation.
    KeptAlong(KeptAt, usize, Option<usize>),
    /// In a rule: a modulator, or its entry for the unit behind.
    Modulator(ModulatorId),
    /// In a rule: how many samples the batch has, as a real.
    Samples,
    /// In an optimiser: the gradient (`g`).
    Gradient,
    /// In an optimiser: a state.
    State(usize),
    /// In an optimiser: the number of updates that this parameter has had with this one, from 1, as a real.
    Step,
}

/// What a rule keeps, as one of its equations finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeptAt {
    /// Its number.
    pub number: usize,
    /// How many lines have brought it up to date before.
    pub lines: usize,
    /// Whether each sample has its own.
    pub of_sample: bool,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Something read.
    Leaf(Leaf),
    /// An operation of the table on other nodes (which come before).
    Op(&'static Row, Attributes, Vec<usize>),
}

/// One node.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Element and shape, per sample; all extents are constants.
    pub ty: Type,
    /// What it measures.
    pub unit: Unit,
    /// The place in the text (in a user's file where there is one).
    pub span: Span,
}

/// An expression: nodes in an order in which they can be computed; the last one is its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Formula {
    /// The nodes.
    pub nodes: Vec<Node>,
    /// The place of its value.
    pub root: usize,
}

impl Formula {
    /// The node that is its value.
    pub fn value(&self) -> &Node {
        &self.nodes[self.root]
    }

    /// What each of `roots` comes to, computing only what they depend on: `each` gives a node's value from its operands'.
    pub fn fold<V: Clone>(&self, roots: &[usize], mut each: impl FnMut(&Node, Vec<V>) -> V) -> Vec<V> {
        let needed = self.needed(roots);
        let mut values: Vec<Option<V>> = vec![None; self.nodes.len()];
        for (place, node) in self.nodes.iter().enumerate().filter(|(place, _)| needed[*place]) {
            let operands = match &node.kind {
                Kind::Leaf(_) => Vec::new(),
                Kind::Op(_, _, inputs) => inputs.iter().filter_map(|&input| values[input].clone()).collect(),
            };
            values[place] = Some(each(node, operands));
        }
        let of = |root: &usize| match &values[*root] {
            Some(value) => value.clone(),
            None => bug!("a formula without a value"),
        };
        roots.iter().map(of).collect()
    }

    /// What its value comes to; see [`Formula::fold`].
    pub fn fold_value<V: Clone>(&self, each: impl FnMut(&Node, Vec<V>) -> V) -> V {
        self.fold(&[self.root], each).swap_remove(0)
    }

    /// The nodes on which some nodes depend.
    pub(super) fn needed(&self, roots: &[usize]) -> Vec<bool> {
        let mut needed = vec![false; self.nodes.len()];
        roots.iter().for_each(|&root| needed[root] = true);
        for place in (0..self.nodes.len()).rev() {
            if let (true, Kind::Op(_, _, inputs)) = (needed[place], &self.nodes[place].kind) {
                inputs.iter().for_each(|&input| needed[input] = true);
            }
        }
        needed
    }

    /// All leaves with their places, in order.
    pub fn leaves(&self) -> impl Iterator<Item = (&Leaf, Span)> {
        self.nodes.iter().filter_map(|node| match &node.kind {
            Kind::Leaf(leaf) => Some((leaf, node.span)),
            Kind::Op(..) => None,
        })
    }
}
