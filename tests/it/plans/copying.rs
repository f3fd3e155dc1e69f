//! Census and copy read the heap by TIDs and the log once; a chunk's row in the journal is found by its key.

use quarterdeck::model::chunk::Chunk;

use super::{
    explained::Plan,
    stage::{Stage, TABLE},
};

/// The journal of another migration, of a large table, so that finding a chunk in it is worth an index.
const OTHER_CHUNKS: &str = "INSERT INTO quarterdeck.migration (id, source_oid, table_schema, table_name, scheme, phase) \
     VALUES (gen_random_uuid(), 1, 'other', 'other', '{}', 'finished'); \
     INSERT INTO quarterdeck.chunk (migration_id, id, first_block, end_block) \
     SELECT id, n, n, n + 1 FROM quarterdeck.migration, generate_series(1, 2000) n WHERE phase = 'finished'";

pub(super) async fn census(stage: &mut Stage) -> Vec<Chunk> {
    stage.sql(OTHER_CHUNKS).await;
    stage.analyse().await;
    stage.plans();
    stage.count().await;
    let plans = stage.plans();
    let chunks = stage.create().await;
    // Ids are looked at before they are counted.
    let looks = if stage.rig.scheme.clock.is_id() { 2 } else { 1 };
    assert_eq!(read_by_tid(&plans).len(), looks * chunks.len());
    journalled(&plans, chunks.len());
    for leaves in [1, 2, 3] {
        let some = chunks.iter().any(|chunk| chunk.rows.len().min(3) == leaves);
        assert!(some, "no chunk of {leaves} leaves");
    }
    chunks
}

pub(super) async fn copy(stage: &mut Stage, chunks: &[Chunk]) {
    stage.plans();
    for chunk in chunks {
        stage.copy(chunk).await;
    }
    let plans = stage.plans();
    let copied = read_by_tid(&plans);
    let (log, twin) = (stage.rig.scheme.log().name, stage.rig.scheme.twin().name);
    let leaf = |(leaf, _): &(usize, i64)| stage.rig.leaves[*leaf].name.as_str();
    // A statement a leaf, or one through the parent.
    let wanted = |chunk: &Chunk| match chunk.rows.len() {
        1 | 2 => chunk.rows.iter().map(leaf).collect(),
        _ => vec![twin.as_str()],
    };
    let wanted: Vec<_> = chunks.iter().flat_map(wanted).map(str::to_owned).collect();
    assert_eq!(copied.iter().flat_map(|plan| plan.writes()).collect::<Vec<_>>(), wanted);
    assert_eq!(copied.len(), wanted.len());
    for plan in copied {
        read_once(plan, log.as_str());
    }
    // Claimed, and then how many rows.
    journalled(&plans, 2 * chunks.len());
}

/// The statements that read the source's rows; all of them by TIDs.
fn read_by_tid(plans: &[Plan]) -> Vec<&Plan> {
    let reading: Vec<_> = plans.iter().filter(|plan| !plan.scans(TABLE).is_empty()).collect();
    for plan in &reading {
        let kinds: Vec<_> = plan.scans(TABLE).iter().map(|scan| scan.kind()).collect();
        assert_eq!(kinds, ["Tid Range Scan"], "{}", plan.shown());
    }
    reading
}

/// The log is read once, and not once a row.
pub(super) fn read_once(plan: &Plan, log: &str) {
    assert_eq!(plan.scans(log).len(), 1, "where is the log?\n{}", plan.shown());
    let hashed = plan.nodes().iter().any(|node| node.kind() == "Hash Join");
    assert!(hashed && !plan.probes(log), "{}", plan.shown());
}

fn journalled(plans: &[Plan], times: usize) {
    let updates = plans.iter().filter(|plan| plan.writes() == ["chunk"] && plan.sql.starts_with("UPDATE"));
    for plan in updates.clone() {
        let scans = plan.scans("chunk");
        let by_key = scans.iter().all(|scan| scan.index() == "chunk_pkey" && scan.rows() <= 1.0);
        assert!(scans.len() == 1 && by_key, "{}", plan.shown());
    }
    assert_eq!(updates.count(), times);
}
