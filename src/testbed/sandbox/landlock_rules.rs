//! Landlock: the second-best level, for machines that refuse unprivileged namespaces.

use anyhow::{Context, Result, bail};
use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetStatus,
    path_beneath_rules,
};

use super::spec::Spec;

/// Restricts this process and its children: the tree, `tmp` and the results pipe may be written,
/// the system and the toolchains read, nothing else be seen. TCP is refused where the kernel can.
pub fn restrict(spec: &Spec) -> Result<()> {
    let abi = ABI::V4;
    let mut read: Vec<_> = spec.read_only.clone();
    read.extend([spec.probes.0.clone(), "/proc".into()]);
    let write = [spec.tree.at().clone(), spec.tmp.clone(), spec.results.0.clone(), "/dev/shm".into()];
    let devices = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"];
    let status = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(abi))?
        .handle_access(AccessNet::from_all(abi))?
        .create()
        .context("landlock ruleset")?
        .add_rules(path_beneath_rules(&read, AccessFs::from_read(abi)))?
        .add_rules(path_beneath_rules(write, AccessFs::from_all(abi)))?
        .add_rules(path_beneath_rules(devices, AccessFs::from_all(abi)))?
        .restrict_self()
        .context("landlock")?;
    if status.ruleset == RulesetStatus::NotEnforced {
        bail!("the kernel has no Landlock");
    }
    Ok(())
}
