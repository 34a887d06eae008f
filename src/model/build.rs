//! From trees to a [`Model`]: the order in which things become known, and then the checks.

use super::draft::{self, Draft, RegionDraft};
use super::typing::{Place, Said, Typer};
use super::{Aim, Bias, Cost, CostId, DataId, Formula, Metric, Model, Param, Region, RegionId, Timing, Unit};
use super::{definition, schedule, sources, wiring};
use crate::data;
use crate::diag::{Code, Diagnostic, Sources, Span};
use crate::syntax::tree::{self, Ast, Expr, ExprKind, ItemKind};
use crate::tensor::{Element, Extent};
use std::sync::Arc;

/// What the command line says about a spec.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// `--set NAME=VALUE`, each value parsed like an expression of the language.
    pub set: Vec<(String, Expr)>,
    /// The most bytes that parameters, activity and data may take; none: no limit.
    pub memory: Option<u64>,
    /// What a real is in the run.
    pub precision: crate::math::Precision,
}

/// Checks a spec: `files` are the spec, its imports (together `own`), and the library files that they name.
///
/// Gives the model if there is no error, and everything there is to say.
pub fn check(
    sources: &Sources,
    files: &[Ast],
    own: usize,
    place: &data::Place,
    options: &Options,
) -> (Option<Model>, Vec<Diagnostic>) {
    let mut draft = Draft {
        sources,
        files,
        own,
        place,
        read: Vec::new(),
        said: Vec::new(),
        names: Default::default(),
        library: Default::default(),
        seed: None,
        time: None,
        params: Vec::new(),
        aliases: Default::default(),
        consts: Vec::new(),
        data: Vec::new(),
        regions: Vec::new(),
        projections: Vec::new(),
        clauses: Vec::new(),
        costs: Vec::new(),
        metrics: Vec::new(),
        modulators: Vec::new(),
        phases: Vec::new(),
        order_of_phases: Vec::new(),
        incomplete: false,
        unwired: false,
    };
    draft::declare(&mut draft);
    draft.unwired = draft.has_broken("connect");
    draft.incomplete |= files.iter().any(Ast::is_broken);
    unsupported_items(&mut draft);
    seed(&mut draft);
    params(&mut draft, options);
    super::alias::declare(&mut draft, options);
    super::time::time(&mut draft);
    super::constants::declare(&mut draft);
    sources::declare(&mut draft, place);
    shapes(&mut draft);
    wiring::connect(&mut draft);
    super::structure::structures(&mut draft);
    wiring::clauses(&mut draft);
    equations(&mut draft);
    costs(&mut draft);
    super::modulator::declare(&mut draft);
    metrics(&mut draft);
    definition::unused_definitions(&mut draft);
    schedule::develop(&mut draft);
    super::probe::probes(&mut draft);
    let (order, settling) = super::settling::order(&mut draft);
    super::check::run(&mut draft, options);
    finish(draft, order, settling)
}

fn finish(
    draft: Draft<'_>,
    order: Vec<RegionId>,
    settling: Option<super::Settling>,
) -> (Option<Model>, Vec<Diagnostic>) {
    if draft.incomplete || draft.said.iter().any(Diagnostic::is_error) {
        return (None, draft.said);
    }
    let regions = draft.regions.into_iter().filter_map(|region| {
        let equation = region.equation?;
        let driven = equation.leaves().any(|(leaf, _)| *leaf == super::Leaf::Drive);
        let name = region.tree.target.name.text.clone();
        Some(Region {
            name,
            shape: region.shape?,
            driven,
            bias: if driven { region.bias } else { Bias::None },
            equation,
            draws: region.draws,
            sampled: region.sampled,
            structure: region.structure,
            timing: Timing::Before,
            settle: region.settle,
            span: region.item.span,
        })
    });
    let mut model = Model {
        seed: draft.seed,
        time: draft.time,
        params: draft.params,
        consts: draft.consts.into_iter().flatten().collect(),
        data: draft.data.into_iter().flatten().collect(),
        regions: regions.collect(),
        order,
        settling,
        projections: draft.projections,
        files: draft.read,
        costs: draft.costs.into_iter().flatten().collect(),
        modulators: draft.modulators.into_iter().flatten().collect(),
        metrics: draft.metrics.into_iter().flatten().collect(),
        phases: super::repeat::unrolled(draft.phases, &draft.order_of_phases),
    };
    super::timing::settle(&mut model);
    super::settling::count(&mut model);
    (Some(model), draft.said)
}

/// Items that the language has and this version has not.
fn unsupported_items(draft: &mut Draft<'_>) {
    let items: Vec<_> = draft.items().collect();
    for item in items {
        let (what, instead) = match &item.kind {
            ItemKind::Environment(_) => ("`environment`", ""),
            ItemKind::Act(_) => ("`act`", ""),
            ItemKind::CriticalPeriod(_) => ("`critical_period`", "`freeze` in a phase keeps paths from changing"),
            ItemKind::Evolution(_) => ("`evolution`", ""),
            ItemKind::Definition(definition) => match definition.kind {
                tree::DefinitionKind::Neuron => ("`neuron`", ""),
                tree::DefinitionKind::Environment => ("`environment`", ""),
                _ => continue,
            },
            _ => continue,
        };
        draft.later(item.keyword_span, what, instead);
    }
}

fn seed(draft: &mut Draft<'_>) {
    let mut first: Option<Span> = None;
    let items: Vec<_> = draft.items().collect();
    for item in items {
        let ItemKind::Seed(number) = &item.kind else { continue };
        if let Some(first) = first {
            draft.say(
                Diagnostic::new(Code::DUPLICATE_NAME, "`seed` is given twice")
                    .at(item.span, "given again here")
                    .because(first, "first given here")
                    .help("leave one of them out"),
            );
            continue;
        }
        first = Some(item.span);
        match number.integer() {
            Some(seed) if number.unit.is_none() => draft.seed = Some(seed),
            _ => draft.say(
                Diagnostic::new(Code::NOT_WHOLE, "a seed is a whole number below 2^64")
                    .at(item.span, "no such number")
                    .help("seed 7"),
            ),
        }
    }
}

/// A formula of compile time or of a schedule; what is wrong with it is said.
pub(super) fn formula(draft: &mut Draft<'_>, place: Place, expr: &Expr) -> Result<Formula, Said> {
    let mut typer = Typer::new(draft, place);
    let root = typer.expr(expr);
    let (formula, said) = typer.finish(root);
    said.into_iter().for_each(|diagnostic| draft.say(diagnostic));
    formula
}

/// A number of compile time with its unit.
pub(super) fn number(draft: &mut Draft<'_>, expr: &Expr) -> Result<(f64, Unit), Said> {
    let formula = formula(draft, Place::Constant, expr)?;
    let unit = formula.value().unit;
    match formula.constant(&draft.params) {
        Some(value) => Ok((value, unit)),
        None => {
            draft.say(
                Diagnostic::new(Code::NOT_CONSTANT, "a number of compile time is wanted here")
                    .at(expr.span, "not a single number")
                    .help("write a number, or a `param` that holds one"),
            );
            Err(Said)
        }
    }
}

fn params(draft: &mut Draft<'_>, options: &Options) {
    let items: Vec<_> = draft.items().collect();
    let mut known = Vec::new();
    for item in items {
        let ItemKind::Param(param) = &item.kind else { continue };
        known.push(param.name.as_str());
        if param.of_type.is_some() {
            continue;
        }
        let mut made = Param { name: param.name.text.clone(), value: f64::NAN, unit: Unit::One, span: item.span };
        let set = options.set.iter().rev().find(|(name, _)| *name == *made.name);
        if let Ok((value, unit)) = number(draft, &param.value) {
            (made.value, made.unit) = (value, unit);
            if let Some((_, expr)) = set {
                override_param(draft, &mut made, expr);
            }
            if !made.value.is_finite() {
                draft.say(
                    Diagnostic::new(
                        Code::NOT_CONSTANT,
                        format!("`{}` is {}, which is no number to compute with", made.name, made.value),
                    )
                    .at(param.value.span, "not finite")
                    .help("check for a division by zero"),
                );
                made.value = f64::NAN;
            }
        }
        draft.params.push(made);
    }
    for (name, expr) in &options.set {
        if !known.contains(&name.as_str()) {
            let help = match draft::nearest(name, known.iter().copied()) {
                Some(near) => format!("did you mean `--set {near}=…`?"),
                None => "add `param NAME = VALUE` to the spec".to_string(),
            };
            draft.say(
                Diagnostic::new(Code::UNKNOWN_NAME, format!("`--set {name}`: there is no param `{name}`"))
                    .at(expr.span, "set here")
                    .help(help),
            );
        }
    }
}

fn override_param(draft: &mut Draft<'_>, made: &mut Param, expr: &Expr) {
    let Ok((value, unit)) = number(draft, expr) else { return };
    if unit != made.unit {
        draft.say(
            Diagnostic::new(
                Code::UNIT_MISMATCH,
                format!("`--set {}` is {}, and the param is {}", made.name, unit.phrase(), made.unit.phrase()),
            )
            .at(expr.span, unit.phrase())
            .because(made.span, made.unit.phrase())
            .help(match made.unit {
                Unit::One => "give it without a unit".to_string(),
                unit => format!("give it in {unit}"),
            }),
        );
        return;
    }
    made.value = value;
}

/// A shape of positive compile-time numbers.
pub(super) fn shape(draft: &mut Draft<'_>, target: &tree::Target) -> Option<Vec<usize>> {
    let mut sizes = Vec::new();
    for axis in &target.axes {
        let mut typer = Typer::new(draft, Place::Constant);
        let size = typer.whole(&axis.size);
        let said = std::mem::take(&mut typer.said);
        said.into_iter().for_each(|diagnostic| draft.say(diagnostic));
        match size {
            Ok(0) => {
                draft.say(
                    Diagnostic::new(Code::NOT_WHOLE, format!("an axis of `{}` has no units", target.name))
                        .at(axis.span, "zero")
                        .help("a size is at least 1"),
                );
                return None;
            }
            Ok(size) => sizes.push(size),
            Err(Said) => return None,
        }
    }
    if sizes.iter().try_fold(1usize, |product, size| product.checked_mul(*size)).is_none_or(|units| units > 1 << 40) {
        draft.say(
            Diagnostic::new(Code::TOO_LARGE, format!("`{}` has more units than any memory holds", target.name))
                .at(target.span, "too large")
                .help("give it fewer units"),
        );
        return None;
    }
    Some(sizes)
}

fn shapes<'a>(draft: &mut Draft<'a>) {
    let items: Vec<_> = draft.items().collect();
    for item in items {
        let ItemKind::Region(tree) = &item.kind else { continue };
        let mut made = RegionDraft {
            item,
            tree,
            shape: shape(draft, &tree.target),
            equation: None,
            draws: Vec::new(),
            sampled: Vec::new(),
            structure: None,
            bias: Bias::Unit,
            settle: None,
        };
        for clause in &tree.clauses {
            match &clause.kind {
                tree::RegionClauseKind::NoBias => made.bias = Bias::None,
                tree::RegionClauseKind::Settle(arguments) => {
                    super::settling::clause(draft, &mut made, arguments, clause.span);
                }
                _ => {
                    let instead = "`no bias` and `settle` are the clauses of this version";
                    draft.later(clause.span, "this clause of a region", instead);
                }
            }
        }
        if tree.target.axes.is_empty() {
            made.shape = None;
            if matches!(tree.body, tree::RegionBody::Equation(_)) {
                draft.say(
                    Diagnostic::new(Code::NOT_WHOLE, format!("`{}` has no shape", tree.target.name))
                        .at(tree.target.span, "how many units?")
                        .help(format!("region {}[64] = …", tree.target.name)),
                );
            }
        }
        draft.regions.push(made);
    }
}

fn equations(draft: &mut Draft<'_>) {
    for id in 0..draft.regions.len() {
        let tree = draft.regions[id].tree;
        let expr = match &tree.body {
            tree::RegionBody::Equation(expr) => expr,
            tree::RegionBody::Structure(_) => continue,
            tree::RegionBody::Block(_) => {
                draft.later(
                    tree.target.span,
                    "a region with compartments",
                    "write one equation: `region A[8] = relu(drive)`",
                );
                continue;
            }
        };
        let Some(shape) = draft.regions[id].shape.clone() else { continue };
        let mut typer = Typer::new(draft, Place::Equation(RegionId(id)));
        typer.equation_names(RegionId(id), &shape);
        typer.drawn = Some(shape.clone());
        let root = typer.expr(expr).and_then(|root| typer.fit(root, &shape, &tree.target, "region"));
        let (draws, sampled) = (std::mem::take(&mut typer.draws), std::mem::take(&mut typer.sampled));
        let (formula, said) = typer.finish(root);
        said.into_iter().for_each(|diagnostic| draft.say(diagnostic));
        let region = &mut draft.regions[id];
        (region.equation, region.draws, region.sampled) = (formula.ok(), draws, sampled);
    }
}

impl Typer<'_, '_> {
    /// What an equation gives has the shape that is declared; a scalar is repeated.
    pub(super) fn fit(
        &mut self,
        root: usize,
        shape: &[usize],
        target: &tree::Target,
        item: &str,
    ) -> super::typing::Typed {
        self.want_number(root, "=")?;
        self.want_plain(root, &format!("`{}`", target.name))?;
        let wanted: Vec<Extent> = shape.iter().map(|&n| Extent::Const(n)).collect();
        let found = &self.nodes[root];
        if found.ty.shape == wanted {
            return Ok(root);
        }
        if found.ty.shape.iter().all(|extent| *extent == Extent::Const(1)) {
            return self.widen(root, &wanted);
        }
        let (ty, span) = (super::typing::describe(&found.ty), found.span);
        let sizes: Vec<String> = shape.iter().map(usize::to_string).collect();
        let wanted = format!("[{}]", sizes.join(", "));
        let found = ty.trim_start_matches('[').trim_end_matches(']').to_string();
        let message = format!("`{}` is {wanted}, and its equation gives {ty}", target.name);
        Err(self.fail(
            Diagnostic::new(Code::SHAPE_MISMATCH, message)
                .at(span, format!("this is {ty}"))
                .because(target.span, format!("declared as {wanted}"))
                .help(format!("{item} {}[{found}] = …", target.name)),
        ))
    }
}

fn costs(draft: &mut Draft<'_>) {
    let items: Vec<_> = draft.items().collect();
    for item in items {
        let ItemKind::Cost(tree) = &item.kind else { continue };
        let made = cost(draft, item.span, tree);
        draft.costs.push(made.ok());
    }
}

fn cost(draft: &mut Draft<'_>, span: Span, tree: &tree::Cost) -> Result<Cost, Said> {
    let (value, timing) = super::time::at(draft, &tree.value, None)?;
    let formula = cost_formula(draft, value, &tree.name);
    let Some(hop) = &tree.region else {
        draft.say(
            Diagnostic::new(Code::WRONG_KIND, format!("the cost `{}` does not say where it is generated", tree.name))
                .at(tree.name.span, "in which region?")
                .help(format!("cost {} in REGION = …", tree.name)),
        );
        return Err(Said);
    };
    let region = wiring::region_of(draft, hop)?;
    let (formula, target) = formula?;
    if formula.value().ty.element != Element::Real {
        draft.say(
            Diagnostic::new(
                Code::TYPE_MISMATCH,
                format!("the cost `{}` is {}", tree.name, super::typing::describe(&formula.value().ty)),
            )
            .at(tree.value.span, "a cost is a number")
            .help("`select(condition, 1, 0)` makes a number of a condition"),
        );
        return Err(Said);
    }
    Ok(Cost { name: tree.name.text.clone(), region, formula, target, timing, span })
}

/// A formula that must be a scalar per sample.
fn scalar_formula(
    draft: &mut Draft<'_>,
    place: Place,
    expr: &Expr,
    what: &str,
    name: &tree::Name,
) -> Result<Formula, Said> {
    let formula = formula(draft, place, expr)?;
    scalar_of(draft, formula, expr, what, name)
}

/// The formula of a cost, and its target.
fn cost_formula(draft: &mut Draft<'_>, expr: &Expr, name: &tree::Name) -> Result<(Formula, Option<Aim>), Said> {
    let mut typer = Typer::new(draft, Place::Cost);
    let root = typer.expr(expr);
    let target = typer.target();
    let (formula, said) = typer.finish(root);
    said.into_iter().for_each(|diagnostic| draft.say(diagnostic));
    Ok((scalar_of(draft, formula?, expr, "cost", name)?, target?))
}

fn scalar_of(
    draft: &mut Draft<'_>,
    formula: Formula,
    expr: &Expr,
    what: &str,
    name: &tree::Name,
) -> Result<Formula, Said> {
    let ty = formula.value().ty.clone();
    if !ty.shape.is_empty() {
        draft.say(
            Diagnostic::new(
                Code::NOT_SCALAR,
                format!("the {what} `{name}` is {}, and must be one number per sample", super::typing::describe(&ty)),
            )
            .at(expr.span, format!("this is {}", super::typing::describe(&ty)))
            .help("reduce it: `mean(x)` or `sum(x)`"),
        );
        return Err(Said);
    }
    Ok(formula)
}

fn metrics(draft: &mut Draft<'_>) {
    let items: Vec<_> = draft.items().collect();
    for item in items {
        let ItemKind::Metric(tree) = &item.kind else { continue };
        let made = metric(draft, item.span, tree);
        draft.metrics.push(made.ok());
    }
}

fn metric(draft: &mut Draft<'_>, span: Span, tree: &tree::Metric) -> Result<Metric, Said> {
    let (value, timing) = super::time::at(draft, &tree.value, tree.when.as_ref())?;
    let (value, condition) = match (&value.kind, &tree.condition) {
        (ExprKind::Where { value, condition }, None) => (&**value, Some(&**condition)),
        (_, condition) => (value, condition.as_ref()),
    };
    let (value, timing) = match timing {
        Timing::Each => super::time::at(draft, value, None)?,
        _ => (value, timing),
    };
    let formula = scalar_formula(draft, Place::Metric, value, "metric", &tree.name);
    let filter = condition.map(|condition| truth(draft, Place::Metric, condition)).transpose();
    let (formula, filter) = (formula?, filter?);
    Ok(Metric { name: tree.name.text.clone(), formula, filter, timing, span })
}

/// A formula that must be a single truth value.
pub(super) fn truth(draft: &mut Draft<'_>, place: Place, expr: &Expr) -> Result<Formula, Said> {
    let found = formula(draft, place, expr)?;
    let ty = &found.value().ty;
    if ty.element == Element::Bool && ty.shape.is_empty() {
        return Ok(found);
    }
    let message = format!("a condition is a truth value, and this is {}", super::typing::describe(ty));
    draft.say(
        Diagnostic::new(Code::TYPE_MISMATCH, message)
            .at(expr.span, "no condition")
            .help("compare it with something: `accuracy > 0.97`"),
    );
    Err(Said)
}

/// The cost of this name.
pub(super) fn cost_named(draft: &mut Draft<'_>, name: &tree::Name) -> Result<CostId, Said> {
    match draft.names.get(name.as_str()).map(|declared| declared.meaning) {
        Some(draft::Meaning::Cost(id)) => Ok(CostId(id)),
        Some(draft::Meaning::Broken) => Err(Said),
        Some(meaning) => {
            let words = meaning.words();
            draft.say(
                Diagnostic::new(Code::WRONG_KIND, format!("`{name}` is {words}, and a cost is wanted here"))
                    .at(name.span, words.to_string())
                    .help(format!("cost {name}_cost in REGION = …")),
            );
            Err(Said)
        }
        None => {
            let costs = draft
                .names
                .iter()
                .filter(|(_, d)| matches!(d.meaning, draft::Meaning::Cost(_)))
                .map(|(name, _)| &**name);
            let help = match draft::nearest(name.as_str(), costs) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("cost {name} in REGION = …"),
            };
            draft.say(
                Diagnostic::new(Code::UNKNOWN_NAME, format!("there is no cost `{name}`"))
                    .at(name.span, "unknown cost")
                    .help(help),
            );
            Err(Said)
        }
    }
}

/// The dataset of this number, if it has no mistake.
pub(super) fn dataset<'d>(draft: &'d Draft<'_>, id: DataId) -> Option<&'d super::Data> {
    draft.data.get(id.0).and_then(Option::as_ref)
}

/// A name of the IRs.
pub(super) fn arc(text: &str) -> Arc<str> {
    Arc::from(text)
}
