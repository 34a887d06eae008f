//! Fields of data: `world.image`, and in data from other data `other.image`.

use super::{Local, Said, Typed, Typer, Unit, scalar};
use crate::diag::{Code, Diagnostic, Span};
use crate::model::draft::Meaning;
use crate::model::typing::Place;
use crate::model::{DataId, Leaf};
use crate::syntax::tree::{Expr, ExprKind, Name};
use crate::tensor::Element;
use std::sync::Arc;

impl Typer<'_, '_> {
    pub(super) fn field(&mut self, value: &Expr, field: &Name, span: Span) -> Typed {
        let ExprKind::Name(owner) = &value.kind else {
            return self.later(span, "a field of an expression", "");
        };
        if let (Some(from), "other") = (self.from, owner.as_str()) {
            return self.read(from, field, span, |name| Leaf::Other(from, name));
        }
        match self.locals.iter().rev().find(|(text, _)| *text == owner.text) {
            Some((_, Local::Pass(pass))) => {
                let leaf = match field.as_str() {
                    "pre" => Leaf::PreIn(*pass),
                    "post" => Leaf::PostIn(*pass),
                    _ => return Err(self.only_sides(owner)),
                };
                return self.leaf(leaf, scalar(Element::Real), Unit::One, span);
            }
            Some((_, Local::Broken)) => return Err(Said),
            _ => {}
        }
        match self.draft.names.get(owner.as_str()).map(|declared| declared.meaning) {
            None => Err(self.unknown(owner, "dataset")),
            Some(Meaning::Data(id)) => self.data_field(DataId(id), field, span),
            Some(Meaning::Broken) => Err(Said),
            Some(Meaning::Region(_)) => self.later(span, "a compartment of a region", ""),
            Some(meaning) => {
                let message = format!("`{owner}` is {}, and has no field `{field}`", meaning.words());
                Err(self.fail(
                    Diagnostic::new(Code::WRONG_KIND, message)
                        .at(span, "only datasets have fields")
                        .help("write the name of a dataset before the point: `world.image`"),
                ))
            }
        }
    }

    /// A pass is read by the activity on both sides of a synapse.
    pub(super) fn only_sides(&mut self, pass: &Name) -> Said {
        let said = Diagnostic::new(Code::WRONG_KIND, format!("`{pass}` is a pass, and is read at a synapse"))
            .at(self.span(pass.span), "before it or behind it?")
            .help(format!("`{pass}.pre`, `{pass}.post`"));
        self.fail(said)
    }

    /// A field of a dataset.
    pub(super) fn data_field(&mut self, id: DataId, field: &Name, span: Span) -> Typed {
        let allowed = match self.place {
            place if place.within_a_trial() => true,
            Place::Filter(own) => own == id,
            Place::Generated(..) => self.from == Some(id),
            _ => false,
        };
        if !allowed {
            let message = format!("a field of data has no value in {}", self.place.words());
            return Err(self.fail(Diagnostic::new(Code::MISPLACED_WORD, message).at(span, "a value per sample").help(
                "fields can be read in regions, costs, metrics, in a `where` of the same data, and in `data … from` it",
            )));
        }
        self.read(id, field, span, |name| Leaf::Field(id, name))
    }

    /// A leaf for a field that is there.
    fn read(&mut self, id: DataId, field: &Name, span: Span, leaf: impl Fn(Arc<str>) -> Leaf) -> Typed {
        let Some(Some(data)) = self.draft.data.get(id.0) else { return Err(Said) };
        let Some(position) = data.signature.position(field.as_str()) else {
            let said = data.signature.unknown_field(&data.name, field.as_str(), self.span(field.span), data.span);
            return Err(self.fail(said));
        };
        let ty = crate::model::field_type(&data.signature.fields[position].ty);
        self.leaf(leaf(Arc::from(field.as_str())), ty, Unit::One, span)
    }
}
