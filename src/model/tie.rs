//! Projections that have the weights of another: `shared(A -> B)`, `transpose(A -> B)`.

use super::draft::Draft;
use super::pattern::size;
use super::typing::Said;
use super::{Pattern, Projection, ProjectionId};
use crate::diag::{Code, Diagnostic, Span};
use crate::syntax::tree::{ConnectClauseKind, Path};

/// Whose weights a projection has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tie {
    /// The projection whose weights they are; in a model it has weights of its own.
    pub to: ProjectionId,
    /// Whether source and target change places.
    pub transposed: bool,
    /// Where that is said.
    pub span: Span,
}

impl Projection {
    /// Whether source and target change places in its weights.
    pub fn is_transposed(&self) -> bool {
        self.tied.is_some_and(|tie| tie.transposed)
    }
}

/// The projection whose weights this one has: itself, or another.
pub fn owner(projections: &[Projection], id: ProjectionId) -> ProjectionId {
    projections[id.0].tied.map_or(id, |tie| tie.to)
}

/// All projections that have the same weights.
pub(super) fn siblings(projections: &[Projection], id: ProjectionId) -> Vec<ProjectionId> {
    let own = owner(projections, id);
    (0..projections.len()).map(ProjectionId).filter(|other| owner(projections, *other) == own).collect()
}

/// What `shared(PATH)` or `transpose(PATH)` names.
pub(super) fn named(draft: &mut Draft<'_>, path: &Path, transposed: bool) -> Result<Tie, Said> {
    match draft.projections_on(path) {
        Ok(found) => match found[..] {
            [to] => Ok(Tie { to, transposed, span: path.span }),
            _ => {
                let said = Diagnostic::new(Code::NO_SUCH_PATH, "a path of several projections has no weights to share");
                let said = said.at(path.span, "more than one projection").help("name one projection: `shared(A -> B)`");
                draft.say(said);
                Err(Said)
            }
        },
        Err(said) => {
            said.into_iter().for_each(|said| draft.say(said));
            Err(Said)
        }
    }
}

/// Gives every tied projection the projection that has weights of its own, and its pattern; `mistaken` are those about which
/// something has been said.
pub(super) fn resolve(draft: &mut Draft<'_>, mistaken: &mut Vec<ProjectionId>) {
    let tied: Vec<ProjectionId> =
        (0..draft.projections.len()).map(ProjectionId).filter(|id| draft.projections[id.0].tied.is_some()).collect();
    let found: Vec<Result<Tie, Said>> = tied.iter().map(|id| last(draft, *id, mistaken)).collect();
    for (id, found) in tied.into_iter().zip(found) {
        let Some(tie) = draft.projections[id.0].tied else { continue };
        let made = found.and_then(|last| {
            clauses(draft, id)?;
            fits(draft, id, tie, last)
        });
        match made {
            Ok(last) => {
                let (pattern, plastic) = {
                    let owner = &draft.projections[last.to.0];
                    (owner.pattern.clone(), owner.plastic)
                };
                let projection = &mut draft.projections[id.0];
                (projection.tied, projection.pattern, projection.plastic) = (Some(last), pattern, plastic);
            }
            Err(Said) => {
                // Whoever asks further finds a projection like others.
                draft.projections[id.0].tied = None;
                draft.incomplete = true;
                mistaken.push(id);
            }
        }
    }
}

/// Follows ties to the projection that has weights of its own.
fn last(draft: &mut Draft<'_>, id: ProjectionId, mistaken: &[ProjectionId]) -> Result<Tie, Said> {
    let mut way: Vec<ProjectionId> = vec![id];
    let Some(mut tie) = draft.projections[id.0].tied else { return Err(Said) };
    while let Some(next) = draft.projections[tie.to.0].tied {
        if let Some(start) = way.iter().position(|seen| *seen == tie.to) {
            if start == 0 && way.iter().all(|other| other.0 >= id.0) {
                circle(draft, &way);
            }
            return Err(Said);
        }
        way.push(tie.to);
        tie = Tie { to: next.to, transposed: tie.transposed != next.transposed, span: tie.span };
    }
    if mistaken.contains(&tie.to) { Err(Said) } else { Ok(tie) }
}

/// Says of a circle of ties, once, that nobody has the weights.
fn circle(draft: &mut Draft<'_>, way: &[ProjectionId]) {
    let first = &draft.projections[way[0].0];
    let at = first.tied.map_or(first.span, |tie| tie.span);
    let message = match way {
        [_] => format!("`{}` is to have its own weights, and has none", first.name),
        _ => format!("`{}` and what it shares weights with have none of their own", first.name),
    };
    let mut said = Diagnostic::new(Code::TIED_IN_A_CIRCLE, message).at(at, "leads back to this projection");
    for other in &way[1..] {
        said = said.because(draft.projections[other.0].span, "has the weights of the next");
    }
    draft.say(said.help("let one of them have weights: leave out its `shared` or `transpose`"));
}

/// What is said about weights is said where they are.
fn clauses(draft: &mut Draft<'_>, id: ProjectionId) -> Result<(), Said> {
    let clause = draft.clauses[id.0].iter().find(|clause| clause.kind.is_about_weights());
    let (Some(clause), Some(tie)) = (clause, draft.projections[id.0].tied) else { return Ok(()) };
    let (name, owner) = (draft.projections[id.0].name.clone(), &draft.projections[tie.to.0]);
    let word = match clause.kind {
        ConnectClauseKind::Init(_) => "starts",
        _ => "is held to",
    };
    let said = Diagnostic::new(Code::TIED_WEIGHTS, format!("`{name}` has the weights of `{}`", owner.name))
        .at(
            clause.span,
            format!("what they {} is not said here", if word == "starts" { "start as" } else { "are held to" }),
        )
        .because(owner.span, "it is said here, once for both")
        .help(format!("move it behind `connect {}`", owner.name));
    draft.say(said);
    Err(Said)
}

/// Whether the weights fit between the regions of a projection that is to have them too.
fn fits(draft: &mut Draft<'_>, id: ProjectionId, tie: Tie, last: Tie) -> Result<Tie, Said> {
    let (made, owner) = (&draft.projections[id.0], &draft.projections[last.to.0]);
    let sizes = |projection: &Projection| Some((size(draft, projection.target)?, size(draft, projection.source)?));
    let (Some((post, pre)), Some((rows, columns))) = (sizes(made), sizes(owner)) else { return Err(Said) };
    let shape = |region: super::RegionId| draft.regions[region.0].shape.clone().unwrap_or_default();
    if !owner.has_weights() {
        let said = Diagnostic::new(Code::WRONG_KIND, format!("`{}` has no weights", owner.name))
            .at(tie.span, "nothing to share")
            .because(owner.span, "it brings activity as it is, or pooled")
            .help("name a projection that has weights");
        draft.say(said);
        return Err(Said);
    }
    let wanted = if last.transposed { (columns, rows) } else { (rows, columns) };
    let conv = matches!(owner.pattern, Pattern::Conv(_));
    let same = (shape(made.source), shape(made.target)) == (shape(owner.source), shape(owner.target));
    if conv && last.transposed {
        draft.later(tie.span, "the transpose of a convolution", "conv(size = 3)");
        return Err(Said);
    }
    if (post, pre) == wanted && (same || !conv) {
        return Ok(last);
    }
    let (from, to) = (&draft.regions[made.source.0].tree.target, &draft.regions[made.target.0].tree.target);
    let word = if last.transposed { "transposed, " } else { "" };
    let message = format!("the weights of `{}` are {rows} x {columns}, and do not fit `{}`", owner.name, made.name);
    let said = Diagnostic::new(Code::SHAPE_MISMATCH, message)
        .at(tie.span, format!("{word}they go from {} units to {}", wanted.1, wanted.0))
        .because(from.span, format!("{:?}", shape(made.source)))
        .because(to.span, format!("{:?}", shape(made.target)))
        .help(match conv {
            true => "the images on both sides have the shapes that the shared convolution has".to_string(),
            false => format!("give `{}` {} units and `{}` {}", from.name, wanted.1, to.name, wanted.0),
        });
    draft.say(said);
    Err(Said)
}
