//! What weights are held to: each step with constraints against the same step without, brought back by hand; and long runs
//! that try to break them.

use super::gradients::slots;
use super::runtime::Stop;
use super::trained::{EXACT, Trained, Way, checked, options, trained};
use neurula::credit;
use neurula::data::Place;
use neurula::diag::Code;
use neurula::math::Precision;
use neurula::runtime::Backend;
use neurula::runtime::folder::SpecFile;
use neurula::runtime::train::{Origin, train};
use neurula::tensor::Program;
use neurula::tensor::eval::{self, Array};
use std::collections::BTreeMap;
use std::path::Path;

/// The first phase of a text in the tensor interpreter, in `f64`, with seed 5: its slots, step by step.
#[derive(Clone)]
pub struct Stepper {
    program: Program,
    batch: f64,
    slots: Vec<Array>,
}

impl Stepper {
    pub fn new(text: &str) -> Stepper {
        let model = checked(Path::new("."), text).unwrap_or_else(|said| panic!("{said:#?}\n{text}"));
        let set = credit::samples(&model, &model.data[0], &Place::only("."), 5).unwrap();
        let program = credit::learn(&model, 0, set.rows());
        let slots = slots(&model, &program, &set);
        Stepper { program, batch: model.data[0].batch as f64, slots }
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.program.slots.iter().position(|slot| &*slot.name == name)
    }

    /// What a slot holds.
    pub fn slot(&self, name: &str) -> Vec<f64> {
        self.slots[self.place(name).unwrap_or_else(|| panic!("no slot `{name}`"))].numbers()
    }

    /// Takes over what another has of the same slots.
    pub fn follow(&mut self, other: &Stepper) {
        for (slot, value) in self.program.slots.iter().zip(&mut self.slots) {
            if let Some(place) = other.place(&slot.name) {
                *value = other.slots[place].clone();
            }
        }
    }

    /// Puts numbers into a slot.
    pub fn put(&mut self, name: &str, numbers: Vec<f64>) {
        let place = self.place(name).unwrap();
        self.slots[place] = Array::from_numbers(&self.program.slots[place].ty, numbers);
    }

    /// One training step.
    pub fn step(&mut self) {
        if self.slot("clock.position")[0] * self.batch >= self.slot("clock.rows")[0] {
            self.put("clock.position", vec![0.0]);
        }
        let written = eval::graph(&self.program.graph, &self.slots).unwrap();
        for (slot, value) in self.program.writes.iter().zip(written) {
            self.slots[*slot] = value;
        }
    }

    /// Every parameter.
    pub fn parameters(&self) -> BTreeMap<String, Vec<f64>> {
        let parameters = self.program.slots.iter().zip(&self.slots);
        let parameters = parameters.filter(|(slot, _)| slot.role == neurula::tensor::Role::Parameter);
        parameters.map(|(slot, value)| (slot.name.to_string(), value.numbers())).collect()
    }
}

/// A brain that sees a world of four and is its own input, with clauses on the wires into `H`.
fn spec(input: &str, own: &str, learn: &str) -> String {
    let clause = |text: &str| if text.is_empty() { String::new() } else { format!(" : {text}") };
    format!(
        "data world {{ samples 40, batch 8  x[4] = normal(0, 1)  y[6] = normal(0, 1) }}\n\
         region X[4] = world.x\nregion Y[6] = world.y\nregion G[6] = tanh(drive)\nregion H[6] = tanh(drive)\n\
         region Out[2] = drive\nconnect Y -> G : init 0.5\nconnect X -> H{}\nconnect G -> H{}\nconnect H -> Out\n\
         cost wrong in Out = mse(Out, X[0..2])\nrule push(rate) {{ dw = rate * (post * pre - 3 * w) - 2 * rate * pre  db = rate * post }}\n\
         rule flip {{ dw = 0 - 1.7 * w + 0.3 * pre }}\nlearn Y -> G by nothing\nlearn H -> Out by backprop from wrong using sgd(rate = 0.1)\n{learn}\n",
        clause(input),
        clause(own)
    )
}

const PATHS: &str = "X -> H, G -> H";

/// Every way in which weights come to change.
fn ways() -> Vec<String> {
    vec![
        format!("learn {PATHS} by backprop from wrong using sgd(rate = 2)"),
        format!("learn {PATHS} by backprop from wrong using momentum(rate = 0.5)"),
        format!("learn {PATHS} by backprop from wrong using adam(rate = 0.1) clip 0.3"),
        format!("learn {PATHS} by hebb(rate = 0.3)"),
        format!("learn {PATHS} by oja(rate = 0.3)"),
        format!("learn {PATHS} by push(0.2) using adam(rate = 0.2)"),
        format!("learn {PATHS} by flip"),
        format!("learn {PATHS} by flip\nalso learn G -> H by backprop from wrong using sgd(rate = 1)"),
    ]
}

/// Compares every step of a constrained model with that of the same model without, brought back by hand.
fn compare(input: &str, own: &str, by_hand: impl Fn(&mut Parameters, &Parameters)) {
    // A clip does not count what is no synapse.
    for learn in ways().into_iter().filter(|learn| !(own.contains("no self") && learn.contains("clip"))) {
        let mut held = Stepper::new(&spec(input, own, &learn));
        let mut free = Stepper::new(&spec("", "", &learn));
        let first = held.parameters();
        for step in 0..12 {
            free.follow(&held);
            held.step();
            free.step();
            let (mut wanted, found) = (free.parameters(), held.parameters());
            by_hand(&mut wanted, &first);
            assert_eq!(wanted.keys().collect::<Vec<_>>(), found.keys().collect::<Vec<_>>());
            for (name, wanted) in wanted {
                for (wanted, found) in wanted.iter().zip(&found[&name]) {
                    let near = (wanted - found).abs() <= 1e-13 * (1.0 + wanted.abs());
                    assert!(near, "{name} after step {step} of {learn}: {found} and {wanted}");
                }
            }
        }
    }
}

type Parameters = BTreeMap<String, Vec<f64>>;

fn each(parameters: &mut Parameters, name: &str, of: impl Fn(usize, f64) -> f64) {
    let values = parameters.get_mut(name).unwrap();
    values.iter_mut().enumerate().for_each(|(place, value)| *value = of(place, *value));
}

const X: &str = "X -> H.weight";
const G: &str = "G -> H.weight";

#[test]
fn signs_and_bounds_are_restored_after_every_change() {
    compare("excitatory", "inhibitory", |w, _| {
        each(w, X, |_, value| value.max(0.0));
        each(w, G, |_, value| value.min(0.0));
    });
    compare("bounded -0.2..0.3", "bounded 0..0.25, excitatory", |w, _| {
        each(w, X, |_, value| value.clamp(-0.2, 0.3));
        each(w, G, |_, value| value.clamp(0.0, 0.25));
    });
}

#[test]
fn a_unit_has_no_synapse_onto_itself() {
    compare("", "no self, init he", |w, _| each(w, G, |place, value| if place / 6 == place % 6 { 0.0 } else { value }));
    compare("", "no self, bounded 0.1..0.4", |w, _| {
        each(w, G, |place, value| if place / 6 == place % 6 { 0.0 } else { value.clamp(0.1, 0.4) });
    });
}

#[test]
fn norms_are_kept_over_all_projections_that_are_marked() {
    let length = |w: &Parameters, unit: usize| {
        let squares = |name: &str, wide: usize| w[name][unit * wide..][..wide].iter().map(|w| w * w).sum::<f64>();
        (squares(X, 4) + squares(G, 6)).sqrt()
    };
    compare("normalised", "normalised, no self", |w, first| {
        each(w, G, |place, value| if place / 6 == place % 6 { 0.0 } else { value });
        let factors: Vec<f64> = (0..6).map(|unit| length(first, unit) / length(w, unit)).collect();
        each(w, X, |place, value| value * factors[place / 4]);
        each(w, G, |place, value| value * factors[place / 6]);
    });
    let sum = |w: &Parameters, unit: usize| w[X][unit * 4..][..4].iter().sum::<f64>();
    compare("normalised(sum), excitatory", "", |w, first| {
        each(w, X, |_, value| value.max(0.0));
        let factors: Vec<f64> =
            (0..6).map(|unit| if sum(w, unit) == 0.0 { 1.0 } else { sum(first, unit) / sum(w, unit) }).collect();
        each(w, X, |place, value| value * factors[place / 4]);
    });
}

#[test]
fn what_does_not_change_is_not_touched() {
    let learn = "learn X -> H by flip every 3 steps\nlearn G -> H by flip every 2 steps";
    let mut held = Stepper::new(&spec("normalised, init normal(0.7)", "normalised", learn));
    let length = |s: &Stepper, unit: usize| {
        let all = [s.slot(X)[unit * 4..][..4].to_vec(), s.slot(G)[unit * 6..][..6].to_vec()].concat();
        all.iter().map(|w| w * w).sum::<f64>().sqrt()
    };
    let first: Vec<f64> = (0..6).map(|unit| length(&held, unit)).collect();
    for step in 1..=12 {
        let (x, g) = (held.slot(X), held.slot(G));
        held.step();
        assert_eq!(held.slot(X) == x, (step - 1) % 3 != 0, "step {step}");
        assert_eq!(held.slot(G) == g, (step - 1) % 2 != 0, "step {step}");
        for (unit, first) in first.iter().enumerate() {
            assert!((length(&held, unit) - first).abs() < 1e-13, "step {step}: {} and {first}", length(&held, unit));
        }
    }
    // Held where a first value lies outside, and yet frozen or never taught: nothing is restored.
    let mut still = Stepper::new(&spec("bounded -0.1..0.1", "", "learn X -> H by nothing\nlearn G -> H by flip"));
    still.put(X, vec![5.0; 24]);
    still.step();
    assert_eq!(still.slot(X), [5.0; 24]);
}

#[test]
fn first_weights_have_the_sign_and_lie_within_the_bounds() {
    let born = |clauses: &str| Stepper::new(&spec(clauses, "", "learn X -> H, G -> H by flip")).slot(X);
    let plain = born("");
    let he = born("init he");
    assert_eq!(born("excitatory"), plain.iter().map(|w| w.abs()).collect::<Vec<_>>());
    assert_eq!(born("inhibitory, init he"), he.iter().map(|w| -w.abs()).collect::<Vec<_>>());
    assert_eq!(born("init he, bounded 0..0.5"), he.iter().map(|w| w.abs().min(0.5)).collect::<Vec<_>>());
    assert_eq!(born("init he, bounded -0.5..0.5"), he.iter().map(|w| w.clamp(-0.5, 0.5)).collect::<Vec<_>>());
    assert_eq!(born("init uniform(-0.5, 0.5), bounded -1..1"), plain);
    assert_eq!(
        born("init uniform(-0.5, 0.5), excitatory, bounded 0..0.5"),
        plain.iter().map(|w| w.abs()).collect::<Vec<_>>()
    );
    let unit: Vec<f64> = plain.iter().map(|w| w + 0.5).collect();
    let near = |found: Vec<f64>, low: f64, high: f64| {
        for (found, unit) in found.iter().zip(&unit) {
            assert!((found - (low + (high - low) * unit)).abs() < 1e-15, "{found} between {low} and {high}");
        }
    };
    near(born("bounded -0.1..0.7"), -0.1, 0.5);
    near(born("bounded 0..1"), 0.0, 0.5);
    near(born("bounded 0.6..0.9"), 0.6, 0.9);
    near(born("bounded -1..-0.25, init glorot"), -(0.6f64.sqrt()), -0.25);
    // The units of a `no self` have one afferent less.
    let own = Stepper::new(&spec("", "no self", "learn X -> H, G -> H by flip")).slot(G);
    let dense = Stepper::new(&spec("", "", "learn X -> H, G -> H by flip")).slot(G);
    for (place, (own, dense)) in own.iter().zip(&dense).enumerate() {
        let wanted = if place / 6 == place % 6 { 0.0 } else { dense * (6.0f64 / 5.0).sqrt() };
        assert!((own - wanted).abs() < 1e-15, "{own} and {wanted}");
    }
}

/// A thousand steps of rules that want the other sign; a metric counts, before each of them, the weights on the wrong side.
#[test]
fn no_rule_breaks_dales_law_in_a_thousand_steps() {
    let text = "data world { samples 60, batch 4  x[5] = normal(0, 1) }\nregion X[5] = world.x\nregion E[5] = tanh(drive)\n\
        region I[5] = tanh(drive)\nregion H[5] = tanh(drive)\n\
        connect X -> E : init 0.3\nconnect X -> I : init -0.3\nconnect E -> H : excitatory, no self\nconnect I -> H : inhibitory, bounded -0.2..0.1\n\
        rule against { dw = 0.9 * pre * post - 1.9 * w  db = 0 }\n\
        metric below = sum(select(E -> H < 0, ones5, zeros5)) + sum(select(I -> H > 0, ones5, zeros5))\n\
        metric out = sum(select(I -> H < -0.2, ones5, zeros5)) + sum(abs((E -> H) * eye))\n\
        const ones5[5, 5] = 1\nconst zeros5[5, 5] = 0\nconst eye[k = 5, i = 5] = select(k == i, 1, 0)\nmetric m = mean(H)\n\
        development { phase life for 1000 steps { learn E -> H, I -> H by against  learn X -> E, X -> I by nothing } }";
    let mut digests = Vec::new();
    for (precision, backend) in [
        (Precision::F64, Backend::Jit),
        (Precision::F64, Backend::Interpreter),
        (Precision::F32, Backend::Jit),
        (Precision::F32, Backend::Interpreter),
    ] {
        let run = trained(text, &Way { precision, backend, ..EXACT });
        for name in ["below", "out"] {
            assert_eq!(run.value(name, "train"), 0.0, "{name} {precision:?} {backend:?}");
        }
        assert!(run.slot("E -> H.weight").iter().filter(|w| **w == 0.0).count() > 5, "the rule pushes nothing to 0");
        let trained =
            run.metrics.lines().filter(|row| row.contains("train") && (row.contains("below") || row.contains("out")));
        let values: Vec<&str> = trained.filter_map(|row| row.rsplit(',').next()).collect();
        assert!(values.len() > 20 && values.iter().all(|value| value.parse() == Ok(0.0)), "{values:?}");
        digests.push(run.outcome.weights_digest);
    }
    assert_eq!(digests[0], digests[1]);
    assert_eq!(digests[2], digests[3]);
}

#[test]
fn ojas_rule_keeps_its_length_to_rounding() {
    let text = "data world { samples 100, batch 5  x[6] = normal(0, 1) }\nregion X[6] = world.x\nregion Y[3] = drive\n\
        connect X -> Y : normalised\nmetric m = mean(Y)\ndevelopment { phase life for 500 steps { learn X -> Y by oja(rate = 0.05) } }";
    for (precision, bound) in [(Precision::F64, 1e-15), (Precision::F32, 3e-7)] {
        let born = Stepper::new(text).slot("X -> Y.weight");
        let run = trained(text, &Way { precision, seed: 5, ..EXACT });
        let length = |w: &[f64]| w.iter().map(|w| w * w).sum::<f64>().sqrt();
        for (after, born) in run.slot("X -> Y.weight").chunks(6).zip(born.chunks(6)) {
            assert!((length(after) / length(born) - 1.0).abs() < bound, "{} and {}", length(after), length(born));
            assert!(after.iter().zip(born).any(|(after, born)| (after - born).abs() > 0.05), "nothing is learned");
        }
    }
}

/// Within time, and through phases with frozen paths: the interpreter and machine code find the same bits, and all holds.
#[test]
fn constraints_hold_in_time_and_across_phases() {
    let text = "data world { samples 60, batch 10  x[t, 3] = normal(0, 1)  y = normal(0, 1) }\ntime 5 steps\nregion X[3] = world.x[t]\n\
        region H[6] = tanh(drive)\nregion Out[1] = drive\n\
        connect X -> H : normalised\nconnect H -> H : no self, normalised, delay 1 step\nconnect H -> Out : excitatory, bounded 0..0.4\n\
        cost wrong in Out = (Out[0] - world.y)^2 at end\n\
        development {\n phase young for 3 epochs { learn all by backprop from wrong using adam(rate = 0.05) }\n\
        phase old for 3 epochs { freeze X -> H  learn H -> H -> Out by backprop from wrong using sgd(rate = 0.3) } }";
    let halfway = text.split("phase old").next().unwrap().to_string() + "}";
    let length = |run: &Trained, unit: usize| {
        let (x, own) = (run.slot("X -> H.weight"), run.slot("H -> H.weight"));
        (x[3 * unit..][..3].iter().chain(&own[6 * unit..][..6]).map(|w| w * w).sum::<f64>()).sqrt()
    };
    for precision in [Precision::F64, Precision::F32] {
        let bound = if precision == Precision::F64 { 1e-14 } else { 1e-6 };
        let run = trained(text, &Way { precision, ..EXACT });
        let again = trained(text, &Way { precision, backend: Backend::Interpreter, ..EXACT });
        assert_eq!(run.outcome.weights_digest, again.outcome.weights_digest);
        let half = trained(&halfway, &Way { precision, ..EXACT });
        assert_eq!(run.slot("X -> H.weight"), half.slot("X -> H.weight"), "frozen");
        assert_ne!(run.slot("H -> H.weight"), half.slot("H -> H.weight"));
        for unit in 0..6 {
            assert_eq!(run.slot("H -> H.weight")[7 * unit], 0.0);
            let kept = run.slot("H.incoming_length")[unit];
            for run in [&run, &half] {
                assert!((length(run, unit) / kept - 1.0).abs() < bound, "{} and {kept}", length(run, unit));
            }
        }
        assert!(run.slot("H -> Out.weight").iter().all(|w| (0.0..=f64::from(0.4f32)).contains(w)));
    }
}

/// Which synapses there are, and what is kept of each unit, lies in a checkpoint like all else.
#[test]
fn a_run_that_is_interrupted_keeps_what_it_is_held_to() {
    let text = "data world = digits(batch = 128)\nregion Retina[8, 8] = world.image\nregion H[8, 8] = tanh(drive)\nregion G[8, 8] = tanh(drive)\n\
        region Name[10] = drive\nconnect Retina -> H : local(2), normalised\nconnect H -> G : sparse(0.3), excitatory, no self\n\
        connect Retina -> G : shared(Retina -> H)\nconnect G -> Name : normalised(sum), excitatory\n\
        cost wrong in Name = cross_entropy(Name, world.label)\n\
        development {\n phase young for 2 epochs { learn H -> G by backprop from wrong using adam(rate = 0.01) }\n\
        phase old for 2 epochs { learn all by backprop from wrong using momentum(rate = 0.05) every 2 steps } }";
    let whole = trained(text, &EXACT);
    let model = checked(Path::new("."), text).unwrap();
    let files = [SpecFile { path: "spec.neu".into(), text: text.into() }];
    for stride in [0, 1] {
        let place = tempfile::TempDir::new().unwrap();
        let run = place.path().join("run");
        let mut stops = 0;
        let outcome = loop {
            let options = options(Path::new("."), &run, &EXACT);
            let mut stop = Stop { after: stride + stops % 3, flag: options.interrupted.clone() };
            let origin = Origin { files: &files, set: &[], resume: stops > 0 };
            let outcome = train(&model, &options, &origin, &mut stop).unwrap();
            if !outcome.interrupted {
                break outcome;
            }
            stops += 1;
            assert!(stops < 2000);
        };
        assert!(stops > 0, "no interruption shows nothing");
        assert_eq!(outcome.state_digest, whole.outcome.state_digest);
    }
    assert!(whole.slots.contains_key("H -> G.synapses") && whole.slots.contains_key("Name.incoming_sum"));
}

/// The codes with which a projection's clauses are refused.
fn refused(input: &str, own: &str) -> Vec<Code> {
    match checked(Path::new("."), &spec(input, own, "learn X -> H, G -> H by nothing")) {
        Ok(_) => Vec::new(),
        Err(said) => said.iter().map(|said| said.code).collect(),
    }
}

#[test]
fn contradictions_are_told() {
    let cases = [
        ("excitatory, inhibitory", Code::CLASHING_CONSTRAINTS),
        ("excitatory, bounded -1..0", Code::CLASHING_CONSTRAINTS),
        ("bounded 0.5..1, inhibitory", Code::CLASHING_CONSTRAINTS),
        ("bounded 1..0", Code::CLASHING_CONSTRAINTS),
        ("bounded 1..1", Code::CLASHING_CONSTRAINTS),
        ("bounded 0..1, normalised", Code::CLASHING_CONSTRAINTS),
        ("bounded 1", Code::SYNTAX),
        ("normalised(max)", Code::WRONG_ARGUMENTS),
        ("normalised(2)", Code::WRONG_ARGUMENTS),
        ("normalised(sum)", Code::SUM_OF_BOTH_SIGNS),
        ("excitatory, init -0.1", Code::START_OUTSIDE),
        ("inhibitory, init uniform(0, 1)", Code::START_OUTSIDE),
        ("bounded 0..1, init 2", Code::START_OUTSIDE),
        ("bounded 0..1, init uniform(-1, 1)", Code::START_OUTSIDE),
        ("bounded 0.1..1, init he", Code::START_OUTSIDE),
        ("excitatory, init orthogonal", Code::START_OUTSIDE),
        ("normalised, init 0", Code::START_OUTSIDE),
        ("fixed(-1), init he", Code::CLASHING_CONSTRAINTS),
        ("fixed(-1), excitatory", Code::START_OUTSIDE),
        ("fixed(2), bounded 0..1", Code::START_OUTSIDE),
        ("no self", Code::NO_SELF),
        ("excitatory, excitatory", Code::CLAUSE_TWICE),
    ];
    for (clauses, code) in cases {
        assert_eq!(refused(clauses, ""), [code], "{clauses}");
    }
    let own = [
        ("one_to_one, no self", Code::NO_SELF),
        ("no self, init orthogonal", Code::START_OUTSIDE),
        (
            "fixed([[1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0]]), no self",
            Code::START_OUTSIDE,
        ),
    ];
    for (clauses, code) in own {
        assert_eq!(refused("", clauses), [code], "{clauses}");
    }
    assert_eq!(refused("normalised(sum), excitatory", "normalised(sum), inhibitory"), [Code::SUM_OF_BOTH_SIGNS]);
    let fine = [
        ("excitatory, init uniform(-1, 1)", "no self, normalised"),
        ("bounded -1..1, excitatory", "fixed(0.5), no self"),
        ("normalised(sum), excitatory", "normalised(sum), bounded 0..1, excitatory"),
        ("normalised, init 0", "normalised"),
        ("bounded -1..1, init orthogonal", "fixed"),
    ];
    for (input, own) in fine {
        let wanted: &[Code] = match own {
            "normalised(sum), bounded 0..1, excitatory" => &[Code::CLASHING_CONSTRAINTS],
            _ if input.contains("orthogonal") => &[Code::START_OUTSIDE],
            _ => &[],
        };
        let found: Vec<Code> = refused(input, own).into_iter().filter(|code| *code != Code::FIXED_AND_TAUGHT).collect();
        assert_eq!(found, wanted, "{input} / {own}");
    }
}
