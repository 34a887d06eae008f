//! The library has no privileges: each definition, copied into a user's file under another name, gives the same bits. And
//! what each says is what its paper says.

use super::trained::{EXACT, Way, trained};
use neurula::library::{ENTRIES, Entry};
use neurula::math::Precision;
use neurula::runtime::Backend;

/// A spec that uses a definition under some name.
fn spec(entry: &Entry, name: &str) -> String {
    if entry.kind == "structure" {
        return in_time(entry, name);
    }
    let (mut activation, mut cost, mut optimiser, mut rate, mut rule) = (
        "tanh(drive)".to_string(),
        "mse(Out, one_hot(d.label))".to_string(),
        "sgd(rate = 0.1)".to_string(),
        "0.1".to_string(),
        String::new(),
    );
    let mut batch = 64;
    match (entry.kind, entry.name) {
        ("activation", "dropout") => activation = format!("{name}(relu(drive), 0.5)"),
        ("activation", "softmax") => cost = format!("mse({name}(Out), one_hot(d.label))"),
        ("activation", _) => activation = format!("{name}(drive)"),
        ("cost", "cross_entropy" | "hinge") => cost = format!("{name}(Out, d.label)"),
        ("cost", "binary_cross_entropy") => cost = format!("{name}(sigmoid(Out), one_hot(d.label))"),
        ("cost", "kl") => cost = format!("{name}(softmax(Out), one_hot(d.label))"),
        ("cost", "l1" | "l2") => {
            cost = format!("mse(Out, one_hot(d.label)) + 0.001 * {name}(Hidden) + 0.001 * {name}(In -> Hidden)")
        }
        ("cost", _) => cost = format!("{name}(Out, one_hot(d.label))"),
        ("optimiser", _) => optimiser = format!("{name}(rate = 0.01)"),
        ("schedule", _) => rate = format!("{name}(0.1, 0.01)"),
        ("rule", _) if entry.text.contains("  pass ") => {
            rule = format!(
                "region Low[5] = sigmoid(drive)\nregion High[10] = sigmoid(drive)\nconnect In -> Low -> High\n\
                 connect High -> Low : transpose(Low -> High)\ncost teach in High = mse(High, one_hot(d.label))\n\
                 learn In -> Low -> High by {name}(rate = 0.01, duration = 5 steps)\n"
            )
        }
        ("rule", "rls") => {
            batch = 1;
            rule = format!(
                "region Feature[2] = drive\nconnect Hidden -> Feature\nmodulator wanted[2] = select(d.label > 4, 1, 0)\n\
                 learn Hidden -> Feature by {name}(wanted, alpha = 10)\n"
            )
        }
        ("rule", _) => {
            let more = match entry.name {
                "delta" => "wanted, ",
                "homeostasis" | "synaptic_scaling" => "goal = 0.2, ",
                "three_factor" => "wanted - 0.5, ",
                _ => "",
            };
            rule = format!(
                "region Feature[2] = tanh(drive)\nconnect In -> Feature\nmodulator wanted[2] = select(d.label > 4, 1, 0)\n\
                 learn In -> Feature by {name}({more}rate = 0.001)\n"
            )
        }
        ("statistic", "dot") => cost = format!("{name}(Out, Out) + mse(Out, one_hot(d.label))"),
        ("statistic", _) => cost = format!("{name}((Out - one_hot(d.label))^2)"),
        (kind, name) => panic!("no spec for {kind} {name}"),
    }
    if entry.kind == "schedule" {
        optimiser = format!("sgd(rate = {rate})");
    }
    format!(
        "data d = digits(batch = {batch})\nregion In[8, 8] = d.image\nregion Hidden[12] = {activation}\nregion Out[10] = drive\nconnect In -> Hidden -> Out\n\
         cost wrong in Out = {cost}\n{rule}learn In -> Hidden -> Out by backprop from wrong using {optimiser}\n"
    )
}

/// A spec that reads a digit row by row into a structure.
fn in_time(entry: &Entry, name: &str) -> String {
    let call = if entry.name == "layer_norm" { name.to_string() } else { format!("{name}(12)") };
    format!(
        "data d = digits(batch = 64)\ntime 8 steps\nregion In[8] = d.image[t]\nregion Memory : {call}\nregion Out[10] = drive\n\
         connect In -> Memory -> Out\ncost wrong in Out = mse(Out, one_hot(d.label)) at end\n\
         learn In -> Memory -> Out by backprop from wrong using sgd(rate = 0.1)\n"
    )
}

#[test]
fn a_copy_under_another_name_gives_the_same_bits() {
    let way = Way { epochs: Some(2), precision: Precision::F32, ..EXACT };
    for entry in ENTRIES {
        let own = format!("my_{}", entry.name);
        let copy = entry.text.replace(&format!(" {}(", entry.name), &format!(" {own}("));
        assert!(copy.contains(&own), "{}", entry.name);
        let library = trained(&spec(entry, entry.name), &way);
        let users = trained(&format!("{copy}\n{}", spec(entry, &own)), &way);
        assert_eq!(library.outcome.weights_digest, users.outcome.weights_digest, "{}", entry.name);
        assert!(library.slots.values().flatten().all(|value| value.is_finite()), "{}", entry.name);
    }
}

#[test]
fn interpreter_and_machine_code_train_every_definition_to_the_same_bits() {
    for entry in ENTRIES {
        for precision in [Precision::F32, Precision::F64] {
            let way = Way { epochs: Some(1), precision, ..EXACT };
            let code = trained(&spec(entry, entry.name), &way);
            let interpreted = trained(&spec(entry, entry.name), &Way { backend: Backend::Interpreter, ..way });
            assert_eq!(code.outcome.state_digest, interpreted.outcome.state_digest, "{} in {precision:?}", entry.name);
        }
    }
}

/// The value of a formula of `x`, a region of the eight numbers of one sample.
fn value(formula: &str) -> f64 {
    let text = format!(
        "data d = digits(batch = 1437)\nregion In[8, 8] = d.image\nregion Y[4] = drive\nconnect In -> Y : fixed(0)\nregion Z[1] = drive\nconnect In -> Z\n\
         metric m = {formula}\nmetric still = sum(Y)\ncost c in Z = 0 * sum(Z)\nlearn In -> Z by backprop from c using sgd(rate = 0)"
    );
    trained(&text, &Way { epochs: Some(1), ..EXACT }).value("m", "test")
}

#[test]
fn activations_and_costs_have_their_closed_forms() {
    for (formula, wanted) in [
        ("sigmoid(0)", 0.5),
        ("sigmoid(1000)", 1.0),
        ("sigmoid(-1000)", 0.0),
        ("sigmoid(-2)", 1.0 / (1.0 + 2f64.exp_())),
        ("softplus(-1000)", 0.0),
        ("softplus(1000)", 1000.0),
        ("relu(-3)", 0.0),
        ("leaky_relu(-3)", -0.03),
        ("elu(-1)", (-1f64).exp_() - 1.0),
        ("sum(softmax(Y))", 1.0),
        ("cross_entropy(Y, one_hot(d.label)[0..4] * 0 + 0.25)", 4f64.ln_()),
        ("binary_cross_entropy(Y + 0.5, Y)", 2f64.ln_()),
        ("kl(Y + 0.25, Y + 0.25)", 0.0),
        ("mse(Y, Y + 2)", 4.0),
        ("l1(Y - 2)", 8.0),
        ("l2(Y - 2)", 16.0),
        ("mean(Y + 3)", 3.0),
        ("dot(Y + 2, Y + 3)", 24.0),
        ("hinge(one_hot(d.label) * 5, d.label)", 0.0),
        ("hinge(one_hot(d.label) * 0, d.label)", 1.0),
    ] {
        let found = value(formula);
        assert!((found - wanted).abs() < 1e-12 * (1.0 + wanted.abs()), "{formula}: {found}, not {wanted}");
    }
}

/// The standard library's functions, which the rest of the house leaves to `math`.
trait Reference {
    fn exp_(self) -> f64;
    fn ln_(self) -> f64;
}

#[allow(clippy::disallowed_methods, reason = "an independent reference for the library's values")]
impl Reference for f64 {
    fn exp_(self) -> f64 {
        self.exp()
    }
    fn ln_(self) -> f64 {
        self.ln()
    }
}

/// The first principal component of the digits (uncentred, as Oja's rule sees them), by power iteration.
fn first_component() -> Vec<f64> {
    let source = neurula::data::ALL.iter().find(|source| source.name == "digits").unwrap();
    let span = neurula::diag::Span { file: neurula::diag::FileId(0), start: 0, end: 0 };
    let call = neurula::data::Call::bind(source, span, &[]).unwrap();
    let set = call.read(&neurula::data::Place::only("."), 0, "d").unwrap();
    let rows = set.splits.train.as_slice();
    let mut v = vec![1.0 / 8.0; 64];
    for _ in 0..200 {
        let mut next = vec![0.0; 64];
        for row in rows {
            let x: Vec<f64> = (0..64).map(|i| set.value(0, *row, i)).collect();
            let y: f64 = x.iter().zip(&v).map(|(x, v)| x * v).sum();
            next.iter_mut().zip(&x).for_each(|(next, x)| *next += y * x);
        }
        let norm = next.iter().map(|x| x * x).sum::<f64>().sqrt();
        v = next.iter().map(|x| x / norm).collect();
    }
    v
}

#[test]
fn oja_finds_the_first_principal_component_at_length_one() {
    let text = "data d = digits(batch = 32)\nregion In[8, 8] = d.image\nregion One[1] = drive, no bias\nconnect In -> One : init normal(0.05)\n\
        metric power = sum(One^2)\ndevelopment { phase p for 60 epochs { learn In -> One by oja(rate = exponential(0.02, 0.0005)) } }";
    let component = first_component();
    for seed in 0..3 {
        let found = trained(text, &Way { seed, ..EXACT });
        let w = found.slot("In -> One.weight");
        let norm = w.iter().map(|x| x * x).sum::<f64>().sqrt();
        let cosine = w.iter().zip(&component).map(|(a, b)| a * b).sum::<f64>().abs() / norm;
        assert!((norm - 1.0).abs() < 0.005, "seed {seed}: length {norm}");
        assert!(cosine > 0.9999, "seed {seed}: cosine {cosine}");
    }
}
