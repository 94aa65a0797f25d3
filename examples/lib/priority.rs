//! Which threads go before others where there are fewer processors than threads.

use wardline::pipeline::Role;

/// Lets the calling thread make room for those that judge, if it is the one that writes the log: so
/// a commit holds up no judgement. Only on Linux.
pub fn make_room(role: Role) {
    if role == Role::Log {
        be_nice();
    }
}

#[cfg(target_os = "linux")]
fn be_nice() {
    // Linux keeps it for each thread. Where it may not be changed all stays as it was.
    let _ = rustix::process::nice(NICENESS);
}

#[cfg(not(target_os = "linux"))]
fn be_nice() {}

/// A tenth of the processor's time, where others want it too.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;
