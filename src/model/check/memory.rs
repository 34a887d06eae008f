//! No array has more cells than can be counted. What all together need, and whether that fits, is seen from the programs
//! (`driver::memory`).

use super::super::draft::Draft;
use super::super::{Pattern, Projection};
use super::{Check, Options};
use crate::diag::size::size;
use crate::diag::{Code, Diagnostic};

pub(super) const CHECK: Check = Check { name: "memory", run };

/// The largest number of cells that one array may have, whatever the memory: indices are 32 bits wide.
const CELLS: u128 = 1 << 31;

fn run(draft: &mut Draft<'_>, _: &Options) {
    let batch = draft.data.iter().flatten().map(|data| data.batch as u128).max().unwrap_or(1);
    let data: u128 = draft.data.iter().flatten().map(|data| data.signature.bytes()).sum();
    let weights: Vec<u128> = draft.projections.iter().map(|projection| cells(draft, projection)).collect();
    let units: u128 = draft
        .regions
        .iter()
        .filter_map(|region| region.shape.as_ref())
        .map(|shape| shape.iter().map(|n| *n as u128).product::<u128>())
        .sum();
    let windows: Vec<u128> = draft.projections.iter().map(windows).collect();
    let inner = draft.regions.iter().filter_map(|region| region.structure.as_ref()).flat_map(|s| &s.weights);
    let inner: u128 = inner.map(|weight| weight.shape.iter().map(|n| *n as u128).product::<u128>()).sum();
    let steps = draft.time.map_or(1, |time| time.steps as u128);
    // The value, its gradient and two states of an optimiser; an activity, its drive and the credit of both, in
    // each time step.
    let parameters = 4 * 4 * (weights.iter().sum::<u128>() + inner);
    let activity = (4 * 4 * units.saturating_add(windows.iter().sum())).saturating_mul(batch).saturating_mul(steps);
    let total = parameters.saturating_add(activity).saturating_add(data);
    let largest = (0..weights.len()).max_by_key(|&i| weights[i]);
    let over_cells = weights.iter().any(|cells| *cells > CELLS)
        || windows.iter().any(|cells| cells.saturating_mul(batch) > CELLS)
        || units.saturating_mul(batch).saturating_mul(steps) > CELLS;
    if !over_cells {
        return;
    }
    let span = match largest {
        Some(i) => draft.projections[i].span,
        None => match draft.regions.first() {
            Some(region) => region.tree.target.span,
            None => return,
        },
    };
    let mut said = Diagnostic::new(
        Code::TOO_LARGE,
        format!("this spec needs about {}, and may use no array of more than 2^31 cells", size(total)),
    )
    .at(
        span,
        match largest {
            Some(i) => {
                let sizes: Vec<String> =
                    draft.weight_shape(&draft.projections[i]).iter().map(|&size| grouped(size)).collect();
                format!("{} weights", sizes.join(" x "))
            }
            None => "too many units".to_string(),
        },
    )
    .help("make regions or the batch smaller");
    said.message += &format!(
        ": parameters and optimisers {}, activity of a batch {}, data {}",
        size(parameters),
        size(activity),
        size(data)
    );
    draft.say(said);
}

/// The cells of a projection's own weights, and of what says which synapses there are.
fn cells(draft: &Draft<'_>, projection: &Projection) -> u128 {
    let cells: u128 = draft.weight_shape(projection).iter().map(|n| *n as u128).product();
    match projection.pattern {
        _ if projection.tied.is_some() => 0,
        Pattern::LowRank(rank) => {
            let units = draft.weight_shape(projection).iter().map(|n| *n as u128).sum::<u128>();
            units.saturating_mul(rank as u128)
        }
        _ => cells,
    }
}

/// The cells of all windows that a convolution reads.
fn windows(projection: &Projection) -> u128 {
    match &projection.pattern {
        Pattern::Conv(window) => {
            let [y, x] = window.places();
            [window.channels, window.size, window.size, y, x].iter().map(|n| *n as u128).product()
        }
        _ => 0,
    }
}

/// A number as the language writes it: `1_000_000`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('_');
        }
        out.push(digit);
    }
    out
}
