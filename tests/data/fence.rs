//! The files that an example of an error page asks for, as docs/errors/README.md describes.

use super::{gzip, numpy};
use std::path::Path;

/// Name and bytes of each file that the block's `// file` lines describe.
pub fn files(block: &str) -> Vec<(String, Vec<u8>)> {
    block.lines().filter_map(|line| line.strip_prefix("// file ")).map(file).collect()
}

/// Writes these files below `folder`.
pub fn write(block: &str, folder: &Path) {
    for (name, bytes) in files(block) {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

fn file(line: &str) -> (String, Vec<u8>) {
    let (name, rest) = line.strip_prefix('"').and_then(|line| line.split_once("\" = ")).expect("\"name\" = …");
    let bytes = if let Some(content) = rest.strip_prefix("hex ") {
        hex(content)
    } else if let Some(content) = rest.strip_prefix("gzip hex ") {
        gzip(&hex(content))
    } else if let Some(content) = rest.strip_prefix("npy ") {
        npy(content)
    } else if let Some(content) = rest.strip_prefix("npz ") {
        let member = |member: &str| {
            let (name, content) = member.trim().split_once(" = ").expect("name = …");
            (format!("{name}.npy"), npy(content))
        };
        let members: Vec<(String, Vec<u8>)> = content.split(';').map(member).collect();
        numpy::npz(&members.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect::<Vec<_>>())
    } else if let Some(content) = rest.strip_prefix("text ") {
        unescape(content).into_bytes()
    } else if let Some(content) = rest.strip_prefix("repeat ") {
        let (times, text) = content.split_once(' ').expect("how often, and what");
        text.repeat(times.parse().unwrap()).into_bytes()
    } else {
        panic!("unknown kind of file: {line}")
    };
    (name.to_string(), bytes)
}

fn npy(content: &str) -> Vec<u8> {
    let (head, values) = content.split_once(" hex ").expect("a head, and its values");
    numpy::npy(head.trim(), &hex(values))
}

fn hex(content: &str) -> Vec<u8> {
    let digits: Vec<char> = content.chars().filter(|c| !c.is_whitespace()).collect();
    assert!(digits.len().is_multiple_of(2), "{content}");
    digits.chunks(2).map(|pair| u8::from_str_radix(&String::from_iter(pair), 16).unwrap()).collect()
}

fn unescape(content: &str) -> String {
    let mut out = String::new();
    let mut chars = content.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '\\' => match chars.next() {
                Some('n') => '\n',
                Some('\\') => '\\',
                other => panic!("unknown escape {other:?}"),
            },
            c => c,
        });
    }
    out
}

#[test]
fn the_lines_of_the_convention_are_read() {
    let block = "// file \"a/b\" = hex 00 0A  ff\n// file \"t\" = text x\\n\\\\hex y\ndata d = digits()\n";
    assert_eq!(files(block), [("a/b".into(), vec![0, 10, 255]), ("t".into(), b"x\n\\hex y".to_vec())]);
    let (_, packed) = files("// file \"z\" = gzip hex 01 02").remove(0);
    assert_eq!(packed[..2], [0x1f, 0x8b]);
}
