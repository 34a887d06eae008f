//! Probes: what experiments look at in a training step, as a program of its own. It computes what the step would and writes nothing
//! but what the probes see, so that a run is the same to the bit whether somebody looks or not.

use super::by::Changed;
use super::formula::{Batched, widened};
use super::forward::{self, Step};
use super::learn::{asked, changes};
use super::passes::{self, Passes};
use super::{measure, weight_slot, whose};
use crate::bug;
use crate::model::{Learn, Model, Need, Probe, ProbeKind, RegionId, Signal};
use crate::tensor::{Extent, Name, Program, Role, Value};

/// How the slots begin in which a step of [`probe()`] leaves what its probes see.
pub const PROBE: &str = "probe.";

/// The slot of the probe of this number in its phase.
pub fn probe_slot(number: usize) -> Name {
    format!("{PROBE}{number}").into()
}

/// What the probes of a phase see in its next training step; `rows` is the number of rows of the dataset in memory.
pub fn probe(model: &Model, phase: usize, rows: usize) -> Program {
    let statements = model.phases[phase].learns.len();
    let probes = &model.phases[phase].probes;
    let mut with = model.clone();
    with.phases[phase].learns.extend(probes.iter().filter_map(Probe::learn).cloned());
    let mut step = forward::begin(&with, phase, rows, true, "probe");
    let (passes, costs) = (passes::all(&mut step), measure::sums(&mut step));
    changes(&mut step, statements, &costs, &passes);
    let mut compared = statements;
    for (number, probe) in probes.iter().enumerate() {
        step.b.at(Some(probe.span)).of(whose::probe(probe));
        let would = probe.learn().map(|learn| {
            compared += 1;
            Would { learn, number: compared - 1, costs: &costs, passes: &passes[compared - 1] }
        });
        let signal = match &probe.kind {
            ProbeKind::Rank(of) | ProbeKind::Participation(of) | ProbeKind::Strength(of) => Some(of),
            ProbeKind::Alignment(_) => None,
        };
        let seen = match (signal, &would) {
            (Some(Signal::Teaching(id, _)), Some(would)) => {
                let signal = teaching(&mut step, *id, would);
                moments(&mut step, signal)
            }
            (Some(Signal::Value(formula)), _) => {
                let value = step.formula(formula);
                let extent = step.batch.extent.clone();
                let signal = widened(&mut step.b, value, &extent);
                moments(&mut step, signal)
            }
            (None, Some(would)) => alignment(&mut step, probe, would),
            (_, None) => bug!("a probe compares with nothing"),
        };
        let (slot, ty) = (probe_slot(number), step.b.ty(seen).clone());
        step.b.slot(slot.clone(), ty, Role::State);
        step.b.write(&slot, seen);
    }
    only_seen(step.b.finish())
}

/// Leaves nothing written but what probes see.
fn only_seen(mut program: Program) -> Program {
    let written = program.writes.iter().zip(&program.graph.results);
    let seen = written.filter(|(slot, _)| program.slots[**slot].name.starts_with(PROBE));
    let (writes, results): (Vec<usize>, Vec<Value>) = seen.map(|(slot, value)| (*slot, *value)).unzip();
    (program.writes, program.graph.results) = (writes, results);
    program
}

/// What a statement would do that does nothing.
struct Would<'w> {
    learn: &'w Learn,
    number: usize,
    costs: &'w [Batched],
    passes: &'w Passes,
}

impl Would<'_> {
    /// What it asks of each parameter.
    fn ask(&self, step: &mut Step<'_>) -> Vec<super::by::Gradient> {
        asked(step, self.learn, self.number, self.costs, self.passes, None)
    }
}

/// The cosine of the angle between what the step makes of the weights and what would be made of them; 0 where one of the two is
/// nothing.
fn alignment(step: &mut Step<'_>, probe: &Probe, would: &Would<'_>) -> Value {
    let asked = would.ask(step);
    step.b.at(Some(probe.span)).of(whose::probe(probe));
    let zero = step.b.scalar(0.0);
    let [mut both, mut own, mut other] = [zero; 3];
    for gradient in asked {
        let Changed::Weight(id) = gradient.changed else { continue };
        let old = step.weight(id);
        let new = step.b.written(&weight_slot(step.model, id)).unwrap_or(old);
        let (made, asked) = (step.b.subtract(old, new), gradient.value);
        for (sum, a, b) in [(&mut both, made, asked), (&mut own, made, made), (&mut other, asked, asked)] {
            let product = step.b.multiply(a, b);
            let axes: Vec<usize> = (0..step.b.ty(product).shape.len()).collect();
            let part = step.b.sum(product, &axes);
            *sum = step.b.add(*sum, part);
        }
    }
    let (own, other) = (step.b.sqrt(own), step.b.sqrt(other));
    let lengths = step.b.multiply(own, other);
    let some = step.b.less(zero, lengths);
    let one = step.b.scalar(1.0);
    let lengths = step.b.select(some, lengths, one);
    step.b.divide(both, lengths)
}

/// What a statement's rule brings to a region: to the activity of its units, or, where these move by noise, to their drives.
fn teaching(step: &mut Step<'_>, id: RegionId, would: &Would<'_>) -> Value {
    let noise = would.learn.teacher.needs(Need::Noise);
    let at = if noise { step.drives[id.0] } else { step.activity[id.0] };
    let Some(at) = at else { bug!("a region without activity") };
    step.watched = vec![at];
    would.ask(step);
    step.watched.clear();
    let Some(seen) = step.seen.pop() else { bug!("nothing was seen of what a rule brings") };
    // It is a part of the mean over the batch; what one sample brings does not depend on who shares its batch.
    let count = step.batch.count;
    let count = step.b.expand_like(count, seen, &[]);
    step.b.multiply(seen, count)
}

/// The second moments of a signal over the samples of the batch.
fn moments(step: &mut Step<'_>, signal: Value) -> Value {
    let shape = step.b.ty(signal).shape.clone();
    let units: usize = shape[1..].iter().map(Extent::bound).product();
    let flat = [step.batch.extent.clone(), Extent::Const(units)];
    let signal = if shape[..] == flat { signal } else { step.b.reshape(signal, &flat) };
    let sums = step.b.contract("bi,bj->ij", signal, signal);
    let count = step.batch.count;
    let count = step.b.expand_like(count, sums, &[]);
    step.b.divide(sums, count)
}
