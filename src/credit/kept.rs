//! What a rule keeps beside a projection: traces, averages and states, brought up to date before its equations read them.

use super::forward::Step;
use super::learn::state;
use super::modulator::Behind;
use super::pointwise::{self, Equation, SAMPLES, Spread};
use super::{optimise, plasticity, sums};
use crate::bug;
use crate::model::indices::{POST, PRE};
use crate::model::{Along, Formula, Kept, KeptAt, Leaf, Learn, Model, ProjectionId, RegionId, Rule, Teacher};
use crate::tensor::{Element, Extent, Name, Type, Value};

/// What the equations of a rule read at one projection: values, each with the axes that it has.
pub(super) struct Reads {
    /// The region behind.
    pub(super) target: RegionId,
    /// How the axes of its units lie.
    pub(super) behind: Behind,
    /// Where all of this lies.
    pub(super) layout: Layout,
    /// The activity before.
    pub(super) pre: Spread,
    /// The activity behind.
    pub(super) post: Spread,
    /// Both of them in each pass of the rule.
    pub(super) passes: Vec<[Spread; 2]>,
    /// The weights.
    pub(super) weight: Spread,
    /// What the rule keeps, each after so many of its lines.
    pub(super) kept: Vec<Vec<Spread>>,
}

impl Reads {
    /// What a leaf reads.
    pub(super) fn leaf(&self, step: &mut Step<'_>, leaf: &Leaf) -> Spread {
        match leaf {
            Leaf::Pre => self.pre.clone(),
            Leaf::Post => self.post.clone(),
            Leaf::PreIn(pass) => self.passes[*pass][0].clone(),
            Leaf::PostIn(pass) => self.passes[*pass][1].clone(),
            Leaf::Synapse => self.weight.clone(),
            Leaf::Modulator(id) => step.modulator_behind(*id, self.target, self.behind),
            Leaf::PreAt(axis) => Spread { value: self.pre.value, axes: vec![SAMPLES, *axis] },
            Leaf::PostAt(axis) => Spread { value: self.post.value, axes: vec![SAMPLES, *axis] },
            Leaf::SynapseAt(post, Some(pre)) => sums::weights_along(&mut step.b, self.weight.value, *post, *pre),
            Leaf::Place(axis) => index(step, *axis, &self.layout.extents),
            Leaf::Kept(at) => self.kept_at(at),
            Leaf::KeptAlong(at, first, second) => self.along(step, at, *first, *second),
            Leaf::Samples => Spread { value: step.batch.count, axes: Vec::new() },
            _ => Spread { value: step.leaf(leaf).value, axes: Vec::new() },
        }
    }

    /// What is kept along axes that are written out, along these.
    pub(super) fn along(&self, step: &mut Step<'_>, at: &KeptAt, first: usize, second: Option<usize>) -> Spread {
        let value = self.kept_at(at).value;
        match second {
            Some(second) => sums::weights_along(&mut step.b, value, first, second),
            None => Spread { value, axes: vec![first] },
        }
    }

    fn kept_at(&self, at: &KeptAt) -> Spread {
        match self.kept[at.number].get(at.lines) {
            Some(kept) => kept.clone(),
            None => bug!("a rule reads what it has not made yet"),
        }
    }

    /// An equation that reads this.
    pub(super) fn equation<'e>(&'e self, step: &mut Step<'_>, formula: &'e Formula) -> Equation<'e> {
        Equation::read(step, formula, &self.layout.extents, &mut |step, leaf| self.leaf(step, leaf))
    }

    /// Brings all that the rule keeps up to date, line by line. What acts in some steps alone is kept as it is in the others.
    pub(super) fn bring_up_to_date(&mut self, step: &mut Step<'_>, rule: &Rule, owner: &str, active: Option<Value>) {
        for kept in &rule.kept {
            let axes = self.layout.axes(step.model, kept);
            let value = state(step, slot(owner, &kept.name), self.layout.kept(step.model, kept));
            self.kept.push(vec![Spread { value, axes }]);
        }
        for line in &rule.lines {
            let value = self.equation(step, &line.value).value(step, line.value.root);
            let axes = if line.axes.is_empty() { self.kept[line.kept][0].axes.clone() } else { line.axes.clone() };
            let value = pointwise::spread(&mut step.b, &value, &axes, &self.layout.extents);
            step.b.named(value, slot(owner, &rule.kept[line.kept].name));
            self.kept[line.kept].push(Spread { value, axes });
        }
        for (kept, values) in rule.kept.iter().zip(&self.kept) {
            if let [before, .., after] = &values[..] {
                let value = optimise::kept(step, active, after.value, before.value);
                step.write(&slot(owner, &kept.name), value);
            }
        }
    }
}

/// An index as a number.
pub(super) fn index(step: &mut Step<'_>, axis: usize, extents: &[Extent]) -> Spread {
    let places = step.b.iota(extents[axis].clone());
    Spread { value: step.b.real(places), axes: vec![axis] }
}

/// Where what the equations of a rule read at a projection lies: how long their axes are, the first that of the samples, and
/// which of them what is read has.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) extents: Vec<Extent>,
    pub(super) pre: Vec<usize>,
    pub(super) post: Vec<usize>,
    pub(super) weight: Vec<usize>,
}

impl Layout {
    /// The axes of something kept: those of the activities that it follows; of the samples, where each has its own. None where
    /// they are written out, since each reader says along which of its own they lie.
    fn axes(&self, model: &Model, kept: &Kept) -> Vec<usize> {
        if kept.is_table() {
            return Vec::new();
        }
        let of_pre = self.pre.iter().filter(|axis| kept.per_pre && **axis != SAMPLES);
        let of_post = self.post.iter().filter(|axis| kept.per_post && **axis != SAMPLES);
        let of_samples = of_sample(model, kept).then_some(SAMPLES);
        let mut axes: Vec<usize> = of_pre.chain(of_post).copied().chain(of_samples).collect();
        axes.sort_unstable();
        axes.dedup();
        axes
    }

    /// The type of something kept.
    fn kept(&self, model: &Model, kept: &Kept) -> Type {
        let written = kept.along.iter().map(|along| if *along == Along::Post { POST } else { PRE });
        let axes = self.axes(model, kept).into_iter().chain(written);
        Type { element: Element::Real, shape: axes.map(|axis| self.extents[axis].clone()).collect() }
    }
}

/// Whether each sample has its own, which begins at 0 in each trial.
fn of_sample(model: &Model, kept: &Kept) -> bool {
    kept.running && model.time.is_some()
}

/// What a rule keeps at a projection: its name, its type, and whether each sample has its own.
pub(super) fn types(
    step: &Step<'_>,
    learn: &Learn,
    number: usize,
    rule: &Rule,
    id: ProjectionId,
) -> Vec<(Name, Type, bool)> {
    let (owner, layout) = (owner(step.model, learn, number, rule, id), plasticity::layout(step, id));
    let of = |kept: &Kept| {
        let ty = layout.kept(step.model, kept);
        (slot(&owner, &kept.name), ty, of_sample(step.model, kept))
    };
    rule.kept.iter().map(of).collect()
}

/// Who keeps something: the projection and the rule, whatever its arguments; `also learn` has its own.
pub(super) fn owner(model: &Model, learn: &Learn, number: usize, rule: &Rule, id: ProjectionId) -> String {
    let also = if learn.also { format!("|also {number}") } else { String::new() };
    format!("{}|{}{also}", model.projections[id.0].name, rule.name)
}

fn slot(owner: &str, name: &str) -> Name {
    format!("{owner}.{name}").into()
}

/// The first values of what a rule keeps, if the slot is one of those.
pub(super) fn first(model: &Model, name: &str, ty: &Type) -> Option<Vec<f64>> {
    let (owner, kept) = name.rsplit_once('.')?;
    let mut parts = owner.split('|');
    let (projection, rule, also) = (parts.next()?, parts.next()?, parts.next());
    let projection = model.projections.iter().position(|known| *known.name == *projection)?;
    if also.is_some_and(|also| !also.starts_with("also ")) {
        return None;
    }
    let learns = model.phases.iter().flat_map(|phase| &phase.learns);
    let mut learns = learns.filter(|learn| learn.projections.contains(&ProjectionId(projection)));
    let declared = learns.find_map(|learn| match &learn.teacher {
        Teacher::Rule(taught) if *taught.name == *rule => taught.kept.iter().find(|declared| *declared.name == *kept),
        _ => None,
    })?;
    let cells: usize = ty.shape.iter().map(Extent::bound).product();
    let every = if declared.diagonal { ty.shape[0].bound() + 1 } else { 1 };
    Some((0..cells).map(|cell| if cell % every == 0 { declared.first } else { 0.0 }).collect())
}
