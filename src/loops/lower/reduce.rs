//! Reductions, and all else that is a fold at each index of an array. What is folded is computed in the fold.

use super::Lowering;
use super::block::Scope;
use super::layout::WORTH_LANES;
use super::nest::{self, Look, SIDE_BY_SIDE, Step};
use super::view::View;
use super::writer::{Folded, Writer};
use crate::bug;
use crate::diag::Span;
use crate::loops::{FoldKind, Index, Order, Reg, Scalar, Stmt, Var};
use crate::math::Function;
use crate::tensor::{Attributes, Extent, Name, Node, Op};

/// A fold at each index of an array.
pub struct Fold<'f> {
    /// What it is called.
    pub name: Name,
    /// Its place in the spec.
    pub span: Option<Span>,
    /// Where the results go.
    pub out: View,
    /// The axes of the result.
    pub kept: Vec<Extent>,
    /// The axes that are folded.
    pub folded: Vec<Extent>,
    /// What is folded, at an index of the result and one of the folded axes.
    pub body: &'f Body<'f>,
}

/// Writes what is folded.
pub type Body<'f> = dyn Fn(&mut Writer, &[Index], &[Index]) -> Folded + 'f;

/// Writes a reduction.
pub fn lower(lowering: &mut Lowering, scope: &Scope, node: &Node, fold: FoldKind) -> Vec<Stmt> {
    of_node(scope, node, fold, |fold| fold.lower(lowering, scope))
}

/// Whether a reduction reads the memory that it replaces only where it writes.
pub fn in_place(lowering: &mut Lowering, scope: &Scope, node: &Node) -> bool {
    of_node(scope, node, FoldKind::Max, |fold| fold.look(lowering, scope).keeps_to_itself())
}

fn of_node<T>(scope: &Scope, node: &Node, fold: FoldKind, with: impl FnOnce(&Fold) -> T) -> T {
    let Op::Row(_, Attributes::Axes(axes)) = &node.op else { bug!("a reduction without axes") };
    let operand = node.inputs[0];
    let shape = &scope.graph.ty(operand).shape;
    let kept: Vec<usize> = (0..shape.len()).filter(|axis| !axes.contains(axis)).collect();
    let body = |writer: &mut Writer, at: &[Index], folded: &[Index]| {
        let mut index = vec![Index::at(0); shape.len()];
        for (axis, place) in kept.iter().zip(at).chain(axes.iter().zip(folded)) {
            index[*axis] = place.clone();
        }
        match scope.sole_product(operand).filter(|_| fold == FoldKind::Sum) {
            Some([a, b]) => {
                let a = writer.element(a, &index);
                Folded::Dot(a, writer.element(b, &index))
            }
            None => Folded::Of(fold, writer.element(operand, &index)),
        }
    };
    let extents = |axes: &[usize]| axes.iter().map(|axis| shape[*axis].clone()).collect();
    with(&Fold {
        name: scope.name(node.outputs[0]),
        span: node.span,
        out: scope.view(node.outputs[0]).clone(),
        kept: extents(&kept),
        folded: extents(axes),
        body: &body,
    })
}

/// The loops of a fold.
struct Shape {
    /// Over the result.
    kept: Vec<(Step, Var)>,
    /// Over what is folded.
    folded: Vec<(Step, Var)>,
    /// Outputs side by side, instead of running sums.
    across: bool,
}

impl Fold<'_> {
    fn look(&self, lowering: &mut Lowering, scope: &Scope) -> Look {
        let extents: Vec<Extent> = self.kept.iter().chain(&self.folded).cloned().collect();
        nest::look(lowering, scope, &extents, &mut |writer, at| {
            let (at, folded) = at.split_at(self.kept.len());
            let value = match (self.body)(writer, at, folded) {
                Folded::Of(_, reg) => reg,
                Folded::Dot(a, b) => writer.operation(Scalar::Apply(Function::Multiply), &[a, b], None),
            };
            writer.store(&self.out, at, value);
        })
    }

    /// Writes the nest.
    pub fn lower(&self, lowering: &mut Lowering, scope: &Scope) -> Vec<Stmt> {
        let look = self.look(lowering, scope);
        let shape = self.shape(&look);
        let mut writer = Writer::new(lowering, scope);
        let open = nest::open(&mut writer, &shape.kept, shape.across);
        let at = nest::position(self.kept.len(), &open);
        let value = self.folds(&mut writer, &at, &shape);
        writer.store(&self.out, &at, value);
        open.iter().for_each(|_| writer.close());
        let (body, _) = writer.finish();
        vec![Stmt::Nest { name: self.name.clone(), span: self.span, split: None, body }]
    }

    fn folds(&self, writer: &mut Writer, at: &[Index], shape: &Shape) -> Reg {
        let open: Vec<(Step, Var)> =
            shape.folded.iter().map(|(step, _)| (*step, writer.open(step.trip, Order::Serial))).collect();
        let mut folded = (self.body)(writer, at, &nest::position(self.folded.len(), &open));
        for (number, (step, _)) in open.iter().enumerate().rev() {
            let innermost = number + 1 == open.len();
            let lanes = innermost && !shape.across && step.trip.bound() >= WORTH_LANES;
            let kind = match folded {
                Folded::Of(kind, _) => kind,
                Folded::Dot(..) => FoldKind::Sum,
            };
            folded = Folded::Of(kind, writer.close_fold(lanes, folded));
        }
        match folded {
            Folded::Of(_, reg) => reg,
            Folded::Dot(a, b) => writer.operation(Scalar::Apply(Function::Multiply), &[a, b], None),
        }
    }

    fn shape(&self, look: &Look) -> Shape {
        let rank = self.kept.len();
        let (mut kept, mut folded): (Vec<_>, Vec<_>) =
            look.steps.iter().copied().partition(|(step, _)| step.axis < rank);
        kept.sort_by_key(|(step, _)| std::cmp::Reverse(self.out.strides[step.axis] * step.factor));
        folded.sort_by_key(|(_, var)| std::cmp::Reverse(look.stride(*var)));
        let kept = look.merged(&kept);
        let mut folded = look.merged(&folded);
        for (step, _) in &mut folded {
            step.axis -= rank;
        }
        let best = (0..folded.len()).rev().min_by_key(|number| look.jumps(folded[*number].1));
        if let Some(best) = best {
            let fastest = folded.remove(best);
            folded.push(fastest);
        }
        let across = match (kept.last(), folded.last()) {
            (Some((o, o_var)), Some((f, f_var))) => {
                let (outputs, sums) = (look.jumps(*o_var), look.jumps(*f_var));
                let (o, f) = (o.trip.bound(), f.trip.bound());
                o >= SIDE_BY_SIDE && (outputs < sums || f < WORTH_LANES || (outputs == sums && o >= f))
            }
            (Some(_), None) => true,
            _ => false,
        };
        Shape { kept, folded, across }
    }
}
