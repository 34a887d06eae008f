//! Chance and perturbation: rows whose credit comes from noise.
