//! What a run needs in memory, by name, from the programs that it will consist of: so that a spec that does not fit is
//! refused before anything is allocated.

use super::record::{Kept, kept};
use super::{Lowered, plan};
use crate::diag::size::size;
use crate::diag::{Code, Diagnostic, Span};
use crate::loops::lower::Layouts;
use crate::loops::{Buffer, Place, Program, Slot};
use crate::math::Precision;
use crate::model::{Model, Options, Phase, Region};
use crate::tensor::Role;
use indexmap::IndexMap;

/// Where an estimate from shapes times this fits, nothing is looked at closely.
const FAR_FROM_ENOUGH: u128 = 16;
/// So many rows of the table have a name of their own.
const ROWS: usize = 12;

/// What something is to whoever wonders where the memory goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Read,
    Data,
    Parameter,
    Optimiser,
    State,
    Copy,
    Activity,
    Record,
    Gradient,
    Scratch,
    Measuring,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Kind::Read => "data as read",
            Kind::Data => "data in a step",
            Kind::Parameter => "parameter",
            Kind::Optimiser => "optimiser",
            Kind::State => "state",
            Kind::Copy => "copy",
            Kind::Activity => "activity",
            Kind::Record => "record of time",
            Kind::Gradient => "gradient",
            Kind::Scratch => "scratch",
            Kind::Measuring => "measuring",
        }
    }
}

/// What a run needs: bytes by kind and name.
struct Needs<'m> {
    model: &'m Model,
    precision: Precision,
    rows: IndexMap<(Kind, String), u128>,
}

/// Says so, if what a model needs is more than it may have.
pub(super) fn refuse(model: &Model, options: &Options) -> Option<Diagnostic> {
    let limit = u128::from(options.memory?);
    if estimate(model).saturating_mul(FAR_FROM_ENOUGH) <= limit {
        return None;
    }
    let mut needs = Needs { model, precision: options.precision, rows: IndexMap::new() };
    needs.gather();
    let total: u128 = needs.rows.values().sum();
    (total > limit).then(|| needs.say(total, limit))
}

/// What a run needs, as a table, the largest first; then, of each program that learns, what its loops over time keep.
pub fn memory(model: &Model, precision: Precision) -> String {
    let mut needs = Needs { model, precision, rows: IndexMap::new() };
    needs.gather();
    let mut text = needs.table(usize::MAX);
    text += &line(needs.rows.values().sum(), "in all");
    let mut told: Vec<Vec<Kept>> = Vec::new();
    for (number, phase) in model.phases.iter().enumerate() {
        let rows = model.data[model.data[phase.data.0].base.0].signature.total();
        let kept = kept(&plan(model, number, rows).learn, precision);
        if kept.is_empty() || told.contains(&kept) {
            continue;
        }
        let sum: u128 = kept.iter().map(|kept| kept.bytes).sum();
        text += &format!("\n\nkept in phase `{}` for each sample and time step: {}", phase.name, size(sum));
        text.extend(kept.iter().map(|kept| line(kept.bytes, &kept.what)));
        told.push(kept);
    }
    text.trim_start_matches('\n').to_string()
}

/// A line of a table.
fn line(bytes: u128, what: &str) -> String {
    format!("\n{:>10}  {what}", size(bytes))
}

/// Cells of all that is per unit and per synapse, in bytes of the widest kind, with the data.
fn estimate(model: &Model) -> u128 {
    let batch = model.data.iter().map(|data| data.batch as u128).max().unwrap_or(1);
    let steps = model.time.map_or(1, |time| time.steps as u128);
    let units: u128 = model.regions.iter().map(|region| region.size() as u128).sum();
    let size = |id: crate::model::RegionId| model.regions[id.0].size() as u128;
    let weights: u128 = model.projections.iter().map(|wire| size(wire.source).saturating_mul(size(wire.target))).sum();
    let inner = model.regions.iter().filter_map(|region| region.structure.as_ref()).flat_map(|s| &s.weights);
    let inner: u128 = inner.map(|weight| weight.shape.iter().map(|n| *n as u128).product::<u128>()).sum();
    let data: u128 = model.data.iter().map(|data| data.signature.bytes()).sum();
    let cells = units.saturating_mul(batch).saturating_mul(steps).saturating_add(weights).saturating_add(inner);
    cells.saturating_mul(8).saturating_add(data)
}

impl Needs<'_> {
    fn add(&mut self, kind: Kind, name: impl Into<String>, bytes: u128) {
        *self.rows.entry((kind, name.into())).or_default() += bytes;
    }

    fn gather(&mut self) {
        let model = self.model;
        let mut read: Vec<usize> = model.phases.iter().map(|phase| model.data[phase.data.0].base.0).collect();
        read.sort_unstable();
        read.dedup();
        for data in read.iter().map(|place| &model.data[*place]) {
            for field in &data.signature.fields {
                let bytes = field.ty.bytes() as u128 * data.signature.total() as u128;
                self.add(Kind::Read, format!("{}.{}", data.name, field.name), bytes);
            }
        }
        let mut layouts = Layouts::new();
        let mut slots: IndexMap<String, Slot> = IndexMap::new();
        let mut seen: Vec<Lowered> = Vec::new();
        for number in 0..model.phases.len() {
            let rows = model.data[model.data[model.phases[number].data.0].base.0].signature.total();
            // What cannot be lowered is told when it is to be run.
            let Ok(lowered) = plan(model, number, rows).lower(self.precision, &mut layouts) else { continue };
            for slot in lowered.learn.slots.iter().chain(&lowered.measure.slots) {
                slots.entry(slot.name.to_string()).or_insert_with(|| slot.clone());
            }
            if !seen.iter().any(|other| other.learn.body == lowered.learn.body) {
                self.scratch(&model.phases[number], &lowered.learn);
                self.measuring(&lowered.measure);
                seen.push(lowered);
            }
            if !model.phases[number].probes.is_empty() {
                let probe = crate::tensor::pass::simplify(crate::credit::probe(model, number, rows));
                if let Ok(probe) = crate::loops::lower::lower(&probe, self.precision, &mut layouts) {
                    self.measuring(&probe);
                }
            }
        }
        slots.values().for_each(|slot| self.slot(slot));
    }

    /// A slot, and the copy of it to which a step can go back.
    fn slot(&mut self, slot: &Slot) {
        let bytes = slot.len as u128 * slot.cell().bytes(self.precision) as u128;
        let name = slot.name.to_string();
        let kind = match slot.role {
            Role::Parameter => Kind::Parameter,
            Role::State if name.contains('|') => Kind::Optimiser,
            Role::State => Kind::State,
            Role::Input => Kind::Data,
        };
        if slot.role != Role::Input {
            self.add(Kind::Copy, "parameters and states, to go back to", bytes);
            if slot.role == Role::Parameter && self.model.phases.iter().any(|phase| phase.keep.is_some()) {
                self.add(Kind::Copy, "the best weights", bytes);
            }
        }
        self.add(kind, name, bytes);
    }

    /// What a measurement has for itself: its scratch memory and a copy of every state.
    fn measuring(&mut self, program: &Program) {
        let own = program.slots.iter().filter(|slot| slot.role == Role::State || *slot.name == *"order");
        let own: u128 = own.map(|slot| slot.len as u128 * slot.cell().bytes(self.precision) as u128).sum();
        self.add(Kind::Measuring, "its own activity and states", own + (program.scratch + program.own) as u128);
    }

    /// Scratch memory, in which what is never in use at the same time shares a place: each byte counts for the largest array
    /// that lies there.
    fn scratch(&mut self, phase: &Phase, program: &Program) {
        let mut arrays: Vec<(usize, usize, usize)> = Vec::new();
        for (number, buffer) in program.buffers.iter().enumerate() {
            if let Place::Scratch(start) = buffer.place {
                arrays.push((number, start, start.saturating_add(buffer.bytes(self.precision))));
            }
        }
        arrays.sort_by_key(|(number, start, end)| (std::cmp::Reverse(end - start), *number));
        let mut taken: Vec<(usize, usize)> = Vec::new();
        let mut told = 0;
        for (number, start, end) in arrays {
            let mut free = vec![(start, end)];
            for (from, to) in &taken {
                let without = |(a, b): (usize, usize)| [(a, b.min(*from)), (a.max(*to), b)];
                free = free.into_iter().flat_map(without).filter(|(a, b)| a < b).collect();
            }
            let bytes: usize = free.iter().map(|(a, b)| b - a).sum();
            if bytes > 0 {
                taken.extend(free);
                told += bytes;
                let buffer = &program.buffers[number];
                let (kind, name) = self.array(phase, buffer);
                self.add(kind, name, bytes as u128);
            }
        }
        self.add(Kind::Scratch, "between them", program.scratch.saturating_sub(told) as u128);
        self.add(Kind::Scratch, "of each thread", program.own as u128);
    }

    /// What an array in scratch memory is, by its name, its length and its place in the spec.
    fn array(&self, phase: &Phase, buffer: &Buffer) -> (Kind, String) {
        let (model, name) = (self.model, &*buffer.name);
        let batch = model.data[phase.data.0].batch;
        let of = |region: &&Region| {
            name.strip_prefix(&*region.name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let region = model.regions.iter().find(of);
        let known = region.is_some() || model.projections.iter().any(|wire| name.starts_with(&*wire.name));
        let inside = |region: &&Region| {
            buffer.span.is_some_and(|span| {
                let item = region.span;
                span.file == item.file && item.start <= span.start && span.end <= item.end
            })
        };
        let around = model.regions.iter().find(inside);
        let over_time = model.time.is_some_and(|time| {
            let once = batch * region.or(around).map_or(1, Region::size);
            buffer.len >= time.steps.saturating_mul(once)
        });
        let name = match around {
            _ if known => name.to_string(),
            Some(region) => format!("inside of {}", region.name),
            None => "intermediate values".to_string(),
        };
        match name.split_once(".gradient") {
            Some((of, _)) => (Kind::Gradient, of.to_string()),
            None if over_time => (Kind::Record, name),
            None if known => (Kind::Activity, name),
            None => (Kind::Scratch, name),
        }
    }

    /// The place in the spec of what has a name.
    fn place(&self, name: &str) -> Span {
        let model = self.model;
        let wires = model.projections.iter().filter(|wire| name.starts_with(&*wire.name));
        let wire = wires.max_by_key(|wire| wire.name.len()).map(|wire| wire.span);
        let begins = |of: &str| name.strip_prefix(of).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        let region = || model.regions.iter().find(|region| begins(&region.name)).map(|region| region.span);
        let data = || model.data.iter().find(|data| begins(&data.name)).map(|data| data.span);
        wire.or_else(region).or_else(data).unwrap_or(model.phases[0].span)
    }

    /// All rows, the largest first.
    fn sorted(&self) -> Vec<(Kind, &str, u128)> {
        let mut rows: Vec<_> = self.rows.iter().map(|((kind, name), bytes)| (*kind, &**name, *bytes)).collect();
        rows.sort_by_key(|(.., bytes)| std::cmp::Reverse(*bytes));
        rows
    }

    /// So many rows with a name of their own, and the others together.
    fn table(&self, most: usize) -> String {
        let rows = self.sorted();
        let named = rows.iter().take(most);
        let mut table: String =
            named.map(|(kind, name, bytes)| line(*bytes, &format!("{}: {name}", kind.word()))).collect();
        if rows.len() > most {
            let others: u128 = rows.iter().skip(most).map(|(.., bytes)| bytes).sum();
            table += &line(others, &format!("{} others", rows.len() - most));
        }
        table
    }

    fn say(self, total: u128, limit: u128) -> Diagnostic {
        let (kind, name, bytes) = self.sorted()[0];
        let mut table = self.table(ROWS);
        table += &line(total, "in all");
        table += &line(limit, "may be used");
        let message = format!("this spec needs {} of memory, and may use {}", size(total), size(limit));
        let help = "make regions or the batch smaller, or allow more: `--memory 16GiB`";
        Diagnostic::new(Code::TOO_LARGE, message)
            .at(self.place(name), format!("the most is for {}: {name}, {}", kind.word(), size(bytes)))
            .help(format!("{help}{table}"))
    }
}
