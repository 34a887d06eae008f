//! Equations that make less work of the same. Each rule has its equation above it, the left side before the arrow.

mod numbers;
mod shapes;
mod truths;

use crate::tensor::rewrite::{Rule, rewrite};

/// The pass.
pub static PASS: super::Pass = super::Pass {
    name: "algebra",
    about: "puts the simpler side of an equation in the place of the other",
    run: |program| rewrite(program, RULES),
};

/// All rules; the first that applies is taken.
static RULES: &[Rule] = &[
    numbers::add_zero,
    numbers::add_negated,
    numbers::subtract_zero,
    numbers::subtract_from_zero,
    numbers::subtract_negated,
    numbers::multiply_one,
    numbers::multiply_minus_one,
    numbers::multiply_negated,
    numbers::divide_one,
    numbers::negate_negated,
    numbers::negate_difference,
    truths::select_constant,
    truths::select_same,
    truths::select_not,
    truths::not_not,
    truths::and_constant,
    truths::or_constant,
    shapes::clamp_class,
    shapes::expand_same,
    shapes::expand_expanded,
    shapes::permute_same,
    shapes::permute_permuted,
    shapes::permute_repeated,
    shapes::reshape_same,
    shapes::reshape_reshaped,
    shapes::reshape_repeated,
    shapes::slice_all,
    shapes::slice_sliced,
    shapes::slice_padded,
    shapes::slice_repeated,
    shapes::pad_nothing,
    shapes::pad_padded,
    shapes::gather_all,
    shapes::gather_repeated,
    shapes::reduce_single,
    shapes::extreme_of_expanded,
    shapes::map_of_expanded,
];
