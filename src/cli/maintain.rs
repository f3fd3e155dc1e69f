//! `quarterdeck maintain`: one line of output, for cron.

use std::{
    io::IsTerminal,
    time::{Duration, Instant},
};

use crate::{
    cli::{exit::DUE, manner::LOCK_BUDGET, output::maintain as words, print, upkeep::Maintain},
    engine::maintain::{self, News, Wish},
    error::Result,
    model::maintenance::Keep,
    pg::{Session, Target, lock::Patience},
};

/// How often somebody who looks on is told how far an archive is.
const TELL_EVERY: Duration = Duration::from_secs(2);

/// Carries it out.
pub(super) async fn run(target: &Target, asked: &Maintain) -> Result<u8> {
    let mut session = Session::open(target, "maintain").await?;
    let wish = Wish {
        table: asked.table.clone(),
        keep: Keep { premake: asked.premake(), retain: asked.retain()?, on_expiry: asked.on_expiry() },
        every: asked.every,
        zone: asked.time_zone,
        clock: asked.clock,
        archive_dir: asked.archive_dir.clone(),
        patience: Patience {
            budget: Duration::from_millis(asked.lock_budget.unwrap_or(LOCK_BUDGET)),
            ..Patience::default()
        },
        oid: None,
        only: None,
    };
    if asked.dry_run {
        let found = maintain::look(&mut session, &wish).await?;
        print::text(&if asked.json { words::due_json(&found) } else { words::due(&found) });
        return Ok(if found.due.is_empty() { 0 } else { DUE });
    }
    let mut told = Instant::now();
    let is_watched = std::io::stderr().is_terminal();
    let mut said = |news: News| {
        if matches!(news, News::Archived(_)) {
            if told.elapsed() < TELL_EVERY {
                return;
            }
            told = Instant::now();
        }
        if let Some(words) = news.words().filter(|_| is_watched) {
            print::note(&words);
        }
    };
    let mut done = Box::pin(maintain::maintain(&mut session, &wish, &|| false, &mut said)).await?;
    print::text(&if asked.json { words::done_json(&done) } else { words::done(&done) });
    if done.failed.is_empty() {
        return Ok(0);
    }
    let (_, first) = done.failed.remove(0);
    // One reason may be the same for many.
    let mut said = vec![first.to_string()];
    for error in done.failed.iter().map(|(_, error)| error.to_string()) {
        if !said.contains(&error) {
            print::note(&format!("also: {error}"));
            said.push(error);
        }
    }
    Err(first)
}
