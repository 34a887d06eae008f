//! Passes of a rule: what happens within one trial for the rule alone, who moves in them, and what they are clamped to.

use super::draft::Draft;
use super::formula::Kind;
use super::settling::{self, Settle};
use super::typing::{Local, Place, Said, Typer, scalar};
use super::wiring::needs_of;
use super::{CostId, Formula, Leaf, Learn, Projection, ProjectionId, RegionId, Rule, Teacher, Unit};
use crate::diag::{Code, Diagnostic, Span};
use crate::syntax::tree::{self, BodyStatement, BodyStatementKind, Definition, Expr, ExprKind};
use crate::tensor::{Element, Extent, Name};

/// A pass: the regions on the routes between a statement's paths and its costs settle once more; all others are held.
#[derive(Debug, Clone, PartialEq)]
pub struct Pass {
    /// Its name in the rule.
    pub name: Name,
    /// The pass from whose state it starts; none: from 0.
    pub from: Option<usize>,
    /// How it settles.
    pub settle: Settle,
    /// Whether the regions that the costs read are clamped to the costs' targets.
    pub clamp: Option<Span>,
    /// By how much the costs pull at the regions that they read.
    pub nudge: Option<Formula>,
    /// The statement.
    pub span: Span,
}

impl Pass {
    /// Whether it is the free activity itself: nothing is clamped or nudged, and it starts from 0.
    pub fn is_free(&self) -> bool {
        self.from.is_none() && self.clamp.is_none() && self.nudge.is_none()
    }
}

impl Rule {
    /// Whether it needs costs: something is clamped or nudged.
    pub(super) fn wants_costs(&self) -> bool {
        self.passes.iter().any(|pass| pass.clamp.is_some() || pass.nudge.is_some())
    }
}

/// What a cost's target says: what the region that it reads would be clamped to.
#[derive(Debug, Clone, PartialEq)]
pub struct Aim {
    /// The region; none if what is compared with the target is not the activity of a region alone.
    pub region: Option<RegionId>,
    /// In the shape of the region.
    pub value: Formula,
    /// Where the target stands.
    pub span: Span,
}

/// The arguments of a rule, and where its mistakes are told.
pub(super) struct Scope<'s> {
    pub(super) definition: &'s Definition,
    pub(super) bound: &'s [(Name, Local)],
    pub(super) outer: Option<Span>,
}

/// All passes of a rule, in the order of the text.
pub(super) fn passes(draft: &mut Draft<'_>, scope: &Scope<'_>) -> Result<Vec<Pass>, Said> {
    let mut passes: Vec<Pass> = Vec::new();
    let mut bad = false;
    for statement in &scope.definition.body {
        let BodyStatementKind::Pass { name, from, body } = &statement.kind else { continue };
        if passes.iter().any(|pass| *pass.name == *name.as_str()) {
            let message = format!("the pass `{name}` is there twice");
            draft.say(
                Diagnostic::new(Code::DUPLICATE_NAME, message)
                    .at(name.span, "defined again here")
                    .help("give one of them another name"),
            );
            bad = true;
        }
        let from = from.as_ref().map(|from| earlier(draft, &passes, from)).transpose();
        match (pass(draft, scope, name, statement, body), from) {
            (Ok(made), Ok(from)) => passes.push(Pass { from, ..made }),
            _ => bad = true,
        }
    }
    if bad { Err(Said) } else { Ok(passes) }
}

/// What the names of a rule's passes stand for in its equations.
pub(super) fn locals(definition: &Definition, passes: &[Pass]) -> Vec<(Name, Local)> {
    let named = definition.body.iter().filter_map(|statement| match &statement.kind {
        BodyStatementKind::Pass { name, .. } => Some(name.text.clone()),
        _ => None,
    });
    let of = |name: &Name| passes.iter().position(|pass| pass.name == *name).map_or(Local::Broken, Local::Pass);
    named.map(|name| (name.clone(), of(&name))).collect()
}

/// The pass that another starts from.
fn earlier(draft: &mut Draft<'_>, passes: &[Pass], from: &tree::Name) -> Result<usize, Said> {
    let found = passes.iter().position(|pass| *pass.name == *from.as_str());
    found.ok_or_else(|| {
        let help = match passes.first() {
            Some(first) => format!("from {}", first.name),
            None => "a pass starts from one that stands above it".to_string(),
        };
        draft.say(
            Diagnostic::new(Code::UNKNOWN_NAME, format!("there is no pass `{from}` above this one"))
                .at(from.span, "unknown pass")
                .help(help),
        );
        Said
    })
}

fn pass(
    draft: &mut Draft<'_>,
    scope: &Scope<'_>,
    name: &tree::Name,
    statement: &BodyStatement,
    body: &[BodyStatement],
) -> Result<Pass, Said> {
    let (mut settle, mut clamp, mut nudge) = (None, None, None);
    for inner in body {
        match &inner.kind {
            BodyStatementKind::Settle(arguments) if settle.is_none() => {
                let at = scope.outer.unwrap_or(inner.span);
                let mut read = |draft: &mut Draft<'_>, expr: &Expr| number(draft, scope, expr);
                settle = Some(settling::settle(draft, arguments, at, &mut read)?);
            }
            BodyStatementKind::Clamp { place, to }
                if clamp.is_none() && is_word(place, "outputs") && is_targets(to) =>
            {
                clamp = Some(inner.span);
            }
            BodyStatementKind::Nudge { place, by } if nudge.is_none() && is_word(place, "outputs") => {
                nudge = Some(scheduled(draft, scope, by)?);
            }
            _ => {
                let instead = "`settle 20 steps`, `clamp outputs to targets` and `nudge outputs by beta`, each once";
                draft.later(scope.outer.unwrap_or(inner.span), "this statement of a pass", instead);
                return Err(Said);
            }
        }
    }
    let Some(settle) = settle else {
        draft.say(
            Diagnostic::new(Code::PASS_WITHOUT_SETTLE, format!("nothing settles in the pass `{name}`"))
                .at(name.span, "for how long?")
                .help(format!("pass {name} {{ settle 20 steps }}")),
        );
        return Err(Said);
    };
    let span = scope.outer.unwrap_or(statement.span);
    Ok(Pass { name: name.text.clone(), from: None, settle, clamp, nudge, span })
}

fn is_word(place: &tree::Place, word: &str) -> bool {
    place.as_hop().is_some_and(|hop| hop.name.as_str() == word && hop.field.is_none() && hop.indices.is_empty())
}

fn is_targets(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Name(name) if name.as_str() == "targets")
}

/// A number that may be scheduled, in a rule.
fn scheduled(draft: &mut Draft<'_>, scope: &Scope<'_>, expr: &Expr) -> Result<Formula, Said> {
    let mut typer = Typer::new(draft, Place::Schedule);
    typer.outer = scope.outer;
    typer.within(&scope.definition.name);
    typer.locals = scope.bound.to_vec();
    let root = typer.expr(expr);
    let (formula, said) = typer.finish(root);
    said.into_iter().for_each(|diagnostic| draft.say(diagnostic));
    let formula = formula?;
    if formula.value().ty == scalar(Element::Real) {
        return Ok(formula);
    }
    let what = super::typing::describe(&formula.value().ty);
    draft.say(
        Diagnostic::new(Code::TYPE_MISMATCH, format!("a number is wanted here, and this is {what}"))
            .at(expr.span, what)
            .help("write a number, or a parameter of the rule"),
    );
    Err(Said)
}

/// A number of compile time, in a rule.
fn number(draft: &mut Draft<'_>, scope: &Scope<'_>, expr: &Expr) -> Result<(f64, Unit), Said> {
    let formula = scheduled(draft, scope, expr)?;
    let unit = formula.value().unit;
    match formula.constant(&draft.params) {
        Some(value) => Ok((value, unit)),
        None => {
            draft.say(
                Diagnostic::new(Code::NOT_CONSTANT, "how a pass settles is a number of compile time")
                    .at(scope.outer.unwrap_or(expr.span), "not a single number")
                    .help("write a number, or a `param` that holds one"),
            );
            Err(Said)
        }
    }
}

/// The regions that move in the passes of a statement: those on the routes from its paths to its costs.
pub(super) fn moving(draft: &Draft<'_>, projections: &[ProjectionId], costs: &[CostId]) -> Vec<RegionId> {
    let count = draft.regions.len();
    let needs: Vec<Vec<usize>> =
        (0..count).map(|id| needs_of(draft, RegionId(id)).into_iter().map(|(other, _)| other).collect()).collect();
    let mut starts = vec![false; count];
    projections.iter().for_each(|id| starts[draft.projections[id.0].target.0] = true);
    let mut ends = vec![false; count];
    read_by(draft, costs).into_iter().for_each(|id| ends[id.0] = true);
    let down = settling::closure(&starts, |id| (0..count).filter(|other| needs[*other].contains(&id)).collect());
    let up = settling::closure(&ends, |id| needs[id].clone());
    (0..count).filter(|&id| down[id] && up[id]).map(RegionId).collect()
}

/// The regions that some costs read.
fn read_by(draft: &Draft<'_>, costs: &[CostId]) -> Vec<RegionId> {
    let costs = costs.iter().filter_map(|id| draft.costs[id.0].as_ref());
    let leaves = costs.flat_map(|cost| cost.formula.leaves());
    leaves.filter_map(|(leaf, _)| if let Leaf::Region(id) = leaf { Some(*id) } else { None }).collect()
}

/// Who moves in a rule's passes, and that all that they need is there.
pub(super) fn complete(draft: &mut Draft<'_>, learn: &mut Learn, by: Span) -> Result<(), Said> {
    let Teacher::Rule(rule) = &learn.teacher else { return Ok(()) };
    if rule.passes.is_empty() {
        return Ok(());
    }
    let costs: Vec<CostId> = learn.from.iter().map(|(_, cost)| *cost).collect();
    let moves = moving(draft, &learn.projections, &costs);
    let mut bad = false;
    for pass in &rule.passes {
        bad |= pass.clamp.is_some() && targets(draft, rule, &costs, by).is_err();
        bad |= pass.nudge.is_some() && undriven(draft, &moves, &costs, by).is_err();
    }
    if rule.passes.iter().any(|pass| pass.nudge.is_some()) {
        bad |= symmetric(draft, rule, &moves, by).is_err();
    }
    learn.moves = moves;
    if bad { Err(Said) } else { Ok(()) }
}

/// Who moves by a credit rule that has activities move, level by level: nothing that is computed in a circle or over time.
pub(super) fn levels(draft: &mut Draft<'_>, learn: &mut Learn, by: Span) -> Result<(), Said> {
    let Teacher::Credit(rule) = &learn.teacher else { return Ok(()) };
    if !learn.teacher.needs(super::Need::Levels) {
        return Ok(());
    }
    if draft.time.is_some() {
        draft.later(by, &format!("`{rule}` in a model with time"), "by backprop");
        return Err(Said);
    }
    let costs: Vec<CostId> = learn.from.iter().map(|(_, cost)| *cost).collect();
    let moves = moving(draft, &learn.projections, &costs);
    let circle = circles(draft);
    let bad = moves.iter().find(|id| circle[id.0] || draft.regions[id.0].settle.is_some());
    if let Some(bad) = bad {
        let target = &draft.regions[bad.0].tree.target;
        let (name, span) = (target.name.as_str(), target.span);
        let said = Diagnostic::new(Code::NO_LEVELS, format!("`{rule}` wants levels, and `{name}` is in a circle or settles"))
            .at(by, "errors go from level to level here, from the costs down")
            .because(span, format!("`{name}` has no level"))
            .help("leave the way back out: the rule brings errors back by the same weights; or learn by backprop, or by equilibrium_propagation");
        draft.say(said);
        return Err(Said);
    }
    learn.moves = moves;
    Ok(())
}

/// The regions that depend on themselves.
fn circles(draft: &Draft<'_>) -> Vec<bool> {
    let count = draft.regions.len();
    let needs: Vec<Vec<usize>> =
        (0..count).map(|id| needs_of(draft, RegionId(id)).into_iter().map(|(other, _)| other).collect()).collect();
    let on_cycle = |id: usize| {
        let mut start = vec![false; count];
        needs[id].iter().for_each(|other| start[*other] = true);
        settling::closure(&start, |id| needs[id].clone())[id]
    };
    (0..count).map(on_cycle).collect()
}

/// Every cost of a statement that clamps has a target for a region.
fn targets(draft: &mut Draft<'_>, rule: &Rule, costs: &[CostId], by: Span) -> Result<(), Said> {
    for id in costs {
        let Some(cost) = &draft.costs[id.0] else { return Err(Said) };
        let (name, span) = (cost.name.clone(), cost.span);
        let said = match &cost.target {
            None => Diagnostic::new(Code::NO_TARGET, format!("`{}` clamps, and the cost `{name}` has no target", rule.name))
                .at(by, "clamps what the cost reads to the cost's target")
                .because(span, "none of its functions says which of their arguments is a target")
                .help("a cost such as `mse(Choice, world.x)` has one: `fn mse(a, target b)`; without one a cost can be nudged, not clamped: by equilibrium_propagation"),
            Some(target) if target.region.is_none() => {
                Diagnostic::new(Code::NO_CLAMPED_REGION, format!("`{}` clamps, and what `{name}` compares with its target is no region", rule.name))
                    .at(by, "clamps a region to the cost's target")
                    .because(target.span, "the target")
                    .help("give the function the region itself, and let the region's equation do the rest: `mse(Choice, world.x)`")
            }
            Some(_) => continue,
        };
        draft.say(said);
        return Err(Said);
    }
    Ok(())
}

/// What is nudged has a drive.
fn undriven(draft: &mut Draft<'_>, moves: &[RegionId], costs: &[CostId], by: Span) -> Result<(), Said> {
    for id in read_by(draft, costs).into_iter().filter(|id| moves.contains(id)) {
        let region = &draft.regions[id.0];
        let Some(equation) = &region.equation else { return Err(Said) };
        if equation.leaves().any(|(leaf, _)| *leaf == Leaf::Drive) {
            continue;
        }
        let name = region.tree.target.name.as_str();
        let said = Diagnostic::new(Code::NOTHING_TO_NUDGE, format!("`{name}` is to be nudged, and has no drive"))
            .at(by, "a nudge is added to the drive of what the cost reads")
            .because(equation.value().span, "this equation does not read `drive`")
            .help(format!("region {name}[…] = tanh(drive)"));
        draft.say(said);
        return Err(Said);
    }
    Ok(())
}

/// Every projection between what moves has its transpose.
fn symmetric(draft: &mut Draft<'_>, rule: &Rule, moves: &[RegionId], by: Span) -> Result<(), Said> {
    let inside = |p: &Projection| moves.contains(&p.source) && moves.contains(&p.target) && p.has_weights();
    let all = &draft.projections;
    let owner = |p: usize| super::owner(all, ProjectionId(p));
    let lonely = (0..all.len()).filter(|&p| inside(&all[p])).find(|&p| {
        !(0..all.len()).any(|q| {
            let back = all[q].source == all[p].target && all[q].target == all[p].source;
            back && owner(p) == owner(q) && all[p].is_transposed() != all[q].is_transposed()
        })
    });
    let Some(lonely) = lonely else { return Ok(()) };
    let (wire, source, target) = (&all[lonely], all[lonely].source, all[lonely].target);
    let (source, target) = (draft.region_name(source), draft.region_name(target));
    let message =
        format!("`{}` nudges, which wants symmetric weights, and `{}` has no transpose", rule.name, wire.name);
    let said = Diagnostic::new(Code::NOT_SYMMETRIC, message)
        .at(by, "what a nudge does spreads by symmetric weights")
        .because(wire.span, format!("nothing brings `{target}` back to `{source}` by the same weights"))
        .help(format!("connect {target} -> {source} : transpose({source} -> {target})"));
    draft.say(said);
    Err(Said)
}

/// Whether any rule has passes.
pub(super) fn there_are(draft: &Draft<'_>) -> bool {
    let definitions = draft.files.iter().flat_map(|ast| &ast.items).filter_map(|item| match &item.kind {
        tree::ItemKind::Definition(definition) => Some(definition),
        _ => None,
    });
    definitions.flat_map(|definition| &definition.body).any(|s| matches!(s.kind, BodyStatementKind::Pass { .. }))
}

/// Regions of cycles settle as the first pass of the first rule says that moves them.
pub(super) fn settled_by_rules(draft: &mut Draft<'_>) {
    let circle = circles(draft);
    let mut found: Vec<(RegionId, Settle)> = Vec::new();
    for learn in draft.phases.iter().flat_map(|phase| &phase.learns) {
        let Teacher::Rule(rule) = &learn.teacher else { continue };
        let Some(first) = rule.passes.first() else { continue };
        let settle = Settle { span: learn.span, ..first.settle };
        found.extend(learn.moves.iter().filter(|id| circle[id.0]).map(|id| (*id, settle)));
    }
    for (id, settle) in found {
        draft.regions[id.0].settle.get_or_insert(settle);
    }
}

impl Typer<'_, '_> {
    /// What the costs' functions compare with their target, if one of them has one.
    pub(super) fn target(&mut self) -> Result<Option<Aim>, Said> {
        let Some((of, target, span)) = self.targets.first().copied() else { return Ok(None) };
        let region = match self.nodes[of].kind {
            Kind::Leaf(Leaf::Region(id)) => Some(id),
            _ => None,
        };
        let mut value = match self.nodes[target].ty.element {
            Element::Class(_) => self.one_hot(target, span)?,
            _ => target,
        };
        if self.nodes[value].ty.shape.iter().all(|extent| *extent == Extent::Const(1)) {
            let shape = self.nodes[of].ty.shape.clone();
            value = self.widen(value, &shape)?;
        }
        let fits = self.nodes[value].ty == self.nodes[of].ty;
        let value = Formula { nodes: self.nodes.clone(), root: value };
        Ok(Some(Aim { region: region.filter(|_| fits), value, span }))
    }
}
