//! Whose a node is: what can be said of it beside its place in the spec, when one of its values is no number any more.

use super::{Name, Node, Op, op};
use crate::diag::Span;
use std::sync::Arc;

/// A part of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What a region does.
    Activity,
    /// A cost.
    Cost,
    /// A metric.
    Metric,
    /// What is broadcast to rules.
    Modulator,
    /// What comes back from a cost, before anything is changed by it.
    Credit,
    /// How a rule or an optimiser changes a parameter.
    Change,
}

/// Something in the spec to which nodes belong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whose {
    /// What kind of thing it is.
    pub part: Part,
    /// In words, such as "the cost `wrong` in `Choice`".
    pub words: Name,
    /// Its item or statement.
    pub span: Span,
}

/// Where a node comes from. It is no part of what the node does: nodes that differ in it alone are equal.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// To what it belongs.
    pub whose: Option<Arc<Whose>>,
    /// The operation whose derivative it is a part of.
    pub derivative: Option<Name>,
}

impl PartialEq for Origin {
    fn eq(&self, _: &Origin) -> bool {
        true
    }
}

impl Node {
    /// What it is called: the projection whose product it is, or its operation.
    pub fn title(&self) -> Name {
        match &self.op {
            Op::Bind(count) => count.name.clone(),
            op => self.product.clone().unwrap_or_else(|| op.name().into()),
        }
    }
}

/// What an operation did, to what, and what came of it.
pub fn deed(title: &str, operands: &[String], value: &str) -> String {
    let sign = match title {
        "add" => "+",
        "subtract" => "-",
        "multiply" => "*",
        "divide" => "/",
        "constant" => return format!("a number that is written here is {value}"),
        _ => "",
    };
    match operands {
        [a, b] if !sign.is_empty() => format!("{a} {sign} {b} is {value}"),
        [] => format!("{} gives {value}", operation(title)),
        operands => format!("`{title}` of {} is {value}", operands.join(" and ")),
    }
}

/// An operation as the language writes it.
pub fn operation(title: &str) -> String {
    match title {
        "add" => "`+`".to_string(),
        "subtract" | "negate" => "`-`".to_string(),
        "multiply" => "`*`".to_string(),
        "divide" => "`/`".to_string(),
        "contract" => "a product".to_string(),
        "loop" => "the time steps".to_string(),
        title if op::find(title).is_some() => format!("`{title}`"),
        title => format!("the product of `{title}`"),
    }
}
