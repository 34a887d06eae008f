//! The only place where an address becomes a call: memory for code, and the way in.
#![allow(unsafe_code)]

use super::Unsupported;
use super::units::{Convention, Units};
use crate::loops::Program;
use crate::loops::memory::Storage;
use cranelift::codegen::Context;
use cranelift::codegen::isa::OwnedTargetIsa;
use cranelift::prelude::*;
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{FuncId, Linkage, Module};

/// The function that runs the steps: of the table of slots, scratch memory and the number of steps.
type Entry = unsafe extern "C" fn(*const *mut u8, *mut u8, u64);

/// Machine code, freed when it is dropped.
pub(super) struct Machine {
    entry: Entry,
    /// The code that `entry` is a part of, and the code that it calls; `None` only while being dropped.
    modules: Vec<JITModule>,
}

// SAFETY: after `finalize_definitions` nothing writes to the modules' memory until it is freed in `drop`, which has the
// only reference; code has no state, so threads may be inside at once.
unsafe impl Send for Machine {}
// SAFETY: as above.
unsafe impl Sync for Machine {}

fn failed(error: impl std::fmt::Display) -> Unsupported {
    Unsupported { message: format!("Cranelift: {error}"), span: None }
}

/// The instructions of this machine; `optimised` lets Cranelift move them.
fn target(optimised: bool) -> Result<OwnedTargetIsa, Unsupported> {
    let mut flags = settings::builder();
    let level = if optimised { "speed" } else { "none" };
    for (name, value) in [
        ("opt_level", level),
        ("is_pic", "false"),
        ("use_colocated_libcalls", "false"),
        ("enable_verifier", if cfg!(debug_assertions) { "true" } else { "false" }),
    ] {
        flags.set(name, value).map_err(failed)?;
    }
    let builder = cranelift_native::builder().map_err(failed)?;
    builder.finish(settings::Flags::new(flags)).map_err(failed)
}

/// How functions are called here.
pub(super) fn convention() -> Result<Convention, Unsupported> {
    let isa = target(true)?;
    Ok(Convention { call: isa.default_call_conv(), config: isa.frontend_config() })
}

impl Machine {
    /// Compiles all functions of a program.
    pub fn new(program: &Program) -> Result<Machine, Unsupported> {
        let units = Units::of(program, convention()?)?;
        let plain: Vec<usize> = (0..units.list.len()).filter(|number| !units.list[*number].optimised).collect();
        let mut modules = Vec::new();
        let mut symbols = Vec::new();
        if !plain.is_empty() {
            let mut module =
                JITModule::new(JITBuilder::with_isa(target(false)?, cranelift_module::default_libcall_names()));
            let ids = define(&mut module, &units, &plain)?;
            module.finalize_definitions().map_err(failed)?;
            symbols =
                plain.iter().zip(ids).map(|(number, id)| (name(*number), module.get_finalized_function(id))).collect();
            modules.push(module);
        }
        let mut builder = JITBuilder::with_isa(target(true)?, cranelift_module::default_libcall_names());
        builder.symbols(symbols);
        let mut module = JITModule::new(builder);
        let mut entry = None;
        let mut ids = Vec::new();
        for (number, unit) in units.list.iter().enumerate() {
            let linkage = if unit.optimised { Linkage::Local } else { Linkage::Import };
            let id = module.declare_function(&name(number), linkage, &unit.function.signature).map_err(failed)?;
            ids.push(id);
        }
        let mut context = Context::new();
        for (number, unit) in units.list.into_iter().enumerate().filter(|(_, unit)| unit.optimised) {
            context.func = unit.function;
            module.define_function(ids[number], &mut context).map_err(|error| failed(format!("{error:?}")))?;
            module.clear_context(&mut context);
            entry = Some(ids[number]);
        }
        module.finalize_definitions().map_err(failed)?;
        let Some(entry) = entry else { crate::bug!("a program without a function") };
        let address = module.get_finalized_function(entry);
        modules.push(module);
        // SAFETY: the last function was written by `Units::steps` with the parameters of `Entry`, in the calling convention
        // that is the machine's own, and `modules` keeps its memory as long as `entry` lives.
        let entry = unsafe { std::mem::transmute::<*const u8, Entry>(address) };
        Ok(Machine { entry, modules })
    }

    /// Runs so many steps. `Code::call`, which alone calls this, has looked at the slots: each pointer leads to as many
    /// cells as its slot has, of its kind, with every class within its bound, and is held exclusively.
    pub fn enter(&self, slots: &[*mut u8], scratch: &mut Storage, steps: u64) {
        // SAFETY: the slots are as the program declares them (see above, and `Code::look`); scratch memory is of the
        // program's size and held exclusively; all begin at a multiple of 64 bytes; and that no access leaves these buffers
        // is what `loops::verify` has proven before the code was made.
        unsafe { (self.entry)(slots.as_ptr(), scratch.as_mut_ptr(), steps) }
    }
}

/// The linker's name of a function.
fn name(number: usize) -> String {
    format!("unit{number}")
}

/// Defines some of the functions; they call none.
fn define(module: &mut JITModule, units: &Units, numbers: &[usize]) -> Result<Vec<FuncId>, Unsupported> {
    let mut context = Context::new();
    let mut ids = Vec::new();
    for number in numbers {
        let unit = &units.list[*number];
        let id = module.declare_function(&name(*number), Linkage::Export, &unit.function.signature).map_err(failed)?;
        context.func = unit.function.clone();
        module.define_function(id, &mut context).map_err(|error| failed(format!("{error:?}")))?;
        module.clear_context(&mut context);
        ids.push(id);
    }
    Ok(ids)
}

impl Drop for Machine {
    fn drop(&mut self) {
        for module in self.modules.drain(..).rev() {
            // SAFETY: `entry` is the only way into this memory, `&mut self` says that no call is under way, and nobody
            // was given an address of it.
            unsafe { module.free_memory() };
        }
    }
}
