//! Which system calls are left to a process that handles bytes of strangers.

use std::collections::BTreeMap;

use libc::{c_int, c_long};
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule,
};

use super::Purpose;

/// Memory, time, randomness, waiting, signals to oneself, the end: what any program needs to think.
const THINK: &[c_long] = &[
    libc::SYS_brk,
    libc::SYS_clock_getres,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_close,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_fstat,
    libc::SYS_futex,
    libc::SYS_getpid,
    libc::SYS_getrandom,
    libc::SYS_gettid,
    libc::SYS_madvise,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_nanosleep,
    libc::SYS_restart_syscall,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_yield,
    libc::SYS_sigaltstack,
    // Only to oneself: Landlock's scope and the lack of any other pid see to that.
    libc::SYS_tgkill,
];

/// Installs the filter around all threads of the process and gives the number of calls it allows.
pub(super) fn raise(purpose: Purpose) -> Result<usize, String> {
    let arch = std::env::consts::ARCH
        .try_into()
        .map_err(|_| format!("there is no filter for {}", std::env::consts::ARCH))?;
    let rules = match purpose {
        Purpose::Compile => compile(),
    }
    .map_err(|error| error.to_string())?;
    let calls = rules.len();
    let filter = SeccompFilter::new(rules, SeccompAction::KillProcess, SeccompAction::Allow, arch);
    let program: BpfProgram =
        filter.and_then(TryInto::try_into).map_err(|error| error.to_string())?;
    seccompiler::apply_filter_all_threads(&program).map_err(|error| error.to_string())?;
    Ok(calls)
}

type Rules = BTreeMap<c_long, Vec<SeccompRule>>;

/// Reads from its first stream, writes to its other two, and maps no file and makes no memory executable:
/// the compiler only writes down what others will run.
fn compile() -> Result<Rules, BackendError> {
    let mut rules: Rules = THINK.iter().map(|call| (*call, vec![])).collect();
    rules.insert(libc::SYS_read, vec![rule(0, is(libc::STDIN_FILENO))?]);
    let out = [libc::STDOUT_FILENO, libc::STDERR_FILENO];
    for call in [libc::SYS_write, libc::SYS_writev] {
        let rule = |stream| rule(0, is(stream));
        rules.insert(call, out.into_iter().map(rule).collect::<Result<_, _>>()?);
    }
    let no_code = || condition(2, (SeccompCmpOp::MaskedEq(EXEC), 0));
    let no_file = condition(3, (SeccompCmpOp::MaskedEq(ANONYMOUS), ANONYMOUS))?;
    rules.insert(libc::SYS_mprotect, vec![SeccompRule::new(vec![no_code()?])?]);
    rules.insert(libc::SYS_mmap, vec![SeccompRule::new(vec![no_code()?, no_file])?]);
    Ok(rules)
}

const EXEC: u64 = libc::PROT_EXEC as u64;
const ANONYMOUS: u64 = libc::MAP_ANONYMOUS as u64;

fn is(number: c_int) -> (SeccompCmpOp, u64) {
    (SeccompCmpOp::Eq, number.unsigned_abs().into())
}

/// Allows a call whose argument `index` is as told.
fn rule(index: u8, wanted: (SeccompCmpOp, u64)) -> Result<SeccompRule, BackendError> {
    SeccompRule::new(vec![condition(index, wanted)?])
}

fn condition(
    index: u8,
    (operator, value): (SeccompCmpOp, u64),
) -> Result<SeccompCondition, BackendError> {
    SeccompCondition::new(index, SeccompCmpArgLen::Dword, operator, value)
}
