//! The reference, held true: every block of code in `docs/language` does what the page says.

use neurula::diag::Sources;
use neurula::driver;
use neurula::model::Options;
use neurula::syntax;
use std::path::{Path, PathBuf};

/// A block of code with its mark, its page and its line.
struct Fence {
    mark: String,
    text: String,
    place: String,
}

fn fences(path: &Path) -> Vec<Fence> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut all = Vec::new();
    let mut open: Option<Fence> = None;
    for (number, line) in text.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(mark)) if mark.starts_with("neu") => {
                let place = format!("{}:{}", path.display(), number + 2);
                open = Some(Fence { mark: mark.to_string(), text: String::new(), place });
            }
            (Some(_), Some(_)) => all.extend(open.take()),
            (Some(fence), None) => fence.text += &format!("{line}\n"),
            (None, _) => {}
        }
    }
    all
}

fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages: Vec<PathBuf> =
        std::fs::read_dir(root.join("docs/language")).unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.push(root.join("README.md"));
    pages.sort();
    pages
}

#[test]
fn every_block_does_what_its_page_says() {
    let mut checked = 0;
    for fence in pages().iter().flat_map(|page| fences(page)) {
        checked += 1;
        let mut sources = Sources::new();
        if fence.mark.contains("fragment") {
            let file = sources.add("fragment.neu", fence.text.as_str());
            let (_, said) = syntax::parse(&sources, file);
            assert!(said.is_empty(), "{}: {said:#?}", fence.place);
            continue;
        }
        let parsed = driver::parse_text(&mut sources, Path::new("spec.neu"), &fence.text);
        let found = parsed.check(&sources, &Options::default());
        let mut codes: Vec<&str> = found.said.iter().map(|said| said.code.0).collect();
        codes.dedup();
        let wanted: Vec<&str> =
            fence.text.lines().filter_map(|line| line.split_once("// error: ")).map(|(_, code)| code.trim()).collect();
        assert_eq!(codes, wanted, "{}: {:#?}", fence.place, found.said);
    }
    assert!(checked >= 14, "only {checked} blocks");
}

#[test]
fn every_example_checks_without_a_word() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "neu") {
            continue;
        }
        let wants_files = std::fs::read_to_string(&path).unwrap().contains("fashion-mnist");
        if wants_files && !Path::new("/usr/share/datasets/fashion-mnist").exists() {
            continue;
        }
        let mut sources = Sources::new();
        let found = driver::parse(&mut sources, &path).unwrap().check(&sources, &Options::default());
        assert!(found.said.is_empty() && found.model.is_some(), "{}: {:#?}", path.display(), found.said);
    }
}

#[test]
fn what_a_user_calls_his_own_is_not_what_the_library_means() {
    let text = "param sum = 2\nparam size = 3\nfn mean(x) = 7 + 0 * sum\nfn log_sum_exp(x) = 0\ndata world = digits(batch = 32)\nregion Retina[8, 8] = world.image\n\
        region Choice[10] = drive\nconnect Retina -> Choice\ncost wrong in Choice = mse(Choice, one_hot(world.label)) + cross_entropy(Choice, world.label) + size * mean(Choice)\n\
        learn Retina -> Choice by backprop from wrong using sgd(rate = 0.1)";
    let mut sources = Sources::new();
    let found = driver::parse_text(&mut sources, Path::new("spec.neu"), text).check(&sources, &Options::default());
    assert!(found.said.is_empty(), "{:#?}", found.said);
}
