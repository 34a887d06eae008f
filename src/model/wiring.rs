//! Regions and projections: who is wired to whom, and in which order they are computed.

use super::build::arc;
use super::draft::{Draft, Meaning, nearest};
use super::init::init;
use super::typing::{Local, Said, Typer, array};
use super::{Bias, Constraints, Init, Leaf, Pattern, Projection, ProjectionId, RegionId, Unit};
use super::{constraint, pattern, tie};
use crate::diag::{Code, Diagnostic, Span};
use crate::syntax::tree::{self, ConnectClauseKind, Hop, ItemKind, Path, Paths};

/// The region that a hop names.
pub(super) fn region_of(draft: &mut Draft<'_>, hop: &Hop) -> Result<RegionId, Said> {
    match find_region(draft, hop) {
        Ok(id) => Ok(id),
        Err(Some(said)) => {
            draft.say(said);
            Err(Said)
        }
        Err(None) => Err(Said),
    }
}

fn find_region(draft: &Draft<'_>, hop: &Hop) -> Result<RegionId, Option<Diagnostic>> {
    let name = &hop.name;
    if let Some(first) = hop.indices.first() {
        return Err(Some(super::draft::not_supported(first.span, "a part of a region here", "name the whole region")));
    }
    match draft.names.get(name.as_str()).map(|declared| (declared.meaning, declared.span)) {
        Some((Meaning::Region(id), _)) if hop.field.is_none() => Ok(RegionId(id)),
        Some((Meaning::Region(_), _)) => {
            Err(Some(super::draft::not_supported(hop.span, "a compartment of a region", "")))
        }
        Some((Meaning::Broken, _)) => Err(None),
        Some((meaning, defined)) => Err(Some(
            Diagnostic::new(Code::WRONG_KIND, format!("`{name}` is {}, and a region is wanted here", meaning.words()))
                .at(hop.span, "not a region")
                .because(defined, format!("defined here as {}", meaning.words()))
                .help(format!("make a region of it first: `region Input[…] = {name}.…`")),
        )),
        None => {
            let regions = draft.regions.iter().map(|region| region.tree.target.name.as_str());
            let help = match nearest(name.as_str(), regions) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("region {name}[64] = relu(drive)"),
            };
            Err(Some(
                Diagnostic::new(Code::UNKNOWN_NAME, format!("there is no region `{name}`"))
                    .at(name.span, "unknown region")
                    .help(help),
            ))
        }
    }
}

impl Draft<'_> {
    /// The shape of a projection's weights.
    pub(super) fn weight_shape(&self, projection: &Projection) -> Vec<usize> {
        let size = |id: RegionId| self.regions[id.0].shape.as_ref().map_or(1, |shape| shape.iter().product());
        match projection.pattern {
            Pattern::Activity => Vec::new(),
            Pattern::Pool(..) => Vec::new(),
            Pattern::OneToOne => vec![size(projection.target)],
            Pattern::Conv(ref window) => {
                let [y, x] = window.places();
                vec![size(projection.target) / (y * x), window.channels, window.size, window.size]
            }
            _ => vec![size(projection.target), size(projection.source)],
        }
    }

    /// The projections on a path, in its order. `A -> B` is the unnamed one, or the only one.
    pub(super) fn projections_on(&self, path: &Path) -> Result<Vec<ProjectionId>, Option<Diagnostic>> {
        let mut found = Vec::new();
        for pair in path.hops.windows(2) {
            let (source, target) = (find_region(self, &pair[0])?, find_region(self, &pair[1])?);
            let between: Vec<usize> = (0..self.projections.len())
                .filter(|&i| self.projections[i].source == source && self.projections[i].target == target)
                .collect();
            let chosen = match &path.as_name {
                Some(name) => {
                    between.iter().copied().find(|&i| self.projections[i].named.as_deref() == Some(name.as_str()))
                }
                None => match between[..] {
                    [only] => Some(only),
                    _ => between.iter().copied().find(|&i| self.projections[i].named.is_none()),
                },
            };
            match chosen {
                Some(chosen) => found.push(ProjectionId(chosen)),
                None => return Err(self.no_projection(path, &pair[0], &pair[1], source, target, &between)),
            }
        }
        Ok(found)
    }

    fn no_projection(
        &self,
        path: &Path,
        from: &Hop,
        to: &Hop,
        source: RegionId,
        target: RegionId,
        between: &[usize],
    ) -> Option<Diagnostic> {
        if self.unwired {
            return None;
        }
        let named = path.as_name.as_ref().map_or(String::new(), |name| format!(" as {name}"));
        let wanted = format!("{} -> {}{named}", from.name, to.name);
        let span = Span { end: to.span.end, ..from.span };
        let mut said =
            Diagnostic::new(Code::NO_SUCH_PATH, format!("there is no projection `{wanted}`")).at(span, "no such wire");
        let help = if let Some(&other) = between.first() {
            said = said.because(self.projections[other].span, "this is what there is");
            format!("name it as it is: `{}`", self.projections[other].name)
        } else if let Some(back) = self.projections.iter().find(|p| p.source == target && p.target == source) {
            said = said.because(back.span, "the projection goes the other way");
            format!("`{}`", back.name)
        } else {
            let from_here = self.projections.iter().find(|p| p.source == source);
            if let Some(other) = from_here {
                said = said.because(other.span, format!("`{}` goes elsewhere", from.name));
            }
            match self.way(source, target) {
                Some(way) => format!("did you mean `{way}`?"),
                None => format!("if there is to be one: `connect {wanted}`"),
            }
        };
        Some(said.help(help))
    }

    /// The shortest way over several projections from one region to another, as a path.
    fn way(&self, source: RegionId, target: RegionId) -> Option<String> {
        let mut before: Vec<Option<RegionId>> = vec![None; self.regions.len()];
        let mut queue = std::collections::VecDeque::from([source]);
        while let Some(at) = queue.pop_front() {
            for projection in self.projections.iter().filter(|p| p.source == at && p.target != source) {
                if before[projection.target.0].is_none() {
                    before[projection.target.0] = Some(at);
                    queue.push_back(projection.target);
                }
            }
        }
        let mut way = vec![self.region_name(target)];
        let mut at = target;
        while at != source {
            at = before[at.0]?;
            way.push(self.region_name(at));
        }
        way.reverse();
        Some(way.join(" -> "))
    }

    /// The projections that a `learn`, `freeze` or the like is about.
    pub(super) fn projections_of(&mut self, paths: &Paths) -> Result<Vec<ProjectionId>, Said> {
        let list = match paths {
            Paths::All(_) | Paths::Each(_) => {
                return Ok((0..self.projections.len())
                    .map(ProjectionId)
                    .filter(|id| self.projections[id.0].plastic)
                    .collect());
            }
            Paths::List(list) => list,
        };
        let mut all = Vec::new();
        let mut bad = false;
        for path in list {
            match self.projections_on(path) {
                Ok(found) => found.into_iter().for_each(|id| {
                    if !all.contains(&id) {
                        all.push(id);
                    }
                }),
                Err(said) => {
                    bad = true;
                    said.into_iter().for_each(|said| self.say(said));
                }
            }
        }
        if bad { Err(Said) } else { Ok(all) }
    }
}

/// Every `connect` item.
pub(super) fn connect(draft: &mut Draft<'_>) {
    let items: Vec<_> = draft.items().collect();
    for item in items {
        let ItemKind::Connect(tree) = &item.kind else { continue };
        for path in &tree.paths {
            for pair in path.hops.windows(2) {
                let span = Span { end: pair[1].span.end, ..pair[0].span };
                let (source, target) = (region_of(draft, &pair[0]), region_of(draft, &pair[1]));
                match (source, target) {
                    (Ok(source), Ok(target)) => {
                        let named = path.as_name.as_ref().map(|name| name.text.clone());
                        wire(draft, source, target, named, span, &tree.clauses);
                    }
                    _ => draft.unwired = true,
                }
            }
        }
    }
}

fn wire<'a>(
    draft: &mut Draft<'a>,
    source: RegionId,
    target: RegionId,
    named: Option<crate::tensor::Name>,
    span: Span,
    clauses: &'a [tree::ConnectClause],
) {
    let ends = format!("{} -> {}", draft.region_name(source), draft.region_name(target));
    let name = named.as_ref().map_or(ends.clone(), |named| format!("{ends} as {named}"));
    let same = draft.projections.iter().find(|p| p.source == source && p.target == target && p.named == named);
    if let Some(first) = same.map(|p| p.span) {
        draft.say(
            Diagnostic::new(Code::DUPLICATE_PROJECTION, format!("`{name}` is connected twice"))
                .at(span, "connected again here")
                .because(first, "first connected here")
                .help(format!("leave one out, or name it: `connect {ends} as second`")),
        );
        return;
    }
    let (pattern, init, plastic, credit, delay) = (Pattern::Dense, Init::Default, true, true, 0);
    let (name, constraints) = (arc(&name), Constraints::default());
    let (tied, key) = (None, None);
    let made =
        Projection { name, source, target, named, pattern, tied, init, key, plastic, credit, delay, constraints, span };
    draft.projections.push(made);
    draft.clauses.push(clauses);
}

/// What stands behind the `:` of each `connect`, once every region has its shape.
pub(super) fn clauses(draft: &mut Draft<'_>) {
    let mut mistaken = Vec::new();
    for number in 0..draft.projections.len() {
        let mut made = draft.projections[number].clone();
        let structure = draft.structure_of(made.target).is_some();
        if structure {
            let has_weights = draft.regions[made.target.0].structure.as_ref().is_some_and(|s| !s.weights.is_empty());
            (made.pattern, made.plastic) = (Pattern::Activity, has_weights);
        }
        let mut bad = false;
        for clause in draft.clauses[number] {
            bad |= clause_of(draft, &mut made, clause, structure).is_err();
        }
        if draft.regions[made.source.0].shape.is_none() || draft.regions[made.target.0].shape.is_none() {
            bad = true;
        }
        bad |= super::window::clauses(draft, &made, draft.clauses[number]).is_err();
        let clauses = draft.clauses[number];
        bad = bad || super::init::from_file(draft, &mut made, clauses).is_err();
        bad = bad || pattern::check(draft, &made).and_then(|()| constraint::check(draft, &made, clauses)).is_err();
        if bad {
            draft.incomplete = true;
            mistaken.push(ProjectionId(number));
        }
        draft.projections[number] = made;
    }
    tie::resolve(draft, &mut mistaken);
    for number in 0..draft.regions.len() {
        let into = draft.projections.iter().filter(|p| p.target.0 == number && p.named.is_none());
        if draft.regions[number].bias != Bias::None {
            draft.regions[number].bias = super::window::bias(into);
        }
    }
    constraint::groups(draft, &mistaken);
}

fn clause_of(
    draft: &mut Draft<'_>,
    made: &mut Projection,
    clause: &tree::ConnectClause,
    structure: bool,
) -> Result<(), Said> {
    match &clause.kind {
        ConnectClauseKind::Pattern(expr) if structure => {
            let instead = "put a region between: `region Between[64] = drive`";
            draft.later(expr.span, "weights in front of a structure", instead);
            return Err(Said);
        }
        kind if structure && kind.is_about_weights() => {
            let name = draft.region_name(made.target);
            draft.say(
                Diagnostic::new(Code::WRONG_KIND, format!("`{}` has no weights", made.name))
                    .at(clause.span, "this is about weights")
                    .because(made.span, format!("`{name}` is a structure: it takes activity as it is"))
                    .help("leave it out; a structure's own weights say how they begin: `weight W[n, x] : init he`"),
            );
            return Err(Said);
        }
        ConnectClauseKind::Pattern(expr) => pattern::pattern(draft, made, expr)?,
        ConnectClauseKind::Init(tree::Init::Value(expr)) => (made.init, made.key) = init(draft, expr)?,
        ConnectClauseKind::Fixed => made.plastic = false,
        ConnectClauseKind::NoCredit => made.credit = false,
        ConnectClauseKind::Init(tree::Init::File(_)) => {} // read when the pattern is known
        ConnectClauseKind::Excitatory
        | ConnectClauseKind::Inhibitory
        | ConnectClauseKind::Bounded(..)
        | ConnectClauseKind::Normalised(_)
        | ConnectClauseKind::NoSelf => constraint::clause(draft, made, clause)?,
        ConnectClauseKind::Delay(expr) => made.delay = super::time::delay(draft, clause.span, expr).unwrap_or(1),
        ConnectClauseKind::Feedback => draft.later(clause.span, "`feedback`", ""),
    }
    Ok(())
}

impl Typer<'_, '_> {
    /// In a region's equation: `drive`, and the region's named projections.
    pub(super) fn equation_names(&mut self, id: RegionId, shape: &[usize]) {
        self.locals.push((arc("drive"), Local::Leaf(Leaf::Drive, array(shape), Unit::One)));
        for (number, projection) in self.draft.projections.iter().enumerate() {
            if let (true, Some(named)) = (projection.target == id, &projection.named) {
                let leaf = Leaf::Projection(ProjectionId(number));
                self.locals.push((named.clone(), Local::Leaf(leaf, array(shape), Unit::One)));
            }
        }
    }
}

/// The regions that a region's activity depends on, each with the place that says so.
pub(super) fn needs_of(draft: &Draft<'_>, id: RegionId) -> Vec<(usize, Span)> {
    let into = draft.projections.iter().filter(|p| p.target == id && p.delay == 0);
    let wired = into.map(|p| (p.source.0, p.span));
    let read =
        draft.regions[id.0].equation.iter().flat_map(|formula| formula.leaves()).filter_map(
            |(leaf, span)| match leaf {
                Leaf::Region(other) => Some((other.0, span)),
                _ => None,
            },
        );
    wired.chain(read).collect()
}

/// Tells the shortest cycle.
pub(super) fn cycle(draft: &mut Draft<'_>, needs: &[Vec<(usize, Span)>], done: &[bool]) {
    let mut best: Option<Vec<(usize, Span)>> = None;
    for start in (0..needs.len()).filter(|&id| !done[id]) {
        let mut reached: Vec<Option<(usize, Span)>> = vec![None; needs.len()];
        let mut queue = std::collections::VecDeque::from([start]);
        while let Some(at) = queue.pop_front() {
            for &(other, span) in &needs[at] {
                if reached[other].is_none() {
                    reached[other] = Some((at, span));
                    queue.push_back(other);
                }
            }
        }
        let Some(_) = reached[start] else { continue };
        let mut path = Vec::new();
        let mut at = start;
        while let Some((next, span)) = reached[at] {
            path.push((at, span));
            at = next;
            if at == start {
                break;
            }
        }
        if best.as_ref().is_none_or(|best| path.len() < best.len()) {
            best = Some(path);
        }
    }
    let Some(path) = best else { return };
    let names: Vec<&str> = path.iter().map(|(id, _)| draft.region_name(RegionId(*id))).collect();
    let around = format!("{} -> {}", names.join(" -> "), names[0]);
    let mut said = Diagnostic::new(Code::CYCLE, format!("`{around}` is a cycle, and nothing in it takes time"))
        .at(path[path.len() - 1].1, "this closes the cycle")
        .help(match draft.time {
            Some(_) => "let it take time: `delay 1 step` behind the `:` of the connection, or `prev(REGION)` in the equation",
            None => "let a region of the cycle settle: `region A[8] = tanh(drive), settle 60 steps`; or leave this connection out",
        });
    for (id, span) in &path[..path.len() - 1] {
        said = said.because(*span, format!("here `{}` is read", draft.region_name(RegionId(*id))));
    }
    draft.say(said);
}
