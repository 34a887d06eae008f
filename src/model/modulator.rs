//! Modulators: signals that are broadcast, which rules take as arguments; and whether their shapes fit those who read them.

use super::build;
use super::draft::Draft;
use super::schedule::label_behind;
use super::typing::{Place, Said, Typed, Typer, array, describe, scalar};
use super::{Formula, Leaf, Learn, ModulatorId, RegionId};
use crate::diag::{Code, Diagnostic, Span};
use crate::syntax::tree::{self, Expr, ItemKind, Name};
use crate::tensor::{self, Element};

/// A signal that is broadcast: rules take it as an argument.
#[derive(Debug, Clone)]
pub struct Modulator {
    /// Its name.
    pub name: tensor::Name,
    /// Its shape: none for one number, else an entry for each unit behind a synapse or each group of them.
    pub shape: Vec<usize>,
    /// Its value per sample, in its shape.
    pub formula: Formula,
    /// The item.
    pub span: Span,
}

/// Every `modulator`.
pub(super) fn declare(draft: &mut Draft<'_>) {
    let items: Vec<_> = draft.items().collect();
    for item in items {
        let ItemKind::Modulator(tree) = &item.kind else { continue };
        let made = modulator(draft, tree, item.span);
        draft.modulators.push(made.ok());
    }
}

fn modulator(draft: &mut Draft<'_>, tree: &tree::Modulator, span: Span) -> Result<Modulator, Said> {
    let shape = match tree.target.axes.is_empty() {
        true => Some(Vec::new()),
        false => build::shape(draft, &tree.target),
    };
    let mut typer = Typer::new(draft, Place::Modulator);
    let root = typer.expr(&tree.value).and_then(|root| typer.number_from(root));
    let root = match (&shape, root) {
        (Some(shape), Ok(root)) => typer.fit(root, shape, &tree.target, "modulator"),
        (_, root) => root,
    };
    let (formula, said) = typer.finish(root);
    said.into_iter().for_each(|diagnostic| draft.say(diagnostic));
    Ok(Modulator { name: tree.target.name.text.clone(), shape: shape.ok_or(Said)?, formula: formula?, span })
}

/// The argument of a rule: a number that may be scheduled, or of modulators.
pub(super) fn argument(draft: &mut Draft<'_>, value: &Expr) -> Result<Formula, Said> {
    build::formula(draft, Place::Argument, value)
}

impl Typer<'_, '_> {
    /// A condition counts as 0 or 1, a class as its number.
    fn number_from(&mut self, root: usize) -> Typed {
        let (unit, span) = (self.nodes[root].unit, self.nodes[root].span);
        match self.nodes[root].ty.element {
            Element::Real => Ok(root),
            Element::Byte => Err(Said),
            _ => self.row("real", crate::tensor::Attributes::None, &[root], unit, span),
        }
    }

    /// A modulator, by name: for rules, the entry of the unit behind; for metrics and other modulators, the whole.
    pub(super) fn modulator(&mut self, id: usize, name: &Name) -> Typed {
        let span = self.span(name.span);
        match (self.place, self.draft.modulators.get(id)) {
            (_, Some(None)) => Err(Said),
            (Place::Argument, Some(Some(found))) => {
                let unit = found.formula.value().unit;
                self.leaf(Leaf::Modulator(ModulatorId(id)), scalar(Element::Real), unit, span)
            }
            (Place::Metric | Place::Modulator, Some(Some(found))) => {
                let formula = found.formula.clone();
                debug_assert_eq!(formula.value().ty, array(&found.shape));
                self.embed(&formula)
            }
            (Place::Metric | Place::Modulator, None) => Err(self.not_yet_defined(name, "modulator")),
            _ => {
                let said = self.misplaced(name, "a modulator");
                Err(self
                    .fail(said.help("rules take it as an argument, `by three_factor(dopamine)`; metrics may read it")))
            }
        }
    }
}

/// How many units behind read one entry of a modulator; none: the shapes do not go together.
///
/// Its shape is that of the region, or begins it (an entry for each group), or it is a list of as many as there are units.
pub fn units_per_entry(modulator: &[usize], region: &[usize]) -> Option<usize> {
    let units: usize = region.iter().product();
    let entries: usize = modulator.iter().product();
    match region.starts_with(modulator) || modulator == [units] {
        true => Some(units / entries),
        false => None,
    }
}

/// The modulators that a statement's rule reads.
fn read_by(learn: &Learn) -> Vec<ModulatorId> {
    let leaves = learn.rule_formulas().into_iter().flat_map(Formula::leaves);
    leaves.filter_map(|(leaf, _)| if let Leaf::Modulator(id) = leaf { Some(*id) } else { None }).collect()
}

/// Says that a statement of an unsupervised phase reads a label by way of a modulator.
pub(super) fn label_read(draft: &Draft<'_>, learn: &Learn, word: Span) -> Option<Diagnostic> {
    let modulators = read_by(learn).into_iter().filter_map(|id| draft.modulators.get(id.0)?.as_ref());
    let (modulator, at) =
        modulators.into_iter().find_map(|found| Some((found, label_behind(draft, &found.formula)?)))?;
    let message = format!("this phase is unsupervised, and its rule reads `{}`, which reads a label", modulator.name);
    let said = Diagnostic::new(Code::LABEL_UNSUPERVISED, message)
        .at(learn.span, format!("reads `{}`", modulator.name))
        .because(at, "a label is read here")
        .because(word, "the phase says that there is no teacher");
    Some(said.help("give the rule a modulator without labels, or leave out `unsupervised`"))
}

/// Refuses modulators whose shapes do not fit the regions in which a statement's paths end.
pub(super) fn fit_regions(draft: &mut Draft<'_>, learn: &Learn, by: Span) -> Result<(), Said> {
    for id in read_by(learn) {
        let Some(Some(modulator)) = draft.modulators.get(id.0) else { continue };
        for projection in &learn.projections {
            let target: RegionId = draft.projections[projection.0].target;
            let Some(shape) = &draft.regions[target.0].shape else { continue };
            if modulator.shape.is_empty() || units_per_entry(&modulator.shape, shape).is_some() {
                continue;
            }
            let (name, words) = (draft.region_name(target), describe(&array(shape)));
            let found = describe(&array(&modulator.shape));
            let message =
                format!("`{}` is {found}, and `{name}`, whose units would read it, is {words}", modulator.name);
            let said = Diagnostic::new(Code::MODULATOR_SHAPE, message)
                .at(by, format!("a rule for `{}`", draft.projections[projection.0].name))
                .because(modulator.span, format!("this is {found}"))
                .because(draft.regions[target.0].item.span, format!("`{name}` is {words}"))
                .help(
                    "a modulator is one number, or has the region's shape, or its first axes: an entry for each group",
                );
            draft.say(said);
            return Err(Said);
        }
    }
    Ok(())
}
