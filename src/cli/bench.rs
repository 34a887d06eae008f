//! `neurula bench`: how fast a spec trains in steady state.

use super::arguments::BenchArguments;
use super::train::options;
use super::{Ending, show};
use crate::driver::imports;
use crate::runtime::bench;
use std::time::{Duration, Instant};

/// About how long a repeat lasts.
const LENGTH: Duration = Duration::from_millis(500);

pub(super) fn run(arguments: &BenchArguments, entered: Instant) -> Ending {
    let spec = match show::checked(
        &arguments.spec,
        &arguments.setting,
        arguments.machine.precision,
        arguments.json,
        &imports::read,
    ) {
        Ok(spec) => spec,
        Err(ending) => return ending,
    };
    let options = options(&spec, &arguments.machine, None, entered);
    match bench::bench(&spec.model, &options, arguments.repeats, LENGTH) {
        Ok(found) if arguments.json => match serde_json::to_string(&found) {
            Ok(text) => {
                show::line(&text);
                Ending::Fine
            }
            Err(error) => {
                show::complain(&error.to_string());
                Ending::Run
            }
        },
        Ok(found) => {
            let rate = &found.samples_per_second;
            show::line(&format!("samples per second  {:.0} (from {:.0} to {:.0})", rate.median, rate.min, rate.max));
            show::line(&format!("compilation         {:.2} ms", found.compile_ms));
            show::line(&format!("first step          {:.2} ms", found.first_step_ms));
            Ending::Fine
        }
        Err(error) => show::run_error(&error, &spec.sources, arguments.json),
    }
}
