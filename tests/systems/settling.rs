//! Networks that settle: energy, predictive coding, equilibrium.
