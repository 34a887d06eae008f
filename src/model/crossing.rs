//! What the credit of a statement crosses on its way from the costs to what it changes: the weights that a credit rule may
//! put something else in the place of.

use super::draft::Draft;
use super::formula::Kind;
use super::routes::through;
use super::tie::siblings;
use super::{Formula, Leaf, Learn, Model, Pattern, Projection, ProjectionId, RegionId, Structure};
use crate::tensor::{Attributes, Name};
use std::collections::BTreeSet;

/// What lies between the costs of a statement and what it changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Crossing {
    /// Projections whose weights are crossed, in the order of the text.
    pub projections: Vec<ProjectionId>,
    /// Projections of low rank that are taught and not crossed: credit comes to the factor that activity crosses first over
    /// the other one.
    pub factors: Vec<ProjectionId>,
    /// Structures' own weights that are crossed, by number.
    pub inner: Vec<(RegionId, usize)>,
    /// Where credit begins to cross: the drives of what the costs read.
    pub outputs: Vec<Output>,
}

/// A drive to which a cost comes without crossing a weight: the unnamed one of a region, or a named projection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The region.
    pub region: RegionId,
    /// The name of the projection.
    pub named: Option<Name>,
    /// The projections that make it up and are crossed.
    pub direct: Vec<ProjectionId>,
    /// The regions from which crossed projections start further up, and none to here.
    pub above: Vec<RegionId>,
}

/// What the credit of a statement crosses.
pub fn crossing(model: &Model, learn: &Learn) -> Crossing {
    let regions = model.regions.iter().map(|region| Some((&region.equation, region.structure.as_ref())));
    let costs = learn.from.iter().map(|(_, id)| &model.costs[id.0].formula).collect();
    Wires { projections: &model.projections, regions: regions.collect(), costs, learn }.crossing()
}

/// The same while the model is being made.
pub(super) fn drafted(draft: &Draft<'_>, learn: &Learn) -> Crossing {
    Wires::drafted(draft, learn).crossing()
}

/// The regions whose activity depends on what a statement changes, while the model is being made.
pub(super) fn downstream(draft: &Draft<'_>, learn: &Learn) -> BTreeSet<RegionId> {
    let wires = Wires::drafted(draft, learn);
    wires.active(&wires.all_reads())
}

/// What is wired to what, and whose credit travels.
struct Wires<'a> {
    projections: &'a [Projection],
    regions: Vec<Option<(&'a Formula, Option<&'a Structure>)>>,
    costs: Vec<&'a Formula>,
    learn: &'a Learn,
}

/// What a region's activity depends on.
struct Reads {
    wires: Vec<ProjectionId>,
    regions: Vec<RegionId>,
}

impl<'a> Wires<'a> {
    fn drafted(draft: &'a Draft<'_>, learn: &'a Learn) -> Wires<'a> {
        let regions = draft.regions.iter().map(|region| Some((region.equation.as_ref()?, region.structure.as_ref())));
        let costs = learn.from.iter().filter_map(|(_, id)| Some(&draft.costs.get(id.0)?.as_ref()?.formula)).collect();
        Wires { projections: &draft.projections, regions: regions.collect(), costs, learn }
    }

    fn all_reads(&self) -> Vec<Reads> {
        (0..self.regions.len()).map(|number| self.reads(RegionId(number))).collect()
    }

    fn crossing(&self) -> Crossing {
        let reads = self.all_reads();
        let active = self.active(&reads);
        let first = self.read_by_costs();
        let reached = closure(&first, |id, open| {
            open.extend(&reads[id.0].regions);
            open.extend(reads[id.0].wires.iter().filter(|wire| self.passes(**wire)).map(|wire| self.source(*wire)));
        });
        let crossed = |wire: &ProjectionId| {
            self.passes(*wire) && self.projections[wire.0].has_weights() && active.contains(&self.source(*wire))
        };
        let all = reached.iter().flat_map(|id| &reads[id.0].wires).copied().filter(crossed);
        let projections: BTreeSet<ProjectionId> = all.collect();
        let taught = self.learn.projections.iter().flat_map(|id| siblings(self.projections, *id));
        let factors: BTreeSet<ProjectionId> = taught
            .filter(|id| {
                let projection = &self.projections[id.0];
                let reached = reached.contains(&projection.target) && reads[projection.target.0].wires.contains(id);
                matches!(projection.pattern, Pattern::LowRank(_)) && reached && !projections.contains(id)
            })
            .collect();
        let inner = reached.iter().flat_map(|id| self.inner(*id, &active)).collect();
        let exact = closure(&first, |id, open| {
            open.extend(&reads[id.0].regions);
            open.extend(self.weightless(&reads[id.0]));
        });
        let mut outputs: Vec<Output> = Vec::new();
        for id in exact {
            for wire in reads[id.0].wires.iter().filter(|wire| projections.contains(wire)) {
                let named = self.projections[wire.0].named.clone();
                match outputs.iter_mut().find(|output| output.region == id && output.named == named) {
                    Some(output) => output.direct.push(*wire),
                    None => outputs.push(Output { region: id, named, direct: vec![*wire], above: Vec::new() }),
                }
            }
        }
        for output in &mut outputs {
            output.above = self.above(&output.direct, &reads, &projections);
        }
        let (projections, factors) = (projections.into_iter().collect(), factors.into_iter().collect());
        Crossing { projections, factors, inner, outputs }
    }

    fn source(&self, wire: ProjectionId) -> RegionId {
        self.projections[wire.0].source
    }

    /// Whether credit may travel back along a projection.
    fn passes(&self, wire: ProjectionId) -> bool {
        let projection = &self.projections[wire.0];
        let allowed = self.learn.only_through.as_ref().is_none_or(|only| only.contains(&wire));
        !projection.has_weights() || projection.credit && allowed
    }

    /// Where the projections without weights come from.
    fn weightless(&self, reads: &Reads) -> impl Iterator<Item = RegionId> {
        let wires = reads.wires.iter().filter(|wire| !self.projections[wire.0].has_weights());
        wires.map(|wire| self.source(*wire)).collect::<Vec<_>>().into_iter()
    }

    fn reads(&self, id: RegionId) -> Reads {
        let mut reads = Reads { wires: Vec::new(), regions: Vec::new() };
        let Some((equation, structure)) = self.regions[id.0] else { return reads };
        for leaf in through(equation, &[equation.root], structure, false).leaves {
            match leaf {
                Leaf::Drive | Leaf::Input => {
                    let into = self.projections.iter().enumerate().filter(|(_, p)| p.target == id && p.named.is_none());
                    reads.wires.extend(into.map(|(number, _)| ProjectionId(number)));
                }
                Leaf::Projection(wire) => reads.wires.push(wire),
                Leaf::Region(other) | Leaf::Previous(other) => reads.regions.push(other),
                _ => {}
            }
        }
        reads
    }

    fn read_by_costs(&self) -> BTreeSet<RegionId> {
        let leaves = self.costs.iter().flat_map(|cost| through(cost, &[cost.root], None, false).leaves);
        let region = |leaf| match leaf {
            Leaf::Region(id) | Leaf::Previous(id) => Some(id),
            _ => None,
        };
        leaves.filter_map(region).collect()
    }

    /// The regions whose activity depends on what the statement changes.
    fn active(&self, reads: &[Reads]) -> BTreeSet<RegionId> {
        let taught = self.learn.projections.iter().flat_map(|id| siblings(self.projections, *id));
        let mut active: BTreeSet<RegionId> = taught.map(|id| self.projections[id.0].target).collect();
        active.extend(self.learn.biases.iter().chain(&self.learn.structures));
        loop {
            let more = reads.iter().enumerate().filter(|(_, reads)| {
                let sources = reads.wires.iter().map(|wire| self.source(*wire));
                sources.chain(reads.regions.iter().copied()).any(|source| active.contains(&source))
            });
            let more: Vec<RegionId> = more.map(|(number, _)| RegionId(number)).collect();
            let before = active.len();
            active.extend(more);
            if active.len() == before {
                return active;
            }
        }
    }

    /// The own weights of a structure that stand before something that depends on what the statement changes.
    fn inner(&self, id: RegionId, active: &BTreeSet<RegionId>) -> Vec<(RegionId, usize)> {
        let Some((equation, Some(_))) = self.regions[id.0] else { return Vec::new() };
        let comes = |wire: &Projection| active.contains(&wire.source);
        let mut depends: Vec<bool> = Vec::new();
        let mut found = BTreeSet::new();
        for node in &equation.nodes {
            depends.push(match &node.kind {
                Kind::Leaf(Leaf::Inner(_)) => self.learn.structures.contains(&id),
                Kind::Leaf(Leaf::Before(_)) => active.contains(&id),
                Kind::Leaf(Leaf::Drive | Leaf::Input) => self.projections.iter().any(|p| p.target == id && comes(p)),
                Kind::Leaf(Leaf::Projection(wire)) => comes(&self.projections[wire.0]),
                Kind::Leaf(Leaf::Region(other) | Leaf::Previous(other)) => active.contains(other),
                Kind::Leaf(_) => false,
                Kind::Op(_, attributes, inputs) => {
                    if let (Attributes::Contract(_), [left, right]) = (attributes, &inputs[..])
                        && let Kind::Leaf(Leaf::Inner(number)) = equation.nodes[*left].kind
                        && depends[*right]
                    {
                        found.insert(number);
                    }
                    inputs.iter().any(|input| depends[*input])
                }
            });
        }
        found.into_iter().map(|number| (id, number)).collect()
    }

    /// The regions before `direct` and further up from which crossed projections start, but for those of `direct`.
    fn above(&self, direct: &[ProjectionId], reads: &[Reads], crossed: &BTreeSet<ProjectionId>) -> Vec<RegionId> {
        let nearest: BTreeSet<RegionId> = direct.iter().map(|wire| self.source(*wire)).collect();
        let mut starts = BTreeSet::new();
        closure(&nearest, |id, open| {
            open.extend(&reads[id.0].regions);
            open.extend(self.weightless(&reads[id.0]));
            let sources = reads[id.0].wires.iter().filter(|wire| crossed.contains(wire)).map(|wire| self.source(*wire));
            for source in sources {
                starts.insert(source);
                open.push(source);
            }
        });
        starts.difference(&nearest).copied().collect()
    }
}

/// Everything that is come to from the first ones.
fn closure(first: &BTreeSet<RegionId>, mut next: impl FnMut(RegionId, &mut Vec<RegionId>)) -> BTreeSet<RegionId> {
    let mut open: Vec<RegionId> = first.iter().copied().collect();
    let mut seen = BTreeSet::new();
    while let Some(id) = open.pop() {
        if seen.insert(id) {
            next(id, &mut open);
        }
    }
    seen
}
