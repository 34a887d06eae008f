//! Puts what it is composed of in the place of every composite operation. Credit has its derivative from the row itself,
//! so this comes after credit.

use crate::tensor::rewrite::{Found, Rewriter, rewrite};
use crate::tensor::{Kind, Value};

/// The pass.
pub static PASS: super::Pass = super::Pass {
    name: "expand_composites",
    about: "writes composite operations with those that they are composed of",
    run: |program| rewrite(program, &[expand]),
};

fn expand(rewriter: &mut Rewriter, found: &Found) -> Option<Value> {
    match found.row.kind {
        Kind::Composite(compose) => Some(compose(&mut rewriter.builder, &found.inputs, &found.attributes)),
        _ => None,
    }
}
