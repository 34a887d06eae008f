//! Every example's gradients against central differences of its costs, in `f64`, by the tensor interpreter.

use neurula::credit;
use neurula::data::{Column, Dataset};
use neurula::diag::Sources;
use neurula::driver;
use neurula::model::{Factor, Model, Options, Pattern, Teacher};
use neurula::tensor::eval::{self, Array};
use neurula::tensor::{Program, Role, Type, Value};
use std::path::Path;

/// The model of an example; one whose images are files reads the digits instead, which are
/// of another size, and what only makes it slow is made smaller.
fn model(name: &str) -> Model {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text.replace("idx(\"fashion-mnist\", ", "digits(").replace("[28, 28]", "[8, 8]").replace("[28]", "[8]");
    let text = text.replace("time 28 steps", "time 8 steps").replace("gru(128)", "gru(8)").replace("10_000", "100");
    let text = text.replace("batch = 64", "batch = 16").replace("batch 50", "batch 10");
    let mut sources = Sources::new();
    let checked = driver::parse_text(&mut sources, &path, &text).check(&sources, &Options::default());
    checked.model.unwrap_or_else(|| panic!("{:#?}", checked.said))
}

/// What the slots of a step hold at its first batch.
pub fn slots(model: &Model, program: &Program, set: &Dataset) -> Vec<Array> {
    let numbers = |ty: &Type, values: Vec<f64>| Array::from_numbers(ty, values);
    let fill = |slot: &neurula::tensor::Slot| -> Vec<f64> {
        let cells: usize = slot.ty.shape.iter().map(|extent| extent.bound()).product();
        match (&*slot.name, slot.role) {
            ("order", _) => (0..cells).map(|i| (i * 7 % set.rows()) as f64).collect(),
            ("clock.rows", _) => vec![set.rows() as f64],
            ("clock.phase_steps" | "clock.epoch_steps", _) => vec![100.0],
            (name, Role::Input) if credit::key(name, 5).is_some() => credit::key(name, 5).unwrap().to_vec(),
            (_, Role::Input) => {
                let field = slot.name.split_once('.').unwrap().1;
                let place = set.fields.iter().position(|known| known.name == field).unwrap();
                match &set.columns[place] {
                    Column::Bytes(values) => values.iter().map(|value| f64::from(*value)).collect(),
                    Column::Classes(values) | Column::Ints(values) => {
                        values.iter().map(|value| f64::from(*value)).collect()
                    }
                    Column::Reals(values) => values.clone(),
                }
            }
            _ => credit::initial(model, slot, 5),
        }
    };
    program.slots.iter().map(|slot| numbers(&slot.ty, fill(slot))).collect()
}

/// The value that a graph calls so.
pub fn named(program: &Program, name: &str) -> Value {
    let found = program.graph.values.iter().rposition(|info| info.name.as_deref() == Some(name));
    Value(found.unwrap_or_else(|| panic!("no value `{name}`")) as u32)
}

/// The given values after a step on these slots.
pub fn values(program: &Program, slots: &[Array], wanted: &[Value]) -> Vec<Vec<f64>> {
    let mut graph = program.graph.clone();
    graph.results = wanted.to_vec();
    eval::graph(&graph, slots).unwrap().iter().map(Array::numbers).collect()
}

fn example(name: &str) {
    descends(&model(name), name);
}

/// Compares the gradient of every parameter that a model's statements change with differences of their costs.
pub fn descends(model: &Model, name: &str) {
    let set = credit::samples(model, &model.data[0], &neurula::data::Place::only("examples"), 0).unwrap();
    let mut compared = 0;
    for (number, phase) in model.phases.iter().enumerate() {
        let program = credit::learn(model, number, set.rows());
        let at = slots(model, &program, &set);
        for learn in phase.learns.iter().filter(|learn| matches!(learn.teacher, Teacher::Credit(_))) {
            let costs: Vec<Value> = learn
                .from
                .iter()
                .map(|(_, cost)| named(&program, &format!("cost.{}", model.costs[cost.0].name)))
                .collect();
            let loss = |slots: &[Array]| -> f64 {
                values(&program, slots, &costs).iter().map(|each| each.iter().sum::<f64>() / each.len() as f64).sum()
            };
            let parameters = learn
                .projections
                .iter()
                .filter(|id| model.projections[id.0].has_weights())
                .flat_map(|id| match model.projections[id.0].pattern {
                    Pattern::LowRank(_) => Factor::BOTH.map(|factor| credit::factor_slot(model, *id, factor)).to_vec(),
                    _ => vec![credit::weight_slot(model, *id)],
                })
                .chain(learn.biases.iter().map(|id| credit::bias_slot(model, *id)))
                .chain(learn.structures.iter().flat_map(|id| {
                    let weights = &model.regions[id.0].structure.as_ref().unwrap().weights;
                    (0..weights.len()).map(|weight| credit::inner_slot(model, *id, weight))
                }));
            for parameter in parameters {
                let gradient = values(&program, &at, &[named(&program, &format!("{parameter}.gradient"))]).remove(0);
                let slot = program.slots.iter().position(|slot| slot.name == parameter).unwrap();
                let scale = gradient.iter().fold(0f64, |most, x| most.max(x.abs()));
                assert!(scale > 0.0, "{parameter} of {name} has no gradient at all");
                for cell in (0..gradient.len()).step_by(gradient.len() / 7 + 1) {
                    let moved = |by: f64| {
                        let mut slots = at.clone();
                        let mut numbers = slots[slot].numbers();
                        numbers[cell] += by;
                        slots[slot] = Array::from_numbers(&program.slots[slot].ty, numbers);
                        loss(&slots)
                    };
                    let h = 1e-5; // small, so that no unit crosses the bend of its `relu`
                    let difference = (8.0 * (moved(h) - moved(-h)) - (moved(2.0 * h) - moved(-2.0 * h))) / (12.0 * h);
                    let bound = 1e-6 * scale + 1e-5 * gradient[cell].abs();
                    assert!(
                        (difference - gradient[cell]).abs() <= bound,
                        "{parameter}[{cell}] of {name}: {} and {difference}",
                        gradient[cell]
                    );
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 20, "{compared} cells say little");
}

#[test]
fn digits_descends_its_cost() {
    example("digits.neu");
}

#[test]
fn fashion_descends_its_cost() {
    example("fashion.neu");
}

#[test]
fn rows_descend_their_cost_through_time() {
    example("rows.neu");
}

#[test]
fn adding_descends_its_cost_through_a_structure_of_its_own() {
    example("adding.neu");
}

#[test]
fn regression_descends_both_its_costs() {
    example("regression.neu");
}

#[test]
fn infancy_descends_its_costs_in_both_phases() {
    example("infancy.neu");
}
