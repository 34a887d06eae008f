//! What regions draw: noise and dropout have the moments that their distributions have, are anew for every sample, unit and
//! step, and repeat to the bit.

use super::trained::{EXACT, Trained, Way, trained};
use neurula::math::Precision;
use neurula::runtime::Backend;

/// A model with these regions and metrics besides, trained for two epochs of 1,437 samples; what is drawn is learnt from too.
fn run(rest: &str, way: &Way) -> Trained {
    let text = format!(
        "data d = digits(batch = 50)\nregion In[8, 8] = d.image\nregion Noisy[40] = drive + 0.1 * noise\nregion Out[10] = drive\n\
         connect In -> Noisy -> Out\ncost wrong in Out = cross_entropy(Out, d.label)\n{rest}\n\
         learn In -> Noisy -> Out by backprop from wrong using sgd(rate = 0.1)"
    );
    trained(&text, &Way { epochs: Some(2), ..way.clone() })
}

/// Whether a mean over so many independent draws of that variance is what it should be, to five standard errors.
fn near(found: f64, wanted: f64, variance: f64, draws: f64) {
    let error = (variance / draws).sqrt();
    assert!((found - wanted).abs() < 5.0 * error, "{found} for {wanted} +- {error}");
    assert!(found != wanted, "nothing is drawn");
}

#[test]
fn noise_is_a_unit_normal_and_a_draw_is_what_it_says() {
    let rest = "region N[8, 5] = noise\nregion M[8, 5] = noise\nregion U[40] = uniform(2, 5)\nregion B[40] = bernoulli(0.2)\n\
                region G[40] = normal(3, 2)\nregion K[40] = pick(4)\n\
                metric first = mean(N)\nmetric second = mean(N^2)\nmetric fourth = mean(N^4)\nmetric both = mean(N * M)\n\
                metric level = mean(U)\nmetric share = mean(B)\nmetric shifted = mean(G)\nmetric picked = mean(K)\n\
                metric neighbours = mean(N[0..4, 0..5] * N[4..8, 0..5])\nmetric extremes = select(max(abs(N)) > 7, 1, 0)";
    for precision in [Precision::F64, Precision::F32] {
        let found = run(rest, &Way { precision, ..EXACT });
        // What is reported of the training split is the mean over the last epoch; the test split has its own draws.
        for (split, samples) in [("train", 1437.0), ("test", 360.0)] {
            let draws = 40.0 * samples;
            near(found.value("first", split), 0.0, 1.0, draws);
            near(found.value("second", split), 1.0, 2.0, draws);
            near(found.value("fourth", split), 3.0, 96.0, draws);
            near(found.value("both", split), 0.0, 1.0, draws);
            near(found.value("neighbours", split), 0.0, 1.0, draws / 2.0);
            near(found.value("level", split), 3.5, 9.0 / 12.0, draws);
            near(found.value("share", split), 0.2, 0.16, draws);
            near(found.value("shifted", split), 3.0, 4.0, draws);
            near(found.value("picked", split), 1.5, 1.25, draws);
            assert_eq!(found.value("extremes", split), 0.0, "nothing is far out");
        }
        assert_ne!(found.value("first", "train"), found.value("first", "test"));
    }
}

#[test]
fn dropout_leaves_the_mean_and_is_off_when_something_is_measured() {
    let rest = "region D[40] = dropout(2, 0.25)\nmetric level = mean(D)\nmetric gone = mean(select(D == 0, 1, 0))\n\
                metric kept = mean(select(D == 0, 2 / 0.75, D))";
    let found = run(rest, &EXACT);
    let draws = 40.0 * 1437.0;
    near(found.value("gone", "train"), 0.25, 0.25 * 0.75, draws);
    near(found.value("level", "train"), 2.0, 4.0 * 0.25 / 0.75, draws);
    assert!((found.value("kept", "train") - 2.0 / 0.75).abs() < 1e-12);
    assert_eq!((found.value("level", "test"), found.value("gone", "test")), (2.0, 0.0));
}

#[test]
fn what_is_drawn_repeats_to_the_bit_and_is_another_for_another_seed() {
    let digest = |way: &Way| run("", way).outcome.weights_digest;
    let one = digest(&EXACT);
    assert_eq!(one, digest(&Way { threads: 1, ..EXACT }));
    assert_eq!(one, digest(&Way { backend: Backend::Interpreter, ..EXACT }));
    assert_ne!(one, digest(&Way { seed: 1, ..EXACT }));
    // Metrics that look at the draws, and another region that draws, change nothing of them.
    let more = run("region N[3] = noise\nmetric looked = mean(Noisy) + mean(N)", &EXACT);
    assert_eq!(run("", &EXACT).slots["In -> Noisy.weight"], more.slots["In -> Noisy.weight"]);
}

#[test]
fn noise_is_anew_in_every_time_step() {
    let text = "data d = digits(batch = 50)\ntime 6 steps\nregion In[8] = d.image[t]\nregion N[5] = noise\nregion Out[10] = drive\n\
                connect In -> Out\ncost wrong in Out = cross_entropy(Out, d.label) at end\n\
                metric steps_apart = mean(N * prev(N))\nmetric second = mean(N^2)\n\
                learn In -> Out by backprop from wrong using sgd(rate = 0.1)";
    let found = trained(text, &Way { epochs: Some(1), ..EXACT });
    let draws = 5.0 * 6.0 * 1437.0;
    near(found.value("second", "train"), 1.0, 2.0, draws);
    near(found.value("steps_apart", "train"), 0.0, 5.0 / 6.0, draws);
}
