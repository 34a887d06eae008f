//! The guide for those who come from PyTorch, held true: its specs end where it says, and where it says that a formula is
//! PyTorch's, that formula is written out here.

#![allow(clippy::disallowed_methods, reason = "an independent reference")]

use super::trained::{EXACT, Trained, Way, checked, train_in};
use neurula::credit;
use neurula::data::{Dataset, Place, Split, split};
use neurula::diag::Sources;
use neurula::driver;
use neurula::math::{Precision, Stream};
use neurula::model::Options;
use std::path::{Path, PathBuf};

const GUIDE: &str = include_str!("../docs/guides/from_pytorch.md");

/// Where the table of the sixth model lies.
fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

/// Every block of the guide in the language: its mark, its text, and what stands behind it.
fn fences() -> Vec<(&'static str, &'static str, &'static str)> {
    let parts: Vec<&str> = GUIDE.split("```").collect();
    let blocks = parts.iter().enumerate().skip(1).step_by(2);
    let found = blocks.filter_map(|(place, block)| {
        let (mark, text) = block.split_once('\n')?;
        mark.starts_with("neu").then_some((mark, text, parts[place + 1]))
    });
    found.collect()
}

/// A claim of the guide: what is measured on the test, its value, and how far seeds may be from it.
type Claim = (String, f64, f64);

/// The claims in a line such as ``Measured with seeds 0, 1 and 2: test `accuracy` .96 ± .01.``
fn claims(line: &str) -> Vec<Claim> {
    let number = |text: &str| text.trim_end_matches('.').parse::<f64>().unwrap();
    let claim = |text: &str| {
        let (name, rest) = text.strip_prefix("test `").unwrap().split_once("` ").unwrap();
        let (value, within) = rest.split_once(" ± ").unwrap();
        (name.to_string(), number(value), number(within))
    };
    line.split(", ").map(claim).collect()
}

/// The six models, with what is claimed of each.
fn models() -> Vec<(&'static str, Vec<Claim>)> {
    let found = fences().into_iter().filter_map(|(_, text, behind)| {
        let line = behind.trim_start().lines().next()?;
        Some((text, claims(line.strip_prefix("Measured with seeds 0, 1 and 2: ")?)))
    });
    found.collect()
}

fn model(number: usize) -> &'static str {
    models()[number - 1].0
}

fn run(text: &str, way: &Way) -> Trained {
    train_in(&examples(), text, way).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The codes that a text raises.
fn codes(text: &str) -> Vec<&'static str> {
    let mut sources = Sources::new();
    let parsed = driver::parse_text(&mut sources, &examples().join("spec.neu"), text);
    let mut codes: Vec<&str> =
        parsed.check(&sources, &Options::default()).said.iter().map(|said| said.code.0).collect();
    codes.dedup();
    codes
}

/// A text in which something stands once, with something else in its place.
fn with(text: &str, old: &str, new: &str) -> String {
    assert_eq!(text.matches(old).count(), 1, "`{old}` in\n{text}");
    text.replace(old, new)
}

#[test]
fn every_model_ends_where_the_guide_says_with_three_seeds() {
    let models = models();
    assert_eq!(models.len(), 6);
    for (text, claims) in models {
        assert_eq!(codes(text), [""; 0], "{text}");
        for seed in 0..3 {
            let found = run(text, &Way { seed, precision: Precision::F32, ..EXACT });
            for (name, value, within) in &claims {
                let test = found.value(name, "test");
                assert!(
                    (test - value).abs() <= *within,
                    "seed {seed}: {name} is {test}, not {value} ± {within}\n{text}"
                );
            }
        }
    }
}

#[test]
fn what_the_guide_refuses_is_refused_with_its_code() {
    let refused: Vec<_> = fences().into_iter().filter(|(_, text, _)| text.contains("// error: ")).collect();
    assert_eq!(refused.len(), 1);
    for (_, text, _) in refused {
        let (_, code) = text.split_once("// error: ").unwrap();
        assert_eq!(codes(text), [code.trim()]);
    }
    let mut sources = Sources::new();
    let wrong = with(model(4), "Shapes[16, 4, 4]", "Shapes[16, 5, 5]");
    let parsed = driver::parse_text(&mut sources, &examples().join("spec.neu"), &wrong);
    let said = format!("{:?}", parsed.check(&sources, &Options::default()).said);
    assert!(said.contains("[16, 4, 4]"), "{said}");
}

/// The samples of a model, read as the run reads them.
fn samples(text: &str) -> Dataset {
    let model = checked(&examples(), text).unwrap();
    credit::samples(&model, &model.data[0], &Place::only(examples()), 0).unwrap()
}

fn field(set: &Dataset, name: &str, row: u32) -> Vec<f64> {
    let place = set.fields.iter().position(|field| field.name == name).unwrap();
    (0..set.fields[place].ty.elements()).map(|i| set.value(place, row, i)).collect()
}

/// The batches of an epoch.
fn batches(set: &Dataset, name: &str, epoch: u64, size: usize) -> Vec<Vec<u32>> {
    let order = split::order(0, name, epoch, set.splits.get(Split::Train).as_slice());
    order.chunks(size).map(<[u32]>::to_vec).collect()
}

/// The first weights of a dense projection, as `nn.Linear` draws them.
fn born(name: &str, count: usize, afferents: usize) -> Vec<f64> {
    let stream = Stream::new(0, name);
    let bound = 1.0 / (afferents as f64).sqrt();
    (0..count as u64).map(|i| -bound + 2.0 * bound * stream.uniform(i)).collect()
}

fn close(found: &[f64], wanted: &[f64]) {
    assert_eq!(found.len(), wanted.len());
    for (found, wanted) in found.iter().zip(wanted) {
        assert!((found - wanted).abs() <= 1e-10 * (1.0 + wanted.abs()), "{found} and {wanted}");
    }
}

fn softmax(logits: &[f64]) -> Vec<f64> {
    let top = logits.iter().fold(f64::NEG_INFINITY, |a, b| a.max(*b));
    let all: Vec<f64> = logits.iter().map(|z| (z - top).exp()).collect();
    let sum: f64 = all.iter().sum();
    all.iter().map(|e| e / sum).collect()
}

/// `W x + b`, with the weights row by row.
fn affine(w: &[f64], x: &[f64], b: &[f64]) -> Vec<f64> {
    let rows = w.chunks(x.len()).zip(b);
    rows.map(|(row, b)| row.iter().zip(x).map(|(w, x)| w * x).sum::<f64>() + b).collect()
}

/// `torch.optim.SGD(lr=0.05, momentum=0.9)` on `F.cross_entropy`: buf = 0.9 buf + g, w = w - 0.05 buf.
#[test]
fn the_softmax_classifier_with_momentum_is_pytorchs_formula() {
    let text = with(model(1), "20 epochs", "2 epochs");
    let set = samples(&text);
    let mut w = born("Image -> Logits.weight", 640, 64);
    let mut b = vec![0.0; 10];
    let mut buffer = vec![0.0; 650];
    for rows in (0..2).flat_map(|epoch| batches(&set, "world", epoch, 32)) {
        let mut g = vec![0.0; 650];
        for row in &rows {
            let x = field(&set, "image", *row);
            let mut error = softmax(&affine(&w, &x, &b));
            error[field(&set, "label", *row)[0] as usize] -= 1.0;
            for (k, e) in error.iter().enumerate() {
                x.iter().enumerate().for_each(|(i, x)| g[k * 64 + i] += e * x / rows.len() as f64);
                g[640 + k] += e / rows.len() as f64;
            }
        }
        buffer.iter_mut().zip(&g).for_each(|(v, g)| *v = 0.9 * *v + g);
        w.iter_mut().chain(&mut b).zip(&buffer).for_each(|(w, v)| *w -= 0.05 * v);
    }
    let found = run(&text, &EXACT);
    close(found.slot("Image -> Logits.weight"), &w);
    close(found.slot("Logits.bias"), &b);
}

/// `torch.optim.AdamW(lr=0.01, weight_decay=0.1)`: w = (1 - lr d) w, then Adam's step with sqrt(v) / sqrt(1 - b2^t) + eps. The
/// model is the sixth without its hidden layer, so that the gradient of log cosh, tanh, fits on a line.
#[test]
fn the_guides_adamw_is_pytorchs_formula() {
    let text = with(model(6), "region Hidden[24] = tanh(drive)\n", "");
    let text = with(&with(&text, "Flat -> Hidden -> Guess", "Flat -> Guess"), "200 epochs", "5 epochs");
    let set = samples(&text);
    let mut w = born("Flat -> Guess.weight", 6, 6);
    w.push(0.0);
    let (mut m, mut v) = ([0.0; 7], [0.0; 7]);
    for (k, rows) in (0..5).flat_map(|epoch| batches(&set, "flats", epoch, 20)).enumerate() {
        let mut g = [0.0; 7];
        for row in &rows {
            let x = [field(&set, "x", *row), vec![1.0]].concat();
            let error = x.iter().zip(&w).map(|(x, w)| x * w).sum::<f64>() - field(&set, "price", *row)[0];
            g.iter_mut().zip(&x).for_each(|(g, x)| *g += error.tanh() * x / rows.len() as f64);
        }
        let (one, two) = (1.0 - 0.9f64.powi(k as i32 + 1), 1.0 - 0.999f64.powi(k as i32 + 1));
        for i in 0..7 {
            m[i] += (g[i] - m[i]) * (1.0 - 0.9);
            v[i] = 0.999 * v[i] + (1.0 - 0.999) * g[i] * g[i];
            w[i] *= 1.0 - 0.01 * 0.1;
            w[i] -= 0.01 / one * m[i] / (v[i].sqrt() / two.sqrt() + 1e-8);
        }
    }
    let found = run(&text, &EXACT);
    close(found.slot("Flat -> Guess.weight"), &w[..6]);
    close(found.slot("Guess.bias"), &w[6..]);
}

#[test]
fn weight_decay_is_a_cost_or_a_line_in_an_optimiser() {
    let text = with(&with(model(1), "20 epochs", "2 epochs"), "= drive", "= drive, no bias");
    let how = "momentum(rate = 0.05, decay = 0.9)";
    let cost = with(
        &with(&text, how, "sgd(rate = 0.05)"),
        "world.label)\nmetric",
        "world.label) + 0.5 * 0.01 * l2(Image -> Logits)\nmetric",
    );
    let line = "optimiser decaying(rate, d) { w := w - rate * (g + d * w) }\n".to_string()
        + &with(&text, how, "decaying(rate = 0.05, d = 0.01)");
    let plain = run(&with(&text, how, "sgd(rate = 0.05)"), &EXACT);
    let (cost, line) = (run(&cost, &EXACT), run(&line, &EXACT));
    close(cost.slot("Image -> Logits.weight"), line.slot("Image -> Logits.weight"));
    assert!((plain.slot("Image -> Logits.weight")[9] - line.slot("Image -> Logits.weight")[9]).abs() > 1e-6);
}

#[test]
fn what_the_classifier_does_never_reaches_the_encoder() {
    let text = with(model(3), "30 epochs", "3 epochs");
    let one = run(&text, &EXACT);
    let other = run(&with(&text, "adam(rate = 0.01)", "sgd(rate = 0.5)"), &EXACT);
    for slot in ["Image -> Code.weight", "Code.bias", "Code -> Recall.weight", "Recall.bias"] {
        assert_eq!(one.slot(slot), other.slot(slot), "{slot}");
    }
    assert_ne!(one.slot("Code -> Logits.weight"), other.slot("Code -> Logits.weight"));
}

/// One step of `nn.GRU`, in the words of its documentation's equations.
fn gru_step(found: &Trained, x: &[f64], h: &[f64]) -> Vec<f64> {
    let slot = |name: &str| found.slot(&format!("Memory.{name}"));
    let zero = vec![0.0; h.len()];
    let sum = |a: Vec<f64>, b: Vec<f64>| -> Vec<f64> { a.iter().zip(&b).map(|(a, b)| a + b).collect() };
    let gate = |w, u, b| -> Vec<f64> {
        let drive = sum(affine(slot(w), x, slot(b)), affine(slot(u), h, &zero));
        drive.iter().map(|z| 1.0 / (1.0 + (-z).exp())).collect()
    };
    let (r, z) = (gate("Wr", "Ur", "br"), gate("Wz", "Uz", "bz"));
    let (read, kept) = (affine(slot("Wn"), x, slot("bn")), affine(slot("Un"), h, slot("cn")));
    (0..h.len()).map(|i| (1.0 - z[i]) * (read[i] + r[i] * kept[i]).tanh() + z[i] * h[i]).collect()
}

#[test]
fn the_guides_cell_is_pytorchs_gru() {
    let all = fences();
    let (_, cell, _) = all.iter().find(|(mark, _, _)| mark.contains("fragment")).unwrap();
    let text = format!("{cell}\n{}", with(model(5), "gru(32)", "torch_gru(32)"));
    let set = samples(&text);
    let found = run(&text, &EXACT);
    let (mut cost, mut right) = (0.0, 0.0);
    let rows = set.splits.get(Split::Test).as_slice();
    for row in rows {
        let image = field(&set, "image", *row);
        let last = image.chunks(8).fold(vec![0.0; 32], |h, x| gru_step(&found, x, &h));
        let chances = softmax(&affine(found.slot("Memory -> Logits.weight"), &last, found.slot("Logits.bias")));
        let chance = chances[field(&set, "label", *row)[0] as usize];
        cost -= chance.ln() / rows.len() as f64;
        right += f64::from(chances.iter().all(|other| *other <= chance)) / rows.len() as f64;
    }
    close(&[found.value("wrong", "test"), found.value("accuracy", "test")], &[cost, right]);
    let (_, value, within) = &models()[4].1[0];
    assert!((right - value).abs() <= *within, "{right}");
}

const HEAD: &str = "data world = digits(batch = 32)\nregion Image[8, 8] = world.image\n";
const LEARN: &str = "learn all by backprop from wrong using sgd(rate = 0.1)\n";

/// A spec around some lines between an image and ten logits.
fn around(lines: &str) -> String {
    let cost =
        "cost wrong in Logits = cross_entropy(Logits, world.label)\nmetric accuracy = argmax(Logits) == world.label\n";
    format!("{HEAD}region Logits[10] = drive\n{lines}\n{cost}")
}

/// Every right-hand side of the table that is not already in one of the six: the words of the guide, in a whole spec.
#[test]
fn the_tables_habits_are_specs() {
    let plain = "region B[32] = relu(drive)\nconnect Image -> B -> Logits";
    let phase = |head: &str, rate: &str| {
        format!("{}development {{ phase p for 50 epochs{head} {{ {} }} }}", around(plain), LEARN.replace("0.1", rate))
    };
    let line = |lines: &str| around(lines) + LEARN;
    let in_time = |cell: &str, how: &str| {
        let text = with(
            &with(model(5), "Memory     : gru(32)", &format!("First : {cell}\nregion Second : {cell}")),
            "backprop",
            how,
        );
        text.replace("Row -> Memory -> Logits", "Row -> First -> Second\nconnect Second -> Logits")
    };
    let label = with(
        &line(plain),
        "cross_entropy(Logits, world.label)",
        "cross_entropy(Logits, 0.9 * one_hot(world.label) + 0.01)",
    );
    for (words, text) in [
        ("region B[32] = drive, no bias", line("region B[32] = drive, no bias\nconnect Image -> B -> Logits")),
        (
            "region C[32] = relu(drive) + B",
            line("region B[32] = relu(drive)\nregion C[32] = relu(drive) + B\nconnect Image -> B -> C -> Logits"),
        ),
        ("one_hot(world.label)", label),
        (
            "then a dense projection without bias",
            format!(
                "{HEAD}region Word[10] = one_hot(world.label)\nregion Few[4] = drive, no bias\nregion Seen[8, 8] = drive\n\
                 connect Word -> Few -> Seen\ncost wrong in Seen = mse(Seen, Image)\n{LEARN}"
            ),
        ),
        ("select(c, a, b)", line("region B[32] = select(drive > 0, drive, 0)\nconnect Image -> B -> Logits")),
        ("`no credit`", line(&format!("{plain}\nconnect Image -> Logits : fixed, no credit"))),
        ("only through A -> B", line(plain).replace("from wrong", "from wrong only through B -> Logits")),
        ("truncated(5 steps)", in_time("lstm(16)", "truncated(5 steps)")),
        (": fixed", line("region B[32] = relu(drive)\nconnect Image -> B : fixed\nconnect B -> Logits")),
        (
            "freeze A -> B",
            format!("{}development {{ phase p for 1 epoch {{ {LEARN} }} phase q for 1 epoch {{ freeze Image -> B\n{} }} }}", around(plain), LEARN.replace("all", "B -> Logits")),
        ),
        (
            "connect B -> C : shared(A -> B)",
            line("region A[8] = tanh(drive)\nregion B[8] = tanh(drive)\nregion C[8] = tanh(drive)\nconnect Image -> A -> B\nconnect B -> C : shared(A -> B)\nconnect C -> Logits"),
        ),
        ("`init he`", line("region B[32] = relu(drive)\nconnect Image -> B : init he\nconnect B -> Logits : init orthogonal")),
        ("bounded 0..1", line("region B[32] = relu(drive)\nconnect Image -> B : bounded 0..1\nconnect B -> Logits")),
        ("const c[2] = [1, 0]", line("const c[2] = [1, 0]\nregion B[32] = relu(drive) * c[0] + c[1]\nconnect Image -> B -> Logits")),
        (
            "region Norm : layer_norm",
            line("region B[32] = drive\nregion Norm : layer_norm\nregion C[32] = relu(Norm)\nconnect Image -> B -> Norm\nconnect C -> Logits"),
        ),
        ("`cosine(a, b)`", phase("", "cosine(0.1, 0.01)")),
        ("`exponential(a, b)`", phase("", "exponential(0.1, 0.01)")),
        ("steps(a at 0 epochs, b at 10 epochs)", phase("", "steps(0.1 at 0 epochs, 0.01 at 10 epochs)")),
        ("until accuracy > 0.97", phase(" until accuracy > 0.97", "0.1")),
        ("keep highest accuracy", phase(" keep highest accuracy", "0.1")),
        ("shuffled unless `ordered`", with(&line(plain), "(batch = 32)", "(batch = 32), ordered")),
        ("validation = 10 %", with(&line(plain), "batch = 32", "validation = 10 %")),
        ("may read `training`", line(&plain.replace("relu(drive)", "relu(drive) * (1 + training)"))),
        ("`seed 7`", format!("seed 7\n{}", line(plain))),
        ("param width = 32", format!("param width = 32\n{}", line(&plain.replace("[32]", "[width]")))),
        (
            "samples 4000, test 1000  x[20] = normal(0, 1)",
            "data task { samples 4000, test 1000  x[20] = normal(0, 1) }\nregion X[20] = task.x\nregion Y[1] = drive\nconnect X -> Y\n\
             cost wrong in Y = (Y[0] - sum(X))^2\n"
                .to_string()
                + LEARN,
        ),
    ] {
        assert!(GUIDE.contains(words), "the guide does not say `{words}`");
        assert_eq!(codes(&text), [""; 0], "{words}\n{text}");
    }
}

#[test]
fn what_is_not_there_yet_is_told() {
    let hidden = |equation: &str| around(&format!("region B[32] = {equation}\nconnect Image -> B -> Logits")) + LEARN;
    for text in [
        hidden("relu(drive - batch_mean(drive))"),
        hidden("relu(drive)").replace("backprop", "force"),
        hidden("relu(drive)").replace("world.label)\nmetric", "world.label) + l2(B.bias)\nmetric"),
    ] {
        assert_eq!(codes(&text), ["E0901"], "{text}");
    }
}
