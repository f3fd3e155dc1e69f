//! `quarterdeck retain`.

use std::{
    io::IsTerminal,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use crate::{
    cli::{
        exit::{DUE, STOPPED},
        output::retain as words,
        print,
        signals::Signals,
        upkeep::Retain,
    },
    engine::retain::{self, Wish},
    error::Result,
    model::retention::Progress,
    pg::{Session, Target},
};

/// How often somebody who looks on is told how far it is.
const TELL_EVERY: Duration = Duration::from_millis(250);

/// Carries it out.
pub(super) async fn run(target: &Target, asked: &Retain) -> Result<u8> {
    let mut session = Session::open(target, "retain").await?;
    let wish = Wish {
        table: asked.table.clone(),
        condition: asked.condition.clone(),
        by: asked.by.clone(),
        older_than: asked.older_than()?,
        takes_unprocessed: asked.even_unprocessed,
        may_scan: asked.full_scan,
    };
    let found = retain::look(&session, &wish).await?;
    if asked.dry_run {
        let instead = retain::instead(&session, &found).await?;
        print::text(&if asked.json { words::due_json(&found) } else { words::due(&found, &instead) });
        return Ok(if found.census.doomed == 0 { 0 } else { DUE });
    }
    let stopped = ending()?;
    let is_watched = std::io::stderr().is_terminal() && !asked.json;
    let mut told = None::<Instant>;
    let mut said = |progress: &Progress| {
        if is_watched && told.is_none_or(|told| told.elapsed() > TELL_EVERY) {
            told = Some(Instant::now());
            print::live(&words::live(&found, progress));
        }
    };
    let stop = || stopped.load(Ordering::Relaxed);
    let done = retain::retain(&mut session, &found, &asked.limit, &stop, &mut said).await;
    if told.is_some() {
        print::live("");
    }
    let done = done?;
    print::text(&if asked.json { words::done_json(&found, &done) } else { words::done(&found, &done) });
    Ok(if done.stopped { STOPPED } else { 0 })
}

/// Becomes true when somebody wants it to end; who wants it twice does not wait for the batch.
fn ending() -> Result<Arc<AtomicBool>> {
    let stopped = Arc::new(AtomicBool::new(false));
    let (mut signals, ends) = (Signals::listen()?, stopped.clone());
    tokio::spawn(async move {
        signals.next().await;
        ends.store(true, Ordering::Relaxed);
        signals.next().await;
        std::process::exit(STOPPED.into());
    });
    Ok(stopped)
}
