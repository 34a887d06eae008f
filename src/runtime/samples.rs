//! Datasets in memory, and which of their rows are used for what.

use super::RunError;
use super::store::Store;
use crate::credit;
use crate::data::{Column, Dataset, Place, Rows, SourceFile, Split};
use crate::diag::{Code, Diagnostic, Span};
use crate::loops::memory::Values;
use crate::loops::{Precision, Program};
use crate::model::{ConstId, DataId, Model};
use indexmap::IndexMap;

/// Every source, read once.
pub(super) struct Samples {
    seed: u64,
    /// The values of the fixed arrays.
    consts: Vec<Vec<f64>>,
    sets: IndexMap<usize, Dataset>,
    /// Those of the phases that set a field of theirs.
    worlds: IndexMap<usize, Dataset>,
}

impl Samples {
    /// Reads the sources that the phases use.
    pub(super) fn read(model: &Model, place: &Place, seed: u64) -> Result<Samples, RunError> {
        let (mut sets, mut worlds) = (IndexMap::new(), IndexMap::new());
        for (number, phase) in model.phases.iter().enumerate() {
            let base = model.data[phase.data.0].base;
            if !sets.contains_key(&base.0) {
                let data = &model.data[base.0];
                let set = credit::samples(model, data, place, seed).map_err(RunError::Data)?;
                sets.insert(base.0, set);
            }
            if let Some(generated) = phase.worlds.get(&base) {
                let set = credit::other_samples(model, &model.data[base.0], generated, &sets[&base.0], seed);
                worlds.insert(number, set.map_err(RunError::Data)?);
            }
        }
        Ok(Samples { worlds, ..Samples::with(model, seed, sets)? })
    }

    /// Other samples in the place of those that a dataset reads.
    pub(super) fn of(model: &Model, id: DataId, set: Dataset, seed: u64) -> Result<Samples, RunError> {
        Samples::with(model, seed, IndexMap::from([(model.data[id.0].base.0, set)]))
    }

    fn with(model: &Model, seed: u64, sets: IndexMap<usize, Dataset>) -> Result<Samples, RunError> {
        let consts = credit::constants(model, seed).map_err(|said| RunError::Data(vec![said]))?;
        Ok(Samples { seed, consts, sets, worlds: IndexMap::new() })
    }

    /// The samples of a phase.
    pub(super) fn set(&self, model: &Model, phase: usize) -> &Dataset {
        let id = model.phases[phase].data;
        match self.worlds.get(&phase).or_else(|| self.sets.get(&model.data[id.0].base.0)) {
            Some(set) => set,
            None => crate::bug!("a dataset that was not read"),
        }
    }

    /// The sources with their checksums.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Dataset> {
        self.sets.values()
    }

    /// The rows of a split; a phase may have its own to train on.
    pub(super) fn rows(&self, model: &Model, phase: usize, split: Split) -> Result<Rows, RunError> {
        let set = self.set(model, phase);
        let phase = &model.phases[phase];
        let own = &model.data[phase.data.0].selections;
        let selections = phase.selections.as_ref().filter(|_| split == Split::Train).unwrap_or(own);
        credit::select(model, selections, set, split, self.seed).map_err(|said| RunError::Data(vec![said]))
    }

    /// Fills the slots of the fields that a program reads.
    pub(super) fn fill(
        &self,
        model: &Model,
        phase: usize,
        program: &Program,
        store: &mut Store,
    ) -> Result<(), RunError> {
        let id = model.phases[phase].data;
        let set = self.set(model, phase);
        let name = &model.data[model.data[id.0].base.0].name;
        for (field, column) in set.fields.iter().zip(&set.columns) {
            let slot = format!("{name}.{}", field.name);
            if !program.slots.iter().any(|wanted| *wanted.name == *slot) {
                continue;
            }
            if let (Column::Reals(values), Precision::F32) = (column, store.precision) {
                let item = &model.data[model.data[id.0].base.0];
                let each = field.ty.elements().max(1);
                let sample = |place| format!("sample {} of the field `{}`", place / each, field.name);
                fits(values, item.span, &sample, &set.files)?;
            }
            let values = match column {
                Column::Bytes(values) => Values::Byte(values.clone()),
                Column::Classes(values) | Column::Ints(values) => Values::Int(values.clone()),
                Column::Reals(values) => match store.precision {
                    Precision::F32 => Values::F32(values.iter().map(|x| *x as f32).collect()),
                    Precision::F64 => Values::F64(values.clone()),
                },
            };
            store.put(&slot, &values)?;
        }
        for (number, values) in self.consts.iter().enumerate() {
            let item = &model.consts[number];
            if store.precision == Precision::F32 {
                fits(values, item.span, &|_| format!("`{}`", item.name), &[])?;
            }
            store.fill(&credit::const_slot(model, ConstId(number)), values)?;
        }
        Ok(())
    }
}

/// Refuses numbers that f32 does not hold; `whose` says of which sample the one at a place is.
fn fits(values: &[f64], span: Span, whose: &dyn Fn(usize) -> String, files: &[SourceFile]) -> Result<(), RunError> {
    let Some(place) = values.iter().position(|value| !(*value as f32).is_finite()) else { return Ok(()) };
    let whose = match files {
        [file] => format!("{} (`{}`)", whose(place), file.path),
        _ => whose(place),
    };
    let said =
        Diagnostic::new(Code::NOT_FINITE, format!("{whose} holds {:?}, which is infinite in f32", values[place]))
            .at(span, "a number that f32 does not hold")
            .help("compute with `--precision f64`, or divide the numbers by their scale: `standardised`");
    Err(RunError::Data(vec![said]))
}
