//! A command line that does something with a run, as a shell reads it. Runs none.

use std::path::Path;

use super::Runs;
use crate::printable;

/// What runs are kept in where nothing else is said.
const DEFAULT_ROOT: &str = "runs";

/// The command for the run of this name in that directory: `fitroom --resume 'my coat' --runs /tmp/runs`. `None` where
/// the name, as it is shown, may not be the real one.
#[must_use]
pub fn command(what: &str, run: &str, runs: &Runs) -> Option<String> {
    let mut command = format!("{what} {}", printable::shell_word(run)?);
    if runs.root() != Path::new(DEFAULT_ROOT) {
        command.push_str(" --runs ");
        command.push_str(&printable::shell_word(&printable::path(runs.root()))?);
    }
    Some(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_the_names_as_they_are() {
        let at = |root: &str| Runs::new(root);
        assert_eq!(command("fitroom watch", "coat", &at("runs")).as_deref(), Some("fitroom watch coat"));
        assert_eq!(
            command("fitroom --resume", "my coat", &at("/tmp/it's")).as_deref(),
            Some(r"fitroom --resume 'my coat' --runs '/tmp/it'\''s'")
        );
        assert_eq!(command("fitroom watch", r"co\x1bat", &at("runs")), None);
    }
}
