//! Convolutions and pools: what they compute, what they learn, and what is said of shapes that do not fit.

use super::gradients::{descends, named, slots, values};
use super::trained::{EXACT, Way, checked, trained};
use neurula::credit;
use neurula::data::Place;
use neurula::diag::Code;
use neurula::math::Precision;
use neurula::model::{Bias, Model};
use neurula::runtime::Backend;
use neurula::tensor::eval::Array;
use std::collections::BTreeMap;
use std::path::Path;

/// Images as `[channel][y][x]`.
type Images = Vec<Vec<Vec<f64>>>;

fn images(numbers: &[f64], [channels, rows, columns]: [usize; 3]) -> Images {
    let at = |c: usize, y: usize, x: usize| numbers[(c * rows + y) * columns + x];
    (0..channels).map(|c| (0..rows).map(|y| (0..columns).map(|x| at(c, y, x)).collect()).collect()).collect()
}

/// A convolution, number by number.
fn direct(image: &Images, weights: &[f64], bias: &[f64], size: usize, stride: usize, padding: usize) -> Vec<f64> {
    let (rows, columns) = (image[0].len(), image[0][0].len());
    let places = |length: usize| (length + 2 * padding - size) / stride + 1;
    let mut all = Vec::new();
    for (out, bias) in bias.iter().enumerate() {
        for y in 0..places(rows) {
            for x in 0..places(columns) {
                let mut sum = *bias;
                for (c, channel) in image.iter().enumerate() {
                    for i in 0..size {
                        for j in 0..size {
                            let (y, x) =
                                ((y * stride + i).wrapping_sub(padding), (x * stride + j).wrapping_sub(padding));
                            let weight = weights[((out * image.len() + c) * size + i) * size + j];
                            sum += weight * channel.get(y).and_then(|row| row.get(x)).unwrap_or(&0.0);
                        }
                    }
                }
                all.push(sum);
            }
        }
    }
    all
}

/// What each window of each channel comes to.
fn pooled(image: &Images, size: usize, of: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let mut all = Vec::new();
    for channel in image {
        for y in 0..channel.len() / size {
            for x in 0..channel[0].len() / size {
                let window = channel[y * size..][..size].iter().flat_map(|row| &row[x * size..][..size]);
                all.push(of(&window.copied().collect::<Vec<f64>>()));
            }
        }
    }
    all
}

fn close(found: &[f64], wanted: &[f64], what: &str) {
    assert_eq!(found.len(), wanted.len(), "{what}");
    for (found, wanted) in found.iter().zip(wanted) {
        assert!((found - wanted).abs() <= 1e-12 * (1.0 + wanted.abs()), "{what}: {found} and {wanted}");
    }
}

fn model(text: &str) -> Model {
    checked(Path::new("."), text).unwrap_or_else(|said| panic!("{said:#?}\n{text}"))
}

/// For each sample of the first batch what each region is, and the parameters, by name.
struct Seen {
    regions: Vec<Vec<Vec<f64>>>,
    parameters: BTreeMap<String, Vec<f64>>,
}

impl Seen {
    fn parameter(&self, name: &str) -> &[f64] {
        &self.parameters[name]
    }
}

fn seen(text: &str, regions: &[&str]) -> Seen {
    let model = model(text);
    let set = credit::samples(&model, &model.data[0], &Place::only("."), 0).unwrap();
    let program = credit::learn(&model, 0, set.rows());
    let mut slots = slots(&model, &program, &set);
    for (slot, value) in program.slots.iter().zip(&mut slots).filter(|(slot, _)| slot.name.ends_with(".bias")) {
        let numbers: Vec<f64> = (0..value.numbers().len()).map(|i| 0.25 - 0.5 * i as f64).collect();
        *value = Array::from_numbers(&slot.ty, numbers);
    }
    let wanted: Vec<_> = regions.iter().map(|name| named(&program, name)).collect();
    let found = values(&program, &slots, &wanted);
    let split = |(name, all): (&&str, &Vec<f64>)| {
        let region = model.regions.iter().find(|region| &*region.name == *name).unwrap();
        all.chunks(region.size()).map(<[f64]>::to_vec).collect()
    };
    let regions = regions.iter().zip(&found).map(split).collect();
    let parameters = program.slots.iter().zip(&slots).map(|(slot, value)| (slot.name.to_string(), value.numbers()));
    Seen { regions, parameters: parameters.collect() }
}

#[test]
fn a_convolution_is_the_sum_that_it_is_said_to_be() {
    let cases =
        [(1, 1, 0), (3, 1, 1), (3, 1, 0), (3, 2, 1), (2, 3, 1), (5, 1, 2), (5, 2, 4), (8, 1, 0), (4, 4, 0), (2, 7, 0)];
    for (size, stride, padding) in cases {
        let places = (8 + 2 * padding - size) / stride + 1;
        for second in [1, 2] {
            let more = (places + 2 * (second - 1) - second) / 2 + 1;
            let text = format!(
                "data world = digits(batch = 5)\nregion Retina[8, 8] = world.image\n\
                 region First[3, {places}, {places}] = tanh(drive)\nregion Second[9, {more}, {more}] = drive\n\
                 region Choice[10] = drive\n\
                 connect Retina -> First : conv(channels = 3, size = {size}, stride = {stride}, padding = {padding})\n\
                 connect First -> Second : conv(size = {second}, stride = 2, padding = {})\n\
                 connect Second -> Choice\ncost wrong in Choice = cross_entropy(Choice, world.label)\n\
                 learn all by backprop from wrong using sgd(rate = 0.1)",
                second - 1
            );
            let found = seen(&text, &["Retina", "First", "Second.drive", "Second"][..2]);
            let again = seen(&text, &["Retina", "First", "Second"]);
            for sample in 0..5 {
                let image = images(&found.regions[0][sample], [1, 8, 8]);
                let parameter = |name| found.parameter(name);
                let (weights, bias) = (parameter("Retina -> First.weight"), parameter("First.bias"));
                assert_eq!((weights.len(), bias.len()), (3 * size * size, 3));
                let first: Vec<f64> =
                    direct(&image, weights, bias, size, stride, padding).into_iter().map(libm_tanh).collect();
                close(&found.regions[1][sample], &first, &text);
                let image = images(&again.regions[1][sample], [3, places, places]);
                let (weights, bias) = (parameter("First -> Second.weight"), parameter("Second.bias"));
                let wanted = direct(&image, weights, bias, second, 2, second - 1);
                close(&again.regions[2][sample], &wanted, &text);
            }
        }
    }
}

/// The hyperbolic tangent from the project's own functions.
fn libm_tanh(x: f64) -> f64 {
    neurula::math::Function::Tanh.apply(&mut neurula::math::F64, &[x])
}

#[test]
fn a_pool_takes_the_largest_or_the_mean_of_each_window() {
    for size in [1, 2, 3, 8] {
        let places = 8 / size;
        let text = format!(
            "data world = digits(batch = 5)\nregion Retina[8, 8] = world.image\nregion Maps[3, 8, 8] = drive\n\
             region Most[3, {places}, {places}] = drive\nregion Even[3, {places}, {places}] = 2 * even\n\
             region Both[3, {places}, {places}] = drive\nregion Choice[10] = drive\n\
             connect Retina -> Maps : conv(size = 3, padding = 1)\nconnect Maps -> Most : pool(max, {size})\n\
             connect Maps -> Even as even : pool(mean, size = {size})\nconnect Maps -> Both : pool(max, {size})\n\
             connect Most -> Both\n\
             connect Most -> Choice, Even -> Choice, Both -> Choice\ncost wrong in Choice = cross_entropy(Choice, world.label)\n\
             learn all by backprop from wrong using sgd(rate = 0.1)"
        );
        let found = seen(&text, &["Maps", "Most", "Even", "Both"]);
        for sample in 0..5 {
            let image = images(&found.regions[0][sample], [3, 8, 8]);
            let most = pooled(&image, size, |all| all.iter().copied().fold(f64::NEG_INFINITY, f64::max));
            close(&found.regions[1][sample], &most, &text);
            let even = pooled(&image, size, |all| 2.0 * all.iter().sum::<f64>() / all.len() as f64);
            close(&found.regions[2][sample], &even, &text);
            // Beside a dense projection a pool is summed unit by unit, and each unit has its bias.
            let (weights, bias) = (found.parameter("Most -> Both.weight"), found.parameter("Both.bias"));
            let units = most.len();
            assert_eq!(bias.len(), units);
            let both: Vec<f64> = (0..units)
                .map(|j| most[j] + bias[j] + (0..units).map(|i| weights[j * units + i] * most[i]).sum::<f64>())
                .collect();
            close(&found.regions[3][sample], &both, &text);
        }
    }
}

/// Two convolutions with pools and two dense layers on the embedded digits.
const SMALL: &str = "data world = digits(batch = 15)
region Retina[8, 8] = world.image
region Edges[8, 8, 8] = relu(drive)
region Coarse[8, 4, 4] = drive
region Shapes[16, 4, 4] = relu(drive)
region Few[16, 2, 2] = drive
region Hidden[24] = relu(drive)
region Choice[10] = drive
connect Retina -> Edges : conv(channels = 8, size = 3, padding = 1), init he
connect Edges -> Coarse : pool(max, 2)
connect Coarse -> Shapes : conv(size = 3, padding = 1), init he
connect Shapes -> Few : pool(max, 2)
connect Few -> Hidden -> Choice
cost wrong in Choice = cross_entropy(Choice, world.label)
metric accuracy = argmax(Choice) == world.label
learn Retina -> Edges -> Coarse -> Shapes -> Few -> Hidden -> Choice by backprop from wrong using momentum(rate = 0.01)
";

#[test]
fn gradients_are_those_of_the_cost() {
    // What is smooth can be compared with differences: no unit stands at a corner.
    let smooth = SMALL.replace("relu", "tanh").replace("Few : pool(max", "Few : pool(mean");
    descends(&model(&smooth), "smooth");
    let strided = smooth
        .replace("Edges[8, 8, 8]", "Edges[8, 4, 4]")
        .replace("size = 3, padding = 1), init he\nconnect Edges", "size = 4, stride = 2, padding = 1)\nconnect Edges")
        .replace("Coarse[8, 4, 4]", "Coarse[8, 2, 2]")
        .replace("Shapes[16, 4, 4]", "Shapes[16, 3, 3]")
        .replace("conv(size = 3, padding = 1), init he", "conv(size = 2, padding = 1), init he")
        .replace("Few[16, 2, 2]", "Few[16, 1, 1]");
    descends(&model(&strided), "strided");
}

#[test]
fn it_learns_and_the_interpreter_finds_the_same_bits() {
    let whole = trained(SMALL, &Way { epochs: Some(10), precision: Precision::F32, ..EXACT });
    let accuracy = whole.value("accuracy", "test");
    assert!(accuracy >= 0.95, "{accuracy}");
    for precision in [Precision::F32, Precision::F64] {
        let way = Way { epochs: Some(1), precision, ..EXACT };
        let compiled = trained(SMALL, &way);
        let interpreted = trained(SMALL, &Way { backend: Backend::Interpreter, ..way });
        assert_eq!(compiled.outcome.weights_digest, interpreted.outcome.weights_digest, "{precision:?}");
    }
}

#[test]
fn biases_are_one_for_each_channel_and_none_after_a_pool() {
    let model = model(SMALL);
    let biases: Vec<(&str, Bias)> = model.regions.iter().map(|region| (&*region.name, region.bias)).collect();
    let wanted = [
        ("Retina", Bias::None),
        ("Edges", Bias::Channel),
        ("Coarse", Bias::None),
        ("Shapes", Bias::Channel),
        ("Few", Bias::None),
        ("Hidden", Bias::Unit),
        ("Choice", Bias::Unit),
    ];
    assert_eq!(biases, wanted);
}

#[test]
fn weights_begin_within_their_afferents() {
    let found =
        seen(&SMALL.replace("padding = 1), init he\nconnect Edges", "padding = 1)\nconnect Edges"), &["Retina"]);
    let weights = found.parameter("Retina -> Edges.weight");
    let largest = weights.iter().fold(0.0_f64, |most, weight| most.max(weight.abs()));
    assert!(largest <= 1.0 / 3.0 && largest > 0.3, "{largest}");
    // He's, of 8 channels and 9 places: standard deviation sqrt(2 / 72).
    let weights = found.parameter("Coarse -> Shapes.weight");
    let variance = weights.iter().map(|weight| weight * weight).sum::<f64>() / weights.len() as f64;
    assert!((variance * 36.0 - 1.0).abs() < 0.15, "{variance}");
}

#[test]
fn a_rule_sums_over_the_places_of_a_shared_weight() {
    let text = "data world = digits(batch = 5)\nregion Retina[8, 8] = world.image\nregion Maps[3, 4, 4] = tanh(drive)\n\
                rule own { dw = post * pre - 0.5 * w  db = post - 0.25 * w }\n\
                connect Retina -> Maps : conv(size = 3, stride = 2, padding = 1)\nlearn Retina -> Maps by own\nmetric m = mean(Maps)";
    let model = model(text);
    let set = credit::samples(&model, &model.data[0], &Place::only("."), 0).unwrap();
    let program = credit::learn(&model, 0, set.rows());
    let at = slots(&model, &program, &set);
    let place = |name: &str| program.slots.iter().position(|slot| &*slot.name == name).unwrap();
    let (weight, bias) = (place("Retina -> Maps.weight"), place("Maps.bias"));
    let wanted = [named(&program, "Retina"), named(&program, "Maps")];
    let seen = values(&program, &at, &wanted);
    let written = |slot: usize| program.graph.results[program.writes.iter().position(|write| *write == slot).unwrap()];
    let after = values(&program, &at, &[written(weight), written(bias)]);
    let before = [at[weight].numbers(), at[bias].numbers()];
    for o in 0..3 {
        let post = |sample: usize, y: usize, x: usize| seen[1][sample * 48 + o * 16 + y * 4 + x];
        let places = || (0..5).flat_map(|s| (0..16).map(move |p| (s, p / 4, p % 4)));
        for (i, j) in (0..9).map(|k| (k / 3, k % 3)) {
            let pre = |sample: usize, y: usize, x: usize| match ((2 * y + i).checked_sub(1), (2 * x + j).checked_sub(1))
            {
                (Some(y @ 0..8), Some(x @ 0..8)) => seen[0][sample * 64 + y * 8 + x],
                _ => 0.0,
            };
            let w = before[0][o * 9 + i * 3 + j];
            let sum: f64 = places().map(|(s, y, x)| post(s, y, x) * pre(s, y, x) - 0.5 * w).sum();
            close(&[after[0][o * 9 + i * 3 + j]], &[w + sum / 5.0], "weight");
        }
        let sum: f64 = places().map(|(s, y, x)| post(s, y, x) - 0.25 * before[1][o]).sum();
        close(&[after[1][o]], &[before[1][o] + sum / 5.0], "bias");
    }
}

/// What is said of a spec with another line about `Maps`.
fn said(maps: &str, connect: &str) -> Vec<(Code, String)> {
    let text = format!(
        "data world = digits(batch = 30)\nregion Retina[8, 8] = world.image\nregion {maps} = relu(drive)\n\
         region Choice[10] = drive\n\
         connect Retina -> Maps : {connect}\nconnect Maps -> Choice\ncost wrong in Choice = cross_entropy(Choice, world.label)\n\
         learn Retina -> Maps -> Choice by backprop from wrong using sgd(rate = 0.1)"
    );
    match checked(Path::new("."), &text) {
        Ok(_) => Vec::new(),
        Err(said) => said.into_iter().map(|said| (said.code, said.help.unwrap_or_default())).collect(),
    }
}

#[test]
fn a_shape_that_does_not_fit_is_told_with_one_that_does() {
    let cases = [
        ("Maps[4, 6, 6]", "conv(size = 3, padding = 1)", "region Maps[4, 8, 8]"),
        ("Maps[4, 8, 8]", "conv(6, 3, padding = 1)", "region Maps[6, 8, 8]"),
        ("Maps[4, 8, 8]", "conv(size = 3)", "region Maps[4, 6, 6]"),
        ("Maps[8, 8]", "conv(size = 3, padding = 1)", "region Maps[1, 8, 8]"),
        ("Maps[256]", "conv(size = 3, padding = 1)", "region Maps[4, 8, 8]"),
        ("Maps[5, 8, 8]", "conv(5, 2, 2)", "region Maps[5, 4, 4]"),
        ("Maps[4, 4]", "pool(max, 2)", "region Maps[1, 4, 4]"),
        ("Maps[2, 4, 4]", "pool(mean, 3)", "region Maps[1, 2, 2]"),
    ];
    for (maps, connect, help) in cases {
        let wrong = said(maps, connect);
        assert_eq!(wrong, [(Code::SHAPE_MISMATCH, help.to_string())], "{maps} {connect}");
        let taught = said(help.strip_prefix("region ").unwrap(), connect);
        assert_eq!(taught, [], "{help} {connect}");
    }
}

#[test]
fn patterns_out_of_form_are_told() {
    let cases = [
        ("conv", Code::WRONG_ARGUMENTS),
        ("conv(4)", Code::WRONG_ARGUMENTS),
        ("conv(4, 3, 1, 1, 1)", Code::WRONG_ARGUMENTS),
        ("conv(size = 3, size = 3)", Code::WRONG_ARGUMENTS),
        ("conv(kernel = 3)", Code::WRONG_ARGUMENTS),
        ("conv(size = 2.5)", Code::NOT_WHOLE),
        ("conv(size = 0)", Code::NOT_WHOLE),
        ("conv(size = 3, stride = 0)", Code::NOT_WHOLE),
        ("conv(size = 3, padding = -1)", Code::NOT_WHOLE),
        ("conv(size = 3, padding = 3)", Code::WINDOW_OUTSIDE),
        ("conv(size = 4_000_000_000, padding = 3_999_999_999)", Code::SHAPE_MISMATCH),
        ("conv(size = 13, padding = 2)", Code::WINDOW_OUTSIDE),
        ("conv(channels = world, size = 3)", Code::WRONG_KIND),
        ("pool", Code::WRONG_ARGUMENTS),
        ("pool(max)", Code::WRONG_ARGUMENTS),
        ("pool(2)", Code::WRONG_ARGUMENTS),
        ("pool(median, 2)", Code::WRONG_ARGUMENTS),
        ("pool(max, 9)", Code::WINDOW_OUTSIDE),
        ("conv(size = 3, padding = 1), feedback", Code::NOT_SUPPORTED),
    ];
    for (connect, code) in cases {
        let found = said("Maps[4, 8, 8]", connect);
        assert_eq!(found.iter().map(|(code, _)| *code).collect::<Vec<_>>(), [code], "{connect}: {found:?}");
    }
    let pools = ["pool(max, 2), init he", "pool(max, 2), fixed"];
    for connect in pools {
        assert_eq!(said("Maps[1, 4, 4]", connect)[0].0, Code::WRONG_KIND, "{connect}");
    }
    assert_eq!(said("Maps[1, 4, 4]", "pool(max, 2), no credit")[0].0, Code::NOT_SUPPORTED);
}
