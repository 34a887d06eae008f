//! `(A -> B)`: the weights of a projection, and `(A -> B) at PHASE`: what they were when that phase ended.

use super::{Place, Said, Typed, Typer, array};
use crate::diag::{Code, Diagnostic, Span};
use crate::model::build::arc;
use crate::model::draft::{Meaning, nearest};
use crate::model::{Leaf, Unit};
use crate::syntax::tree::{self, Expr, ExprKind, Path, When, WhenKind};

impl Typer<'_, '_> {
    /// What something was at a moment: weights when a phase ended.
    pub(super) fn at_moment(&mut self, value: &Expr, when: &When, span: Span) -> Typed {
        let ExprKind::Path(path) = &value.kind else {
            return self.later(span, "`at` behind anything but weights, inside an expression", "(A -> B) at school");
        };
        let WhenKind::Name(name) = &when.kind else {
            return self.later(when.span, "another moment than the end of a phase here", "(A -> B) at school");
        };
        let phases = self.phases();
        if !phases.contains(&name.as_str()) {
            let message = format!("there is no phase `{}`", name.as_str());
            let said = Diagnostic::new(Code::UNKNOWN_NAME, message).at(name.span, "weights are kept when a phase ends");
            let said = match (nearest(name.as_str(), phases.iter().copied()), &phases[..]) {
                (Some(near), _) => said.help(format!("did you mean `{near}`?")),
                (None, []) => said.help("development { phase school for 10 epochs { … } }"),
                (None, known) => said.help(format!("there are: {}", known.join(", "))),
            };
            return Err(self.fail(said));
        }
        self.weights(path, Some(name))
    }

    /// The names of all phases of the text.
    fn phases(&self) -> Vec<&str> {
        let phases = self.draft.names.iter().filter(|(_, declared)| matches!(declared.meaning, Meaning::Phase));
        phases.map(|(name, _)| &**name).collect()
    }

    /// The weights of a projection, as `[post, pre]`: as they are, or as they were when a phase ended.
    pub(super) fn weights(&mut self, path: &Path, at: Option<&tree::Name>) -> Typed {
        let span = self.span(path.span);
        if !matches!(self.place, Place::Cost | Place::Metric | Place::Modulator) {
            let message = format!("weights have no value in {}", self.place.words());
            return Err(self.fail(
                Diagnostic::new(Code::MISPLACED_WORD, message)
                    .at(span, "the weights of a projection")
                    .help("costs and metrics can read weights: `l2(A -> B)`"),
            ));
        }
        match self.draft.projections_on(path) {
            Ok(found) => match found[..] {
                [id] => {
                    let projection = &self.draft.projections[id.0];
                    if !projection.has_weights() {
                        return Err(self.fail(
                            Diagnostic::new(Code::WRONG_KIND, format!("`{}` has no weights", projection.name))
                                .at(span, "the weights of a projection")
                                .because(projection.span, "it brings activity as it is, or pooled")
                                .help("name a projection that has weights"),
                        ));
                    }
                    let sizes = self.draft.weight_shape(projection);
                    if let Some(said) = crate::model::pattern::too_wide(projection, &sizes, span) {
                        return Err(self.fail(said));
                    }
                    let leaf = match at {
                        Some(phase) => Leaf::WeightAt(id, arc(phase.as_str())),
                        None => Leaf::Weight(id),
                    };
                    self.leaf(leaf, array(&sizes), Unit::One, span)
                }
                _ => Err(self.fail(
                    Diagnostic::new(Code::NO_SUCH_PATH, "a path of several projections has no weight matrix")
                        .at(span, "more than one projection")
                        .help("name one projection: `l2(A -> B)`"),
                )),
            },
            Err(Some(said)) => Err(self.fail(said)),
            Err(None) => Err(Said),
        }
    }
}
