//! Completions and the manual page, made from the grammar itself.

use std::io;

use clap::{Arg, Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::{
    cli::args::Args,
    error::{Error, Result},
};

/// The completions of a shell.
pub fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "quarterdeck", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// One page in roff for all commands: `quarterdeck man | man -l -`.
pub fn manual() -> Result<String> {
    let mut command = Args::command();
    command.build();
    let mut page = Vec::new();
    render(&command, &mut page).map_err(Error::io("the manual page"))?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

fn render(command: &Command, page: &mut Vec<u8>) -> io::Result<()> {
    let top = Man::new(command.clone());
    top.render_title(page)?;
    top.render_name_section(page)?;
    top.render_synopsis_section(page)?;
    top.render_description_section(page)?;
    top.render_options_section(page)?;
    for sub in own_commands(command) {
        section(sub, page)?;
    }
    top.render_extra_section(page)
}

/// A command's section, and behind it those of its own commands.
fn section(command: &Command, page: &mut Vec<u8>) -> io::Result<()> {
    page.extend(format!(".SH \"{}\"\n", command.get_bin_name().unwrap_or(command.get_name())).bytes());
    // What every command takes has been said above.
    let own = |arg: Arg| if arg.is_global_set() || arg.get_id() == "help" { arg.hide(true) } else { arg };
    let part = Man::new(command.clone().mut_args(own));
    let mut sections = Vec::new();
    part.render_description_section(&mut sections)?;
    part.render_synopsis_section(&mut sections)?;
    part.render_options_section(&mut sections)?;
    part.render_extra_section(&mut sections)?;
    page.extend(String::from_utf8_lossy(&sections).replace(".SH ", ".SS ").bytes());
    own_commands(command).try_for_each(|sub| section(sub, page))
}

fn own_commands(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|sub| sub.get_name() != "help")
}
