//! The model as text, for `emit --stage model`: what is there, how it is wired, and who learns from what.

use super::formula::Kind;
use super::indices::{BOUND, POST, PRE};
use super::{Bias, Bound, Formula, Leaf, Learn, Model, SelectionKind, Target, Teacher, Window};
use crate::tensor::Attributes;
use std::fmt::Write;

/// The whole model.
pub fn print(model: &Model) -> String {
    let mut out = String::new();
    for param in &model.params {
        let _ = writeln!(out, "param {} = {} ({})", param.name, param.value, param.unit);
    }
    for made in &model.consts {
        let value = match &made.value {
            super::ConstValue::Written(values) => format!("{} numbers", values.len()),
            super::ConstValue::Equation(value, _) => formula(model, value),
        };
        let _ = writeln!(out, "const {}{:?} = {value}", made.name, made.shape);
    }
    for data in &model.data {
        let kind = match data.source.generated() {
            Some(super::Generated { from: Some(from), .. }) => format!("from {}, ", model.data[from.0].name),
            Some(_) => "generated ".to_string(),
            None => String::new(),
        };
        let fields: Vec<String> =
            data.signature.fields.iter().map(|field| format!("{}: {}", field.name, field.ty)).collect();
        let _ = writeln!(out, "{kind}data {} (batch {}): {}", data.name, data.batch, fields.join(", "));
        for field in data.source.generated().iter().flat_map(|generated| &generated.fields) {
            let _ = writeln!(out, "  {} = {}", field.name, formula(model, &field.formula));
        }
        selections(&mut out, model, &data.selections);
    }
    if let Some(time) = &model.time {
        let _ = writeln!(out, "time {} steps", time.steps);
    }
    for id in &model.order {
        let region = &model.regions[id.0];
        if let Some(structure) = &region.structure {
            structure_text(&mut out, model, region, structure);
            continue;
        }
        let bias = match region.bias {
            Bias::None if region.driven => ", no bias",
            Bias::Channel => ", a bias for each channel",
            _ => "",
        };
        let settle = region.settle.map_or(String::new(), |settle| {
            let super::Settle { steps, rate, tolerance, .. } = settle;
            format!(", settle({steps} steps, rate = {rate}, tolerance = {tolerance})")
        });
        let equation = formula(model, &region.equation);
        let _ = writeln!(out, "region {}{:?} = {equation}{bias}{settle}", region.name, region.shape);
    }
    for projection in &model.projections {
        let pattern = match &projection.pattern {
            super::Pattern::Dense => "dense".to_string(),
            super::Pattern::OneToOne => "one_to_one".to_string(),
            super::Pattern::Activity => "as it is".to_string(),
            super::Pattern::FixedConst(id) => format!("fixed({})", model.consts[id.0].name),
            super::Pattern::Conv(window) => format!("conv of {}", windows(window)),
            super::Pattern::Pool(by, window) => format!("pool {by:?} of {}", windows(window)),
            super::Pattern::Fixed(values) => format!("fixed({} weights)", values.len()),
            super::Pattern::Sparse(share) => format!("sparse({share})"),
            super::Pattern::Local(neighbours) => format!("local({})", neighbours.radius()),
            super::Pattern::LowRank(rank) => format!("lowrank({rank})"),
        };
        let pattern = match &projection.tied {
            None => pattern,
            Some(tie) => {
                let word = if tie.transposed { "transpose" } else { "shared" };
                format!("{word}({}), {pattern}", model.projections[tie.to.0].name)
            }
        };
        let key = projection.key.as_ref().map_or(String::new(), |key| format!(" for {key:?}"));
        let plastic = if projection.plastic { "" } else { ", fixed" };
        let credit = if projection.credit { "" } else { ", no credit" };
        let delay = if projection.delay == 0 { String::new() } else { format!(", delay {} steps", projection.delay) };
        let _ = writeln!(
            out,
            "projection {}: {pattern}, init {:?}{key}{plastic}{credit}{delay}{}",
            projection.name, projection.init, projection.constraints
        );
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
    for modulator in &model.modulators {
        let (name, shape) = (&modulator.name, &modulator.shape);
        let _ = writeln!(out, "modulator {name}{shape:?} = {}", formula(model, &modulator.formula));
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

fn selections<'s>(out: &mut String, model: &Model, all: impl IntoIterator<Item = &'s super::Selection>) {
    for selection in all {
        let _ = match &selection.kind {
            SelectionKind::Where(filter) => writeln!(out, "  where {}", formula(model, filter)),
            SelectionKind::Take { count, per: None } => writeln!(out, "  take {count}"),
            SelectionKind::Take { count, per: Some(field) } => writeln!(out, "  take {count} per {field}"),
            SelectionKind::OrderBy(by) => writeln!(out, "  order by {}", formula(model, by)),
        };
    }
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
    if let Some(keep) = &phase.keep {
        let (best, of) = (if keep.highest { "highest" } else { "lowest" }, leaf(model, &keep.of));
        let _ = writeln!(out, "  keep {best} {of}");
    }
    selections(out, model, phase.selections.iter().flatten());
    for (param, value) in &phase.sets {
        let _ = writeln!(out, "  set {} = {}", model.params[param.0].name, formula(model, value));
    }
    for (id, generated) in &phase.worlds {
        for field in generated.fields.iter().filter(|field| field.set) {
            let _ =
                writeln!(out, "  set {}.{} = {}", model.data[id.0].name, field.name, formula(model, &field.formula));
        }
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
    let inner = learn.structures.iter().map(|id| format!("the weights of {}", model.regions[id.0].name));
    let biases: Vec<String> =
        learn.biases.iter().map(|id| format!("{}.bias", model.regions[id.0].name)).chain(inner).collect();
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
            if let Some(db) = &rule.db {
                let _ = writeln!(out, "      db = {}", formula(model, db));
            }
            for line in &rule.lines {
                let kept = &rule.kept[line.kept];
                let (name, first, value) = (&kept.name, kept.first, formula(model, &line.value));
                let diagonal = if kept.diagonal { " on the diagonal" } else { "" };
                let _ = writeln!(out, "      kept{} ({name}{} = {first}{diagonal}) := {value}", line.kept, units(kept));
            }
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
    if learn.every_trial {
        let _ = writeln!(out, "    every trial");
    }
    if learn.every > 1 {
        let _ = writeln!(out, "    every {} steps", learn.every);
    }
}

/// A formula with its operations by name; what is used more than once has a number and is written once, behind.
pub fn formula(model: &Model, formula: &Formula) -> String {
    let written = Written::new(model, formula, &[formula.root]);
    match &written.shared[..] {
        [] => written.root(0),
        shared => format!("{} with {}", written.root(0), shared.join(", ")),
    }
}

/// The parts of a formula as text.
struct Written {
    /// Each root.
    roots: Vec<String>,
    /// `#1 = …` for each node that is used more than once.
    shared: Vec<String>,
}

impl Written {
    fn new(model: &Model, formula: &Formula, roots: &[usize]) -> Written {
        let mut uses = vec![0usize; formula.nodes.len()];
        for node in &formula.nodes {
            if let Kind::Op(_, _, inputs) = &node.kind {
                inputs.iter().for_each(|&input| uses[input] += 1);
            }
        }
        let mut texts: Vec<String> = Vec::with_capacity(formula.nodes.len());
        let mut shared = Vec::new();
        let needed = formula.needed(roots);
        for (place, node) in formula.nodes.iter().enumerate() {
            let text = match &node.kind {
                _ if !needed[place] => String::new(),
                Kind::Leaf(read) => leaf(model, read),
                Kind::Op(row, attributes, inputs) => operation(row.name, attributes, inputs, &texts),
            };
            let repeated = uses[place] > 1 && needed[place] && text.len() > "sigmoid(drive)".len();
            texts.push(match repeated {
                true => {
                    shared.push(format!("#{} = {text}", shared.len() + 1));
                    format!("#{}", shared.len())
                }
                false => text,
            });
        }
        Written { roots: roots.iter().map(|&root| texts[root].clone()).collect(), shared }
    }

    fn root(&self, number: usize) -> String {
        self.roots[number].clone()
    }
}

fn operation(name: &str, attributes: &Attributes, inputs: &[usize], texts: &[String]) -> String {
    match (name, attributes) {
        ("constant", Attributes::Number(value)) => format!("{value}"),
        ("constant", Attributes::Integer(value)) => format!("{value}"),
        ("constant", Attributes::Truth(value)) => format!("{value}"),
        ("expand" | "reshape", _) => texts[inputs[0]].clone(),
        ("sum" | "max" | "min" | "all" | "any", Attributes::Axes(axes)) if axes[0] >= BOUND => {
            format!("{name}({}: {})", index(axes[0]), texts[inputs[0]])
        }
        (name, _) => {
            let inputs: Vec<&str> = inputs.iter().map(|&input| &*texts[input]).collect();
            format!("{name}({})", inputs.join(", "))
        }
    }
}

/// A region that is a structure: its weights, then what is computed, what its states become, and its output.
fn structure_text(out: &mut String, model: &Model, region: &super::Region, structure: &super::Structure) {
    let _ = writeln!(out, "region {}{:?} : {}", region.name, region.shape, structure.name);
    for (place, weight) in structure.weights.iter().enumerate() {
        let _ = writeln!(
            out,
            "  weight{place} = {}.{}{:?}, init {:?}",
            region.name, weight.name, weight.shape, weight.init
        );
    }
    let roots: Vec<usize> = structure.states.iter().map(|state| state.next).chain([region.equation.root]).collect();
    let written = Written::new(model, &region.equation, &roots);
    for shared in &written.shared {
        let _ = writeln!(out, "  {shared}");
    }
    for (place, state) in structure.states.iter().enumerate() {
        let (name, shape, first) = (&state.name, &state.shape, state.first);
        let _ = writeln!(out, "  state{place} ({name}{shape:?} = {first}) := {}", written.root(place));
    }
    let _ = writeln!(out, "  output {}", written.root(structure.states.len()));
}

fn windows(window: &Window) -> String {
    let Window { channels, lengths: [y, x], size, stride, padding } = window;
    format!("{size} x {size} on {channels} x {y} x {x}, stride {stride}, padding {padding}")
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
        Leaf::FieldNow(id, name, 0) => format!("{}.{name}[t]", model.data[id.0].name),
        Leaf::FieldNow(id, name, lag) => format!("{}.{name}[t {lag:+}]", model.data[id.0].name),
        Leaf::Draw(number) => format!("draw{number}"),
        Leaf::Other(_, name) => format!("other.{name}"),
        Leaf::Index => "index".to_string(),
        Leaf::Axis(axis) => format!("axis{axis}"),
        Leaf::Time => "t".to_string(),
        Leaf::Previous(id) => format!("prev({})", model.regions[id.0].name),
        Leaf::Input => "input".to_string(),
        Leaf::Inner(place) => format!("weight{place}"),
        Leaf::Before(place) => format!("state{place}"),
        Leaf::Const(id) => model.consts[id.0].name.to_string(),
        Leaf::Param(id) => model.params[id.0].name.to_string(),
        Leaf::Weight(id) => format!("({})", model.projections[id.0].name),
        Leaf::WeightAt(id, phase) => format!("({}) at {phase}", model.projections[id.0].name),
        Leaf::Unsettled => "unsettled".to_string(),
        Leaf::Training => "training".to_string(),
        Leaf::Progress => "progress".to_string(),
        Leaf::PhaseStep => "phase_step".to_string(),
        Leaf::StepsPerEpoch => "epoch_steps".to_string(),
        Leaf::Metric(id, of) => format!("{}{}", model.metrics[id.0].name, split(of)),
        Leaf::Cost(id, of) => format!("{}{}", model.costs[id.0].name, split(of)),
        Leaf::Pre => "pre".to_string(),
        Leaf::Post => "post".to_string(),
        Leaf::PreIn(pass) => format!("pass{pass}.pre"),
        Leaf::PostIn(pass) => format!("pass{pass}.post"),
        Leaf::Synapse => "w".to_string(),
        Leaf::PreAt(axis) => format!("pre[{}]", index(*axis)),
        Leaf::PostAt(axis) => format!("post[{}]", index(*axis)),
        Leaf::SynapseAt(post, Some(pre)) => format!("w[{}, {}]", index(*post), index(*pre)),
        Leaf::SynapseAt(post, None) => format!("w[{}]", index(*post)),
        Leaf::Place(axis) => index(*axis),
        Leaf::Kept(at) => format!("kept{}{}", at.number, "'".repeat(at.lines)),
        Leaf::KeptAlong(at, first, second) => {
            let second = second.map_or(String::new(), |second| format!(", {}", index(second)));
            format!("kept{}{}[{}{second}]", at.number, "'".repeat(at.lines), index(*first))
        }
        Leaf::Modulator(id) => model.modulators[id.0].name.to_string(),
        Leaf::Samples => "samples".to_string(),
        Leaf::Gradient => "g".to_string(),
        Leaf::State(place) => format!("state{place}"),
        Leaf::Step => "step".to_string(),
    }
}

/// The units for which something kept has an entry.
fn units(kept: &super::Kept) -> String {
    let along: Vec<&str> = match (kept.per_post, kept.per_pre) {
        _ if kept.is_table() => kept.along.iter().map(|along| along.word()).collect(),
        (true, true) => vec!["post", "pre"],
        (true, false) => vec!["post"],
        (false, true) => vec!["pre"],
        (false, false) => Vec::new(),
    };
    if along.is_empty() { String::new() } else { format!("[{}]", along.join(", ")) }
}

/// The index of a rule along an axis.
fn index(axis: usize) -> String {
    match axis {
        POST => "j".to_string(),
        PRE => "i".to_string(),
        axis => format!("k{}", axis - BOUND),
    }
}
