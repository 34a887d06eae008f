//! What must not be, one check a file: the model as a whole, after every part of it is known.

mod changing_weights;
mod contested_feedback;
mod idle_cost;
mod kept_otherwise;
mod memory;
mod not_differentiable;
mod perturbed;
mod undriven_target;
mod unmet_need;
mod unreached_synapse;
mod unread_region;
mod unwired_region;

use super::build::Options;
use super::draft::Draft;

/// A check: a row of [`ALL`].
pub(super) struct Check {
    /// Its name; that of its file.
    pub(super) name: &'static str,
    /// Says what is wrong.
    pub(super) run: fn(&mut Draft<'_>, &Options),
}

/// All checks, sorted by name.
pub(super) const ALL: &[Check] = &[
    changing_weights::CHECK,
    contested_feedback::CHECK,
    idle_cost::CHECK,
    kept_otherwise::CHECK,
    memory::CHECK,
    not_differentiable::CHECK,
    perturbed::CHECK,
    undriven_target::CHECK,
    unmet_need::CHECK,
    unreached_synapse::CHECK,
    unread_region::CHECK,
    unwired_region::CHECK,
];

/// Runs all checks. While anything is broken, what seems to be missing may not be: then they are silent.
pub(super) fn run(draft: &mut Draft<'_>, options: &Options) {
    if draft.incomplete {
        return;
    }
    debug_assert!(ALL.is_sorted_by_key(|check| check.name));
    for check in ALL {
        (check.run)(draft, options);
    }
}
