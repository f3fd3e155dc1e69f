//! Replay finds what it needs by key: in the log, in source and old table, in each leaf.

use quarterdeck::{model::clock::Clock, ops::replay, pg::measure};

use super::{
    explained::Plan,
    stage::{Log, RUNS, Stage, TABLE},
};

pub(super) async fn forward(stage: &Stage, log: Log) {
    let (leaves, limit) = (&stage.rig.leaves, log.limit());
    stage.plans();
    let done = stage.forward(leaves, limit, RUNS).await;
    let plans = stage.plans();
    assert!(done.iter().all(|batch| batch.log_rows == limit && batch.keys > 0), "{done:?}");
    dequeued(stage, &plans, limit);
    assert!(sought(&plans, (TABLE, "messages_pkey"), limit) >= RUNS);
    let leaves = leaves.iter().map(|leaf| leaf.name.as_str());
    let written = leaves.map(|leaf| sought(&plans, (leaf, &format!("{leaf}_messages_pkey")), limit));
    assert!(written.sum::<usize>() >= RUNS);
}

pub(super) async fn reverse(stage: &Stage, log: Log) {
    let limit = log.limit();
    stage.plans();
    let done = stage.reverse(limit, RUNS).await;
    let plans = stage.plans();
    assert!(done.iter().all(|batch| batch.log_rows == limit && batch.keys > 0), "{done:?}");
    dequeued(stage, &plans, limit);
    assert!(sought(&plans, ("messages_old", "messages_pkey_old"), limit) >= RUNS);
    // Without its time a key is sought in every leaf; an id that tells it, in its own.
    let least = if stage.rig.scheme.clock.is_id() { 0 } else { RUNS };
    let leaves = stage.rig.leaves.iter().map(|leaf| leaf.name.as_str());
    let each: Vec<_> =
        leaves.map(|leaf| sought(&plans, (leaf, &format!("{leaf}_messages_pkey")), limit)).collect();
    assert!(each.iter().all(|times| *times >= least) && each.iter().sum::<usize>() >= RUNS, "{each:?}");
}

/// Keys of leaves that are not sealed yet are as good as not there, and so are those that were there once.
pub(super) async fn passed_over(stage: &Stage) {
    const EARLY: &str = "INSERT INTO {log} (k1, part) SELECT id, at FROM messages, generate_series(1, 6) \
                         WHERE at < '2023-07-01 00:00+00'";
    const LATE: &str = "UPDATE messages SET body = 'late' WHERE at >= '2023-07-01 00:00+00' AND kind = 1";
    const LIMIT: i64 = 500;
    let leaves = &stage.rig.leaves;
    let scope = replay::scope(Clock::Timestamptz, &leaves[6..], leaves);
    assert_eq!(scope.len(), 2, "before the first leaf, and from the seventh on");
    stage.drain().await;
    stage.sql("VACUUM {log}").await;
    looks(stage, &replay::all(), Found::Nothing).await;
    stage.sql(EARLY).await;
    stage.analyse().await;
    looks(stage, &scope, Found::Nothing).await;
    stage.sql(LATE).await;
    looks(stage, &scope, Found::Keys).await;
    looks(stage, &replay::all(), Found::Keys).await;
    stage.plans();
    let done = stage.forward(&leaves[6..], LIMIT, RUNS).await;
    assert!(done.iter().all(|batch| batch.log_rows == LIMIT), "{done:?}");
    dequeued(stage, &stage.plans(), LIMIT);
    stage.drain().await;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Keys,
    Nothing,
}

/// A look at the log says what is wanted, and reads next to nothing of it.
async fn looks(stage: &Stage, scope: &[String], wanted: Found) {
    let session = stage.session().await;
    stage.plans();
    let found = measure::log_has(&session, &stage.rig.scheme, scope).await.unwrap();
    assert_eq!(found, wanted == Found::Keys, "{scope:?}");
    let log = stage.rig.scheme.log().name;
    let plans = stage.plans();
    let looks: Vec<_> = plans.iter().filter(|plan| !plan.scans(log.as_str()).is_empty()).collect();
    assert_eq!(looks.len(), 1);
    few(looks[0], log.as_str(), 2);
    assert!(looks[0].pages() < 30.0, "{} pages\n{}", looks[0].pages(), looks[0].shown());
}

/// Log rows are found by their keys, then taken by their numbers; no others are looked at.
fn dequeued(stage: &Stage, plans: &[Plan], limit: i64) {
    let log = stage.rig.scheme.log().name;
    let taking: Vec<_> = plans.iter().filter(|plan| plan.writes() == [log.as_str()]).collect();
    assert_eq!(taking.len(), RUNS);
    for plan in taking {
        let scans = plan.scans(log.as_str());
        let by = |index: &str| scans.iter().any(|scan| scan.index() == format!("{}_{index}", log.as_str()));
        assert!(by("pkey") && by("key"), "{}", plan.shown());
        few(plan, log.as_str(), 2 * limit);
    }
}

/// How many plans look rows of `relation` up; all of them by its key, and no more rows than there are keys.
fn sought(plans: &[Plan], (relation, index): (&str, &str), limit: i64) -> usize {
    let seeking: Vec<_> = plans.iter().filter(|plan| !plan.scans(relation).is_empty()).collect();
    for plan in &seeking {
        assert!(
            plan.scans(relation).iter().all(|scan| scan.index() == index),
            "{relation}\n{}",
            plan.shown()
        );
        few(plan, relation, limit);
    }
    seeking.len()
}

fn few(plan: &Plan, relation: &str, most: i64) {
    let rows: f64 = plan.scans(relation).iter().map(|scan| scan.rows()).sum();
    assert!(rows <= f64::from(i32::try_from(most).unwrap()), "{rows} rows of {relation}\n{}", plan.shown());
    assert!(plan.scans(relation).iter().all(|scan| !scan.index().is_empty()), "{}", plan.shown());
}
