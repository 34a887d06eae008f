//! Predictions: what regions of a trained model do on data, old or new.

use super::engine::Made;
use super::samples::Samples;
use super::store::Store;
use super::{Options, RunError, checkpoint};
use crate::credit;
use crate::data::{Dataset, Element, FieldType, Split};
use crate::loops::Precision;
use crate::loops::memory::Values;
use crate::model::{DataId, Leaf, Model, RegionId, Selection, SelectionKind};
use std::borrow::Cow;
use std::path::Path;

/// The activity of a region on every sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Activity {
    /// The region.
    pub region: String,
    /// How many samples, then the region's shape.
    pub shape: Vec<usize>,
    /// The activity, row-major.
    pub values: Values,
}

/// The regions that no other region reads: what a model comes to.
pub fn last_regions(model: &Model) -> Vec<RegionId> {
    let mut read = vec![false; model.regions.len()];
    for projection in model.projections.iter().filter(|projection| projection.source != projection.target) {
        read[projection.source.0] = true;
    }
    for (number, region) in model.regions.iter().enumerate() {
        for (leaf, _) in region.equation.leaves() {
            if let Leaf::Region(id) | Leaf::Previous(id) = leaf {
                read[id.0] |= id.0 != number;
            }
        }
    }
    let all = (0..model.regions.len()).map(RegionId);
    let last: Vec<RegionId> = all.clone().filter(|id| !read[id.0]).collect();
    if last.is_empty() { all.collect() } else { last }
}

/// What regions do, with the weights of a run folder's checkpoint, on every sample of the run's own data for which their
/// `where` holds (training samples first, as the source has them) or of other data, which need have only the fields on which the regions depend.
pub fn predict(
    model: &Model,
    options: &Options,
    folder: &Path,
    regions: &[RegionId],
    other: Option<Dataset>,
) -> Result<Vec<Activity>, RunError> {
    let checkpoint = checkpoint::of_folder(folder, model)?;
    let phase = checkpoint.position.reached() - 1;
    let id = model.phases[phase].data;
    let own = other.is_none();
    let samples = match other {
        Some(set) => Samples::of(model, id, like_our_own(model, id, set, options)?, options.seed)?,
        None => Samples::read(model, &options.place, options.seed)?,
    };
    let set = samples.set(model, phase);
    let model = &*with_numbers(model, id, set);
    let (rows, batch) = (set.rows(), model.data[id.0].batch);
    let chosen = if own { chosen(model, id, set, options.seed)? } else { (0..rows as u32).collect() };
    if chosen.is_empty() {
        return Err(RunError::OtherData("they hold no sample".to_string()));
    }
    let program = credit::predict(model, phase, rows, regions);
    let source = &model.data[model.data[id.0].base.0];
    for field in &source.signature.fields {
        let slot = format!("{}.{}", source.name, field.name);
        if program.slots.iter().any(|wanted| *wanted.name == *slot) {
            fits(set, &field.name, &field.ty)?;
        }
    }
    let [engine] = Made::new(options.threads).engines([program], options.precision, options.backend)?;
    let mut store = Store::new(options.precision);
    for name in store.admit(&engine.program) {
        if let Some(key) = credit::key(&name, options.seed) {
            store.fill(&name, &key)?;
        }
    }
    samples.fill(model, phase, &engine.program, &mut store)?;
    checkpoint.restore_parameters(&mut store)?;
    checkpoint.position.set_clocks(&mut store);
    store.set_order(&chosen);
    let mut found = regions
        .iter()
        .map(|region| room(model, *region, chosen.len(), options.precision))
        .collect::<Result<Vec<Activity>, RunError>>()?;
    let mut done = 0;
    while done < chosen.len() {
        engine.run(&mut store, None, 1)?;
        let taken = batch.min(chosen.len() - done);
        for (activity, region) in found.iter_mut().zip(regions) {
            let slot = credit::prediction_slot(model, *region);
            take(&mut activity.values, store.read(&slot), taken * model.regions[region.0].size());
        }
        done += taken;
    }
    Ok(found)
}

/// The model where the samples have numbers of what it was trained on as bytes: numbers as regions see them.
fn with_numbers<'m>(model: &'m Model, id: DataId, set: &Dataset) -> Cow<'m, Model> {
    let base = model.data[id.0].base.0;
    let mut model = Cow::Borrowed(model);
    for number in 0..model.data[base].signature.fields.len() {
        let wanted = &model.data[base].signature.fields[number];
        let found = set.fields.iter().find(|field| field.name == wanted.name);
        let bytes = matches!(wanted.ty.element, Element::Byte { .. });
        if let Some(found) = found.filter(|found| bytes && found.ty.element == Element::Real)
            && found.ty.shape == wanted.ty.shape
        {
            model.to_mut().data[base].signature.fields[number].ty = found.ty.clone();
        }
    }
    model
}

/// The rows of a run's own data in the order of their source, of every split: those for which its item's `where` holds.
fn chosen(model: &Model, id: DataId, set: &Dataset, seed: u64) -> Result<Vec<u32>, RunError> {
    let all = model.data[id.0].selections.iter();
    let wheres: Vec<Selection> = all.filter(|s| matches!(s.kind, SelectionKind::Where(_))).cloned().collect();
    if wheres.is_empty() {
        return Ok((0..set.rows() as u32).collect());
    }
    let mut rows = Vec::new();
    for split in Split::ALL {
        let found = credit::select(model, &wheres, set, split, seed).map_err(|said| RunError::Data(vec![said]))?;
        rows.extend_from_slice(found.as_slice());
    }
    rows.sort_unstable();
    Ok(rows)
}

/// Other samples with their fields prepared as those of the run were: by the statistics of its training samples.
fn like_our_own(model: &Model, id: DataId, mut set: Dataset, options: &Options) -> Result<Dataset, RunError> {
    let source = &model.data[model.data[id.0].base.0];
    if source.prepared.is_empty() {
        return Ok(set);
    }
    let own = credit::samples(model, source, &options.place, options.seed).map_err(RunError::Data)?;
    for prepared in own.prepared {
        let found = set.fields.iter().position(|field| field.name == prepared.field);
        if let Some(field) = found.filter(|field| set.fields[*field].ty.elements() == prepared.by.len()) {
            let name = prepared.field.clone();
            set.apply(field, prepared).map_err(|(row, value)| {
                RunError::OtherData(format!("`{name}` comes to {value} in sample {row}, prepared as in training"))
            })?;
        }
    }
    Ok(set)
}

/// An activity without a value yet, with room for all.
fn room(model: &Model, id: RegionId, rows: usize, precision: Precision) -> Result<Activity, RunError> {
    let region = &model.regions[id.0];
    let too_large = || RunError::OtherData(format!("there is no memory for `{}` on {rows} samples", region.name));
    let cells = rows.checked_mul(region.size()).ok_or_else(too_large)?;
    let (mut singles, mut doubles) = (Vec::new(), Vec::new());
    let values = match precision {
        Precision::F32 => singles.try_reserve_exact(cells).map(|()| Values::F32(singles)),
        Precision::F64 => doubles.try_reserve_exact(cells).map(|()| Values::F64(doubles)),
    };
    let shape = std::iter::once(rows).chain(region.shape.iter().copied()).collect();
    Ok(Activity { region: region.name.to_string(), shape, values: values.map_err(|_| too_large())? })
}

/// Adds the first of some values to others of their kind.
fn take(to: &mut Values, from: Option<Values>, count: usize) {
    match (to, from) {
        (Values::F32(to), Some(Values::F32(from))) => to.extend_from_slice(&from[..count]),
        (Values::F64(to), Some(Values::F64(from))) => to.extend_from_slice(&from[..count]),
        (_, from) => crate::bug!("an activity is {from:?}"),
    }
}

/// Whether data have a field as the spec's own have it. They may have fewer classes, but not more.
fn fits(set: &Dataset, name: &str, wanted: &FieldType) -> Result<(), RunError> {
    let Some(found) = set.fields.iter().find(|field| field.name == name) else {
        let known: Vec<String> = set.fields.iter().map(|field| format!("`{}`", field.name)).collect();
        let known = known.join(", ");
        return Err(RunError::OtherData(format!(
            "the regions depend on `{name}`, and `{}` gives {known} there",
            set.source
        )));
    };
    let same = match (found.ty.element, wanted.element) {
        (Element::Class(found), Element::Class(wanted)) => found <= wanted,
        (found, wanted) => found == wanted,
    };
    if same && found.ty.shape == wanted.shape {
        return Ok(());
    }
    let kind = |ty: &FieldType| match ty.element {
        Element::Byte { divisor } => format!("{ty} of bytes, divided by {divisor}"),
        Element::Real => format!("{ty} of real numbers"),
        Element::Int | Element::Class(_) => ty.to_string(),
    };
    let (found, wanted) = (kind(&found.ty), kind(wanted));
    Err(RunError::OtherData(format!("`{name}` is {found} there, and the model was trained on {wanted}")))
}
