//! Where scratch buffers lie: those that are never in use at the same time may share memory.

use crate::loops::memory::ALIGNMENT;
use crate::loops::walk::walk;
use crate::loops::{BufferId, Place, Program, Stmt, Trip, live};

/// Leaves out the buffers that nobody uses and places the others, large ones first, each where there is room first.
pub fn place(program: &mut Program) {
    drop_unused(program);
    let ranges = live::ranges(&program.body, program.buffers.len());
    let size = |number: usize| program.buffers[number].bytes(program.precision).next_multiple_of(ALIGNMENT);
    let mut order: Vec<usize> = (0..program.buffers.len())
        .filter(|number| matches!(program.buffers[*number].place, Place::Scratch(_)))
        .collect();
    order.sort_by_key(|number| (std::cmp::Reverse(size(*number)), *number));
    // Buffer, first byte, one past the last.
    let mut placed: Vec<(usize, usize, usize)> = Vec::new();
    for number in order {
        let meets = |other: usize| match (&ranges[number], &ranges[other]) {
            (Some(a), Some(b)) => a.meets(b),
            _ => false,
        };
        let mut taken: Vec<(usize, usize)> =
            placed.iter().filter(|(other, ..)| meets(*other)).map(|(_, start, end)| (*start, *end)).collect();
        taken.sort_unstable();
        let mut start = 0;
        for (from, to) in taken {
            if start + size(number) <= from {
                break;
            }
            start = start.max(to);
        }
        placed.push((number, start, start + size(number)));
    }
    program.scratch = placed.iter().map(|(.., end)| *end).max().unwrap_or(0);
    for (number, start, _) in placed {
        program.buffers[number].place = Place::Scratch(start);
    }
}

fn drop_unused(program: &mut Program) {
    let mut used: Vec<bool> = program.buffers.iter().map(|buffer| matches!(buffer.place, Place::Slot(_))).collect();
    walk(&program.body, &mut |stmt| {
        for touch in stmt.touches() {
            used[touch.buffer.0 as usize] = true;
        }
    });
    let mut next = 0;
    let numbers: Vec<u32> = used
        .iter()
        .map(|used| {
            next += u32::from(*used);
            next.saturating_sub(1)
        })
        .collect();
    let mut number = 0;
    program.buffers.retain(|_| {
        number += 1;
        used[number - 1]
    });
    renumber(&mut program.body, &|buffer| BufferId(numbers[buffer.0 as usize]));
}

fn renumber(block: &mut [Stmt], to: &impl Fn(BufferId) -> BufferId) {
    let of_trip = |trip: &mut Trip| {
        if let Trip::Count { buffer, .. } = trip {
            *buffer = to(*buffer);
        }
    };
    for stmt in block {
        match stmt {
            Stmt::Load { buffer, .. } | Stmt::Store { buffer, .. } => *buffer = to(*buffer),
            Stmt::Loop { trip, .. } | Stmt::Fold { trip, .. } => of_trip(trip),
            Stmt::Until { trip, rounds, .. } => {
                of_trip(trip);
                *rounds = to(*rounds);
            }
            Stmt::Matrix(matrix) => {
                [&mut matrix.rows, &mut matrix.columns, &mut matrix.depth].into_iter().for_each(of_trip);
                for operand in [&mut matrix.left, &mut matrix.right, &mut matrix.out] {
                    operand.buffer = to(operand.buffer);
                }
            }
            _ => {}
        }
        stmt.blocks_mut().into_iter().for_each(|block| renumber(block, to));
    }
}
