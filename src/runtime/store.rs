//! Memory by name: what programs share, and what a measurement has for itself.

use super::RunError;
use crate::credit::parameter_at;
use crate::loops::memory::{Storage, Values};
use crate::loops::{Precision, Program, Slot};
use crate::tensor::{Element, Name, Role};
use indexmap::IndexMap;

/// Slots with their memory, by name.
#[derive(Clone)]
pub(super) struct Store {
    pub(super) precision: Precision,
    slots: IndexMap<Name, (Slot, Storage)>,
    /// Room for what is lent; empty while nothing is.
    lent: Lent,
}

/// The memory that is lent, and where it belongs: whether to the other store, and its place there.
#[derive(Clone, Default)]
struct Lent {
    memory: Vec<Storage>,
    places: Vec<(bool, usize)>,
}

/// Parameters and states, with their places, to go back to.
pub(super) type Snapshot = Vec<(usize, Storage)>;

/// What is not finite.
pub(super) struct Bad {
    /// The first of it in words: a cost, or else a parameter or a state.
    pub(super) what: String,
    /// All such slots.
    pub(super) slots: Vec<Name>,
}

impl Store {
    pub(super) fn new(precision: Precision) -> Store {
        Store { precision, slots: IndexMap::new(), lent: Lent::default() }
    }

    /// Makes room for the slots of a program that are not there yet, and tells which are new.
    pub(super) fn admit(&mut self, program: &Program) -> Vec<Name> {
        let mut new = Vec::new();
        for slot in &program.slots {
            if !self.slots.contains_key(&slot.name) {
                let storage = Storage::for_slot(slot, self.precision);
                self.slots.insert(slot.name.clone(), (slot.clone(), storage));
                new.push(slot.name.clone());
            }
        }
        new
    }

    /// A copy of some of the slots.
    pub(super) fn part(&self, which: fn(&Slot) -> bool) -> Store {
        let slots = self.slots.iter().filter(|(_, (slot, _))| which(slot));
        let slots = slots.map(|(name, held)| (name.clone(), held.clone())).collect();
        Store { precision: self.precision, slots, lent: Lent::default() }
    }

    /// Takes over what another has of the same slots.
    pub(super) fn take_over(&mut self, other: Store) {
        for (name, held) in other.slots {
            if let Some(own) = self.slots.get_mut(&name) {
                *own = held;
            }
        }
    }

    /// A phase has ended: whatever is to be what a parameter was then becomes what it is now. What is lived again and again is
    /// named by its phase, without the number of the time.
    pub(super) fn remember(&mut self, phase: &str) -> Result<(), RunError> {
        let phase = phase.split('.').next();
        let of = |name: &Name| {
            parameter_at(name).filter(|(_, of)| Some(*of) == phase).map(|(parameter, _)| parameter.into())
        };
        let wanted: Vec<(Name, Name)> = self.slots.keys().filter_map(|name| Some((name.clone(), of(name)?))).collect();
        for (name, parameter) in wanted {
            if let Some(now) = self.read(&parameter) {
                self.put(&name, &now)?;
            }
        }
        Ok(())
    }

    pub(super) fn slot(&self, name: &str) -> Option<&Slot> {
        self.slots.get(name).map(|(slot, _)| slot)
    }

    /// Every slot, in the order in which it came.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Slot, &Storage)> {
        self.slots.values().map(|(slot, storage)| (slot, storage))
    }

    /// The slots that a checkpoint holds.
    pub(super) fn kept(&self) -> impl Iterator<Item = (&Slot, &Storage)> {
        self.iter().filter(|(slot, _)| slot.role != Role::Input)
    }

    /// Writes the elements of a slot, rounded to what it holds.
    pub(super) fn fill(&mut self, name: &str, numbers: &[f64]) -> Result<(), RunError> {
        let Some((slot, storage)) = self.slots.get_mut(name) else { return Ok(()) };
        let values = match (slot.ty.element, self.precision) {
            (Element::Real, Precision::F32) => Values::F32(numbers.iter().map(|x| *x as f32).collect()),
            (Element::Real, Precision::F64) => Values::F64(numbers.to_vec()),
            (Element::Int | Element::Class(_), _) => Values::Int(numbers.iter().map(|x| *x as i32).collect()),
            (Element::Bool | Element::Byte, _) => Values::Byte(numbers.iter().map(|x| *x as u8).collect()),
        };
        write(slot, storage, &values)
    }

    /// Writes the elements of a slot.
    pub(super) fn put(&mut self, name: &str, values: &Values) -> Result<(), RunError> {
        match self.slots.get_mut(name) {
            Some((slot, storage)) => write(slot, storage, values),
            None => Ok(()),
        }
    }

    /// Writes a single number, where there is such a slot.
    pub(super) fn set(&mut self, name: &str, value: f64) {
        if let Some((_, storage)) = self.slots.get_mut(name) {
            storage.set(0, value);
        }
    }

    /// The elements of a slot.
    pub(super) fn read(&self, name: &str) -> Option<Values> {
        self.slots.get(name).map(|(slot, storage)| storage.read_logical(slot))
    }

    /// A single number.
    pub(super) fn get(&self, name: &str) -> Option<f64> {
        self.slots.get(name).map(|(_, storage)| storage.get(0))
    }

    /// Writes the first entries of a slot of whole numbers.
    pub(super) fn set_order(&mut self, rows: &[u32]) {
        if let Some((_, Storage::Int(cells))) = self.slots.get_mut("order") {
            cells.iter_mut().zip(rows).for_each(|(cell, row)| *cell = *row as i32);
        }
    }

    /// Lends the memory of a program's slots: of `own` where it has them, else of `self`.
    pub(super) fn lend<R>(
        &mut self,
        mut own: Option<&mut Store>,
        program: &Program,
        call: impl FnOnce(&mut [Storage]) -> R,
    ) -> R {
        let mut lent = std::mem::take(&mut self.lent);
        for slot in &program.slots {
            let from_own = own.as_ref().is_some_and(|own| own.slots.contains_key(&slot.name));
            let store = match &mut own {
                Some(own) if from_own => &mut **own,
                _ => &mut *self,
            };
            let Some(place) = store.slots.get_index_of(&slot.name) else {
                crate::bug!("no memory for `{}`", slot.name)
            };
            let empty = Storage::zeros(crate::loops::Cell::Byte, Precision::F32, 0);
            lent.memory.push(std::mem::replace(&mut store.slots[place].1, empty));
            lent.places.push((from_own, place));
        }
        let result = call(&mut lent.memory);
        for (storage, (from_own, place)) in lent.memory.drain(..).zip(lent.places.drain(..)) {
            match &mut own {
                Some(own) if from_own => own.slots[place].1 = storage,
                _ => self.slots[place].1 = storage,
            }
        }
        self.lent = lent;
        result
    }

    /// Takes down the parameters and states, to go back to; what was taken down before makes room for it.
    pub(super) fn take_down(&self, snapshot: &mut Snapshot) {
        let kept = self.slots.values().enumerate().filter(|(_, (slot, _))| slot.role != Role::Input);
        let mut number = 0;
        for (place, (_, storage)) in kept {
            match snapshot.get_mut(number) {
                Some((old, copy)) => {
                    *old = place;
                    copy.copy_from(storage);
                }
                None => snapshot.push((place, storage.clone())),
            }
            number += 1;
        }
        snapshot.truncate(number);
    }

    /// Goes back to a snapshot.
    pub(super) fn restore(&mut self, snapshot: &Snapshot) {
        for (place, storage) in snapshot {
            self.slots[*place].1.copy_from(storage);
        }
    }

    /// Whether the costs' sums, the parameters and the states are finite, and which are not.
    pub(super) fn not_finite(&self) -> Option<Bad> {
        let bad = |storage: &Storage| match storage {
            Storage::F32(cells) => cells.iter().any(|x| !x.is_finite()),
            Storage::F64(cells) => cells.iter().any(|x| !x.is_finite()),
            _ => false,
        };
        let found: Vec<&Slot> = self
            .kept()
            .filter(|(slot, _)| !slot.name.starts_with("metric."))
            .filter(|(_, storage)| bad(storage))
            .map(|(slot, _)| slot)
            .collect();
        let cost =
            found.iter().find_map(|slot| slot.name.strip_prefix("cost.").and_then(|rest| rest.strip_suffix(".sum")));
        let cost = cost.map(|name| format!("the cost `{name}`"));
        let what = cost.or_else(|| found.first().map(|slot| format!("`{}`", slot.name)))?;
        Some(Bad { what, slots: found.iter().map(|slot| slot.name.clone()).collect() })
    }
}

fn write(slot: &Slot, storage: &mut Storage, values: &Values) -> Result<(), RunError> {
    storage
        .write_logical(slot, values)
        .map_err(|mismatch| RunError::Changed(format!("`{}`: {mismatch}", slot.name)))?;
    match storage.stray_class(slot) {
        Some((place, value)) => {
            Err(RunError::Changed(format!("`{}` holds {value} at {place}, which is no class of it", slot.name)))
        }
        None => Ok(()),
    }
}
