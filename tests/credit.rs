//! Who learns from what, as `neurula credit` tells it: the ways of credit, the tables to the letter, and the picture.

use super::model::model;
use neurula::credit::{self, Account, What, Why};
use neurula::model::Model;
use neurula::report;
use neurula::tensor::Role;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn examples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.extension().is_some_and(|ending| ending == "neu"));
    found.sort();
    found
}

/// The model of an example; one whose images are files draws them instead.
fn example(path: &Path) -> Model {
    let text = std::fs::read_to_string(path).unwrap();
    let drawn = "data world {\n  samples 64, test 8, batch 8\n  image[28, 28] = uniform(0, 1)\n  of[10] = normal(0, 1)\n  \
                 label : class[10] = argmax(of)\n}";
    let lines = text.lines().map(|line| if line.starts_with("data world = idx(") { drawn } else { line });
    let text = lines.collect::<Vec<_>>().join("\n");
    let mut sources = neurula::diag::Sources::new();
    let parsed = neurula::driver::parse_text(&mut sources, path, &text);
    let checked = parsed.check(&sources, &neurula::model::Options::default());
    checked.model.unwrap_or_else(|| panic!("{}: {:#?}", path.display(), checked.said))
}

/// The parameters that a phase's step writes.
fn written(model: &Model, phase: usize) -> BTreeSet<String> {
    let rows = model.data[model.phases[phase].data.0].signature.total();
    let program = credit::learn(model, phase, rows);
    let slots = program.writes.iter().map(|slot| &program.slots[*slot]);
    slots.filter(|slot| slot.role == Role::Parameter).map(|slot| slot.name.to_string()).collect()
}

fn learning(account: &Account, phase: usize) -> BTreeSet<String> {
    let all = account.parameters.iter().zip(&account.phases[phase].what);
    all.filter(|(_, what)| matches!(what, What::Learns(_))).map(|(parameter, _)| parameter.slot.to_string()).collect()
}

#[test]
fn of_every_example_exactly_what_is_said_to_learn_is_written() {
    for path in examples() {
        let model = example(&path);
        let account = credit::account(&model);
        for phase in 0..model.phases.len() {
            assert_eq!(learning(&account, phase), written(&model, phase), "{} {phase}", path.display());
        }
    }
}

#[test]
fn the_shapes_are_those_of_the_slots() {
    for path in examples() {
        let model = example(&path);
        let account = credit::account(&model);
        let rows = model.data[model.phases[0].data.0].signature.total();
        let program = credit::learn(&model, 0, rows);
        for slot in program.slots.iter().filter(|slot| slot.role == Role::Parameter) {
            let shape: Vec<usize> = slot.ty.shape.iter().map(|extent| extent.bound()).collect();
            let known = account.parameters.iter().find(|parameter| parameter.slot == slot.name);
            assert_eq!(known.map(|parameter| &parameter.shape), Some(&shape), "{} {}", path.display(), slot.name);
        }
    }
}

/// The way to a parameter in the first phase, its number, and whether there are more.
fn way(model: &Model, slot: &str) -> (Vec<String>, usize, bool) {
    let account = credit::account(model);
    let place = account.parameters.iter().position(|parameter| &*parameter.slot == slot).unwrap();
    let What::Learns(lessons) = &account.phases[0].what[place] else { panic!("{slot} does not learn") };
    let way = lessons[0].costs[0].1.as_ref().unwrap();
    let names = way.regions.iter().map(|id| model.regions[id.0].name.to_string());
    (names.collect(), way.number, way.more)
}

#[test]
fn the_shortest_way_is_told_and_all_are_counted() {
    let model = model(
        "data d = digits()\nregion X[8, 8] = d.image\nregion A[3] = drive\nregion B[3] = drive\nregion C[10] = drive\n\
         connect X -> A -> B -> C\nconnect A -> C\nconnect X -> C\ncost c in C = cross_entropy(C, d.label)\n\
         learn all by backprop from c using sgd(rate = 0.1)\n",
    );
    let names = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<Vec<_>>();
    assert_eq!(way(&model, "X -> A.weight"), (names(&["C", "A"]), 2, false));
    assert_eq!(way(&model, "X -> C.weight"), (names(&["C"]), 1, false));
    assert_eq!(way(&model, "A.bias"), (names(&["C", "A"]), 2, false));
}

#[test]
fn a_way_that_is_closed_is_no_way_and_too_many_are_not_counted() {
    let mut text = "data d = digits()\nregion X[8, 8] = d.image\nregion A0[1] = drive\nconnect X -> A0\n".to_string();
    for layer in 1..=16 {
        let before = layer - 1;
        text += &format!("region A{layer}[1] = drive\nregion S{layer}[1] = drive\nconnect A{before} -> A{layer}\n");
        text += &format!("connect A{before} -> S{layer} -> A{layer}\n");
    }
    text += "region C[10] = drive\nconnect A16 -> C\ncost c in C = cross_entropy(C, d.label)\n";
    let many = model(&format!("{text}learn all by backprop from c using sgd(rate = 0.1)\n"));
    let (shortest, number, more) = way(&many, "X -> A0.weight");
    assert_eq!(shortest.len(), 18);
    assert!(more && number <= neurula::model::COUNTED);
    let closed = model(
        "data d = digits()\nregion X[8, 8] = d.image\nregion A[3] = drive\nregion C[10] = drive\nconnect X -> A\n\
         connect A -> C : no credit\ncost c in C = cross_entropy(C, d.label)\ncost near in A = sum(A^2)\n\
         learn X -> A -> C by backprop from near, c using sgd(rate = 0.1)\n",
    );
    let account = credit::account(&closed);
    let What::Learns(lessons) = &account.phases[0].what[0] else { panic!("X -> A does not learn") };
    let reached: Vec<bool> = lessons[0].costs.iter().map(|(_, way)| way.is_some()).collect();
    assert_eq!(reached, [true, false]);
}

#[test]
fn a_loop_through_time_is_gone_round_once() {
    let model = model(
        "data d = digits()\ntime 8 steps\nregion X[8, 8] = d.image\nregion A[3] = tanh(drive)\nregion C[10] = drive\n\
         connect X -> A -> C\nconnect A -> A : delay 1 step\ncost c in C = cross_entropy(C, d.label) at end\n\
         learn all by backprop from c using sgd(rate = 0.1)\n",
    );
    assert_eq!(way(&model, "X -> A.weight").0, ["C", "A"]);
    assert_eq!(way(&model, "A -> A.weight").0, ["C", "A"]);
}

#[test]
fn why_something_stays_is_said() {
    let account =
        credit::account(&example(&examples()[examples().iter().position(|p| p.ends_with("infancy.neu")).unwrap()]));
    let why = |phase: usize, slot: &str| {
        let place = account.parameters.iter().position(|parameter| &*parameter.slot == slot).unwrap();
        match account.phases[phase].what[place] {
            What::Stays(why) => Some(why),
            What::Learns(_) => None,
        }
    };
    assert_eq!(why(0, "IT -> PFC.weight"), Some(Why::Unnamed));
    assert_eq!(why(1, "IT -> Recall.weight"), Some(Why::Unnamed));
    assert_eq!(why(1, "IT -> PFC.weight"), None);
}

/// Compares with what is kept, or with `CREDIT=write` keeps it.
fn same_as_kept(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/credit").join(name);
    if std::env::var_os("CREDIT").is_some_and(|what| what == "write") {
        std::fs::write(&path, found).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, kept, "{name}; after a change that is meant: CREDIT=write cargo test --test all credit::");
}

#[test]
fn the_table_and_the_picture_of_an_example_are_kept_to_the_letter() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/infancy.neu");
    let model = example(&path);
    let account = credit::account(&model);
    same_as_kept("infancy.txt", &report::credit::text(&model, &account));
    same_as_kept("infancy.svg", &report::picture::draw(&model, &account));
}

/// The boxes of a picture: left, top, width, height.
fn boxes(svg: &str) -> Vec<[i32; 4]> {
    let value = |line: &str, name: &str| -> i32 {
        let (_, rest) = line.split_once(&format!(" {name}=\"")).unwrap();
        rest.split_once('"').unwrap().0.parse().unwrap()
    };
    let first = svg.split("</g>\n</g>").next().unwrap();
    let lines = first.lines().filter(|line| line.starts_with("<rect class=\"region\""));
    lines.map(|line| ["x", "y", "width", "height"].map(|name| value(line, name))).collect()
}

/// Points along the arrows of the first panel: in its own coordinates, those of every path's numbers.
fn paths(svg: &str) -> Vec<Vec<[f64; 2]>> {
    let first = svg.split("</g>\n</g>").next().unwrap();
    let lines = first.lines().filter(|line| line.starts_with("<path class="));
    lines.map(|line| traced(line.split_once(" d=\"").unwrap().1.split_once('"').unwrap().0)).collect()
}

/// Points along a path of lines and cubic curves.
fn traced(path: &str) -> Vec<[f64; 2]> {
    let mut points: Vec<[f64; 2]> = Vec::new();
    for part in path.split(['M', 'L', 'C']).skip(1) {
        let numbers: Vec<f64> = part.split(' ').map(|number| number.parse().unwrap()).collect();
        let end = [numbers[numbers.len() - 2], numbers[numbers.len() - 1]];
        if let Some(&from) = points.last() {
            let (one, two) = match numbers.len() {
                6 => ([numbers[0], numbers[1]], [numbers[2], numbers[3]]),
                _ => (from, end),
            };
            for step in 1..=50 {
                let (t, s) = (f64::from(step) / 50.0, 1.0 - f64::from(step) / 50.0);
                let at = |axis: usize| {
                    s * s * s * from[axis]
                        + 3.0 * s * s * t * one[axis]
                        + 3.0 * s * t * t * two[axis]
                        + t * t * t * end[axis]
                };
                points.push([at(0), at(1)]);
            }
        } else {
            points.push(end);
        }
    }
    points
}

#[test]
fn in_the_pictures_of_the_examples_nothing_lies_on_a_box() {
    for path in examples() {
        let model = example(&path);
        let svg = report::picture::draw(&model, &credit::account(&model));
        let boxes = boxes(&svg);
        assert_eq!(boxes.len(), model.regions.len());
        for (number, a) in boxes.iter().enumerate() {
            for b in &boxes[number + 1..] {
                let apart = a[0] + a[2] <= b[0] || b[0] + b[2] <= a[0] || a[1] + a[3] <= b[1] || b[1] + b[3] <= a[1];
                assert!(apart, "{}: {a:?} and {b:?}", path.display());
            }
        }
        let paths = paths(&svg);
        assert!(paths.len() >= model.projections.len());
        for point in paths.iter().flatten() {
            let inside = |b: &[i32; 4]| {
                let within =
                    |x: f64, from: i32, long: i32| x > f64::from(from) + 0.5 && x < f64::from(from + long) - 0.5;
                within(point[0], b[0], b[2]) && within(point[1], b[1], b[3])
            };
            assert!(!boxes.iter().any(inside), "{}: {point:?} lies on a box", path.display());
        }
    }
}

/// What the synapses of a parameter read in the first phase, in words.
fn reads(text: &str, slot: &str) -> Vec<String> {
    let model = model(text);
    let account = credit::account(&model);
    let place = account.parameters.iter().position(|parameter| &*parameter.slot == slot).unwrap();
    let What::Learns(lessons) = &account.phases[0].what[place] else { panic!("{slot} does not learn") };
    lessons[0].reads.iter().map(|read| read.to_string()).collect()
}

const TWO_LAYERS: &str = "data d = digits(batch = 32)\nregion X[8, 8] = d.image\nregion A[16] = tanh(drive)\nregion B[10] = drive\n\
                          connect X -> A -> B\ncost wrong in B = cross_entropy(B, d.label)\nmetric m = mean(A)\n";

/// Two layers that learn by a rule; where it is one with an equation, the second learns by backpropagation.
fn by(rule: &str) -> String {
    match rule.contains("using") {
        true => format!("{TWO_LAYERS}learn all by {rule}\n"),
        false => {
            format!("{TWO_LAYERS}learn X -> A by {rule}\nlearn A -> B by backprop from wrong using sgd(rate = 0.1)\n")
        }
    }
}

const BEFORE: &str = "the unit before it";
const BEHIND: &str = "the unit behind it";
const ITSELF: &str = "itself";
const STATE: &str = "its own state";
const ONE: &str = "a number that is the same for all";
const ASKED: &str = "what `wrong` asks of the unit behind it";
const OF_OTHERS: &str = "what `wrong` asks of other units";
const BACK: &str = "`A -> B.weight`, to carry credit back";
const FEEDBACK: &str = "the feedback weights `A -> B.feedback`";
const OTHER_SYNAPSES: &str = "other synapses of `X -> A.weight`";

#[test]
fn backpropagation_reads_the_weights_behind_it_and_a_readout_does_not() {
    let text = by("backprop from wrong using sgd(rate = 0.1)");
    assert_eq!(reads(&text, "X -> A.weight"), [BEFORE, BEHIND, ITSELF, OF_OTHERS, BACK]);
    assert_eq!(reads(&text, "A.bias"), [BEHIND, ITSELF, OF_OTHERS, BACK]);
    assert_eq!(reads(&text, "A -> B.weight"), [BEFORE, ITSELF, ASKED]);
    assert_eq!(reads(&text, "B.bias"), [ITSELF, ASKED]);
    let adam = text.replace("sgd(rate = 0.1)", "adam(rate = 0.1)");
    assert_eq!(reads(&adam, "A -> B.weight"), [BEFORE, ITSELF, STATE, ASKED]);
    let clip = text.replace("(rate = 0.1)", "(rate = 0.1) clip 1.0");
    assert_eq!(reads(&clip, "A -> B.weight"), [BEFORE, ITSELF, ASKED, ONE]);
}

#[test]
fn feedback_weights_are_read_in_the_place_of_weights() {
    for rule in ["feedback_alignment", "direct_feedback_alignment", "kolen_pollack"] {
        let text = by(&format!("{rule} from wrong using sgd(rate = 0.1)"));
        assert_eq!(reads(&text, "X -> A.weight"), [BEFORE, BEHIND, ITSELF, OF_OTHERS, FEEDBACK], "{rule}");
        assert_eq!(reads(&text, "A -> B.weight"), [BEFORE, ITSELF, ASKED], "{rule}");
    }
}

#[test]
fn predictions_settle_over_the_weights_themselves() {
    let of = |rule: &str| reads(&by(&format!("{rule} from wrong using sgd(rate = 0.1)")), "X -> A.weight");
    for rule in ["predictive_coding", "predictive_coding_fixed"] {
        assert_eq!(of(rule), [BEFORE, BEHIND, ITSELF, ONE, OF_OTHERS, BACK], "{rule}");
    }
    assert_eq!(of("zero_divergence_inference_learning"), [BEFORE, BEHIND, ITSELF, OF_OTHERS, BACK]);
}

#[test]
fn the_ends_of_a_transposed_synapse_are_its_own() {
    let text = "data d = digits(batch = 32)\ntime 3 steps\nregion X[8, 8] = d.image\nregion A[16] = tanh(drive)\n\
                region B[10] = tanh(drive)\nconnect X -> A -> B\nconnect B -> A : transpose(A -> B), delay 1 step\n\
                metric m = mean(B)\nlearn X -> A by hebb\nlearn B -> A by oja\n";
    assert_eq!(reads(text, "A -> B.weight"), [BEFORE, BEHIND, ITSELF]);
}

#[test]
fn a_matrix_of_a_rule_belongs_to_no_synapse_alone() {
    let text = by("rls(wanted)").replace("batch = 32", "batch = 1");
    let read = reads(&format!("{text}modulator wanted[16] = A - mean(A)\n"), "X -> A.weight");
    let others = ["other units of `X`", "other synapses of `X -> A|rls.P`"].map(str::to_string);
    assert!(others.iter().all(|other| read.contains(other)), "{read:?}");
}

#[test]
fn what_is_tried_out_is_told_by_one_number() {
    let rule = |rule: &str| reads(&by(&format!("{rule} from wrong using sgd(rate = 0.1)")), "X -> A.weight");
    assert_eq!(rule("node_perturbation"), [BEFORE, BEHIND, ITSELF, ONE]);
    assert_eq!(rule("weight_perturbation"), [ITSELF, "noise", ONE]);
    assert_eq!(rule("evolution_strategies"), [ITSELF, "noise", ONE]);
    assert_eq!(rule("serial_perturbation"), [ITSELF, ONE]);
}

#[test]
fn an_equation_reads_what_stands_in_it() {
    let of = |rule: &str| reads(&by(rule), "X -> A.weight");
    assert_eq!(of("hebb(rate = 0.1)"), [BEFORE, BEHIND, ITSELF]);
    assert_eq!(of("oja(rate = 0.1)"), [BEFORE, BEHIND, ITSELF]);
    assert_eq!(of("synaptic_scaling(goal = 0.1)"), [BEHIND, ITSELF, STATE]);
    assert_eq!(of("bcm"), [BEFORE, BEHIND, ITSELF, STATE, "other samples of the batch"]);
    assert_eq!(of("competitive"), [BEFORE, BEHIND, ITSELF, ONE]);
    assert_eq!(of("sanger"), [BEFORE, BEHIND, ITSELF, "other units of `A`", OTHER_SYNAPSES]);
    let own = |name: &str, dw: &str| format!("rule {name}(rate = 0.1) {{\n  dw = {dw}\n}}\n{}", by(name));
    assert_eq!(reads(&own("decay", "0 - rate * w"), "X -> A.weight"), [ITSELF]);
    assert_eq!(reads(&own("before", "rate * pre"), "X -> A.weight"), [BEFORE, ITSELF]);
    assert_eq!(
        reads(
            &own("neighbours", "rate * pre * sum(k <= j: post[k])")
                .replace("dw =", "dw[j, i] =")
                .replace("* pre *", "* pre[i] *"),
            "X -> A.weight"
        ),
        [BEFORE, ITSELF, "other units of `A`"]
    );
    let held = by("hebb(rate = 0.1)").replace("connect X -> A -> B", "connect X -> A : normalised\nconnect A -> B");
    assert_eq!(reads(&held, "X -> A.weight"), [BEFORE, BEHIND, ITSELF, STATE, "other units of `X`", OTHER_SYNAPSES]);
}

#[test]
fn a_modulator_is_told_and_the_weights_that_it_hides() {
    let with = |modulator: &str| {
        let rule = "rule told(signal, rate = 0.1) {\n  dw = rate * signal * pre\n}\n";
        format!("{rule}{modulator}\n{}", by("told(signal)"))
    };
    assert_eq!(reads(&with("modulator signal = mean(B)"), "X -> A.weight"), [BEFORE, ITSELF, "the modulator `signal`"]);
    let compared = with("modulator signal = mean(B)").replace("told(signal)\nlearn A", "told(0.1 - signal)\nlearn A");
    assert_eq!(reads(&compared, "X -> A.weight"), [BEFORE, ITSELF, "the modulator `signal`"]);
    let each = with("modulator signal[16] = A - mean(A)");
    assert_eq!(reads(&each, "X -> A.weight"), [BEFORE, ITSELF, "the modulator `signal`"]);
    let hidden = with("modulator signal[16] = (B - softmax(B)) @ (A -> B)");
    assert_eq!(reads(&hidden, "X -> A.weight"), [BEFORE, ITSELF, "the modulator `signal`", BACK]);
}

#[test]
fn symmetric_synapses_that_settle_twice_read_what_is_where_they_are() {
    let text = "data d = digits(batch = 32)\nregion X[8, 8] = d.image\n\
                region A[16] = sigmoid(drive), settle(20 steps, rate = 0.5, tolerance = 1e-4)\n\
                region B[10] = sigmoid(drive), settle(20 steps, rate = 0.5, tolerance = 1e-4)\n\
                connect X -> A -> B\nconnect B -> A : transpose(A -> B)\ncost wrong in B = mse(B, one_hot(d.label))\n\
                learn X -> A -> B by contrastive_hebbian from wrong require local\n";
    assert_eq!(reads(text, "X -> A.weight"), [BEFORE, BEHIND, ITSELF]);
    assert_eq!(reads(text, "A -> B.weight"), [BEFORE, BEHIND, ITSELF]);
    assert_eq!(reads(text, "A.bias"), [BEHIND, ITSELF]);
}

#[test]
fn a_recurrent_net_carries_credit_back_over_its_own_weights() {
    let text = "data d = digits(batch = 32)\ntime 4 steps\nregion X[8, 8] = d.image\nregion A[16] = tanh(drive)\nregion B[10] = drive\n\
                connect X -> A -> B\nconnect A -> A : delay 1 step\ncost wrong in B = cross_entropy(B, d.label)\n\
                learn all by backprop from wrong using sgd(rate = 0.1)\n";
    let read = reads(text, "A -> A.weight");
    assert!(read.contains(&"`A -> A.weight`, to carry credit back".to_string()), "{read:?}");
    assert!(read.contains(&BACK.to_string()), "{read:?}");
    let hebb = text.replace(
        "learn all by backprop from wrong",
        "learn X -> A, A -> A by hebb\nlearn A -> B by backprop from wrong",
    );
    assert_eq!(reads(&hebb, "A -> A.weight"), [BEFORE, BEHIND, ITSELF]);
    assert_eq!(reads(&hebb, "X -> A.weight"), [BEFORE, BEHIND, ITSELF]);
}

#[test]
fn a_convolution_reads_its_ends_at_all_places() {
    let text = "data d = digits(batch = 32)\nregion X[8, 8] = d.image\nregion A[4, 6, 6] = relu(drive)\nregion B[10] = drive\n\
                connect X -> A : conv(channels = 4, size = 3)\nconnect A -> B\ncost wrong in B = cross_entropy(B, d.label)\n\
                learn X -> A by hebb\nlearn A -> B by backprop from wrong using sgd(rate = 0.1)\n";
    assert_eq!(reads(text, "X -> A.weight"), [BEFORE, BEHIND, ITSELF]);
    assert_eq!(reads(text, "A -> B.weight"), [BEFORE, ITSELF, ASKED]);
}

#[test]
fn of_every_example_what_is_read_has_a_name() {
    for path in examples() {
        let model = example(&path);
        for (phase, of) in model.phases.iter().enumerate() {
            for learn in &of.learns {
                for (changed, reads) in credit::reads(&model, phase, learn) {
                    let nothing =
                        matches!(&learn.teacher, neurula::model::Teacher::Credit(name) if &**name == "nothing");
                    assert!(nothing || !reads.is_empty(), "{} {}", path.display(), credit::slot_of(&model, &changed));
                }
            }
        }
    }
}

#[test]
fn credit_over_feedback_weights_is_dashed() {
    let dashed = |rule: &str| {
        let model = model(&by(&format!("{rule} from wrong using sgd(rate = 0.1)")));
        report::picture::draw(&model, &credit::account(&model)).matches("stroke-dasharray=\"3 3\"").count()
    };
    assert_eq!([dashed("backprop"), dashed("feedback_alignment")], [0, 1]);
    let both = format!(
        "{TWO_LAYERS}region Y[16] = tanh(drive)\nconnect X -> Y -> A\nlearn X -> A by feedback_alignment from wrong using \
         sgd(rate = 0.1)\nlearn X -> Y -> A, A -> B by backprop from wrong using sgd(rate = 0.1)\n"
    );
    let model = model(&both);
    assert_eq!(report::picture::draw(&model, &credit::account(&model)).matches("stroke-dasharray=\"3 3\"").count(), 0);
}

#[test]
fn what_is_required_in_a_repeated_phase_is_refused_once() {
    let text = format!(
        "{TWO_LAYERS}development {{\n  repeat 3 {{\n    phase life for 1 epochs {{\n      learn all by backprop from wrong \
         using sgd(rate = 0.1) require local\n    }}\n  }}\n}}\n"
    );
    let (model, said) = super::model::check(&text, &neurula::model::Options::default());
    assert!(model.is_none());
    assert_eq!(said.iter().map(|said| said.code).collect::<Vec<_>>(), [neurula::diag::Code::WEIGHT_TRANSPORT]);
}

#[test]
fn feedback_weights_that_learn_have_never_read_the_weights_for_which_they_stand() {
    let model = model(&by("kolen_pollack from wrong using sgd(rate = 0.1)"));
    let found = credit::reads(&model, 0, &model.phases[0].learns[0]);
    let named = |(changed, reads): &(credit::Changed, BTreeSet<credit::Reads>)| {
        (*credit::slot_of(&model, changed) == *"A -> B.feedback")
            .then(|| reads.iter().map(|read| read.to_string()).collect())
    };
    let feedback: Vec<Vec<String>> = found.iter().filter_map(named).collect();
    assert_eq!(feedback, [[BEFORE, ITSELF, ASKED]]);
}
