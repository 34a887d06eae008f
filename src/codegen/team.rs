//! Threads that carry out the pieces of split nests together with the one that runs the steps.
//!
//! Whoever runs the steps posts a job: how many pieces there are of it. It and the others take pieces, one after the other,
//! until there are none, and it waits for those that others have taken. So a thread that is late, or that has no core to run
//! on, is not waited for unless it has begun a piece. Whoever waits spins for a moment and then lets others run. Between two
//! calls of compiled code the others sleep.

use super::jit::{Job, carry_out};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;

/// How often a thread that waits looks before it lets others run.
const SPINS: u32 = 300;
/// The most threads of a team.
pub const MOST: usize = 256;

/// Threads that carry out pieces; those that it began end when it is dropped.
pub struct Team {
    board: Arc<Board>,
    others: Vec<JoinHandle<()>>,
    /// Held by the one call that uses the team.
    entered: Mutex<()>,
}

/// A value with a cache line of its own.
#[derive(Default)]
#[repr(align(128))]
struct Line<T>(T);

/// What the threads of a team see of each other.
#[derive(Default)]
struct Board {
    /// The number of pieces of the job, and in the low half that of the piece that is taken next.
    ticket: Line<AtomicU64>,
    /// How many pieces the others have finished.
    finished: Line<AtomicU64>,
    job: Line<Posted>,
    /// A call of compiled code is under way.
    open: AtomicBool,
    /// The team is no longer needed.
    ended: AtomicBool,
}

/// The job as it is posted. It stays while any of its pieces has been taken and not finished.
#[derive(Default)]
struct Posted {
    job: Job,
    rounds: AtomicU64,
    /// The rounds of each piece but the last.
    size: AtomicU64,
}

impl Team {
    /// A team of so many threads, together with the one that calls; there are fewer if the machine gives no more.
    pub fn new(threads: usize) -> Team {
        let board = Arc::new(Board::default());
        let mut others = Vec::new();
        for who in 1..threads.min(MOST) {
            let board = board.clone();
            let begun = std::thread::Builder::new().name(format!("piece {who}")).spawn(move || board.serve(who as u64));
            match begun {
                Ok(other) => others.push(other),
                Err(_) => break,
            }
        }
        Team { board, others, entered: Mutex::new(()) }
    }

    /// How many threads carry out pieces.
    pub fn threads(&self) -> usize {
        self.others.len() + 1
    }

    /// Wakes the others for a call; `None` if another call uses them now.
    pub(super) fn enter(&self) -> Option<Turn<'_>> {
        let held = self.entered.try_lock().ok()?;
        self.board.open.store(true, Ordering::Release);
        self.others.iter().for_each(|other| other.thread().unpark());
        Some(Turn { team: self, _held: held })
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        self.board.ended.store(true, Ordering::Release);
        for other in self.others.drain(..) {
            other.thread().unpark();
            // It runs nothing that panics; and if it did, there would be nobody left to tell.
            let _ = other.join();
        }
    }
}

/// A team during a call; the others sleep again when it is dropped.
pub(super) struct Turn<'t> {
    team: &'t Team,
    _held: MutexGuard<'t, ()>,
}

impl Turn<'_> {
    /// Carries out a job with so many rounds, in pieces of at least `least` that begin at multiples of `unit`.
    pub(super) fn share(&self, job: &Job, rounds: u64, least: u64, unit: u64) {
        let threads = self.team.threads() as u64;
        let size = rounds.div_ceil(threads).max(least).max(1).next_multiple_of(unit.max(1));
        let pieces = rounds.div_ceil(size);
        if pieces < 2 {
            return carry_out(job, 0, 0, rounds);
        }
        let board = &*self.team.board;
        board.job.0.post(job, rounds, size);
        board.finished.0.store(0, Ordering::Relaxed);
        // The first piece is taken already. What was stored before is seen by whoever takes one of the others.
        board.ticket.0.store(pieces << 32 | 1, Ordering::Release);
        carry_out(job, 0, 0, size);
        let mut left = pieces - 1;
        while let Some(piece) = board.take() {
            carry_out(job, 0, piece * size, rounds.min((piece + 1) * size));
            left -= 1;
        }
        let mut looks = 0;
        while board.finished.0.load(Ordering::Acquire) != left {
            wait(&mut looks);
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.team.board.open.store(false, Ordering::Release);
    }
}

impl Board {
    /// Takes a piece of the job that is posted, if there is one left.
    fn take(&self) -> Option<u64> {
        let mut ticket = self.ticket.0.load(Ordering::Relaxed);
        loop {
            let (pieces, next) = (ticket >> 32, ticket & u64::from(u32::MAX));
            if next >= pieces {
                return None;
            }
            // Each ticket follows from the one that was posted by additions: with the piece comes all that was stored before
            // the job was posted, and its successor is not posted before the piece is finished.
            match self.ticket.0.compare_exchange_weak(ticket, ticket + 1, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return Some(next),
                Err(other) => ticket = other,
            }
        }
    }

    /// What another thread does until the team is dropped.
    fn serve(&self, who: u64) {
        let mut looks = 0;
        while !self.ended.load(Ordering::Acquire) {
            if !self.open.load(Ordering::Acquire) {
                std::thread::park();
                looks = 0;
                continue;
            }
            match self.take() {
                Some(piece) => {
                    let Posted { job, rounds, size } = &self.job.0;
                    let (rounds, size) = (rounds.load(Ordering::Relaxed), size.load(Ordering::Relaxed));
                    carry_out(job, who, piece * size, rounds.min((piece + 1) * size));
                    self.finished.0.fetch_add(1, Ordering::Release);
                    looks = 0;
                }
                None => wait(&mut looks),
            }
        }
    }
}

impl Posted {
    fn post(&self, job: &Job, rounds: u64, size: u64) {
        self.job.copy(job);
        self.rounds.store(rounds, Ordering::Relaxed);
        self.size.store(size, Ordering::Relaxed);
    }
}

fn wait(looks: &mut u32) {
    if *looks < SPINS {
        *looks += 1;
        std::hint::spin_loop();
    } else {
        std::thread::yield_now();
    }
}
