//! What the pages of the health screen ask, and their chores, on the real server.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::{
    cli::{
        output::{self, guide},
        upkeep::Guide,
    },
    engine::{
        audit::{self, Origin},
        ids, maintain,
        plan::compare::weigh,
        retain,
    },
    error::{Error, Report, Result},
    model::{figures, maintenance::OnExpiry, plan::Request, retention::Progress},
    pg::{
        Session, Target,
        lock::{Attempt, Patience},
    },
    tui::{
        app::upkeep::{
            Answer, Doomed, Question,
            work::{Chore, Outcome, Told},
        },
        desk::Said,
    },
};

/// How often it is said how far a chore is.
const TELL_EVERY: Duration = Duration::from_millis(100);

/// Answers a question.
pub(super) async fn answer(target: &Target, question: Question) -> Result<Answer> {
    let mut session = Session::open(target, "console").await?;
    Ok(match question {
        Question::Due(wish) => {
            check(&wish)?;
            Answer::Due(maintain::look(&mut session, &wish).await?.into())
        }
        Question::Audit(table) => {
            let from = Origin::Server(audit::MOST);
            Answer::Audit(audit::audit(&mut session, &Request::of(&table), from).await?.into())
        }
        Question::Guide(table) => {
            let table = audit::guide(&mut session, &Request::of(&table)).await?;
            let texts = [Guide::Sqlalchemy, Guide::Go].map(|language| guide::text(language, &table));
            Answer::Guide(texts.iter().flat_map(|text| text.lines()).map(str::to_owned).collect())
        }
        Question::Ids(table) => Answer::Ids(ids::look(&session, &table, None).await?.into()),
        Question::Install(install) => {
            let plan = ids::plan_install(&session, &install).await?;
            let default = plan.default.map(|default| default.sql);
            Answer::Install(plan.make.into_iter().chain(default).collect())
        }
        Question::Weigh(request) => Answer::Weighed(weigh(&session, &request).await?.into()),
        Question::Doomed(wish) => {
            let found = retain::look(&session, &wish).await?;
            let instead = retain::instead(&session, &found).await?;
            Answer::Doomed(Doomed { found, instead }.into())
        }
    })
}

/// What the command line says before anything connects.
fn check(wish: &maintain::Wish) -> Result<()> {
    match &wish.archive_dir {
        Some(folder) if wish.keep.on_expiry == OnExpiry::Archive && !folder.is_dir() => Err(Error::Usage {
            reason: format!("{} is no folder", folder.display()),
            remedy: "make it first: archives are not put where nobody looks for them".into(),
        }),
        _ => Ok(()),
    }
}

/// Does a chore; for a lock it has `patience`.
pub(super) async fn work(
    target: &Target,
    chore: Chore,
    said: Said,
    stop: CancellationToken,
    patience: Patience,
) -> Result<Outcome, Report> {
    let outcome = match chore {
        Chore::Maintain(mut wish) => {
            wish.patience = patience;
            maintaining(target, &wish, said, stop).await
        }
        Chore::Retain(doomed) => deleting(target, &doomed, said, stop).await,
        Chore::Lab { rows, checkpoints } => measuring(target, (rows, checkpoints), said, stop).await,
        Chore::Install(install) => installing(target, &install, said, (stop, patience)).await,
    };
    outcome.map_err(|error| error.report())
}

/// Text for people, a paragraph a line.
fn lines(text: &str) -> Outcome {
    Outcome::Said(text.lines().map(str::to_owned).collect())
}

fn lost(attempt: &Attempt) -> Option<Told> {
    let blocker = attempt.blocker.as_ref()?;
    Some(Told::Line(format!("{}: attempt {} lost to {blocker}", attempt.step, attempt.number)))
}

async fn maintaining(
    target: &Target,
    wish: &maintain::Wish,
    said: Said,
    stop: CancellationToken,
) -> Result<Outcome> {
    check(wish)?;
    let mut session = Session::open(target, "maintain").await?;
    session.stop_with(stop.clone());
    let mut told = None::<Instant>;
    let mut hear = |news: maintain::News| match news {
        maintain::News::Attempt(attempt) => lost(&attempt).into_iter().for_each(&said),
        maintain::News::Archived(bytes) if told.is_none_or(|told| told.elapsed() > TELL_EVERY) => {
            told = Some(Instant::now());
            said(Told::Line(format!("archived {}", figures::bytes(bytes.cast_signed()))));
        }
        maintain::News::Archived(_) => {}
    };
    let done = maintain::maintain(&mut session, wish, &|| stop.is_cancelled(), &mut hear).await?;
    let mut text = output::maintain::done(&done);
    for (_, error) in &done.failed {
        text.push_str(&output::failure(error));
        text.push('\n');
    }
    if stop.is_cancelled() && !done.found.due.is_empty() {
        text.push_str("stopped before it was through\n");
    }
    Ok(lines(&text))
}

async fn deleting(target: &Target, doomed: &Doomed, said: Said, stop: CancellationToken) -> Result<Outcome> {
    let mut session = Session::open(target, "retain").await?;
    let mut told = None::<Instant>;
    let mut hear = |progress: &Progress| {
        if told.is_none_or(|told| told.elapsed() > TELL_EVERY) {
            told = Some(Instant::now());
            said(Told::Deleted(progress.clone()));
        }
    };
    let stopped = || stop.is_cancelled();
    let done = retain::retain(&mut session, &doomed.found, &[], &stopped, &mut hear).await?;
    Ok(lines(&output::retain::done(&doomed.found, &done)))
}

/// Measures, and removes what was made: also where it fails or is stopped.
async fn measuring(
    target: &Target,
    size: (u32, u32),
    said: Said,
    stop: CancellationToken,
) -> Result<Outcome> {
    let session = Session::open(target, "ids lab").await?;
    let mut hear = |kind: crate::model::lab::Kind| said(Told::Line(format!("measured: {}", kind.title())));
    let measured = ids::lab(&session, size, &mut hear, stop.cancelled()).await?;
    Ok(match measured {
        Some(costs) => Outcome::Measured(costs, size.0),
        None => Outcome::Said(vec!["stopped; the scratch tables are removed".into()]),
    })
}

async fn installing(
    target: &Target,
    install: &ids::Install,
    said: Said,
    (stop, patience): (CancellationToken, Patience),
) -> Result<Outcome> {
    let mut session = Session::open(target, "ids install").await?;
    session.stop_with(stop);
    let mut hear = |attempt: Attempt| lost(&attempt).into_iter().for_each(&said);
    let done = ids::install(&mut session, install, patience, &mut hear).await?;
    Ok(lines(&output::ids::installed(&done)))
}
