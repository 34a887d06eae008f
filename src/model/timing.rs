//! When in a trial each region, cost and metric is computed: what does not depend on time steps once, before them; what
//! nothing looks at but in the last step once, in it; the rest in each.

use super::{Formula, Leaf, Model, RegionId, Timing};

/// Gives everything its timing; costs and metrics say with [`Timing::End`] that they are looked at in the last step.
pub(super) fn settle(model: &mut Model) {
    if model.time.is_none() {
        let all = model.costs.iter_mut().map(|cost| &mut cost.timing);
        all.chain(model.metrics.iter_mut().map(|metric| &mut metric.timing))
            .for_each(|timing| *timing = Timing::Before);
        return;
    }
    let varying = varying(model);
    let varies = |formula: &Formula| formula.leaves().any(|(leaf, _)| changes(leaf, &varying));
    let costs: Vec<Timing> = model.costs.iter().map(|cost| looked_at(cost.timing, varies(&cost.formula))).collect();
    let metrics: Vec<Timing> = model
        .metrics
        .iter()
        .map(|metric| {
            let all = std::iter::once(&metric.formula).chain(&metric.filter);
            looked_at(metric.timing, all.into_iter().any(varies))
        })
        .collect();
    for (cost, timing) in model.costs.iter_mut().zip(costs) {
        cost.timing = timing;
    }
    for (metric, timing) in model.metrics.iter_mut().zip(metrics) {
        metric.timing = timing;
    }
    let wanted = wanted(model, &varying);
    for (number, region) in model.regions.iter_mut().enumerate() {
        region.timing = match (varying[number], wanted[number]) {
            (false, _) => Timing::Before,
            (true, true) => Timing::Each,
            (true, false) => Timing::End,
        };
    }
}

fn looked_at(said: Timing, varies: bool) -> Timing {
    if varies { said } else { Timing::Before }
}

/// Whether what is read may be another in each time step.
fn changes(leaf: &Leaf, varying: &[bool]) -> bool {
    match leaf {
        Leaf::Region(id) => varying[id.0],
        Leaf::FieldNow(..) | Leaf::Time | Leaf::Previous(_) | Leaf::Before(_) | Leaf::Draw(_) => true,
        _ => false,
    }
}

/// The regions whose activity depends on the time step.
fn varying(model: &Model) -> Vec<bool> {
    let mut varying = vec![false; model.regions.len()];
    loop {
        let before = varying.clone();
        for (number, region) in model.regions.iter().enumerate() {
            let mut into = model.projections.iter().filter(|p| p.target.0 == number);
            let taught = model.phases.iter().flat_map(|phase| &phase.learns).filter(|learn| learn.acts_within());
            let mut changing = taught.flat_map(|learn| &learn.projections);
            varying[number] |= changing.any(|id| model.projections[id.0].target.0 == number);
            varying[number] |= region.structure.as_ref().is_some_and(|structure| !structure.states.is_empty())
                || region.equation.leaves().any(|(leaf, _)| changes(leaf, &before))
                || into.any(|projection| projection.delay > 0 || before[projection.source.0]);
        }
        if varying == before {
            return varying;
        }
    }
}

/// The regions whose activity is wanted in each time step.
fn wanted(model: &Model, varying: &[bool]) -> Vec<bool> {
    let mut wanted = vec![false; model.regions.len()];
    let mut open: Vec<RegionId> = Vec::new();
    let looked_at = |timing: Timing| timing == Timing::Each;
    let costs = model.costs.iter().filter(|cost| looked_at(cost.timing)).map(|cost| &cost.formula);
    let metrics = model.metrics.iter().filter(|metric| looked_at(metric.timing));
    let metrics = metrics.flat_map(|metric| std::iter::once(&metric.formula).chain(&metric.filter));
    for (leaf, _) in costs.chain(metrics).flat_map(Formula::leaves) {
        open.extend(region_of(leaf));
    }
    let all = model.costs.iter().map(|cost| &cost.formula);
    let all = all.chain(model.metrics.iter().flat_map(|metric| std::iter::once(&metric.formula).chain(&metric.filter)));
    let equations = model.regions.iter().map(|region| &region.equation);
    for (leaf, _) in all.chain(equations).flat_map(Formula::leaves) {
        open.extend(if let Leaf::Previous(id) = leaf { Some(*id) } else { None });
    }
    open.extend(model.projections.iter().filter(|p| p.delay > 0).map(|p| p.source));
    for learn in model.phases.iter().flat_map(|phase| &phase.learns) {
        let formulas = learn.rule_formulas();
        if formulas.is_empty() {
            continue;
        }
        open.extend(learn.projections.iter().map(|id| &model.projections[id.0]).flat_map(|p| [p.source, p.target]));
        for (leaf, _) in formulas.into_iter().flat_map(Formula::leaves) {
            if let Leaf::Modulator(id) = leaf {
                open.extend(model.modulators[id.0].formula.leaves().filter_map(|(leaf, _)| region_of(leaf)));
            }
        }
    }
    for (number, region) in model.regions.iter().enumerate() {
        if region.structure.as_ref().is_some_and(|structure| !structure.states.is_empty()) {
            open.push(RegionId(number));
        }
    }
    while let Some(id) = open.pop() {
        if !varying[id.0] || std::mem::replace(&mut wanted[id.0], true) {
            continue;
        }
        open.extend(model.projections.iter().filter(|p| p.target == id).map(|p| p.source));
        open.extend(model.regions[id.0].equation.leaves().filter_map(|(leaf, _)| region_of(leaf)));
    }
    wanted
}

pub(super) fn region_of(leaf: &Leaf) -> Option<RegionId> {
    match leaf {
        Leaf::Region(id) | Leaf::Previous(id) => Some(*id),
        _ => None,
    }
}
