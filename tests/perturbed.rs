//! Rules that try out what a change does to the costs: along each weight alone, along noise on all weights or on the drives. On
//! every kind of wiring what they give is the gradient, to rounding or in the mean.

use super::trained::{EXACT, Trained, Way, checked, trained};
use neurula::math::Precision;
use neurula::runtime::Backend;
use std::path::Path;

const GATHER: &str =
    "optimiser gather() { state total = 0, square = 0\n total := total + g\n square := square + g^2\n w := w }";

fn codes(text: &str) -> Vec<&'static str> {
    match checked(Path::new("."), text) {
        Ok(_) => Vec::new(),
        Err(said) => said.iter().map(|said| said.code.0).collect(),
    }
}

/// What stands in front of the learning, the paths that learn and what stands behind their costs.
struct Wiring {
    name: &'static str,
    body: &'static str,
    paths: &'static str,
    rest: &'static str,
}

const fn wiring(name: &'static str, body: &'static str, paths: &'static str) -> Wiring {
    Wiring { name, body, paths, rest: "" }
}

/// Models whose activity is smooth.
const WIRINGS: [Wiring; 8] = [
    wiring(
        "layers, a named projection and a region that is read",
        "region A[4] = tanh(drive)\nregion B[3] = sigmoid(gate) * tanh(drive)\nregion C[3] = B + 0.5 * drive\n\
         connect X -> A -> B -> C\nconnect A -> B as gate\ncost c in C = sum((C - 1)^2) + 0.1 * l2(A -> B)",
        "X -> A -> B -> C, A -> B as gate",
    ),
    wiring(
        "two costs and a path in the middle",
        "region A[4] = tanh(drive)\nregion B[3] = tanh(drive)\nregion C[3] = drive\nregion D[2] = tanh(drive)\n\
         connect X -> A -> B -> C\nconnect A -> D\ncost c in C = sum((C - 1)^2)\ncost other in D = sum(D^2) + mean(B)\n\
         learn B -> C, A -> D by nothing\nlearn X -> A by nothing",
        "A -> B",
    ),
    wiring(
        "weights that are sparse, tied, and of low rank",
        "region A[4] = tanh(drive)\nregion B[5] = tanh(drive)\nregion C[4] = tanh(drive)\nregion D[5] = drive\n\
         connect X -> A : lowrank(2)\nconnect A -> B : sparse(0.6)\nconnect B -> C : transpose(A -> B)\n\
         connect C -> D : shared(A -> B)\ncost c in D = sum((D - 1)^2)",
        "X -> A -> B -> C -> D",
    ),
    wiring(
        "a convolution",
        "region P[4, 4] = tanh(drive)\nregion A[2, 3, 3] = tanh(drive)\nregion C[2] = drive\nconnect X -> P\n\
         connect P -> A : conv(channels = 2, size = 2)\nconnect A -> C\ncost c in C = sum((C - 1)^2)",
        "X -> P -> A -> C",
    ),
    Wiring {
        name: "what carries no credit",
        body: "region A[4] = tanh(drive)\nregion B[3] = tanh(drive)\nregion C[3] = drive\n\
               connect X -> A -> B -> C\nconnect A -> C : dense, no credit\ncost c in C = sum((C - 1)^2)",
        paths: "X -> A -> B -> C, A -> C",
        rest: "",
    },
    Wiring {
        name: "credit through some projections alone",
        body: "region A[4] = tanh(drive)\nregion B[3] = tanh(drive)\nregion C[3] = drive\n\
               connect X -> A -> B -> C\nconnect A -> C\ncost c in C = sum((C - 1)^2)\nlearn B -> C, A -> B, A -> C by nothing",
        paths: "X -> A",
        rest: "only through A -> B, B -> C",
    },
    wiring(
        "regions that settle, behind one that does not and before one",
        "region A[4] = tanh(drive)\nregion B[3] = tanh(drive), settle(8 steps, rate = 0.5)\n\
         region E[3] = tanh(0.5 * drive), settle(8 steps, rate = 0.5)\nregion C[3] = drive\n\
         connect X -> A -> B -> E -> C\nconnect E -> B\ncost c in C = sum((C - 1)^2)",
        "X -> A -> B -> E -> C, E -> B",
    ),
    wiring(
        "a recurrent region in time",
        "time 3 steps\nregion A[3] = tanh(drive)\nregion C[2] = drive\nconnect X -> A -> C\nconnect A -> A : dense, delay 1 step\n\
         cost c in C = sum((C - 1)^2)\ncost last in A = sum(A^2) at end",
        "X -> A -> C, A -> A",
    ),
];

fn text(wiring: &Wiring, samples: usize, batch: usize, rule: &str) -> String {
    let Wiring { body, paths, rest, .. } = wiring;
    let from = if body.contains("cost other") {
        "c, 0.5 * other"
    } else if body.contains("cost last") {
        "c, last"
    } else {
        "c"
    };
    let optimiser = "using gather()";
    // Noise on the drives does not feel what weights cost by themselves.
    let body = if rule.starts_with("node") { body.replace(" + 0.1 * l2(A -> B)", "") } else { body.to_string() };
    format!(
        "{GATHER}\ndata d {{ samples {samples}, batch {batch}\n x[k = 3] = cos((mod(index, 5) + 1) * (k + 1)) }}\nregion X[3] = d.x\n{body}\n\
         learn {paths} by backprop from {from} {rest} {optimiser}\nalso learn {paths} by {rule} from {from} {rest} {optimiser}"
    )
}

/// A name, what `backprop` gave, and what the other rule gave, added up, and its squares.
type Both = (String, Vec<f64>, Vec<f64>, Vec<f64>);

/// Those of everything that learns.
fn both(found: &Trained) -> Vec<Both> {
    let names = found.slots.keys().filter(|name| name.ends_with("|backprop|gather.total"));
    let mut all = Vec::new();
    for name in names {
        let slot = name.trim_end_matches("|backprop|gather.total");
        let of = |state: &str| {
            let mut own = found.slots.iter().filter(|(name, _)| {
                name.starts_with(&format!("{slot}|")) && name.contains("|also") && name.ends_with(state)
            });
            own.next().unwrap_or_else(|| panic!("{slot}: {:?}", found.slots.keys())).1.clone()
        };
        all.push((slot.to_string(), found.slot(name).to_vec(), of(".total"), of(".square")));
    }
    assert!(!all.is_empty());
    all
}

#[test]
fn a_weight_at_a_time_gives_the_gradient_to_the_square_of_the_distance() {
    for wiring in &WIRINGS {
        let off = |distance: f64, backend: Backend| {
            let text = text(wiring, 5, 5, &format!("serial_perturbation({distance})"));
            let found = trained(&text, &Way { epochs: Some(1), backend, ..EXACT });
            let mut worst = (0.0_f64, 0.0_f64);
            for (_, exact, tried, _) in both(&found) {
                for (exact, tried) in exact.iter().zip(&tried) {
                    worst = (worst.0.max((exact - tried).abs()), worst.1.max(exact.abs()));
                }
            }
            worst
        };
        let near = off(1e-4, Backend::Jit);
        assert!(near.1 > 0.05, "{}: {near:?}", wiring.name);
        assert!(near.0 < 1e-7, "{}: {near:?}", wiring.name);
        assert_eq!(off(1e-4, Backend::Interpreter), near, "{}", wiring.name);
        let (one, two) = (off(0.02, Backend::Jit).0, off(0.04, Backend::Jit).0);
        assert!((3.8..4.2).contains(&(two / one)), "{}: {two} / {one}", wiring.name);
    }
}

#[test]
fn noise_gives_the_gradient_in_the_mean() {
    const STEPS: usize = 4000;
    for wiring in &WIRINGS {
        for rule in ["weight_perturbation(0.0001)", "node_perturbation(0.0001)", "evolution_strategies(0.0001, 2)"] {
            if rule.starts_with("node") && wiring.body.contains("settle") {
                continue;
            }
            let text = text(wiring, 5 * STEPS, 5, rule);
            let found = trained(&text, &Way { epochs: Some(1), ..EXACT });
            let steps = STEPS as f64;
            let (mut squares, mut count, mut size) = (0.0, 0.0, 0.0_f64);
            for (name, exact, tried, square) in both(&found) {
                for ((exact, tried), square) in exact.iter().zip(&tried).zip(&square) {
                    let (exact, tried) = (exact / steps, tried / steps);
                    let error = ((square / steps - tried * tried) / steps).sqrt();
                    // What is no synapse gets nothing at all.
                    if error == 0.0 {
                        assert_eq!((exact, tried), (0.0, 0.0), "{} by {rule}: {name}", wiring.name);
                        continue;
                    }
                    let away = (tried - exact) / error;
                    assert!(away.abs() < 5.0, "{} by {rule}: {name}: {tried} for {exact} +- {error}", wiring.name);
                    (squares, count, size) = (squares + away * away, count + 1.0, size.max(exact.abs() / error));
                }
            }
            // Over all elements the errors are those that were stated, and the gradient stands out of them.
            assert!(
                squares / count < 1.0 + 6.0 * (2.0_f64 / count).sqrt(),
                "{} by {rule}: {}",
                wiring.name,
                squares / count
            );
            assert!(size > 8.0, "{} by {rule}: {size}", wiring.name);
        }
    }
}

#[test]
fn each_pair_of_copies_has_its_own_noise() {
    let variance = |pairs: usize| {
        let text = text(&WIRINGS[0], 5 * 1000, 5, &format!("evolution_strategies(0.0001, {pairs})"));
        let found = trained(&text, &Way { epochs: Some(1), ..EXACT });
        let of = |(total, square): (&f64, &f64)| square / 1000.0 - (total / 1000.0).powi(2);
        both(&found).iter().flat_map(|(_, _, tried, square)| tried.iter().zip(square).map(of)).sum::<f64>()
    };
    let ratio = variance(1) / variance(4);
    assert!((3.6..4.4).contains(&ratio), "{ratio}");
}

#[test]
fn perturbations_repeat_to_the_bit_and_learn_what_has_no_derivative() {
    let run = |rule: &str, way: &Way| {
        let text = format!(
            "data d {{ samples 200, batch 20\n x[4] = normal(0, 1)\n label : class[2] = x[0] > 0 }}\nregion X[4] = d.x\n\
             region Out[2] = drive\nconnect X -> Out\ncost wrong in Out = cross_entropy(Out, d.label)\n\
             metric accuracy = argmax(Out) == d.label\nlearn X -> Out by {rule} from wrong using sgd(rate = 0.05)"
        );
        trained(&text, &Way { epochs: Some(30), ..way.clone() })
    };
    for rule in ["weight_perturbation", "node_perturbation", "evolution_strategies", "serial_perturbation"] {
        let found = run(rule, &EXACT);
        let digest = &found.outcome.state_digest;
        assert!(found.value("accuracy", "train") > 0.8, "{rule}: {}", found.value("accuracy", "train"));
        assert_eq!(&run(rule, &Way { threads: 1, ..EXACT }).outcome.state_digest, digest, "{rule}");
        assert_eq!(&run(rule, &Way { backend: Backend::Interpreter, ..EXACT }).outcome.state_digest, digest, "{rule}");
        let other = &run(rule, &Way { seed: 1, ..EXACT }).outcome.state_digest;
        assert_ne!(other, digest, "{rule}");
    }
}

#[test]
fn hidden_units_learn_from_noise_what_a_readout_of_frozen_ones_cannot() {
    let run = |rule: &str| {
        let text = format!(
            "data task {{ samples 4000, test 1000, batch 32\n x[20] = normal(0, 1)\n label : class[2] = x[0] * x[1] > 0 }}\n\
             region In[20] = task.x\nregion Hidden[64] = relu(drive)\nregion Out[2] = drive\nconnect In -> Hidden -> Out\n\
             cost wrong in Out = cross_entropy(Out, task.label)\nmetric accuracy = argmax(Out) == task.label\n\
             learn In -> Hidden by {rule} from wrong using sgd(rate = 0.1)\n\
             learn Hidden -> Out by backprop from wrong using sgd(rate = 0.1)"
        );
        trained(&text, &Way { epochs: Some(40), precision: Precision::F32, ..EXACT }).value("accuracy", "test")
    };
    // Backpropagation comes to 0.97. Noise on the drives of both layers at once is stable at a third of this rate alone.
    let (noisy, frozen) = (run("node_perturbation"), run("nothing"));
    assert!(noisy > 0.8 && frozen < 0.65, "{noisy}, frozen {frozen}");
}

#[test]
fn a_perturbation_is_refused_where_nothing_can_be_moved() {
    let spec = |body: &str, paths: &str, rule: &str| {
        codes(&format!(
            "data d = digits(batch = 50)\nregion In[8, 8] = d.image\n{body}\nregion Out[10] = drive\n\
             cost wrong in Out = cross_entropy(Out, d.label)\nlearn {paths} by {rule} from wrong using sgd(rate = 0.1)"
        ))
    };
    let plain = "region A[4] = select(drive > 0, 1, 0)\nconnect In -> A -> Out";
    for rule in ["weight_perturbation", "node_perturbation(0.1)", "evolution_strategies(sigma = 0.1, pairs = 4)"] {
        // A threshold has no derivative, and none is asked for.
        assert_eq!(spec(plain, "In -> A -> Out", rule), [""; 0], "{rule}");
    }
    assert_eq!(spec(plain, "In -> A -> Out", "weight_perturbation(0)"), ["E0302"]);
    assert_eq!(spec(plain, "In -> A -> Out", "evolution_strategies(0.1, 1.5)"), ["E0305"]);
    assert_eq!(spec(plain, "In -> A -> Out", "serial_perturbation(size = 1)"), ["E0203"]);
    let heavy = "region A[4] = tanh(drive)\nconnect In -> A -> Out\ncost heavy in A = l2(In -> A) + mean(A)";
    let of = |rule: &str| {
        let heavy = format!("{heavy}\nlearn In -> A by {rule} from heavy using sgd(rate = 1)");
        spec(&heavy, "A -> Out", "backprop")
    };
    assert_eq!(of("node_perturbation"), ["E0537"]);
    assert_eq!(of("weight_perturbation"), [""; 0]);
    let memory =
        "time 3 steps\nregion Flat[5] = tanh(drive)\nregion Memory : gru(4)\nconnect In -> Flat -> Memory -> Out";
    assert_eq!(spec(memory, "In -> Flat -> Memory -> Out", "node_perturbation"), ["E0536"]);
    assert_eq!(spec(memory, "In -> Flat -> Memory -> Out", "weight_perturbation"), [""; 0]);
    let closed = "time 3 steps\nregion A[4] = drive\nregion B[4] = drive\nconnect In -> A -> B -> Out\nconnect A -> Out : dense, no credit";
    assert_eq!(spec(closed, "In -> A -> B -> Out, A -> Out", "weight_perturbation"), ["E0901"]);
}
