//! Expressions: units, shapes, definitions that are written out, params and `--set`.

use super::{HEAD, LEARN, check, codes, message, model};
use neurula::diag::Sources;
use neurula::driver::parse_setting;
use neurula::model::formula::Kind;
use neurula::model::{Leaf, Model, Options, Selection, SelectionKind, Unit};

/// [`HEAD`] and [`LEARN`] with further lines.
fn with(lines: &str) -> String {
    format!("{HEAD}{LEARN}{lines}\n")
}

/// The operations of the second metric, sorted.
fn operations(model: &Model) -> Vec<&'static str> {
    let nodes = &model.metrics[1].formula.nodes;
    let names = nodes.iter().filter_map(|node| match &node.kind {
        Kind::Op(row, ..) => Some(row.name),
        Kind::Leaf(_) => None,
    });
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names
}

fn param(lines: &str, name: &str) -> (f64, Unit) {
    let model = model(&with(lines));
    let param = model.params.iter().find(|param| &*param.name == name).expect(name);
    (param.value, param.unit)
}

#[test]
fn units_are_kept_in_their_base() {
    assert_eq!(param("param tau = 2 s", "tau"), (2000.0, Unit::Time));
    assert_eq!(param("param tau = 20 ms + 1 s", "tau"), (1020.0, Unit::Time));
    assert_eq!(param("param share = 10 %", "share"), (0.1, Unit::One));
    assert_eq!(param("param a = 20 ms\nparam b = a / 5 ms", "b"), (4.0, Unit::One));
    assert_eq!(param("param rest = -(60 mV)", "rest"), (-60.0, Unit::Voltage));
    assert_eq!(param("param t = 3 * 2 epochs", "t"), (6.0, Unit::Epochs));
}

#[test]
fn units_that_differ_do_not_meet() {
    for sum in ["20 ms + 1", "1 - 20 ms", "20 ms + 20 mV", "2 ms * 2 ms", "1 / 2 ms", "(2 ms)^2", "exp(2 ms)"] {
        assert_eq!(codes(&with(&format!("param tau = {sum}"))), ["E0303"], "{sum}");
    }
    let (message, help) = message(&with("param tau = 20 ms + 1"));
    assert_eq!(message, "`+` does not go between ms and a plain number");
    assert_eq!(help, "give the plain number a unit (ms), or divide the other by `1 ms`");
}

#[test]
fn a_scalar_is_repeated_and_nothing_else() {
    model(&with("metric a = mean(2 * Retina + 1)\nmetric b = mean(Hidden - mean(Hidden))"));
    model(&with("region One[1] = mean(Hidden)\nmetric c = mean(One * Retina)"));
    for sum in ["Retina + Hidden", "Retina * Retina[0]", "Hidden - Choice", "max(Hidden, Choice)"] {
        assert_eq!(codes(&with(&format!("metric a = mean({sum})"))), ["E0301"], "{sum}");
    }
    assert_eq!(codes(&with("region Flat[64] = Retina\nmetric a = mean(Flat)")), ["E0301"], "nothing flattens silently");
}

#[test]
fn a_region_takes_a_scalar_equation_in_its_shape() {
    let model = model(&with("region Level[3] = mean(Hidden)\nmetric a = mean(Level)"));
    let level = model.regions.iter().find(|region| &*region.name == "Level").unwrap();
    assert_eq!(level.size(), 3);
    assert_eq!(level.equation.value().ty.shape.len(), 1);
    assert!(!level.driven);
}

#[test]
fn definitions_are_written_out() {
    let written = model(&with("metric a = mean((Hidden - 1)^2)"));
    let called = model(&format!("fn gap(x, y) = mean((x - y)^2)\n{}", with("metric a = gap(y = 1, x = Hidden)")));
    assert_eq!(operations(&written), operations(&called));
}

#[test]
fn a_definition_of_the_spec_replaces_one_of_the_library() {
    let own = model(&format!("fn mse(a, b) = sum(abs(a - b))\n{}", with("metric a = mse(Choice, 1)")));
    let names = operations(&own);
    assert!(names.contains(&"abs") && !names.contains(&"multiply"), "{names:?}");
}

#[test]
fn recursion_is_refused() {
    assert_eq!(codes(&format!("fn f(x) = f(x)\n{}", with("metric a = f(1)"))), ["E0204"]);
    assert_eq!(codes(&format!("fn f(x) = g(x)\nfn g(x) = f(x)\n{}", with("metric a = g(1)"))), ["E0204"]);
    model(&format!("fn f(x) = g(g(x))\nfn g(x) = x + 1\n{}", with("metric a = f(f(1))")));
}

#[test]
fn params_are_computed_from_params() {
    assert_eq!(param("param a = 3\nparam b = 2^a - 1", "b"), (7.0, Unit::One));
    let model = model(&format!("param n = 4\n{}", with("region Wide[2 * n, 8] = Retina\nmetric a = mean(Wide)")));
    assert_eq!(model.regions[3].shape, [8, 8]);
    assert_eq!(codes(&format!("param n = 2.5\n{}", with("region Wide[n] = 0\nmetric a = mean(Wide)"))), ["E0305"]);
}

/// What a setting of the command line makes of `beta`, or the codes that it raises.
fn set(spec: &str, settings: &[&str]) -> Result<f64, Vec<&'static str>> {
    let mut sources = Sources::new();
    let set = settings.iter().map(|setting| parse_setting(&mut sources, setting).unwrap()).collect();
    let options = Options { set, memory: None, ..Options::default() };
    let path = std::path::Path::new("spec.neu");
    let (model, said) = crate::errors::check(&mut sources, path, spec, &options);
    match model {
        Some(model) => Ok(model.params.iter().find(|param| &*param.name == "beta").unwrap().value),
        None => Err(said.iter().map(|said| said.code.0).collect()),
    }
}

#[test]
fn the_command_line_sets_params() {
    let spec = with("param beta = 0.1\nparam twice = 2 * beta");
    assert_eq!(set(&spec, &[]), Ok(0.1));
    assert_eq!(set(&spec, &["beta=0.25"]), Ok(0.25));
    assert_eq!(set(&spec, &["beta = 1 / 4", "beta = 0.5"]), Ok(0.5), "the last one holds");
    assert_eq!(set(&spec, &["bta=1"]), Err(vec!["E0201"]));
    assert_eq!(set(&spec, &["beta=2 ms"]), Err(vec!["E0303"]));
    assert_eq!(set(&spec, &["beta=nothing"]), Err(vec!["E0205"]));
    let mut sources = Sources::new();
    assert!(parse_setting(&mut sources, "beta").is_err());
    assert!(parse_setting(&mut sources, "beta=").is_err());
    assert!(parse_setting(&mut sources, "beta=1\nseed 3").is_err());
}

#[test]
fn what_is_computed_from_a_param_follows_its_setting() {
    let mut sources = Sources::new();
    let set = vec![parse_setting(&mut sources, "beta=3").unwrap()];
    let spec = with("param beta = 1\nparam twice = 2 * beta");
    let (model, _) = crate::errors::check(
        &mut sources,
        std::path::Path::new("s.neu"),
        &spec,
        &Options { set, memory: None, ..Options::default() },
    );
    assert_eq!(model.unwrap().params[1].value, 6.0);
}

#[test]
fn classes_are_compared_with_classes_and_whole_numbers() {
    model(&with("metric a = world.label == 3\nmetric b = world.label < 5 and argmax(Choice) >= 5"));
    model(&with(
        "metric a = number(world.label) / 2\nmetric b = mean(one_hot(world.label))\nmetric c = classes(world.label)",
    ));
    assert_eq!(codes(&with("metric a = world.label == 2.5")), ["E0302"]);
    assert_eq!(codes(&with("metric a = world.label + 1")), ["E0302"]);
    assert_eq!(codes(&with("metric a = argmax(Hidden) == world.label")), ["E0302"]);
    assert_eq!(codes(&with("metric a = 1 + (mean(Choice) > 0)")), ["E0302"]);
}

#[test]
fn a_metric_has_its_condition() {
    let model = model(&with("metric low = argmax(Choice) == world.label where world.label < 5"));
    let filter = model.metrics[1].filter.as_ref().expect("a condition");
    assert!(filter.leaves().any(|(leaf, _)| matches!(leaf, Leaf::Field(_, name) if &**name == "label")));
    assert!(model.metrics[0].filter.is_none());
}

#[test]
fn data_is_narrowed_by_its_own_fields() {
    let text = with("").replace("digits(batch = 32)", "digits(batch = 8) where label < 5 and not (label == 2)");
    let model = model(&text);
    assert_eq!(model.data[0].batch, 8);
    let leaves = |selection: &Selection| match &selection.kind {
        SelectionKind::Where(formula) => formula.leaves().count(),
        other => panic!("{other:?}"),
    };
    assert_eq!(model.data[0].selections.iter().map(leaves).collect::<Vec<_>>(), [2]);
    assert_eq!(codes(&with("").replace("digits(batch = 32)", "digits(batch = 8) where lable < 5")), ["E0201"]);
}

#[test]
fn nothing_is_said_of_a_spec_with_all_of_this_at_once() {
    let (model, said) = check(&with("param a = 1\nfn f(x) = x + a\nmetric b = f(mean(Choice))"), &Options::default());
    assert!(said.is_empty() && model.is_some(), "{said:?}");
}
