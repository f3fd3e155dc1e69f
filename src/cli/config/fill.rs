//! What no flag says, the file says.

use super::Config;
use crate::{
    cli::{
        args::{Args, Command},
        upkeep::{Ids, IdsCommand},
    },
    tui::theme::colourless,
};

/// Takes the settings on, where no flag and, for colours, no variable says otherwise.
pub fn fill(args: &mut Args, config: Config, var: impl Fn(&str) -> Option<String>) {
    let everywhere = &mut args.everywhere;
    if colourless(var).is_none() {
        everywhere.theme = everywhere.theme.or(config.theme);
    }
    everywhere.ascii = everywhere.ascii.or(config.ascii);
    everywhere.log_file = everywhere.log_file.take().or_else(|| config.log_file.clone());
    match &mut args.command {
        Some(Command::Run(run)) => {
            run.workers = run.workers.or(config.workers);
            run.limits = run.limits.or(&config);
            run.reverse_window = run.reverse_window.or(config.reverse_window);
        }
        Some(Command::Swap(swap)) => swap.exchange.limits = swap.exchange.limits.or(&config),
        Some(Command::Reverse(reverse)) => reverse.exchange.limits = reverse.exchange.limits.or(&config),
        Some(Command::Maintain(maintain)) => {
            maintain.premake = maintain.premake.or(config.premake);
            maintain.lock_budget = maintain.lock_budget.or(config.lock_budget);
        }
        Some(Command::Ids(Ids { doing: Some(IdsCommand::Install(install)), .. })) => {
            install.lock_budget = install.lock_budget.or(config.lock_budget);
        }
        Some(
            Command::Ids(_)
            | Command::Demo(_)
            | Command::Plan(_)
            | Command::Status(_)
            | Command::Blockers(_)
            | Command::Pause(_)
            | Command::Resume(_)
            | Command::Tune(_)
            | Command::Verify(_)
            | Command::Repair(_)
            | Command::Abort(_)
            | Command::Finish(_)
            | Command::Health(_)
            | Command::Retain(_)
            | Command::Audit(_)
            | Command::Report(_)
            | Command::Explain(_)
            | Command::Config(_)
            | Command::Completions { .. }
            | Command::Man,
        )
        | None => {}
    }
    args.config = config;
}
