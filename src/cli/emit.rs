//! `neurula emit`: a stage of compilation as text.

use super::arguments::{EmitArguments, Stage};
use super::{Ending, show};
use crate::driver::{self, imports};
use crate::loops::lower::Layouts;
use crate::{codegen, loops, model, syntax, tensor};

pub(super) fn run(arguments: &EmitArguments) -> Ending {
    if arguments.stage == Stage::Ast {
        let mut sources = crate::diag::Sources::new();
        return match driver::parse(&mut sources, &arguments.spec) {
            Ok(parsed) => {
                show::diagnostics(&parsed.said, &sources, false);
                parsed.files[..parsed.own].iter().for_each(|ast| show::line(&syntax::print::print(ast)));
                if parsed.said.iter().any(|said| said.is_error()) { Ending::Spec } else { Ending::Fine }
            }
            Err(error) => {
                show::complain(&format!("{}: {error}", arguments.spec.display()));
                Ending::Usage
            }
        };
    }
    let spec =
        match show::checked(&arguments.spec, &arguments.setting, Some(arguments.precision), false, &imports::read) {
            Ok(spec) => spec,
            Err(ending) => return ending,
        };
    if arguments.stage == Stage::Model {
        show::line(&model::print::print(&spec.model));
        return Ending::Fine;
    }
    if arguments.stage == Stage::Memory {
        show::line(&driver::memory(&spec.model, arguments.precision.into()));
        return Ending::Fine;
    }
    let phase = match &arguments.phase {
        None => 0,
        Some(name) => match spec.model.phases.iter().position(|phase| *phase.name == **name) {
            Some(phase) => phase,
            None => {
                show::complain(&format!("there is no phase `{name}`"));
                return Ending::Usage;
            }
        },
    };
    let data = &spec.model.data[spec.model.phases[phase].data.0];
    let planned = driver::plan(&spec.model, phase, data.signature.total());
    if arguments.stage == Stage::Tensor {
        show::line(&tensor::print::print(&planned.learn));
        return Ending::Fine;
    }
    let lowered = match planned.lower(arguments.precision.into(), &mut Layouts::default()) {
        Ok(lowered) => lowered,
        Err(not_yet) => {
            show::complain(&not_yet.to_string());
            return Ending::Run;
        }
    };
    let text = match arguments.stage {
        Stage::Loop => Ok(loops::print::print(&lowered.learn)),
        Stage::Asm => codegen::asm_text(&lowered.learn),
        _ => codegen::clif_text(&lowered.learn),
    };
    match text {
        Ok(text) => {
            show::line(&text);
            Ending::Fine
        }
        Err(unsupported) => {
            show::complain(&unsupported.to_string());
            Ending::Run
        }
    }
}
