//! A program: a graph whose parameters are slots.

use super::Builder;
use crate::bug;
use crate::tensor::{Extent, Name, Program, Role, Slot, Type, Value};
use std::ops::{Deref, DerefMut};

/// Writes a program; it is a [`Builder`] of its graph besides.
#[derive(Debug, Clone)]
pub struct ProgramBuilder {
    name: Name,
    builder: Builder,
    slots: Vec<Slot>,
    writes: Vec<(usize, Value)>,
}

impl ProgramBuilder {
    /// A program without slots.
    pub fn new(name: impl Into<Name>) -> ProgramBuilder {
        ProgramBuilder { name: name.into(), builder: Builder::new(), slots: Vec::new(), writes: Vec::new() }
    }

    /// The value of a slot when the step begins. A name that is asked for again gives the same slot.
    pub fn slot(&mut self, name: impl Into<Name>, ty: Type, role: Role) -> Value {
        let name: Name = name.into();
        if let Some(number) = self.slot_number(&name) {
            if self.slots[number].ty != ty || self.slots[number].role != role {
                bug!("slot {name} is asked for as {ty} {role:?} and as {:?}", self.slots[number]);
            }
            return self.builder.frames[0].graph.params[number];
        }
        if ty.shape.iter().any(|extent| matches!(extent, Extent::Count(_))) {
            bug!("slot {name} has an extent that is not constant: {ty}");
        }
        if self.builder.frames.len() > 1 {
            bug!("slot {name} is first asked for in a body");
        }
        let value = self.builder.param(ty.clone(), Some(name.clone()));
        self.slots.push(Slot { name, ty, role });
        value
    }

    /// The slots so far.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// The number of the slot of that name.
    pub fn slot_number(&self, name: &str) -> Option<usize> {
        self.slots.iter().position(|slot| *slot.name == *name)
    }

    /// The slot of that name holds this value when the step has ended.
    pub fn write(&mut self, slot: &str, value: Value) {
        let Some(number) = self.slot_number(slot) else { bug!("slot {slot} is written, but there is none") };
        let (found, wanted) = (self.builder.ty(value), &self.slots[number].ty);
        if !found.fits(wanted) {
            bug!("slot {slot} is {wanted}; {found} is written");
        }
        if self.writes.iter().any(|(written, _)| *written == number) {
            bug!("slot {slot} is written twice");
        }
        self.writes.push((number, value));
    }

    /// What a slot is to hold, if it is written.
    pub fn written(&self, slot: &str) -> Option<Value> {
        let number = self.slot_number(slot)?;
        self.writes.iter().find(|(written, _)| *written == number).map(|(_, value)| *value)
    }

    /// The finished program.
    pub fn finish(self) -> Program {
        let (writes, results): (Vec<usize>, Vec<Value>) = self.writes.into_iter().unzip();
        Program { name: self.name, slots: self.slots, graph: self.builder.finish(&results), writes }
    }
}

impl Deref for ProgramBuilder {
    type Target = Builder;

    fn deref(&self) -> &Builder {
        &self.builder
    }
}

impl DerefMut for ProgramBuilder {
    fn deref_mut(&mut self) -> &mut Builder {
        &mut self.builder
    }
}
