//! The seccomp deny list: system calls that tests do not need and that widen the kernel's surface.
//!
//! A deny list, not an allow list: test suites use everything else, and the namespaces (or
//! Landlock) carry the isolation; this removes the calls that could undo it.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use nix::libc;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

/// Whether the internet address families are refused too (where no network namespace does it).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Internet {
    /// A network namespace without interfaces holds the network back; loopback works.
    LeftToNamespace,
    /// `socket(AF_INET…)` fails with `EPERM`; loopback does not work either.
    Refused,
}

const DENIED: &[libc::c_long] = &[
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsmount,
    libc::SYS_mount_setattr,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_kexec_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_open_by_handle_at,
    libc::SYS_swapon,
    libc::SYS_reboot,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_quotactl,
    libc::SYS_acct,
];

/// Installs the filter in this process; every child inherits it.
pub fn install(internet: Internet) -> Result<()> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = DENIED.iter().map(|&call| (call, Vec::new())).collect();
    rules.insert(libc::SYS_clone, vec![clone_into_user_namespace()?]);
    if internet == Internet::Refused {
        let families = [libc::AF_INET, libc::AF_INET6, libc::AF_PACKET];
        let refused: Result<Vec<_>> = families.into_iter().map(socket_of).collect();
        rules.insert(libc::SYS_socket, refused?);
    }
    let denied = SeccompAction::Errno(libc::EPERM as u32);
    let architecture = std::env::consts::ARCH.try_into().context("architecture")?;
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, denied, architecture)?;
    let program: BpfProgram = filter.try_into()?;
    seccompiler::apply_filter(&program).context("seccomp")
}

fn clone_into_user_namespace() -> Result<SeccompRule> {
    let flag = libc::CLONE_NEWUSER as u64;
    let operator = SeccompCmpOp::MaskedEq(flag);
    Ok(SeccompRule::new(vec![SeccompCondition::new(0, SeccompCmpArgLen::Qword, operator, flag)?])?)
}

fn socket_of(family: libc::c_int) -> Result<SeccompRule> {
    let condition = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, family as u64)?;
    Ok(SeccompRule::new(vec![condition])?)
}
