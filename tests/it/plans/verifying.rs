//! A pass reads both sides by TIDs and the log once a tile; so does repair; rows to be shown are sought by TID and key.

use quarterdeck::ops::{
    repair as ops_repair, row,
    verify::{self, Limits, Pass, Progress, Sides},
};

use super::{
    copying::read_once,
    explained::Node,
    stage::{Stage, TABLE},
};

async fn passed(stage: &Stage, which: &[usize]) -> Pass {
    let sides = Sides::before_swap(&stage.rig.scheme, &stage.rig.leaves);
    verify::pass(&stage.rig.db.target(), &sides, which, Limits::default(), &Progress::default())
        .await
        .unwrap()
}

pub(super) async fn pass(stage: &Stage) {
    stage.plans();
    let which: Vec<usize> = (0..stage.rig.leaves.len()).collect();
    let pass = passed(stage, &which).await;
    let plans = stage.plans();
    assert!(pass.is_clean(), "{pass:?}");
    let log = stage.rig.scheme.log().name;
    for side in std::iter::once(TABLE).chain(stage.rig.leaves.iter().map(|leaf| leaf.name.as_str())) {
        let reading: Vec<_> = plans.iter().filter(|plan| !plan.scans(side).is_empty()).collect();
        for plan in &reading {
            assert!(plan.scans(side).iter().all(|scan| of_a_tile(*scan)), "{}", plan.shown());
            match pass.in_log {
                0 => assert!(plan.scans(log.as_str()).is_empty(), "it is empty\n{}", plan.shown()),
                _ => read_once(plan, log.as_str()),
            }
        }
        // DEFAULT and the leaf ahead have no blocks.
        assert_eq!(reading.is_empty(), ["messages_default", "messages_2025_q1"].contains(&side), "{side}");
    }
}

/// By TIDs; a heap that is one tile may be read as a whole, for no row lies outside.
fn of_a_tile(scan: Node<'_>) -> bool {
    scan.kind() == "Tid Range Scan" || scan.word("Filter").contains("ctid >= ") && scan.removed() == 0.0
}

pub(super) async fn repair(stage: &Stage) {
    let sides = Sides::before_swap(&stage.rig.scheme, &stage.rig.leaves);
    let log = stage.rig.scheme.log().name;
    let mut session = stage.session().await;
    let tx = session.begin().await.unwrap();
    stage.plans();
    ops_repair::repair(&tx, &sides, 3, ops_repair::Past::Copied).await.unwrap();
    tx.rollback().await.unwrap();
    let plans = stage.plans();
    let repairs: Vec<_> = plans.iter().filter(|plan| plan.writes() == [log.as_str()]).collect();
    assert_eq!(repairs.len(), 1);
    assert_eq!(repairs[0].scans(log.as_str()).len(), 2, "once a side\n{}", repairs[0].shown());
    assert!(!repairs[0].probes(log.as_str()), "{}", repairs[0].shown());
}

/// A row is missing, one differs, one is too many.
pub(super) async fn differences(stage: &Stage) {
    const PLANT: &str = "CREATE TEMP VIEW quiet AS SELECT min(id::text)::uuid AS first, max(id::text)::uuid AS last FROM messages_2022_q1 m \
                         WHERE NOT EXISTS (SELECT FROM {log} l WHERE l.k1 = m.id); \
                         DELETE FROM messages_2022_q1 WHERE id = (SELECT first FROM quiet); \
                         UPDATE messages_2022_q1 SET body = 'other' WHERE id = (SELECT last FROM quiet); DROP VIEW quiet; \
                         INSERT INTO messages_2022_q1 VALUES (gen_random_uuid(), '2022-01-05 00:00+00', 1, 'extra')";
    const MEND: &str = "DELETE FROM messages_2022_q1; INSERT INTO messages_2022_q1 SELECT * FROM messages WHERE at < '2022-04-01 00:00+00'";
    stage.sql(PLANT).await;
    stage.plans();
    let pass = passed(stage, &[0]).await;
    let plans = stage.plans();
    assert_eq!(pass.diff_rows(), 3, "{pass:?}");
    let log = stage.rig.scheme.log().name;
    for plan in &plans {
        assert!(!plan.probes(log.as_str()), "{}", plan.shown());
    }
    let shown = plans.iter().filter(|plan| plan.nodes().iter().any(|node| node.kind() == "Tid Scan"));
    for plan in shown.clone() {
        let sides = stage.rig.leaves.iter().map(|leaf| leaf.name.as_str()).chain([TABLE]);
        for scan in sides.flat_map(|side| plan.scans(side)) {
            assert!(scan.kind() != "Seq Scan" && scan.rows() < 10.0, "{}", plan.shown());
        }
    }
    assert!(shown.count() >= 3, "sought in the source and in the twin, and read");
    whole(stage, &pass).await;
    stage.sql(MEND).await;
    stage.analyse().await;
}

/// A row that is read whole is found by its key, on both sides and in the log, whatever their sizes.
async fn whole(stage: &Stage, pass: &Pass) {
    let (scheme, leaves) = (&stage.rig.scheme, &stage.rig.leaves);
    let log = scheme.log().name;
    let mut session = stage.session().await;
    for diff in pass.verdicts.iter().flat_map(|verdict| &verdict.diffs) {
        stage.plans();
        row::read(&mut session, scheme, leaves, diff).await.unwrap();
        let plans = stage.plans();
        let relations = || leaves.iter().map(|leaf| leaf.name.as_str()).chain([TABLE, log.as_str()]);
        let mut sought = 0;
        for plan in &plans {
            for scan in relations().flat_map(|relation| plan.scans(relation)) {
                assert!(scan.kind() != "Seq Scan" && scan.rows() < 10.0, "{}", plan.shown());
                assert!(scan.removed() < 10.0, "{}", plan.shown());
                sought += 1;
            }
        }
        assert!(sought >= 5, "sought on both sides and in the log, measured, read: {sought}");
    }
}
