//! Who is a machine, and which branches are heal's own.
//!
//! heal answers people, not bots, and starts nothing because of its own branches: two bots that
//! answer each other never end.

/// What the name of every branch that heal makes begins with.
pub const OWN_BRANCH_PREFIX: &str = "heal/";

/// The name of the check run that heal puts on failing commits.
pub const OWN_CHECK_NAME: &str = "heal";

/// Whether an account is a machine's: GitHub says so by the type, or by the end of an App's login.
///
/// Organisations' and people's logins can't hold a bracket, so nobody can pass for a bot.
pub fn is_bot(login: &str, account_type: &str) -> bool {
    account_type.eq_ignore_ascii_case("Bot") || login.ends_with("[bot]")
}

/// Whether heal made a branch of this name.
pub fn is_own_branch(branch: &str) -> bool {
    branch.strip_prefix(OWN_BRANCH_PREFIX).is_some_and(|rest| !rest.is_empty())
}

/// Whether GitHub made a branch of this name for its merge queue: it is gone before a patch could come.
pub fn is_queue_branch(branch: &str) -> bool {
    branch.starts_with("gh-readonly-queue/")
}

#[cfg(test)]
mod tests {
    use super::{is_bot, is_own_branch};

    #[test]
    fn bots_are_known_by_type_or_login() {
        for (login, kind, bot) in [
            ("octocat", "User", false),
            ("dependabot[bot]", "Bot", true),
            ("renovate[bot]", "User", true),
            ("ci", "Bot", true),
            ("bot", "User", false),
            ("octo-org", "Organization", false),
        ] {
            assert_eq!(is_bot(login, kind), bot, "{login} {kind}");
        }
    }

    #[test]
    fn own_branches_begin_with_heal_and_a_slash() {
        for (branch, own) in [
            ("heal/fix-add-1234abcd-1", true),
            ("heal", false),
            ("heal/", false),
            ("healing/x", false),
            ("feature/heal/x", false),
            ("Heal/x", false),
        ] {
            assert_eq!(is_own_branch(branch), own, "{branch}");
        }
    }
}
