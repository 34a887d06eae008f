//! Costs that need no teacher: rebuilding, predicting, deceiving, agreeing.

use super::system;

#[test]
fn a_linear_autoencoder_leaves_the_small_directions() {
    // 4, 2, 1, 1/2, …: what is left of ten after three is 1 - 2^-7.
    let wanted = 1.0 - 0.5f64.powi(7);
    for seed in 0..3 {
        let left = system("U-01").seed(seed).run().value("rebuild", "train");
        assert!((left - wanted).abs() < 1e-6, "seed {seed}: {left}");
    }
    system("U-01").epochs(2).run_both();
}
