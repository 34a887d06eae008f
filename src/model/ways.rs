//! The ways that the credit of a cost takes back through a model: the shortest to each place, and how many there are.

use super::routes::through;
use super::tie::owner;
use super::{CostId, Leaf, Learn, Model, Pattern, ProjectionId, RegionId, Structure};
use std::collections::VecDeque;

/// How many ways are counted before it is said that there are more.
pub const COUNTED: usize = 10_000;

/// From the place that credit has come to, the regions whose activity it goes on to.
struct Edge {
    /// Over which projection, if not by an equation that reads the activity itself.
    wire: Option<ProjectionId>,
    to: RegionId,
}

/// What credit finds where a cost, or a region, is computed.
#[derive(Default)]
struct Place {
    edges: Vec<Edge>,
    /// Projections whose weights stand in it, those included over which credit does not go on.
    weights: Vec<ProjectionId>,
    bias: bool,
    inner: Vec<usize>,
}

/// The ways of one cost for one statement.
pub struct Ways<'m> {
    model: &'m Model,
    learn: &'m Learn,
    /// The regions, and behind them the cost.
    places: Vec<Place>,
    /// From where, and over which projection, each place is entered first; none: it is not entered.
    first: Vec<Option<(usize, Option<ProjectionId>)>>,
    /// How many places the shortest way to it has before it.
    far: Vec<usize>,
    counts: Vec<usize>,
    more: bool,
}

/// The shortest way to a parameter, and how many there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// The regions whose activity it goes through, from the cost on; the last is where the parameter acts. Empty: the cost itself
    /// reads it.
    pub regions: Vec<RegionId>,
    /// The projections that it crosses.
    pub crossed: Vec<ProjectionId>,
    /// How many ways there are that enter no region twice.
    pub number: usize,
    /// Whether there are more than were counted.
    pub more: bool,
}

/// The ways of a cost's credit for a statement that says over which projections it may go.
pub fn ways<'m>(model: &'m Model, cost: CostId, learn: &'m Learn) -> Ways<'m> {
    let regions = model.regions.len();
    let mut ways = Ways {
        model,
        learn,
        places: (0..=regions).map(|_| Place::default()).collect(),
        first: vec![None; regions + 1],
        far: vec![0; regions + 1],
        counts: vec![0; regions + 1],
        more: false,
    };
    for (number, region) in model.regions.iter().enumerate() {
        let logs = region.sampled.iter().filter_map(|one| one.log_probability);
        let scored = learn.sampled.contains(&RegionId(number));
        let roots: Vec<usize> = std::iter::once(region.equation.root).chain(logs.filter(|_| scored)).collect();
        ways.places[number] = ways.place(Some(RegionId(number)), &region.equation, &roots, region.structure.as_ref());
    }
    let formula = &model.costs[cost.0].formula;
    ways.places[regions] = ways.place(None, formula, &[formula.root], None);
    ways.places[regions].edges.extend(learn.sampled.iter().map(|id| Edge { wire: None, to: *id }));
    ways.spread();
    ways.count();
    ways
}

impl<'m> Ways<'m> {
    /// What credit finds in a formula: that of a region, or that of the cost.
    fn place(
        &self,
        id: Option<RegionId>,
        formula: &super::Formula,
        roots: &[usize],
        structure: Option<&Structure>,
    ) -> Place {
        let mut place = Place::default();
        let mut read = Vec::new();
        for leaf in through(formula, roots, structure, false).leaves {
            match (leaf, id) {
                (Leaf::Drive | Leaf::Input, Some(id)) => {
                    place.bias |= reads_drive(formula);
                    let wires = self.model.projections.iter().enumerate();
                    let into = wires.filter(|(_, wire)| wire.target == id && wire.named.is_none());
                    place.weights.extend(into.map(|(number, _)| ProjectionId(number)));
                }
                (Leaf::Projection(wire), _) => place.weights.push(wire),
                (Leaf::Region(to) | Leaf::Previous(to), _) => place.edges.push(Edge { wire: None, to }),
                (Leaf::Inner(number), _) => place.inner.push(number),
                (Leaf::Weight(wire), _) => read.push(wire),
                _ => {}
            }
        }
        let crossed = place.weights.iter().copied().filter(|wire| self.passes(*wire));
        place.edges.extend(crossed.map(|wire| Edge { wire: Some(wire), to: self.model.projections[wire.0].source }));
        place.weights.extend(read);
        place
    }

    /// Whether credit may cross a projection.
    fn passes(&self, wire: ProjectionId) -> bool {
        let projection = &self.model.projections[wire.0];
        matches!(projection.pattern, Pattern::Pool(..))
            || projection.credit && self.learn.only_through.as_ref().is_none_or(|only| only.contains(&wire))
    }

    /// The shortest way to each place.
    fn spread(&mut self) {
        let cost = self.places.len() - 1;
        let mut open = VecDeque::from([cost]);
        while let Some(at) = open.pop_front() {
            for edge in &self.places[at].edges {
                if self.first[edge.to.0].is_none() {
                    self.first[edge.to.0] = Some((at, edge.wire));
                    self.far[edge.to.0] = self.far[at] + 1;
                    open.push_back(edge.to.0);
                }
            }
        }
    }

    /// How many ways there are to each place, of those that enter no region twice.
    fn count(&mut self) {
        let cost = self.places.len() - 1;
        let mut on_way = vec![false; self.places.len()];
        let mut left = COUNTED;
        self.counts[cost] = 1;
        let mut stack = vec![(cost, 0)];
        while let Some((at, next)) = stack.pop() {
            let Some(edge) = self.places[at].edges.get(next) else {
                on_way[at] = false;
                continue;
            };
            let to = edge.to.0;
            stack.push((at, next + 1));
            if on_way[to] {
                continue;
            }
            if left == 0 {
                self.more = true;
                return;
            }
            left -= 1;
            self.counts[to] += 1;
            on_way[to] = true;
            stack.push((to, 0));
        }
    }

    /// The shortest of the ways to these places, and how many they are together.
    fn to(&self, places: impl Iterator<Item = usize>) -> Option<Way> {
        let cost = self.places.len() - 1;
        let mut number = 0;
        let mut best: Option<usize> = None;
        for place in places.filter(|place| *place == cost || self.first[*place].is_some()) {
            number += self.counts[place];
            if best.is_none_or(|best| self.far[place] < self.far[best]) {
                best = Some(place);
            }
        }
        let mut at = best?;
        let mut way = Way { regions: Vec::new(), crossed: Vec::new(), number, more: self.more };
        while let (true, Some((from, wire))) = (at != cost, self.first[at]) {
            way.regions.push(RegionId(at));
            way.crossed.extend(wire);
            at = from;
        }
        way.regions.reverse();
        way.crossed.reverse();
        Some(way)
    }

    /// The way to the weights of a projection, and of those that are tied to it.
    pub fn to_weights(&self, id: ProjectionId) -> Option<Way> {
        let wires = &self.model.projections;
        let own = owner(wires, id);
        let has = |place: &Place| place.weights.iter().any(|wire| owner(wires, *wire) == own);
        self.to((0..self.places.len()).filter(|place| has(&self.places[*place])))
    }

    /// The way to the biases of a region.
    pub fn to_biases(&self, id: RegionId) -> Option<Way> {
        self.to(std::iter::once(id.0).filter(|place| self.places[*place].bias))
    }

    /// The way to a structure's own weight.
    pub fn to_inner(&self, id: RegionId, number: usize) -> Option<Way> {
        self.to(std::iter::once(id.0).filter(|place| self.places[*place].inner.contains(&number)))
    }

    /// The projections that the shortest ways to the weights of some end in or cross.
    pub fn towards(&self, taught: &[ProjectionId]) -> Vec<ProjectionId> {
        let mut towards = Vec::new();
        for id in taught {
            if let Some(way) = self.to_weights(*id) {
                towards.push(*id);
                towards.extend(way.crossed);
            }
        }
        towards
    }
}

/// Whether a formula reads the drive, in which the bias is.
fn reads_drive(formula: &super::Formula) -> bool {
    formula.leaves().any(|(leaf, _)| *leaf == Leaf::Drive)
}
