//! The mirror finds the follower's row, and the owner's, by key: it is the application that waits for it.

use quarterdeck::model::carry::{self, Carry};

use super::{
    explained::Plan,
    stage::{RUNS, Stage, TABLE},
};

pub(super) async fn mirrored(stage: &Stage, carry: Carry) {
    let follower = match carry {
        Carry::MirrorToOld => "messages_old",
        Carry::MirrorToTwin | Carry::MirrorAllToTwin | Carry::Log => "messages_twin",
    };
    stage.sql(&carry::functions(&stage.rig.scheme, carry)).await;
    stage.plans();
    write(stage).await;
    assert_eq!(stage.logged().await, "0", "all was mirrored");
    let plans = stage.plans();
    let mirrored: Vec<_> = plans.iter().filter(|plan: &&Plan| plan.writes().contains(&follower)).collect();
    // An insert, an update of one row and one of three, a delete.
    assert_eq!(mirrored.len(), RUNS * 6);
    let taken: Vec<_> = plans.iter().filter(|plan| plan.sql.ends_with("FOR UPDATE NOWAIT")).collect();
    assert_eq!(taken.len(), RUNS * 5);
    let leaves: Vec<_> = stage.rig.leaves.iter().map(|leaf| leaf.name.as_str().to_owned()).collect();
    let mut keys =
        vec![(TABLE, "messages_pkey".to_owned()), ("messages_old", "messages_pkey_old".to_owned())];
    keys.extend(leaves.iter().map(|leaf| (leaf.as_str(), format!("{leaf}_messages_pkey"))));
    for plan in mirrored.into_iter().chain(taken) {
        let scans =
            keys.iter().flat_map(|(table, key)| plan.scans(table).into_iter().map(move |scan| (scan, key)));
        let scans: Vec<_> = scans.collect();
        let tables = if plan.sql.starts_with("UPDATE") { 2 } else { 1 };
        assert_eq!(scans.len(), tables, "of each table one leaf\n{}", plan.shown());
        assert!(
            scans.iter().all(|(scan, key)| scan.index() == *key && scan.rows() <= 1.0),
            "{}",
            plan.shown()
        );
    }
    stage.sql(&carry::functions(&stage.rig.scheme, Carry::Log)).await;
}

/// As an application: by key, on one session.
async fn write(stage: &Stage) {
    let client = stage.rig.db.client().await;
    let as_ours =
        "SET application_name = 'quarterdeck application'; SET auto_explain.log_nested_statements = on";
    client.batch_execute(as_ours).await.unwrap();
    let keys = stage.rig.db.rows(&format!("SELECT id FROM {TABLE} ORDER BY id LIMIT 40")).await;
    let id = stage.new_id();
    for (run, keys) in keys.chunks_exact(5).enumerate().take(RUNS) {
        let [one, two, three, four, last] = keys else { unreachable!() };
        let sql = format!(
            "INSERT INTO {TABLE} SELECT {id}, at, 1, 'new' \
             FROM (SELECT '2022-02-02 00:00+00'::timestamptz + {run} * interval '80 days' AS at) s; \
             UPDATE {TABLE} SET body = 'edited' WHERE id = '{one}'; \
             UPDATE {TABLE} SET body = 'three' WHERE id IN ('{two}', '{three}', '{four}'); \
             DELETE FROM {TABLE} WHERE id = '{last}'"
        );
        client.batch_execute(&sql).await.unwrap();
    }
}
