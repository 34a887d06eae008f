//! `neurula predict`: what regions of a trained model do on data, as an `.npz` file.

use super::Ending;
use super::arguments::{Machine, PredictArguments};
use super::eval::{Stored, stored_spec};
use super::show::{self, Spec};
use super::train::options;
use crate::data::{Dataset, Place};
use crate::driver;
use crate::model::RegionId;
use crate::report::npz;
use crate::runtime::predict::{Activity, last_regions, predict};
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::time::Instant;

pub(super) fn run(arguments: &PredictArguments, entered: Instant) -> Ending {
    let Stored { mut spec, lock, precision } = match stored_spec(&arguments.run, arguments.json) {
        Ok(found) => found,
        Err(ending) => return ending,
    };
    let regions = match regions(&spec, &arguments.regions) {
        Ok(regions) => regions,
        Err(message) => {
            show::complain(&message);
            return Ending::Usage;
        }
    };
    let (backend, seed, threads) = (arguments.backend, Some(lock.seed), arguments.threads);
    let machine = Machine { precision, backend, seed, threads };
    let options = options(&spec, &machine, lock.epochs, entered);
    let other = match &arguments.data {
        None => None,
        Some(text) => match other(&mut spec, text, options.seed, arguments.json) {
            Ok(set) => Some(set),
            Err(ending) => return ending,
        },
    };
    let activities = match predict(&spec.model, &options, &arguments.run, &regions, other) {
        Ok(activities) => activities,
        Err(error) => return show::run_error(&error, &spec.sources, arguments.json),
    };
    if let Err(error) = write(&arguments.out, &activities) {
        show::complain(&format!("{}: {error}", arguments.out.display()));
        return Ending::Run;
    }
    tell(&arguments.out, &activities, arguments.json);
    Ending::Fine
}

/// The regions that are asked for, or those that no other reads.
fn regions(spec: &Spec, names: &[String]) -> Result<Vec<RegionId>, String> {
    if names.is_empty() {
        return Ok(last_regions(&spec.model));
    }
    let known = || spec.model.regions.iter().map(|region| &*region.name);
    let mut found: Vec<RegionId> = Vec::new();
    for name in names {
        match known().position(|region| region == name) {
            Some(number) if found.contains(&RegionId(number)) => {
                return Err(format!("`--regions`: `{name}` is named twice"));
            }
            Some(number) => found.push(RegionId(number)),
            None => {
                let all: Vec<String> = known().map(|region| format!("`{region}`")).collect();
                return Err(format!("`--regions`: there is no region `{name}`; there are {}", all.join(", ")));
            }
        }
    }
    Ok(found)
}

/// The data that `--data` names, looked for from here.
fn other(spec: &mut Spec, text: &str, seed: u64, json: bool) -> Result<Dataset, Ending> {
    let call = driver::source(&mut spec.sources, text).map_err(|said| {
        show::diagnostics(&said, &spec.sources, json);
        Ending::Usage
    })?;
    call.read(&Place::of_spec(Path::new("here")), seed, "other").map_err(|said| {
        show::diagnostics(&said, &spec.sources, json);
        Ending::Run
    })
}

/// Writes the file beside its place and renames it, so that a file of this name is whole.
fn write(path: &Path, activities: &[Activity]) -> std::io::Result<()> {
    let mut beside = path.as_os_str().to_os_string();
    beside.push(".new");
    npz::npz(BufWriter::new(File::create(&beside)?), activities)?;
    std::fs::rename(&beside, path)
}

fn tell(out: &Path, activities: &[Activity], json: bool) {
    if json {
        let regions: serde_json::Map<String, serde_json::Value> =
            activities.iter().map(|activity| (activity.region.clone(), activity.shape[1..].into())).collect();
        let samples = activities.first().map_or(0, |activity| activity.shape[0]);
        show::line(&serde_json::json!({ "out": out, "samples": samples, "regions": regions }).to_string());
        return;
    }
    for activity in activities {
        let sizes: Vec<String> = activity.shape[1..].iter().map(usize::to_string).collect();
        show::line(&format!("{}[{}] on {} samples", activity.region, sizes.join(", "), activity.shape[0]));
    }
    show::line(&format!("written to {}", out.display()));
}
