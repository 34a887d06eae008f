//! Development: phases in order, what is learnt in each, and until when.

use super::build::{arc, cost_named, formula, number, truth};
use super::draft::{Draft, Meaning};
use super::formula::Kind;
use super::typing::{Place, Said};
use super::{
    Bias, Bound, CostId, DataId, Formula, Generated, Keep, Leaf, Learn, ParamId, Phase, ProjectionId, RegionId,
    Selection, Teacher, Unit, learning, repeat, sources, tie,
};
use crate::diag::{Code, Diagnostic, Span};
use crate::syntax::tree::{self, Expr, ItemKind, Place as TreePlace, StatementKind};
use indexmap::IndexMap;
use std::collections::BTreeSet;

/// What a phase says, before it is put together.
pub(super) struct Head {
    name: crate::tensor::Name,
    bound: Bound,
    until: Option<Formula>,
    keep: Option<Keep>,
    unsupervised: Option<Span>,
    span: Span,
}

/// Every phase; a spec without `development` is one.
pub(super) fn develop(draft: &mut Draft<'_>) {
    let items: Vec<_> = draft.items().collect();
    let mut always = Vec::new();
    let mut development: Option<(&tree::Development, Span)> = None;
    for item in &items {
        match &item.kind {
            ItemKind::Learn(tree) => always.push((tree, item.span)),
            ItemKind::Development(tree) => match development {
                Some((_, first)) => draft.say(
                    Diagnostic::new(Code::DUPLICATE_NAME, "`development` stands twice")
                        .at(item.keyword_span, "given again here")
                        .because(first, "first given here")
                        .help("put all phases into one `development`"),
                ),
                None => development = Some((tree, item.keyword_span)),
            },
            _ => {}
        }
    }
    let Some((tree, span)) = development else {
        let span = items.iter().find(|item| matches!(item.kind, ItemKind::Learn(_))).map(|item| item.span);
        let Some(span) = span else {
            nothing_learns(draft);
            return;
        };
        let head = Head { name: arc("life"), bound: Bound::Open, until: None, keep: None, unsupervised: None, span };
        phase(draft, head, &always, &[]);
        draft.order_of_phases = (0..draft.phases.len()).collect();
        return;
    };
    let order = repeat::stretch(draft, &tree.statements, &always);
    if order.is_empty() && !draft.incomplete {
        draft.say(
            Diagnostic::new(Code::EMPTY_DEVELOPMENT, "this development has no phase")
                .at(span, "nothing happens in it")
                .help("development { phase school for 5 epochs { learn … } }"),
        );
    }
    draft.order_of_phases = order;
}

fn nothing_learns(draft: &mut Draft<'_>) {
    let broken = |item: &&tree::Item| matches!(&item.kind, ItemKind::Broken(_));
    if draft.incomplete || draft.items().any(|item| broken(&item)) {
        return;
    }
    let end = draft.files.first().map_or(0, |ast| draft.sources.text(ast.file).len() as u32);
    let Some(file) = draft.files.first().map(|ast| ast.file) else { return };
    let span = draft.projections.first().map_or(Span { file, start: 0, end: end.min(1) }, |projection| projection.span);
    let path = draft.projections.first().map_or("A -> B".to_string(), |projection| projection.name.to_string());
    let cost = draft.costs.iter().flatten().next().map_or("COST".to_string(), |cost| cost.name.to_string());
    draft.say(
        Diagnostic::new(Code::NOTHING_LEARNS, "nothing learns in this spec")
            .at(span, "no `learn` says how this changes")
            .help(format!("learn {path} by backprop from {cost} using sgd(rate = 0.1)")),
    );
}

/// A phase's head; where it has a mistake, which makes the draft incomplete, the phase is open, so that what stands in
/// it is looked at all the same.
pub(super) fn head(draft: &mut Draft<'_>, tree: &tree::Phase, span: Span) -> Head {
    let bound = bound(draft, &tree.bound);
    let until = tree.until.as_ref().map(|until| truth(draft, Place::Until, until)).transpose();
    let keep = tree.keep.as_ref().and_then(|keep| kept(draft, keep).ok());
    if let Ok(Some(until)) = &until {
        test_steers(draft, until, "when this phase ends");
    }
    let head_span = Span { end: tree.bound.span.end, ..span };
    Head {
        name: tree.name.text.clone(),
        bound: bound.unwrap_or(Bound::Open),
        until: until.unwrap_or(None),
        keep,
        unsupervised: tree.unsupervised,
        span: head_span,
    }
}

/// What a phase keeps the best of.
fn kept(draft: &mut Draft<'_>, tree: &tree::Keep) -> Result<Keep, Said> {
    let found = formula(draft, Place::Until, &tree.metric)?;
    match &found.value().kind {
        Kind::Leaf(of @ (Leaf::Metric(..) | Leaf::Cost(..))) => {
            test_steers(draft, &found, "which weights this phase keeps");
            Ok(Keep { highest: tree.highest, of: of.clone() })
        }
        _ => {
            draft.say(
                Diagnostic::new(Code::WRONG_KIND, "the best of a metric or cost is kept, and this is neither")
                    .at(tree.metric.span, "neither a metric nor a cost")
                    .help("keep highest accuracy"),
            );
            Err(Said)
        }
    }
}

/// The test split is never read by what steers learning.
fn test_steers(draft: &mut Draft<'_>, reads: &Formula, what: &str) {
    let steering = reads.leaves().find(
        |(leaf, _)| matches!(leaf, Leaf::Metric(_, Some(split)) | Leaf::Cost(_, Some(split)) if &**split == "test"),
    );
    if let Some((_, span)) = steering {
        draft.say(
            Diagnostic::new(Code::TEST_STEERS, format!("the test split would decide {what}"))
                .at(span, "measured on the test split")
                .help("hold out samples for it (`validation = 10 %` in the `data` item) and leave `(test)` out"),
        );
    }
}

fn bound(draft: &mut Draft<'_>, expr: &Expr) -> Result<Bound, Said> {
    let (value, unit) = number(draft, expr)?;
    let whole = (value.fract() == 0.0 && (1.0..=1e12).contains(&value)).then_some(value as usize);
    match (whole, unit) {
        (Some(count), Unit::Epochs) => Ok(Bound::Epochs(count)),
        (Some(count), Unit::Steps) => Ok(Bound::Steps(count)),
        (Some(count), Unit::Trials) => Ok(Bound::Trials(count)),
        (found, _) => {
            let what = if found.is_some() { unit.phrase() } else { format!("{value}") };
            draft.say(
                Diagnostic::new(
                    Code::BAD_BOUND,
                    format!("a phase lasts a whole number of epochs, steps or trials, and this is {what}"),
                )
                .at(expr.span, what)
                .help("for 5 epochs"),
            );
            Err(Said)
        }
    }
}

/// Puts a phase together.
pub(super) fn phase(
    draft: &mut Draft<'_>,
    head: Head,
    always: &[(&tree::Learn, Span)],
    statements: &[tree::Statement],
) {
    let mut learns = Vec::new();
    let mut bad = false;
    let mut frozen: Vec<(ProjectionId, Span)> = Vec::new();
    let mut data: Option<(DataId, Vec<Selection>)> = None;
    let mut sets = Sets::default();
    let in_phase = statements.iter().filter_map(|statement| match &statement.kind {
        StatementKind::Learn(tree) => Some((tree, statement.span)),
        _ => None,
    });
    for (tree, span) in always.iter().copied().chain(in_phase) {
        match learning::learn(draft, tree, span) {
            Ok(made) => learns.extend(made.into_iter().map(|learn| (learn, tree.paths_span()))),
            Err(Said) => bad = true,
        }
    }
    for statement in statements {
        match &statement.kind {
            StatementKind::Learn(_) => {}
            StatementKind::Freeze(paths) => match draft.projections_of(paths) {
                Ok(found) => {
                    let all = found.into_iter().flat_map(|id| tie::siblings(&draft.projections, id));
                    frozen.extend(all.map(|id| (id, statement.span)));
                }
                Err(Said) => bad = true,
            },
            StatementKind::Data(tree) => match sources::in_phase(draft, tree, statement.span) {
                Ok(found) => data = Some(found),
                Err(Said) => bad = true,
            },
            StatementKind::Set { place, value } => bad |= set(draft, place, value, &mut sets).is_err(),
            _ => {
                draft.later(
                    statement.span,
                    "this statement of a phase",
                    "`learn`, `freeze`, `set` and `data` are those of this version",
                );
                bad = true;
            }
        }
    }
    for allow in statements.iter().flat_map(|statement| &statement.allow) {
        draft.later(allow.span, "`allow`", "");
    }
    let Some(dataset) = data.as_ref().map(|(id, _)| *id).or_else(|| dataset_of(draft)) else { return };
    draft.incomplete |= bad;
    let learns = teach(draft, learns, &frozen);
    let selections = data.map(|(_, selections)| selections);
    let Head { name, bound, until, keep, unsupervised, span } = head;
    let frozen = frozen.into_iter().map(|(id, _)| id).collect();
    let Sets { params: sets, worlds, weights } = sets;
    other_worlds(draft, dataset, &worlds);
    let probes = Vec::new();
    let phase = Phase {
        name,
        bound,
        until,
        keep,
        data: dataset,
        selections,
        learns,
        probes,
        frozen,
        sets,
        worlds,
        weights,
        span,
    };
    if let Some(word) = unsupervised {
        labels(draft, &phase, word);
    }
    draft.phases.push(phase);
}

/// The dataset that the model reads; two of them are an error.
fn dataset_of(draft: &mut Draft<'_>) -> Option<DataId> {
    let formulas = draft.regions.iter().filter_map(|region| region.equation.as_ref());
    let costs = draft.costs.iter().flatten().map(|cost| &cost.formula);
    let metrics = draft.metrics.iter().flatten().map(|metric| &metric.formula);
    let modulators = draft.modulators.iter().flatten().map(|modulator| &modulator.formula);
    let fields = formulas.chain(costs).chain(modulators).chain(metrics).flat_map(|formula| formula.leaves());
    let mut read: Vec<(DataId, Span)> = Vec::new();
    for (leaf, span) in fields {
        if let Leaf::Field(id, _) | Leaf::FieldNow(id, ..) = leaf
            && !read.iter().any(|(other, _)| other == id)
        {
            read.push((*id, span));
        }
    }
    match read[..] {
        [(only, _)] => Some(only),
        [] => {
            if !draft.incomplete {
                let region =
                    draft.regions.first().map(|region| (region.tree.target.span, region.tree.target.name.to_string()));
                if let Some((span, name)) = region {
                    draft.say(
                        Diagnostic::new(Code::NO_DATA, "no region reads any data, so nothing ever happens")
                            .at(span, "the first region could")
                            .help(format!("data world = digits(batch = 32)\nregion {name}[8, 8] = world.image")),
                    );
                }
            }
            None
        }
        [(_, first), (_, second), ..] => {
            draft.say(
                Diagnostic::new(Code::TWO_SOURCES, "fields of two datasets are read together")
                    .at(second, "this one is of another dataset")
                    .because(first, "this field is of one dataset")
                    .help("all fields that a phase reads come from one dataset"),
            );
            None
        }
    }
}

/// What a phase sets.
#[derive(Default)]
struct Sets {
    params: IndexMap<ParamId, Formula>,
    worlds: IndexMap<DataId, Generated>,
    weights: IndexMap<CostId, Formula>,
}

/// Data that a phase does not read cannot be set in it.
fn other_worlds(draft: &mut Draft<'_>, reads: DataId, worlds: &IndexMap<DataId, Generated>) {
    let Some(base) = super::build::dataset(draft, reads).map(|data| data.base) else { return };
    for (id, world) in worlds.iter().filter(|(id, _)| **id != base) {
        let Some(name) = super::build::dataset(draft, *id).map(|data| data.name.clone()) else { continue };
        let span = world.fields.iter().find(|field| field.set).map(|field| field.span);
        if let Some(span) = span {
            draft.later(
                span,
                "`set` of data that the phase reads by way of other data",
                &format!("read `{name}` itself"),
            );
        }
    }
}

fn set(draft: &mut Draft<'_>, place: &TreePlace, value: &Expr, sets: &mut Sets) -> Result<(), Said> {
    if let Some(tree::Hop { name, field: Some(field), .. }) = place.as_hop()
        && let Some(Meaning::Data(id)) = draft.names.get(name.as_str()).map(|declared| declared.meaning)
    {
        return super::derived::set(draft, &mut sets.worlds, DataId(id), field, value, place.span());
    }
    let value = formula(draft, Place::Schedule, value);
    let Some(hop) = place.as_hop() else {
        draft.later(place.span(), "`set` of a projection", "`set` a param or the weight of a cost");
        return Err(Said);
    };
    if let Some(field) = &hop.field {
        if field.as_str() == "weight" {
            let cost = cost_named(draft, &hop.name)?;
            sets.weights.insert(cost, value?);
            return Ok(());
        }
        draft.later(place.span(), "`set` of this", "`set COST.weight = …`, or `set DATA.FIELD = …` of generated data");
        return Err(Said);
    }
    match draft.names.get(hop.name.as_str()).map(|declared| declared.meaning) {
        Some(Meaning::Param(id)) => {
            let value = value?;
            let (unit, wanted, param) = (value.value().unit, draft.params[id].unit, draft.params[id].span);
            if unit != wanted {
                draft.say(
                    Diagnostic::new(
                        Code::UNIT_MISMATCH,
                        format!(
                            "`{}` is {}, and is set to a value that is {}",
                            hop.name,
                            wanted.phrase(),
                            unit.phrase()
                        ),
                    )
                    .at(value.value().span, unit.phrase())
                    .because(param, wanted.phrase())
                    .help("set it to a value in the same unit"),
                );
                return Err(Said);
            }
            sets.params.insert(ParamId(id), value);
            Ok(())
        }
        Some(Meaning::Broken) => Err(Said),
        Some(meaning) => {
            let words = meaning.words();
            draft.say(
                Diagnostic::new(Code::WRONG_KIND, format!("`{}` is {words}, and cannot be set", hop.name))
                    .at(hop.span, words)
                    .help("`set` a param (`set beta = 0.2`) or the weight of a cost (`set rebuild.weight = 0`)"),
            );
            Err(Said)
        }
        None => {
            let params = draft.params.iter().map(|param| &*param.name);
            let help = match super::draft::nearest(hop.name.as_str(), params) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("param {} = 0.1", hop.name),
            };
            draft.say(
                Diagnostic::new(Code::UNKNOWN_NAME, format!("there is no param `{}`", hop.name))
                    .at(hop.span, "unknown param")
                    .help(help),
            );
            Err(Said)
        }
    }
}

/// Takes frozen and unplastic paths out, gives each bias to the statement that teaches it, and refuses synapses that
/// two statements teach.
fn teach(draft: &mut Draft<'_>, learns: Vec<(Learn, Span)>, frozen: &[(ProjectionId, Span)]) -> Vec<Learn> {
    let mut taught: IndexMap<ProjectionId, Span> = IndexMap::new();
    let mut made = Vec::new();
    for (mut learn, span) in learns {
        let named = learn.projections.clone();
        let owners: Vec<ProjectionId> = named.iter().map(|id| tie::owner(&draft.projections, *id)).collect();
        for (place, &id) in named.iter().enumerate() {
            let owner = owners[place];
            if owners[..place].contains(&owner) {
                continue;
            }
            if let Some((_, frozen_at)) = frozen.iter().find(|(other, _)| *other == id) {
                let name = draft.projections[id.0].name.clone();
                draft.say(
                    Diagnostic::new(
                        Code::FROZEN_AND_TAUGHT,
                        format!("`{name}` is frozen and taught in the same phase"),
                    )
                    .at(span, "taught here")
                    .because(*frozen_at, "frozen here")
                    .help(format!("leave `{name}` out of one of the two")),
                );
            }
            match taught.get(&owner) {
                Some(first) if !learn.also => {
                    let name = draft.projections[id.0].name.clone();
                    draft.say(
                        Diagnostic::new(
                            Code::TAUGHT_TWICE,
                            format!("`{name}` is taught by two statements in one phase"),
                        )
                        .at(span, "taught again here")
                        .because(*first, "first taught here")
                        .help("write `also learn …` to add the changes, or leave it out of one"),
                    );
                }
                _ => {
                    taught.insert(owner, span);
                }
            }
        }
        let wire = |id: ProjectionId| !draft.projections[id.0].has_weights();
        let unplastic = named.iter().copied().find(|id| !draft.projections[id.0].plastic && !wire(*id));
        if let (Some(id), false) = (unplastic, learn.teacher.is_nothing()) {
            let projection = &draft.projections[id.0];
            let said =
                Diagnostic::new(Code::FIXED_AND_TAUGHT, format!("`{}` is fixed, and is to learn", projection.name))
                    .at(span, "taught here")
                    .because(projection.span, "its weights are fixed here")
                    .help("leave it out of the path, or leave out `fixed`");
            draft.say(said);
        }
        learn.projections.retain(|id| draft.projections[id.0].plastic && !frozen.iter().any(|(other, _)| other == id));
        made.push(learn);
    }
    biases(draft, &mut made, frozen);
    structures(draft, &mut made, frozen);
    made.iter_mut().for_each(|learn| by_chance(draft, learn));
    made
}

/// Finds the draws that a statement credits, and what moves where it tries something out.
pub(super) fn by_chance(draft: &Draft<'_>, learn: &mut Learn) {
    match super::credit_rules::through(learn) {
        super::Through::Derivatives => {}
        super::Through::Scores => {
            let scored = learn.from.iter().flat_map(|(_, cost)| super::routes::scored(draft, *cost, learn));
            learn.sampled = scored.collect::<BTreeSet<RegionId>>().into_iter().collect();
        }
        super::Through::Anything => learn.moves = super::routes::moved(draft, learn),
    }
}

/// A structure's own weights are taught with the paths that end in it, by the first credit rule in the text that teaches
/// any, and by each `also learn`; they are frozen with all of those paths.
fn structures(draft: &Draft<'_>, learns: &mut [Learn], frozen: &[(ProjectionId, Span)]) {
    for id in (0..draft.regions.len()).map(RegionId) {
        let Some(structure) = &draft.regions[id.0].structure else { continue };
        let into: Vec<ProjectionId> =
            (0..draft.projections.len()).map(ProjectionId).filter(|p| draft.projections[p.0].target == id).collect();
        let all_frozen = !into.is_empty() && into.iter().all(|p| frozen.iter().any(|(other, _)| other == p));
        if structure.weights.is_empty() || all_frozen {
            continue;
        }
        let mut taught = false;
        for learn in learns.iter_mut() {
            let changes = matches!(learn.teacher, Teacher::Credit(_)) && !learn.teacher.is_nothing();
            if changes && learn.projections.iter().any(|p| into.contains(p)) && (learn.also || !taught) {
                taught |= !learn.also;
                learn.structures.push(id);
            }
        }
    }
}

/// A bias is taught with the unnamed projections into its region, by the first credit rule in the text that teaches
/// any; a rule leaves it alone unless it says `db`.
fn biases(draft: &Draft<'_>, learns: &mut [Learn], frozen: &[(ProjectionId, Span)]) {
    for id in (0..draft.regions.len()).map(RegionId) {
        let region = &draft.regions[id.0];
        let driven =
            region.equation.as_ref().is_some_and(|equation| equation.leaves().any(|(leaf, _)| *leaf == Leaf::Drive));
        let into: Vec<ProjectionId> = (0..draft.projections.len())
            .map(ProjectionId)
            .filter(|p| draft.projections[p.0].target == id && draft.projections[p.0].named.is_none())
            .collect();
        let all_frozen = !into.is_empty() && into.iter().all(|p| frozen.iter().any(|(other, _)| other == p));
        if !driven || region.bias == Bias::None || all_frozen {
            continue;
        }
        let teaches = |learn: &&mut Learn| {
            let changes = match &learn.teacher {
                Teacher::Credit(_) => !learn.teacher.is_nothing(),
                Teacher::Rule(rule) => rule.db.is_some(),
            };
            changes && learn.projections.iter().any(|p| into.contains(p))
        };
        let first = learns.iter_mut().filter(|learn| !learn.also).find(teaches);
        if let Some(learn) = first {
            learn.biases.push(id);
        }
    }
    for learn in learns.iter_mut().filter(|learn| learn.also) {
        let changes = match &learn.teacher {
            Teacher::Credit(_) => !learn.teacher.is_nothing(),
            Teacher::Rule(rule) => rule.db.is_some(),
        };
        if changes {
            for id in learn
                .projections
                .iter()
                .map(|p| (draft.projections[p.0].target, draft.projections[p.0].named.is_none()))
            {
                let region = &draft.regions[id.0.0];
                if id.1 && region.bias != Bias::None && !learn.biases.contains(&id.0) {
                    learn.biases.push(id.0);
                }
            }
        }
    }
}

/// Labels have no place in what an unsupervised phase learns from.
fn labels(draft: &mut Draft<'_>, phase: &Phase, word: Span) {
    let mut said = Vec::new();
    for learn in &phase.learns {
        said.extend(super::modulator::label_read(draft, learn, word));
        for (_, cost) in &learn.from {
            let Some(Some(cost)) = draft.costs.get(cost.0) else { continue };
            let Some(at) = label_behind(draft, &cost.formula) else { continue };
            said.push(
                Diagnostic::new(
                    Code::LABEL_UNSUPERVISED,
                    format!("this phase is unsupervised, and learns from `{}`, which reads a label", cost.name),
                )
                .at(learn.span, format!("learns from `{}`", cost.name))
                .because(at, "a label is read here")
                .because(word, "the phase says that there is no teacher")
                .help("learn from a cost without labels, or leave out `unsupervised`"),
            );
        }
    }
    said.into_iter().for_each(|diagnostic| draft.say(diagnostic));
}

/// Where a label is read, by a formula or by a region that it depends on.
pub(super) fn label_behind(draft: &Draft<'_>, formula: &Formula) -> Option<Span> {
    let mut open = vec![formula];
    let mut seen = vec![false; draft.regions.len()];
    while let Some(formula) = open.pop() {
        if let Some(span) = class_leaf(formula) {
            return Some(span);
        }
        let mut sources: Vec<RegionId> = Vec::new();
        for (leaf, _) in formula.leaves() {
            match leaf {
                Leaf::Region(id) | Leaf::Previous(id) => sources.push(*id),
                Leaf::Projection(id) => sources.push(draft.projections[id.0].source),
                _ => {}
            }
        }
        sources.into_iter().for_each(|id| enter(draft, id, &mut seen, &mut open));
    }
    None
}

/// Adds the equation of a region, and those of all regions that drive it, once each.
fn enter<'d>(draft: &'d Draft<'_>, id: RegionId, seen: &mut [bool], open: &mut Vec<&'d Formula>) {
    let mut next = vec![id];
    while let Some(id) = next.pop() {
        if std::mem::replace(&mut seen[id.0], true) {
            continue;
        }
        open.extend(draft.regions[id.0].equation.as_ref());
        next.extend(draft.projections.iter().filter(|wire| wire.target == id).map(|wire| wire.source));
    }
}

/// Where a formula reads a class of the data.
fn class_leaf(formula: &Formula) -> Option<Span> {
    formula.nodes.iter().find_map(|node| match &node.kind {
        Kind::Leaf(Leaf::Field(..) | Leaf::FieldNow(..))
            if matches!(node.ty.element, crate::tensor::Element::Class(_)) =>
        {
            Some(node.span)
        }
        _ => None,
    })
}
