//! The manual pages: those of `clap_mangen`, but for the synopsis. Knows no option by name.

use std::io::{self, Write};

use clap::{Arg, Command};
use clap_mangen::Man;

/// Writes the page of this command, which is built.
pub(super) fn write(command: &Command, out: &mut impl Write) -> io::Result<()> {
    const SYNOPSIS: &str = ".SH SYNOPSIS\n";
    let mut page = Vec::new();
    Man::new(command.clone()).render(&mut page)?;
    let page = String::from_utf8_lossy(&page);
    let (before, from_synopsis) = page.split_once(SYNOPSIS).expect("every page has one");
    let (_, after) = from_synopsis.split_once("\n.SH ").expect("the description follows");
    write!(out, "{before}{SYNOPSIS}{}\n.SH {after}", synopsis(command))
}

/// The forms that the command line can have. `clap_mangen` lists all options here, without their values; they have a
/// section of their own.
fn synopsis(command: &Command) -> String {
    const OPTIONS: &str = "[\\fIOPTION\\fR]...";
    let name = format!("\\fB{}\\fR", command.get_bin_name().unwrap_or(command.get_name()));
    let arguments: Vec<String> = command.get_positionals().map(|of| format!(" {}", argument(of))).collect();
    let alone = format!("{name} {OPTIONS}{}", arguments.concat());
    if command.has_subcommands() {
        format!("{alone}\n.br\n{name} \\fICOMMAND\\fR {OPTIONS} [\\fIARGUMENT\\fR]...")
    } else {
        alone
    }
}

fn argument(of: &Arg) -> String {
    let name = of.get_value_names().and_then(<[_]>::first).map_or_else(|| of.get_id().to_string(), ToString::to_string);
    let name = format!("\\fI{name}\\fR");
    let many = if of.get_num_args().is_some_and(|count| count.max_values() > 1) { "..." } else { "" };
    if of.is_required_set() { format!("{name}{many}") } else { format!("[{name}]{many}") }
}

#[cfg(test)]
mod tests {
    use crate::cli::Cli;

    #[test]
    fn a_synopsis_has_the_forms_of_a_command_line_and_not_each_option() {
        let pages = String::from_utf8(Cli::manual()).expect("text");
        let pages = pages.split(".SH SYNOPSIS\n").skip(1);
        let synopses: Vec<String> = pages
            .map(|page| page.split("\n.SH").next().expect("a part before it"))
            .map(|roff| roff.replace(".br\n", "").replace("\\fB", "").replace("\\fI", "").replace("\\fR", ""))
            .collect();
        assert_eq!(
            synopses,
            [
                "fitroom [OPTION]...\nfitroom COMMAND [OPTION]... [ARGUMENT]...",
                "fitroom train [OPTION]...",
                "fitroom evaluate [OPTION]... [RUN]",
                "fitroom predict [OPTION]... INDEX|FILE...",
                "fitroom watch [OPTION]... [RUN]",
                "fitroom stop [OPTION]... [RUN]",
                "fitroom runs [OPTION]...",
                "fitroom config [OPTION]...",
                "fitroom completions [OPTION]... SHELL",
                "fitroom man [OPTION]...",
            ]
        );
    }
}
