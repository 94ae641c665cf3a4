//! `referee completions` and `referee man`: what is made from the command line's own description.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Arguments, Exit, Failure, print};

/// For which shell.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  referee completions bash > /etc/bash_completion.d/referee
  referee completions zsh > ~/.zfunc/_referee
  referee completions fish > ~/.config/fish/completions/referee.fish")]
pub struct CompletionsArguments {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

/// Which page.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  referee man > referee.1
  referee man run > referee-run.1")]
pub struct ManArguments {
    /// A subcommand; without one, the page of the whole program
    #[arg(value_name = "COMMAND")]
    command: Option<String>,
}

/// Prints the completions of a shell.
pub fn completions(arguments: &CompletionsArguments) -> Result<Exit, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "referee", &mut text);
    print(&String::from_utf8_lossy(&text));
    Ok(Exit::Conforms)
}

/// Prints a page of the manual in troff.
pub fn man(arguments: &ManArguments) -> Result<Exit, Failure> {
    let mut program = Arguments::command();
    program.build();
    let command = match &arguments.command {
        None => program,
        Some(name) => match program.find_subcommand(name) {
            Some(command) => command.clone(),
            None => {
                let message = format!("there is no command `{name}`; `referee --help` lists them");
                return Err(Failure::new(Exit::Usage, message));
            }
        },
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(command)
        .render(&mut text)
        .map_err(|error| Failure::new(Exit::Failed, error))?;
    print(&String::from_utf8_lossy(&text));
    Ok(Exit::Conforms)
}
