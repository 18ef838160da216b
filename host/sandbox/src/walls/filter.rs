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
];

/// Installs the filter around all threads of the process and gives the number of calls it allows.
pub(super) fn raise(purpose: Purpose) -> Result<usize, String> {
    let arch = std::env::consts::ARCH
        .try_into()
        .map_err(|_| format!("there is no filter for {}", std::env::consts::ARCH))?;
    let rules = match purpose {
        Purpose::Compile => compile(),
        Purpose::Execute => execute(),
    }
    .map_err(|error| error.to_string())?;
    let calls = rules.len();
    let filter = SeccompFilter::new(rules, SeccompAction::KillProcess, SeccompAction::Allow, arch);
    let program: BpfProgram =
        filter.and_then(TryInto::try_into).map_err(|error| error.to_string())?;
    if matches!(purpose, Purpose::Compile) {
        seccompiler::apply_filter_all_threads(&program).map_err(|error| error.to_string())?;
        return Ok(calls);
    }
    // The stricter of two filters decides, so the one that only refuses has to stand first: once
    // the other one does, there is no more changing of filters.
    let refusing = SeccompFilter::new(
        REFUSED.iter().map(|call| (*call, vec![])).collect(),
        SeccompAction::Allow,
        SeccompAction::Errno(libc::EACCES.unsigned_abs()),
        arch,
    );
    let refusing: BpfProgram =
        refusing.and_then(TryInto::try_into).map_err(|error| error.to_string())?;
    seccompiler::apply_filter_all_threads(&refusing).map_err(|error| error.to_string())?;
    seccompiler::apply_filter_all_threads(&program).map_err(|error| error.to_string())?;
    // What is refused is not allowed.
    Ok(calls - REFUSED.len())
}

/// What fails in an executor instead of ending it: the C library looks at a setting of the kernel when it
/// gives memory back, and goes on without.
const REFUSED: &[c_long] = &[libc::SYS_openat];

type Rules = BTreeMap<c_long, Vec<SeccompRule>>;

/// What both kinds of process may do. Signals go to nobody but oneself.
fn think() -> Result<Rules, BackendError> {
    let mut rules: Rules = THINK.iter().map(|call| (*call, vec![])).collect();
    let own = (SeccompCmpOp::Eq, std::process::id().into());
    rules.insert(libc::SYS_tgkill, vec![rule(0, own)?]);
    Ok(rules)
}

/// Talks over the sockets it has, makes files without a name for the initial memories of guests,
/// and makes memory executable that it cannot write any more. No new socket, process or thread.
fn execute() -> Result<Rules, BackendError> {
    let mut rules = think()?;
    for call in TALK.iter().chain(REFUSED) {
        rules.insert(*call, vec![]);
    }
    let no_code = condition(2, (SeccompCmpOp::MaskedEq(EXEC), 0))?;
    rules.insert(libc::SYS_mmap, vec![SeccompRule::new(vec![no_code])?]);
    let no_writing = condition(2, (SeccompCmpOp::MaskedEq(EXEC | WRITE), EXEC))?;
    let no_code = condition(2, (SeccompCmpOp::MaskedEq(EXEC), 0))?;
    let either = [no_writing, no_code].into_iter().map(|one| SeccompRule::new(vec![one]));
    rules.insert(libc::SYS_mprotect, either.collect::<Result<_, _>>()?);
    // Which pages of a memory were written to; the file was opened before there were walls.
    let scan = (SeccompCmpOp::Eq, PAGEMAP_SCAN);
    rules.insert(libc::SYS_ioctl, vec![rule(1, scan)?]);
    let name = (SeccompCmpOp::Eq, libc::PR_SET_NAME.unsigned_abs().into());
    rules.insert(libc::SYS_prctl, vec![rule(0, name)?]);
    Ok(rules)
}

const TALK: &[c_long] = &[
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_recvfrom,
    libc::SYS_sendto,
    libc::SYS_shutdown,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_epoll_wait,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_ctl,
    libc::SYS_memfd_create,
    libc::SYS_ftruncate,
    libc::SYS_fcntl,
    libc::SYS_lseek,
    libc::SYS_membarrier,
    // What a thread does first that was started before there were walls and runs after.
    libc::SYS_rseq,
    libc::SYS_set_robust_list,
];

/// `_IOWR('f', 16, struct pm_scan_arg)`.
const PAGEMAP_SCAN: u64 = 0xc060_6610;

/// Reads from its first stream, writes to its other two, and maps no file and makes no memory executable:
/// the compiler only writes down what others will run.
fn compile() -> Result<Rules, BackendError> {
    let mut rules = think()?;
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
const WRITE: u64 = libc::PROT_WRITE as u64;
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
