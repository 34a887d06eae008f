//! To text, a node a line; `parse` reads it back.

use super::{Contraction, Element, Extent, Type};
use std::fmt;

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Element::Real => f.write_str("real"),
            Element::Int => f.write_str("int"),
            Element::Class(k) => write!(f, "class<{k}>"),
            Element::Bool => f.write_str("bool"),
            Element::Byte => f.write_str("byte"),
        }
    }
}

impl fmt::Display for Extent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Extent::Const(n) => write!(f, "{n}"),
            Extent::Count(count) => write!(f, "{}<{}", count.name, count.bound),
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[", self.element)?;
        for (i, extent) in self.shape.iter().enumerate() {
            write!(f, "{}{extent}", if i == 0 { "" } else { ", " })?;
        }
        f.write_str("]")
    }
}

impl fmt::Display for Contraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |part: &[u8]| part.iter().map(|index| Contraction::letter(*index)).collect::<String>();
        write!(f, "{},{}->{}", word(&self.left), word(&self.right), word(&self.out))
    }
}
