//! `learn` statements: who learns, from which costs, by which rule.

use super::build::{arc, cost_named, formula};
use super::credit_rules::{CREDIT_RULES, Given, LATER, arguments_of, credit_rule};
use super::definition::{optimiser, rule};
use super::draft::{Draft, Meaning, nearest};
use super::typing::{Place, Said, scalar};
use super::{CostId, Formula, Learn, ProjectionId, Teacher, Unit};
use crate::diag::{Code, Diagnostic, Span};
use crate::syntax::tree::{self, Argument, BinaryOperator, DefinitionKind, Every, Expr, ExprKind, Name, Paths};
use crate::tensor::Element;

/// One `learn` statement; `learn each` gives one for each region in which costs are generated.
pub(super) fn learn(draft: &mut Draft<'_>, tree: &tree::Learn, span: Span) -> Result<Vec<Learn>, Said> {
    let projections = draft.projections_of(&tree.paths);
    let taught = teacher(draft, &tree.rule);
    let from = costs(draft, &tree.costs);
    let using = tree.optimiser.as_ref().map(|expr| optimiser(draft, expr)).transpose();
    let clip = tree.clip.as_ref().map(|expr| clip(draft, expr)).transpose();
    let every = tree.every.as_ref().map(|every| every_steps(draft, every)).transpose();
    let only_through = match &tree.only_through[..] {
        [] => Ok(None),
        paths => draft.projections_of(&Paths::List(paths.to_vec())).map(Some),
    };
    if let Some(fresh) = tree.fresh {
        draft.later(fresh, "`fresh`", "");
    }
    let (teacher, Given { arguments, per_sample }) = taught?;
    let every = every?;
    let every_trial = every == Some(None);
    let every = every.flatten();
    let learn = Learn {
        projections: projections?,
        biases: Vec::new(),
        structures: Vec::new(),
        teacher,
        arguments,
        per_sample,
        sampled: Vec::new(),
        from: from?,
        moves: Vec::new(),
        using: using?,
        clip: clip?,
        every: every.unwrap_or(1),
        every_trial,
        only_through: only_through?,
        also: tree.also.is_some(),
        require: tree.require,
        span,
    };
    let mut made = complete(draft, tree, learn)?;
    for learn in &mut made {
        super::passes::levels(draft, learn, tree.rule.span)?;
    }
    Ok(made)
}

/// What a rule would do at some paths, where nothing changes: for a probe.
pub(super) fn probed(
    draft: &mut Draft<'_>,
    projections: Vec<ProjectionId>,
    rule: &Expr,
    cost: Option<&Expr>,
    span: Span,
) -> Result<Learn, Said> {
    let (teacher, Given { arguments, per_sample }) = teacher(draft, rule)?;
    let from = match (cost, &teacher) {
        (Some(cost), Teacher::Credit(_)) if !teacher.is_costless() => costs(draft, std::slice::from_ref(cost))?,
        (None, teacher) if teacher.is_costless() || matches!(teacher, Teacher::Rule(_)) => Vec::new(),
        _ => {
            let message = "a credit rule has a cost here, and a rule with an equation has none";
            let said = Diagnostic::new(Code::WRONG_ARGUMENTS, message).at(rule.span, "of the other kind");
            draft.say(said.help("probe alignment(A -> B, backprop from COST)"));
            return Err(Said);
        }
    };
    let mut learn = Learn { projections, from, arguments, per_sample, ..Learn::of(teacher, span) };
    if let Teacher::Rule(taught) = &learn.teacher {
        if !taught.kept.is_empty() || !taught.passes.is_empty() {
            draft.later(rule.span, "a probe of a rule that keeps something, or has passes", "another rule");
            return Err(Said);
        }
        super::indices::fit(draft, span, &learn, taught)?;
        super::modulator::fit_regions(draft, &learn, rule.span)?;
    }
    super::passes::levels(draft, &mut learn, rule.span)?;
    super::schedule::by_chance(draft, &mut learn);
    Ok(learn)
}

/// Fills in the costs that a statement without `from` means, and refuses what does not go together.
fn complete(draft: &mut Draft<'_>, tree: &tree::Learn, mut learn: Learn) -> Result<Vec<Learn>, Said> {
    let rule = draft.sources.slice(tree.rule.span).to_string();
    match &learn.teacher {
        teacher if teacher.is_nothing() => {
            learn.from.clear();
            return Ok(vec![learn]);
        }
        Teacher::Rule(taught) => {
            single_weights(draft, tree, &learn)?;
            super::indices::fit(draft, tree.paths_span(), &learn, taught)?;
            super::modulator::fit_regions(draft, &learn, tree.rule.span)?;
            if draft.time.is_some() && !taught.passes.is_empty() {
                draft.later(tree.rule.span, "a rule with passes in a model with time", "by backprop");
                return Err(Said);
            }
            if learn.wants_costs() {
                return by_passes(draft, tree, learn);
            }
            costless(draft, tree, "a rule with an equation per synapse")?;
            super::passes::complete(draft, &mut learn, tree.rule.span)?;
            return Ok(vec![learn]);
        }
        Teacher::Credit(_) if learn.teacher.is_costless() => {
            costless(draft, tree, "it knows by itself what is to be learnt")?
        }
        Teacher::Credit(_) => {}
    }
    if tree.optimiser.is_none() {
        draft.say(
            Diagnostic::new(
                Code::NO_OPTIMISER,
                format!("`{rule}` gives a gradient, and nothing says how it becomes a change"),
            )
            .at(tree.rule.span, "wants an optimiser")
            .help("add `using sgd(rate = 0.1)`"),
        );
        return Err(Said);
    }
    if !learn.from.is_empty() || learn.teacher.is_costless() {
        return Ok(vec![learn]);
    }
    if let Paths::Each(span) = tree.paths {
        return each(draft, learn, span);
    }
    let ends = ends_of(draft, &tree.paths);
    learn.from = own_costs(draft, &ends);
    if learn.from.is_empty() {
        return Err(no_costs(draft, &ends, tree.paths_span()));
    }
    Ok(vec![learn])
}

/// Nothing is lowered, and so no cost is given.
fn costless(draft: &mut Draft<'_>, tree: &tree::Learn, why: &str) -> Result<(), Said> {
    let Some(cost) = tree.costs.first() else { return Ok(()) };
    let rule = draft.sources.slice(tree.rule.span).to_string();
    draft.say(
        Diagnostic::new(Code::NEEDLESS_COST, format!("`{rule}` lowers no cost, and is given one"))
            .at(cost.span, "no rule of its kind reads a cost")
            .because(tree.rule.span, why)
            .help("leave out `from …`, or learn `by backprop`"),
    );
    Err(Said)
}

/// A rule that clamps or nudges learns from costs: those that are named, or those of the regions where its paths end.
fn by_passes(draft: &mut Draft<'_>, tree: &tree::Learn, mut learn: Learn) -> Result<Vec<Learn>, Said> {
    if learn.from.is_empty() {
        let ends = ends_of(draft, &tree.paths);
        learn.from = own_costs(draft, &ends);
        if learn.from.is_empty() {
            return Err(no_costs(draft, &ends, tree.paths_span()));
        }
    }
    super::passes::complete(draft, &mut learn, tree.rule.span)?;
    Ok(vec![learn])
}

/// A rule with an equation per synapse wants a weight for each.
fn single_weights(draft: &mut Draft<'_>, tree: &tree::Learn, learn: &Learn) -> Result<(), Said> {
    let projections = learn.projections.iter().map(|id| &draft.projections[id.0]);
    let factored = projections.into_iter().find(|projection| matches!(projection.pattern, super::Pattern::LowRank(_)));
    let Some(projection) = factored else { return Ok(()) };
    let rule = draft.sources.slice(tree.rule.span);
    let message = format!("`{}` has two factors, and `{rule}` changes the weight of each synapse", projection.name);
    let said = Diagnostic::new(Code::FACTORED, message)
        .at(tree.paths_span(), "to be taught by an equation per synapse")
        .because(projection.span, "a projection of low rank")
        .help("learn it by a credit rule, such as `backprop`, or make it `dense`");
    draft.say(said);
    Err(Said)
}

/// The regions in which a statement's paths end.
fn ends_of(draft: &Draft<'_>, paths: &Paths) -> Vec<super::RegionId> {
    let Paths::List(list) = paths else {
        return (0..draft.regions.len()).map(super::RegionId).collect();
    };
    let lasts = list.iter().filter_map(|path| path.hops.last());
    lasts
        .filter_map(|hop| match draft.names.get(hop.name.as_str())?.meaning {
            Meaning::Region(id) => Some(super::RegionId(id)),
            _ => None,
        })
        .collect()
}

fn own_costs(draft: &Draft<'_>, regions: &[super::RegionId]) -> Vec<(Formula, CostId)> {
    let costs = draft.costs.iter().enumerate();
    costs
        .filter_map(|(id, cost)| cost.as_ref().map(|cost| (id, cost)))
        .filter(|(_, cost)| regions.contains(&cost.region))
        .map(|(id, cost)| (Formula::number(1.0, cost.span), CostId(id)))
        .collect()
}

fn no_costs(draft: &mut Draft<'_>, ends: &[super::RegionId], span: Span) -> Said {
    if draft.costs.iter().any(Option::is_none) || draft.has_broken("cost") {
        return Said;
    }
    let names: Vec<String> = ends.iter().map(|id| format!("`{}`", draft.region_name(*id))).collect();
    let mut said = Diagnostic::new(
        Code::NO_LOCAL_COST,
        format!("no cost is generated in {}, where this path ends", names.join(" and ")),
    )
    .at(span, "without `from`, the costs of the region where the path ends are used");
    for cost in draft.costs.iter().flatten() {
        said = said.because(cost.span, format!("`{}` is generated in `{}`", cost.name, draft.region_name(cost.region)));
    }
    let help = match draft.costs.iter().flatten().next() {
        Some(cost) => format!("say from which cost: `from {}`", cost.name),
        None => format!("cost wrong in {} = …", ends.first().map_or("REGION", |id| draft.region_name(*id))),
    };
    draft.say(said.help(help));
    Said
}

/// `learn each`: the projections into each region learn from that region's costs.
fn each(draft: &mut Draft<'_>, learn: Learn, span: Span) -> Result<Vec<Learn>, Said> {
    let mut all = Vec::new();
    for id in (0..draft.regions.len()).map(super::RegionId) {
        let into: Vec<ProjectionId> =
            learn.projections.iter().copied().filter(|p| draft.projections[p.0].target == id).collect();
        let from = own_costs(draft, &[id]);
        if !into.is_empty() && !from.is_empty() {
            all.push(Learn { projections: into, from, ..learn.clone() });
        }
    }
    if all.is_empty() {
        let ends: Vec<_> = learn.projections.iter().map(|p| draft.projections[p.0].target).collect();
        return Err(no_costs(draft, &ends, span));
    }
    Ok(all)
}

impl tree::Learn {
    /// Where the paths stand.
    pub(super) fn paths_span(&self) -> Span {
        match &self.paths {
            Paths::All(span) | Paths::Each(span) => *span,
            Paths::List(list) => list.iter().map(|path| path.span).reduce(Span::to).unwrap_or(self.rule.span),
        }
    }
}

/// A name or a call, as name and arguments.
pub(super) fn name_and_arguments(expr: &Expr) -> Option<(&Name, &[Argument])> {
    match &expr.kind {
        ExprKind::Name(name) => Some((name, &[])),
        ExprKind::Call { function, arguments } => Some((function, arguments)),
        _ => None,
    }
}

fn teacher(draft: &mut Draft<'_>, expr: &Expr) -> Result<(Teacher, Given), Said> {
    let expr = &*draft.resolved(expr);
    let Some((name, arguments)) = name_and_arguments(expr) else {
        draft.say(
            Diagnostic::new(Code::WRONG_KIND, "a rule is wanted behind `by`")
                .at(expr.span, "no rule")
                .help("by backprop"),
        );
        return Err(Said);
    };
    match draft.names.get(name.as_str()).map(|declared| (declared.meaning, declared.span, declared.library)) {
        Some((Meaning::Definition(definition), span, library)) if definition.kind == DefinitionKind::Rule => {
            let defined = (!library).then_some(span);
            return rule(draft, definition, arguments, expr.span, defined)
                .map(|rule| (Teacher::Rule(Box::new(rule)), Given::default()));
        }
        Some((Meaning::Broken, ..)) => return Err(Said),
        Some((meaning, span, library)) => {
            let words = meaning.words();
            let mut said =
                Diagnostic::new(Code::WRONG_KIND, format!("`{name}` is {words}, and a rule is wanted behind `by`"))
                    .at(name.span, "not a rule")
                    .help("`by backprop`, or the name of a `rule`");
            if !library {
                said = said.because(span, format!("defined here as {words}"));
            }
            draft.say(said);
            return Err(Said);
        }
        None => {}
    }
    if let Some(rule) = credit_rule(name.as_str()) {
        let arguments = arguments_of(draft, rule, arguments, expr.span)?;
        return Ok((Teacher::Credit(arc(rule.name)), arguments));
    }
    if LATER.contains(&name.as_str()) {
        draft.later(expr.span, &format!("the credit rule `{name}`"), "by backprop");
        return Err(Said);
    }
    let rules = draft
        .names
        .iter()
        .filter(|(_, d)| matches!(d.meaning, Meaning::Definition(x) if x.kind == DefinitionKind::Rule));
    let library = crate::library::ENTRIES.iter().filter(|entry| entry.kind == "rule").map(|entry| entry.name);
    let known = rules
        .map(|(name, _)| &**name)
        .chain(CREDIT_RULES.iter().map(|rule| rule.name))
        .chain(LATER.iter().copied())
        .chain(library);
    let help = match nearest(name.as_str(), known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "by backprop".to_string(),
    };
    draft.say(
        Diagnostic::new(Code::UNKNOWN_NAME, format!("there is no rule `{name}`"))
            .at(name.span, "unknown rule")
            .help(help),
    );
    Err(Said)
}

/// `0.1 * rebuild + classify`: costs with the weights that the statement gives them.
fn costs(draft: &mut Draft<'_>, exprs: &[Expr]) -> Result<Vec<(Formula, CostId)>, Said> {
    let mut all: Vec<(Formula, CostId)> = Vec::new();
    let mut bad = false;
    for expr in exprs {
        match weighted(draft, expr) {
            Ok(found) => {
                for (weight, cost) in found {
                    if let Some((first, _)) = all.iter().find(|(_, other)| *other == cost) {
                        let first = first.value().span;
                        draft.say(
                            Diagnostic::new(Code::DUPLICATE_NAME, "a cost is named twice in one `from`")
                                .at(expr.span, "named again here")
                                .because(first, "first named here")
                                .help("add the weights: `from 1.5 * wrong`"),
                        );
                        bad = true;
                    }
                    all.push((weight, cost));
                }
            }
            Err(Said) => bad = true,
        }
    }
    if bad { Err(Said) } else { Ok(all) }
}

fn weighted(draft: &mut Draft<'_>, expr: &Expr) -> Result<Vec<(Formula, CostId)>, Said> {
    match &expr.kind {
        ExprKind::Name(name) => Ok(vec![(Formula::number(1.0, expr.span), cost_named(draft, name)?)]),
        ExprKind::Binary { operator: BinaryOperator::Add, left, right, .. } => {
            let (left, right) = (weighted(draft, left), weighted(draft, right));
            let mut all = left?;
            all.extend(right?);
            Ok(all)
        }
        ExprKind::Binary { operator: BinaryOperator::Multiply, left, right, .. } => {
            let names_cost = |expr: &Expr| match &expr.kind {
                ExprKind::Name(name) => {
                    matches!(draft.names.get(name.as_str()).map(|d| d.meaning), Some(Meaning::Cost(_)))
                }
                _ => false,
            };
            let (weight, cost) = if names_cost(left) && !names_cost(right) { (right, left) } else { (left, right) };
            let ExprKind::Name(name) = &cost.kind else { return Err(no_weighted(draft, expr)) };
            let cost = cost_named(draft, name)?;
            Ok(vec![(plain_schedule(draft, weight)?, cost)])
        }
        _ => Err(no_weighted(draft, expr)),
    }
}

fn no_weighted(draft: &mut Draft<'_>, expr: &Expr) -> Said {
    draft.say(
        Diagnostic::new(Code::WRONG_KIND, "behind `from` stand costs, each perhaps with a weight")
            .at(expr.span, "not a weighted cost")
            .help("from 0.1 * rebuild + classify"),
    );
    Said
}

/// The largest norm that a gradient may have.
fn clip(draft: &mut Draft<'_>, expr: &Expr) -> Result<Formula, Said> {
    let found = plain_schedule(draft, expr)?;
    match found.constant(&draft.params).filter(|value| *value <= 0.0) {
        None => Ok(found),
        Some(value) => {
            draft.say(
                Diagnostic::new(Code::WRONG_ARGUMENTS, format!("no gradient has a norm of {value}"))
                    .at(expr.span, "a norm is above 0")
                    .help("clip 1.0"),
            );
            Err(Said)
        }
    }
}

/// A plain number that may be scheduled.
pub(super) fn plain_schedule(draft: &mut Draft<'_>, expr: &Expr) -> Result<Formula, Said> {
    let found = formula(draft, Place::Schedule, expr)?;
    let node = found.value();
    if node.ty == scalar(Element::Real) && node.unit == Unit::One {
        return Ok(found);
    }
    let what = if node.unit == Unit::One { super::typing::describe(&node.ty) } else { format!("in {}", node.unit) };
    draft.say(
        Diagnostic::new(Code::TYPE_MISMATCH, format!("a plain number is wanted here, and this is {what}"))
            .at(expr.span, what)
            .help("write a number such as `0.1`, or a schedule such as `linear(0.1, 0.01)`"),
    );
    Err(Said)
}

/// In every so manieth training step; none: once at the end of each trial.
fn every_steps(draft: &mut Draft<'_>, every: &Every) -> Result<Option<usize>, Said> {
    let (span, found) = match every {
        Every::Unit(tree::Unit::Steps, _) => return Ok(Some(1)),
        Every::Unit(tree::Unit::Trials, span) => {
            return super::time::want(draft, *span, "`every trial`").map(|_| None);
        }
        Every::Unit(_, span) => (*span, None),
        Every::Duration(expr) => (expr.span, Some(super::build::number(draft, expr)?)),
    };
    match found {
        Some((steps, Unit::Steps)) if steps.fract() == 0.0 && (1.0..=1e9).contains(&steps) => Ok(Some(steps as usize)),
        _ => {
            draft.say(
                Diagnostic::new(Code::UNIT_MISMATCH, "`every` counts whole training steps here")
                    .at(span, "not a number of steps")
                    .help("every 2 steps"),
            );
            Err(Said)
        }
    }
}

impl Learn {
    /// Whether its rule clamps or nudges.
    fn wants_costs(&self) -> bool {
        matches!(&self.teacher, Teacher::Rule(rule) if rule.wants_costs())
    }
}

impl Learn {
    /// The formulas of its rule and its optimiser.
    pub(crate) fn rule_formulas(&self) -> Vec<&Formula> {
        let Teacher::Rule(rule) = &self.teacher else { return Vec::new() };
        let lines = rule.lines.iter().map(|line| &line.value);
        let updates = self.using.iter().flat_map(|using| using.updates.iter().map(|(_, formula)| formula));
        std::iter::once(&rule.dw).chain(&rule.db).chain(lines).chain(updates).collect()
    }

    /// Whether weights that it teaches change within a trial.
    pub(crate) fn acts_within(&self) -> bool {
        matches!(self.teacher, Teacher::Rule(_)) && !self.every_trial
    }
}

impl Formula {
    /// A constant.
    pub(super) fn number(value: f64, span: Span) -> Formula {
        let Some(row) = crate::tensor::op::find("constant") else { crate::bug!("no operation `constant`") };
        let kind = super::formula::Kind::Op(row, crate::tensor::Attributes::Number(value), Vec::new());
        Formula {
            nodes: vec![super::formula::Node { kind, ty: scalar(Element::Real), unit: Unit::One, span }],
            root: 0,
        }
    }
}
