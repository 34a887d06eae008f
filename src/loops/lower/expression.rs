//! One element of a value at an index, computed or loaded: how maps, and all that only moves elements about, become a
//! part of the nest that asks for them.

use super::overlap;
use super::reshape;
use super::view::Home;
use super::writer::Writer;
use crate::bug;
use crate::loops::{Constant, Index, Reg, Scalar};
use crate::math::Function;
use crate::tensor::{Attributes, Contraction, Element, Kind, Node, Op, Value};

impl Writer<'_> {
    /// An element, from where the value lies or else computed here.
    pub fn element(&mut self, value: Value, at: &[Index]) -> Reg {
        if let Some(reg) = self.known(value, at) {
            return reg;
        }
        let reg = match self.scope.home(value) {
            Some(Home::View(view)) => {
                let (buffer, index) = (view.buffer, view.at(at));
                self.load(buffer, index)
            }
            Some(Home::Var(var)) => self.int(&Index::at(0).var(*var, 1)),
            Some(Home::Constant(constant)) => self.constant(*constant),
            None => self.computed(value, at),
        };
        self.remember(value, at, reg);
        reg
    }

    /// An element as its node computes it.
    pub fn computed(&mut self, value: Value, at: &[Index]) -> Reg {
        let node = self.scope.node(value);
        let around = self.lowering.coming_from(node);
        let reg = self.of_node(node, at);
        self.lowering.origin = around;
        reg
    }

    fn of_node(&mut self, node: &Node, at: &[Index]) -> Reg {
        match &node.op {
            Op::Bind(count) => {
                let whole = self.element(node.inputs[0], at);
                self.operation(Scalar::Clamp, &[whole], Some(count.bound + 1))
            }
            Op::Row(row, attributes) => match row.kind {
                Kind::Map(op) => self.map(node, op, attributes, at),
                Kind::Constant => self.constant(constant(attributes)),
                Kind::Iota => self.int(&at[0]),
                Kind::Contract => self.outer_product(node, attributes, at),
                _ => match self.moved(node, at) {
                    Some((inner, at)) => self.element(inner, &at),
                    None => bug!("`{}` is not computed element by element", row.name),
                },
            },
            _ => bug!("a loop or a branch is not computed element by element"),
        }
    }

    fn map(&mut self, node: &Node, op: Scalar, attributes: &Attributes, at: &[Index]) -> Reg {
        if let Some(reg) = self.fused(node, op, at) {
            return reg;
        }
        let args: Vec<Reg> = node.inputs.iter().map(|input| self.element(*input, at)).collect();
        if let (Scalar::Apply(Function::Divide), [a, b]) = (op, &args[..])
            && let Some(reg) = self.ratio(*a, *b)
        {
            return reg;
        }
        let below = match attributes {
            Attributes::Below(k) => Some(*k),
            _ => None,
        };
        self.operation(op, &args, below)
    }

    /// A sum or difference with a product that nobody else asks for, rounded once.
    fn fused(&mut self, node: &Node, op: Scalar, at: &[Index]) -> Option<Reg> {
        let factors = |value: Value| self.scope.sole_product(value);
        let (a, b) = (node.inputs.first()?, node.inputs.get(1)?);
        match op {
            Scalar::Apply(Function::Add) => {
                let (product, summand) = factors(*b).map(|f| (f, *a)).or_else(|| factors(*a).map(|f| (f, *b)))?;
                let summand = self.element(summand, at);
                let [x, y] = product.map(|factor| self.element(factor, at));
                Some(self.fma(x, y, summand))
            }
            Scalar::Apply(Function::Subtract) => {
                let product = factors(*b)?;
                let summand = self.element(*a, at);
                let [x, y] = product.map(|factor| self.element(factor, at));
                let x = self.operation(Scalar::Apply(Function::Negate), &[x], None);
                Some(self.fma(x, y, summand))
            }
            _ => None,
        }
    }

    /// A contraction that sums nothing.
    fn outer_product(&mut self, node: &Node, attributes: &Attributes, at: &[Index]) -> Reg {
        let Attributes::Contract(Contraction { left, right, out }) = attributes else {
            bug!("a contraction without indices")
        };
        let of = |part: &[u8]| {
            let place = |letter: &u8| out.iter().position(|other| other == letter);
            part.iter().map(|letter| place(letter).map_or(Index::at(0), |axis| at[axis].clone())).collect::<Vec<_>>()
        };
        let a = self.element(node.inputs[0], &of(left));
        let b = self.element(node.inputs[1], &of(right));
        self.operation(Scalar::Apply(Function::Multiply), &[a, b], None)
    }

    /// If the node only moves elements: which element of what is the one at `at`.
    pub fn moved(&mut self, node: &Node, at: &[Index]) -> Option<(Value, Vec<Index>)> {
        let Op::Row(row, attributes) = &node.op else { return None };
        let inner = node.inputs.first()?;
        let index = match (row.kind, attributes) {
            (Kind::Expand, Attributes::Expand { axes, .. }) => axes.iter().map(|axis| at[*axis].clone()).collect(),
            (Kind::Permute, Attributes::Axes(axes)) => {
                let mut index = vec![Index::at(0); axes.len()];
                for (new, old) in axes.iter().enumerate() {
                    index[*old] = at[new].clone();
                }
                index
            }
            (Kind::Reshape, Attributes::Shape(shape)) => {
                let inside = &self.scope.graph.ty(*inner).shape;
                reshape::index(self, inside, shape, at)
            }
            (Kind::Slice, Attributes::Part { axis, start, .. }) => {
                let mut index = at.to_vec();
                index[*axis].offset += start;
                index
            }
            (Kind::Windows, Attributes::Windows(windows)) => overlap::source(windows, at),
            (Kind::Gather, _) => {
                let rank = self.scope.graph.ty(node.inputs[1]).shape.len();
                let mut index = vec![self.class_index(node.inputs[1], &at[..rank])];
                index.extend_from_slice(&at[rank..]);
                index
            }
            _ => return None,
        };
        Some((*inner, index))
    }

    /// An element of a value of classes, as an index: without a register, if it is one already.
    pub fn class_index(&mut self, value: Value, at: &[Index]) -> Index {
        let scope = self.scope;
        match scope.home(value) {
            Some(Home::Var(var)) => return Index::at(0).var(*var, 1),
            Some(Home::Constant(Constant::Int(n))) if *n >= 0 => return Index::at(*n as usize),
            Some(_) => {}
            None => {
                let node = scope.node(value);
                if let Op::Row(row, _) = &node.op {
                    if matches!(row.kind, Kind::Iota) {
                        return at[0].clone();
                    }
                    if let Some((inner, at)) = self.moved(node, at)
                        && scope.graph.ty(inner).element == scope.graph.ty(value).element
                    {
                        return self.class_index(inner, &at);
                    }
                }
            }
        }
        let reg = self.element(value, at);
        match scope.graph.ty(value).element {
            Element::Class(k) => {
                let reg = self.clamped(reg, k);
                Index::at(0).reg(reg, 1)
            }
            other => bug!("{other:?} is no index"),
        }
    }
}

/// The constant of a node.
pub fn constant(attributes: &Attributes) -> Constant {
    match attributes {
        Attributes::Number(x) => Constant::Real(*x),
        Attributes::Integer(n) => Constant::Int(*n),
        Attributes::Truth(truth) => Constant::Bool(*truth),
        _ => bug!("a constant without a value"),
    }
}

/// About how much it costs to compute an element, in additions.
pub fn cost(op: Scalar) -> usize {
    use Function::{Cos, Divide, Exp, Log, Modulo, NormalQuantile, Pow, Sin, Sqrt, Tanh};
    match op {
        Scalar::Apply(Divide | Sqrt | Modulo) => 4,
        Scalar::Apply(Exp | Log | Tanh | Sin | Cos | Pow | NormalQuantile) | Scalar::Uniform => 16,
        Scalar::Quotient | Scalar::Remainder => 4,
        _ => 1,
    }
}
