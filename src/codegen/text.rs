//! Cranelift's IR as text, with the names of the spec.

use super::units::{Unit, Units};
use cranelift::codegen::entity::SecondaryMap;
use cranelift::codegen::ir::{Block, Function, Inst, Value};
use cranelift::codegen::write::{FuncWriter, PlainWriter, decorate_function};
use std::collections::BTreeMap;
use std::fmt::{self, Write};

/// All functions.
pub(super) fn print(units: &Units) -> String {
    let mut out = String::new();
    for (number, unit) in units.list.iter().enumerate() {
        out += &title(number, &unit.names);
        function(&mut out, unit);
        out.push('\n');
    }
    out
}

/// What stands above a function.
pub(super) fn title(number: usize, names: &[String]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    format!("; f{number}: {}\n", names.join(", "))
}

fn function(out: &mut String, unit: &Unit) {
    let mut writer = Commented { comments: &unit.comments };
    if decorate_function(&mut writer, out, &unit.function).is_err() {
        crate::bug!("a string cannot be written to");
    }
}

/// Puts comments before instructions.
struct Commented<'a> {
    comments: &'a BTreeMap<Inst, String>,
}

impl FuncWriter for Commented<'_> {
    fn write_block_header(&mut self, w: &mut dyn Write, func: &Function, block: Block, indent: usize) -> fmt::Result {
        PlainWriter.write_block_header(w, func, block, indent)
    }

    fn write_instruction(
        &mut self,
        w: &mut dyn Write,
        func: &Function,
        aliases: &SecondaryMap<Value, Vec<Value>>,
        inst: Inst,
        indent: usize,
    ) -> fmt::Result {
        if let Some(comment) = self.comments.get(&inst) {
            writeln!(w, "{:indent$}; {comment}", "")?;
        }
        PlainWriter.write_instruction(w, func, aliases, inst, indent)
    }
}
