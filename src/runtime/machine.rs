//! How much memory the machine has free.

use std::path::Path;

/// What may be used where nobody says how much is free.
pub const UNKNOWN: u64 = 4 << 30;

/// The bytes that a process may still have: what the kernel calls available, or less if the process belongs to a group
/// with a limit of its own.
pub fn free_memory() -> u64 {
    available(&|path| std::fs::read_to_string(path).ok())
}

/// The same, given how to read the kernel's files.
pub fn available(read: &dyn Fn(&Path) -> Option<String>) -> u64 {
    let machine = read(Path::new("/proc/meminfo")).and_then(|text| field(&text, "MemAvailable:"));
    let machine = machine.map(|kibibytes| kibibytes.saturating_mul(1024));
    let groups = read(Path::new("/proc/self/cgroup")).unwrap_or_default();
    let limits = groups.lines().filter_map(|line| group(line, read));
    machine.into_iter().chain(limits).min().unwrap_or(UNKNOWN)
}

/// What is left to a control group and those around it, if one of them has a limit; a line is `ID:CONTROLLERS:PATH`.
fn group(line: &str, read: &dyn Fn(&Path) -> Option<String>) -> Option<u64> {
    let mut parts = line.splitn(3, ':').skip(1);
    let (controllers, path) = (parts.next()?, parts.next()?);
    let (root, limit, used) = match controllers {
        "" => ("/sys/fs/cgroup", "memory.max", "memory.current"),
        "memory" => ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes"),
        _ => return None,
    };
    let number = |path: &Path| read(path)?.trim().parse::<u64>().ok();
    let inside = Path::new(root).join(path.trim_start_matches('/'));
    let groups = inside.ancestors().take_while(|folder| folder.starts_with(root));
    let left = groups.filter_map(|folder| {
        let limit = number(&folder.join(limit))?;
        let used = number(&folder.join(used)).unwrap_or(0);
        // What lies in memory of files that nobody has changed is given up when it is needed.
        let given_up = read(&folder.join("memory.stat")).and_then(|text| field(&text, "inactive_file"));
        Some(limit.saturating_sub(used.saturating_sub(given_up.unwrap_or(0))))
    });
    left.min()
}

/// The number behind a name, in a text with one a line.
fn field(text: &str, name: &str) -> Option<u64> {
    let line =
        text.lines().find_map(|line| line.strip_prefix(name).filter(|rest| rest.starts_with(char::is_whitespace)))?;
    line.split_whitespace().next()?.parse().ok()
}
