//! The model as text, for `emit --stage model`: what is there, how it is wired, and who learns from what.

use super::formula::Kind;
use super::{Bound, Formula, Leaf, Learn, Model, Target, Teacher};
use crate::tensor::Attributes;
use std::fmt::Write;

/// The whole model.
pub fn print(model: &Model) -> String {
    let mut out = String::new();
    for param in &model.params {
        let _ = writeln!(out, "param {} = {} ({})", param.name, param.value, param.unit);
    }
    for data in &model.data {
        let fields: Vec<String> =
            data.signature.fields.iter().map(|field| format!("{}: {}", field.name, field.ty)).collect();
        let _ = writeln!(out, "data {} (batch {}): {}", data.name, data.batch, fields.join(", "));
        if let Some(filter) = &data.filter {
            let _ = writeln!(out, "  where {}", formula(model, filter));
        }
    }
    for id in &model.order {
        let region = &model.regions[id.0];
        let bias = if region.driven && !region.bias { ", no bias" } else { "" };
        let _ = writeln!(out, "region {}{:?} = {}{bias}", region.name, region.shape, formula(model, &region.equation));
    }
    for projection in &model.projections {
        let pattern = match &projection.pattern {
            super::Pattern::Dense => "dense".to_string(),
            super::Pattern::OneToOne => "one_to_one".to_string(),
            super::Pattern::Fixed(values) => format!("fixed({} weights)", values.len()),
        };
        let plastic = if projection.plastic { "" } else { ", fixed" };
        let credit = if projection.credit { "" } else { ", no credit" };
        let _ = writeln!(out, "projection {}: {pattern}, init {:?}{plastic}{credit}", projection.name, projection.init);
    }
    for cost in &model.costs {
        let _ = writeln!(
            out,
            "cost {} in {} = {}",
            cost.name,
            model.regions[cost.region.0].name,
            formula(model, &cost.formula)
        );
    }
    for metric in &model.metrics {
        let _ = write!(out, "metric {} = {}", metric.name, formula(model, &metric.formula));
        match &metric.filter {
            Some(filter) => {
                let _ = writeln!(out, " where {}", formula(model, filter));
            }
            None => out.push('\n'),
        }
    }
    for phase in &model.phases {
        phase_text(&mut out, model, phase);
    }
    out
}

fn phase_text(out: &mut String, model: &Model, phase: &super::Phase) {
    let bound = match phase.bound {
        Bound::Epochs(n) => format!("{n} epochs"),
        Bound::Steps(n) => format!("{n} steps"),
        Bound::Trials(n) => format!("{n} trials"),
        Bound::Open => "as many epochs as the command says".to_string(),
    };
    let _ = writeln!(out, "phase {} for {bound}, on {}", phase.name, model.data[phase.data.0].name);
    if let Some(until) = &phase.until {
        let _ = writeln!(out, "  until {}", formula(model, until));
    }
    if let Some(filter) = &phase.filter {
        let _ = writeln!(out, "  where {}", formula(model, filter));
    }
    for (param, value) in &phase.sets {
        let _ = writeln!(out, "  set {} = {}", model.params[param.0].name, formula(model, value));
    }
    for (cost, value) in &phase.weights {
        let _ = writeln!(out, "  set {}.weight = {}", model.costs[cost.0].name, formula(model, value));
    }
    for learn in &phase.learns {
        learn_text(out, model, learn);
    }
}

fn learn_text(out: &mut String, model: &Model, learn: &Learn) {
    let paths: Vec<&str> = learn.projections.iter().map(|id| &*model.projections[id.0].name).collect();
    let biases: Vec<String> = learn.biases.iter().map(|id| format!("{}.bias", model.regions[id.0].name)).collect();
    let also = if learn.also { "also " } else { "" };
    let _ = writeln!(out, "  {also}learn {}", paths.join(", "));
    if !biases.is_empty() {
        let _ = writeln!(out, "    and {}", biases.join(", "));
    }
    match &learn.teacher {
        Teacher::Credit(name) => {
            let from: Vec<String> = learn
                .from
                .iter()
                .map(|(weight, cost)| format!("{} * {}", formula(model, weight), model.costs[cost.0].name))
                .collect();
            let _ = writeln!(out, "    by {name} from {}", from.join(" + "));
        }
        Teacher::Rule(rule) => {
            let _ = writeln!(out, "    by {}: dw = {}", rule.name, formula(model, &rule.dw));
        }
    }
    if let Some(optimiser) = &learn.using {
        let _ = writeln!(out, "    using {}", optimiser.name);
        for (target, update) in &optimiser.updates {
            let name = match target {
                Target::Parameter => "w",
                Target::State(place) => &optimiser.states[*place].0,
            };
            let _ = writeln!(out, "      {name} := {}", formula(model, update));
        }
    }
    if let Some(clip) = &learn.clip {
        let _ = writeln!(out, "    clip {}", formula(model, clip));
    }
    if learn.every > 1 {
        let _ = writeln!(out, "    every {} steps", learn.every);
    }
}

/// A formula with its operations by name.
pub fn formula(model: &Model, formula: &Formula) -> String {
    node(model, formula, formula.root)
}

fn node(model: &Model, formula: &Formula, at: usize) -> String {
    match &formula.nodes[at].kind {
        Kind::Leaf(read) => leaf(model, read),
        Kind::Op(row, attributes, inputs) => match (row.name, attributes) {
            ("constant", Attributes::Number(value)) => format!("{value}"),
            ("constant", Attributes::Integer(value)) => format!("{value}"),
            ("constant", Attributes::Truth(value)) => format!("{value}"),
            ("expand" | "reshape", _) => node(model, formula, inputs[0]),
            (name, _) => {
                let inputs: Vec<String> = inputs.iter().map(|&input| node(model, formula, input)).collect();
                format!("{name}({})", inputs.join(", "))
            }
        },
    }
}

fn leaf(model: &Model, leaf: &Leaf) -> String {
    let split =
        |split: &Option<crate::tensor::Name>| split.as_ref().map_or(String::new(), |split| format!("({split})"));
    match leaf {
        Leaf::Region(id) => model.regions[id.0].name.to_string(),
        Leaf::Drive => "drive".to_string(),
        Leaf::Projection(id) => {
            model.projections[id.0].named.as_ref().map_or_else(String::new, |name| name.to_string())
        }
        Leaf::Field(id, name) => format!("{}.{name}", model.data[id.0].name),
        Leaf::Param(id) => model.params[id.0].name.to_string(),
        Leaf::Weight(id) => format!("({})", model.projections[id.0].name),
        Leaf::Training => "training".to_string(),
        Leaf::Progress => "progress".to_string(),
        Leaf::PhaseStep => "phase_step".to_string(),
        Leaf::StepsPerEpoch => "epoch_steps".to_string(),
        Leaf::Metric(id, of) => format!("{}{}", model.metrics[id.0].name, split(of)),
        Leaf::Cost(id, of) => format!("{}{}", model.costs[id.0].name, split(of)),
        Leaf::Pre => "pre".to_string(),
        Leaf::Post => "post".to_string(),
        Leaf::Synapse => "w".to_string(),
        Leaf::Gradient => "g".to_string(),
        Leaf::State(place) => format!("state{place}"),
        Leaf::Step => "step".to_string(),
    }
}
