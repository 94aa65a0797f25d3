//! Which threads go before others where there are fewer processors than threads.

use wardline::pipeline::Role;

/// Lets the calling thread make room for those that judge, if its role may wait: whoever writes the
/// log or keeps a second engine. So a commit holds up no judgement. Only on Linux.
pub fn make_room(role: Role) {
    if matches!(role, Role::Log | Role::Standby(_)) {
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

/// A tenth of the processor's time, where both want it.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;
