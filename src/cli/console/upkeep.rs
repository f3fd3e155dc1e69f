//! What the pages of the health screen ask, and their chores, on the real server.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::{
    cli::{
        output::{self, guide},
        upkeep::{Guide, is_folder},
    },
    engine::{
        audit::{self, Origin},
        health, ids, maintain,
        plan::compare::weigh,
        retain, row,
    },
    error::{Error, Report, Result},
    model::{figures, plan::Request, retention::Progress},
    pg::{
        Session, Target,
        lock::{Attempt, Patience},
    },
    tui::{
        app::upkeep::{
            Answer, Doomed, Question,
            work::{Chore, Outcome, Told, Whole},
        },
        desk::Said,
    },
};

/// How often it is said how far a chore is.
const TELL_EVERY: Duration = Duration::from_millis(100);

/// Answers a question; who does not want the answer any more has it cancelled.
pub(super) async fn answer(
    target: &Target,
    question: Question,
    given_up: impl Future<Output = ()>,
) -> Result<Answer> {
    let mut session = Session::open(target, "console").await?;
    let token = session.cancel_token();
    let answer = answered(&mut session, question);
    tokio::pin!(answer);
    tokio::select! {
        answer = &mut answer => answer,
        () = given_up => target.cancel_until_ended(&token, answer).await,
    }
}

async fn answered(session: &mut Session, question: Question) -> Result<Answer> {
    Ok(match question {
        Question::Due(wish) => {
            check(&wish)?;
            Answer::Due(maintain::look(session, &wish).await?.into())
        }
        Question::Audit(table) => {
            let from = Origin::Server(audit::MOST);
            Answer::Audit(audit::audit(session, &Request::of(&table), from).await?.into())
        }
        Question::Guide(table) => {
            let table = audit::guide(session, &Request::of(&table)).await?;
            let texts = [Guide::Sqlalchemy, Guide::Go].map(|language| guide::text(language, &table));
            Answer::Guide(texts.iter().flat_map(|text| text.lines()).map(str::to_owned).collect())
        }
        Question::Ids(table) => Answer::Ids(ids::look(session, &table, None).await?.into()),
        Question::Install(install) => {
            let plan = ids::plan_install(session, &install).await?;
            let default = plan.default.map(|default| default.sql);
            Answer::Install(plan.make.into_iter().chain(default).collect())
        }
        Question::Row(wanted) => Answer::Row(row::look(session, &wanted).await?.into()),
        Question::Weigh(request) => Answer::Weighed(weigh(session, &request).await?.into()),
        Question::Doomed(wish) => {
            let found = retain::look(session, &wish).await?;
            let instead = retain::instead(session, &found).await?;
            Answer::Doomed(Doomed { found, instead }.into())
        }
    })
}

/// What the command line says before anything connects. (Only who archives names a folder.)
fn check(wish: &maintain::Wish) -> Result<()> {
    wish.archive_dir.as_deref().map_or(Ok(()), is_folder)
}

/// Does a chore, as patient with locks as `how` says, until that token stops it or `cancelled` ends it at once.
pub(super) async fn work(
    target: &Target,
    (chore, said): (Chore, Said),
    how: (CancellationToken, Patience),
    cancelled: impl Future<Output = ()>,
) -> Result<Outcome, Report> {
    let (is_lab, stop) = (matches!(chore, Chore::Lab { .. }), how.0.clone());
    let work = async {
        let mut session = Session::open(target, name(&chore)).await?;
        // Also between two attempts at a lock.
        session.stop_with(stop.clone());
        let token = session.cancel_token();
        let work = begun(&mut session, chore, said, how);
        tokio::pin!(work);
        tokio::select! {
            outcome = &mut work => outcome,
            () = cancelled => {
                // The lab cancels what it measures by itself: who went on cancelling would hit what removes its tables.
                stop.cancel();
                if is_lab { work.await } else { target.cancel_until_ended(&token, work).await }
            }
        }
    };
    work.await.map_err(|error| error.report())
}

/// What the session is called.
fn name(chore: &Chore) -> &'static str {
    match chore {
        Chore::Maintain(_) => "maintain",
        Chore::Retain(_) => "retain",
        Chore::Lab { .. } => "ids lab",
        Chore::Install(_) => "ids install",
        Chore::Mend { .. } => "mend",
    }
}

async fn begun(
    session: &mut Session,
    chore: Chore,
    said: Said,
    (stop, patience): (CancellationToken, Patience),
) -> Result<Outcome> {
    match chore {
        Chore::Maintain(mut wish) => {
            wish.patience = patience;
            Box::pin(maintaining(session, &wish, said, stop)).await
        }
        Chore::Retain(doomed) => deleting(session, &doomed, said, stop).await,
        Chore::Lab { rows, checkpoints } => measuring(session, (rows, checkpoints), said, stop).await,
        Chore::Install(install) => installing(session, &install, said, patience).await,
        Chore::Mend { object, sql } => {
            health::mend(session, &sql).await?;
            Ok(Outcome::Said(vec![format!("{object}: done")], Whole::Done))
        }
    }
}

/// Text for people, a paragraph a line.
fn lines(text: &str, whole: Whole) -> Outcome {
    Outcome::Said(text.lines().map(str::to_owned).collect(), whole)
}

fn lost(attempt: &Attempt) -> Option<Told> {
    attempt.lost_to().map(Told::Line)
}

async fn maintaining(
    session: &mut Session,
    wish: &maintain::Wish,
    said: Said,
    stop: CancellationToken,
) -> Result<Outcome> {
    check(wish)?;
    let mut told = None::<Instant>;
    let mut hear = |news: maintain::News| {
        if matches!(news, maintain::News::Archived(_)) {
            if told.is_some_and(|told| told.elapsed() < TELL_EVERY) {
                return;
            }
            told = Some(Instant::now());
        }
        news.words().map(Told::Line).into_iter().for_each(&said);
    };
    let done = maintain::maintain(session, wish, &|| stop.is_cancelled(), &mut hear).await?;
    let mut text = output::maintain::done(&done);
    for (_, error) in &done.failed {
        text.push_str(&output::failure(error));
        text.push('\n');
    }
    let is_stopped = stop.is_cancelled() && !done.found.due.is_empty();
    if is_stopped {
        text.push_str("stopped before it was through\n");
    }
    let whole = match (done.failed.is_empty(), is_stopped) {
        (false, _) => Whole::Failed,
        (true, true) => Whole::Stopped,
        (true, false) => Whole::Done,
    };
    Ok(lines(&text, whole))
}

async fn deleting(
    session: &mut Session,
    doomed: &Doomed,
    said: Said,
    stop: CancellationToken,
) -> Result<Outcome> {
    let (mut told, mut deleted) = (None::<Instant>, 0);
    let mut hear = |progress: &Progress| {
        deleted = progress.deleted;
        if told.is_none_or(|told| told.elapsed() > TELL_EVERY) {
            told = Some(Instant::now());
            said(Told::Deleted(progress.clone()));
        }
    };
    let stopped = || stop.is_cancelled();
    let done = match retain::retain(session, &doomed.found, &[], &stopped, &mut hear).await {
        Ok(done) => done,
        // What was committed stays, whatever came then.
        Err(error) if deleted > 0 => {
            let before = format!(
                "{} rows were deleted before that, and it can go on",
                figures::count(deleted.cast_signed())
            );
            return Ok(lines(&format!("{}\n{before}", output::failure(&error)), Whole::Failed));
        }
        Err(error) => return Err(error),
    };
    let whole = if done.stopped { Whole::Stopped } else { Whole::Done };
    Ok(lines(&output::retain::done(&doomed.found, &done), whole))
}

/// Measures, and removes what was made: also where it fails or is stopped.
async fn measuring(
    session: &Session,
    size: (u32, u32),
    said: Said,
    stop: CancellationToken,
) -> Result<Outcome> {
    let mut hear = |kind: crate::model::lab::Kind| said(Told::Line(format!("measured: {}", kind.title())));
    let measured = ids::lab(session, size, &mut hear, stop.cancelled()).await?;
    Ok(match measured {
        Some(costs) => Outcome::Measured(costs, size.0),
        None => Outcome::Said(vec!["the scratch tables are removed".into()], Whole::Stopped),
    })
}

async fn installing(
    session: &mut Session,
    install: &ids::Install,
    said: Said,
    patience: Patience,
) -> Result<Outcome> {
    let mut hear = |attempt: Attempt| lost(&attempt).into_iter().for_each(&said);
    match ids::install(session, install, patience, &mut hear).await {
        Ok(done) => Ok(lines(&output::ids::installed(&done), Whole::Done)),
        Err(error @ Error::Stopped { .. }) => Ok(lines(&output::failure(&error), Whole::Stopped)),
        Err(error) => Err(error),
    }
}
