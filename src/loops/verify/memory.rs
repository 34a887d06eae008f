//! Slots, buffers and where they lie.

use super::{MOST, Report};
use crate::loops::memory::ALIGNMENT;
use crate::loops::{Buffer, Cell, Place, Program, Slot, live};
use crate::tensor::Extent;

/// Checks a whole program.
pub(super) fn check(program: &Program, report: &mut Report) {
    for (number, slot) in program.slots.iter().enumerate() {
        report.within(format!("slot {:?}", slot.name), |report| {
            layout(slot, report);
            if program.slots[..number].iter().any(|other| other.name == slot.name) {
                report.say("another slot has this name");
            }
            one_buffer(program, number, slot, report);
        });
    }
    for (number, buffer) in program.buffers.iter().enumerate() {
        report.within(format!("buffer b{number} {:?}", buffer.name), |report| {
            size(program, buffer, report);
            inside_room(program, buffer, report);
        });
    }
    scratch_in_use(program, report);
}

/// An array's elements lie apart from one another, inside the slot.
fn layout(slot: &Slot, report: &mut Report) {
    if slot.ty.shape.iter().any(|extent| matches!(extent, Extent::Count(_))) {
        report.say("the extents of a slot are constants");
    }
    if slot.strides.len() != slot.ty.shape.len() {
        report.say(format!("{} axes, but {} strides", slot.ty.shape.len(), slot.strides.len()));
        return;
    }
    if slot.ty.shape.iter().any(|extent| extent.bound() == 0) {
        return;
    }
    let mut axes: Vec<_> = slot.strides.iter().copied().zip(slot.ty.shape.iter().map(|e| e.bound() - 1)).collect();
    axes.retain(|(_, steps)| *steps > 0);
    axes.sort_unstable();
    let mut largest = Some(0_usize);
    for (stride, steps) in axes {
        if largest.is_some_and(|largest| stride <= largest) {
            report.say(format!("with the stride {stride} two elements would lie in one cell"));
        }
        largest = largest.and_then(|sum| stride.checked_mul(steps).and_then(|more| sum.checked_add(more)));
    }
    if largest.is_none_or(|largest| largest >= slot.len) {
        report.say(format!("its elements do not fit into {} cells", slot.len));
    }
}

/// Its memory is known under one name, as what it is.
fn one_buffer(program: &Program, number: usize, slot: &Slot, report: &mut Report) {
    let mut buffers = program.buffers.iter().filter(|buffer| buffer.place == Place::Slot(number));
    match (buffers.next(), buffers.next()) {
        (None, _) => report.say("no buffer is its memory"),
        (Some(_), Some(_)) => report.say("two buffers are its memory"),
        (Some(buffer), None) if buffer.cell != slot.cell() || buffer.len != slot.len => {
            report.say(format!("its buffer {:?} holds something else", buffer.name));
        }
        _ => {}
    }
}

fn size(program: &Program, buffer: &Buffer, report: &mut Report) {
    if buffer.bytes(program.precision) > isize::MAX as usize {
        report.say(format!("{} cells are more than memory can hold", buffer.len));
    }
    if let Cell::Int(Some(k)) = buffer.cell
        && (k == 0 || k > MOST)
    {
        report.say(format!("0..{k} is no range of ints"));
    }
}

fn inside_room(program: &Program, buffer: &Buffer, report: &mut Report) {
    let (start, room, what) = match buffer.place {
        Place::Slot(_) => return,
        Place::Scratch(start) => (start, program.scratch, "scratch memory"),
        Place::Own(start) => (start, program.own, "a piece's own memory"),
    };
    if start % ALIGNMENT != 0 {
        report.say(format!("byte {start} is no multiple of {ALIGNMENT}"));
    }
    if start.checked_add(buffer.bytes(program.precision)).is_none_or(|end| end > room) {
        report.say(format!("it reaches past the {room} bytes of {what}"));
    }
}

/// Scratch memory is written before it is read, and nobody else writes to it meanwhile.
fn scratch_in_use(program: &Program, report: &mut Report) {
    let ranges = live::ranges(&program.body, program.buffers.len());
    let mut placed = Vec::new();
    for (number, buffer) in program.buffers.iter().enumerate() {
        let (Place::Scratch(start), Some(range)) = (buffer.place, ranges[number]) else { continue };
        if range.reads_first {
            report.within(format!("buffer b{number} {:?}", buffer.name), |report| {
                report.say("it is read before it is written, and scratch memory holds nothing then");
            });
        }
        placed.push((start, start.saturating_add(buffer.bytes(program.precision)), number, range));
    }
    placed.sort_unstable_by_key(|(start, _, number, _)| (*start, *number));
    for (at, (_, end, number, range)) in placed.iter().enumerate() {
        let overlapping = placed[at + 1..].iter().take_while(|(start, ..)| start < end);
        for (_, _, other, _) in overlapping.filter(|(start, end, _, other)| start < end && range.meets(other)) {
            report.within(format!("buffer b{number} {:?}", program.buffers[*number].name), |report| {
                report.say(format!("it overlaps b{other} {:?} while both are in use", program.buffers[*other].name));
            });
        }
    }
}
