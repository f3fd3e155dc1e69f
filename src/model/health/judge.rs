//! What of the facts wants doing. Every limit is named here.

use super::{Cover, Facts, Figures, Finding, Growth, Health, Index, Part, Severity, places, sessions};
use crate::model::{audit::Gist, figures, sql::on_one_line};

/// Fewer dead rows are not worth a vacuum.
const DEAD_ROWS: i64 = 10_000;
/// From this share of dead rows on a vacuum is due; autovacuum's own default.
const DEAD_SHARE: f64 = 0.2;
/// Smaller heaps are not worth a word about their free room.
const BLOAT_BYTES: i64 = 64 << 20;
/// From this estimated share of free room on a heap is said to be bloated.
const BLOAT_SHARE: f64 = 0.5;
/// From this share of the time of all statements on those that reach every partition are a warning.
const WIDE_TIME: f64 = 0.1;
/// An index nobody has read for so many seconds is said to be unused.
const UNUSED_S: i64 = 7 * 86_400;
/// A transaction is open for long from so many seconds on; `health_sessions.sql` has it, too.
pub(super) const LONG_S: i64 = 300;
/// Who waits for a lock for more seconds than this has gone wrong: requests time out, and others queue behind it.
pub(super) const HELD_UP_S: i64 = 60;
/// The partition of now is told to grow out of the others' size when so much of its period is over,
const OUTGROWN_FROM: f64 = 0.25;
/// when it is on course for so many times the mean of at least two,
const OUTGROWN_TIMES: i64 = 2;
/// and for so many bytes.
const OUTGROWN_BYTES: i64 = 1 << 30;
/// So many bytes of an unused index are worth a word.
const UNUSED_BYTES: i64 = 8 << 20;

/// All findings, the gravest first, each kind in the order of the partitions.
pub fn judge(facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    let cover = Cover::of(facts);
    found.extend(facts.parts.iter().filter(|part| part.detaching).map(|part| detaching(facts, part)));
    found.extend(places::without_partition(facts));
    found.extend(places::ends(facts, &cover));
    found.extend(places::gaps(facts, &cover));
    found.extend(places::strays(facts, &cover));
    found.extend(facts.leaves().filter_map(|part| freezing(facts, part)));
    found.extend(facts.held_up.iter().map(|held| sessions::held_up(facts, held)));
    found.extend(sessions::open_for_long(facts));
    found.extend(facts.indexes.iter().filter_map(|index| index_of_all(facts, index)));
    found.extend(facts.odd.iter().map(|(part, what)| odd(part, what)));
    found.extend(analyzed(facts));
    found.extend(facts.leaves().filter_map(never_analyzed));
    found.extend(facts.leaves().filter_map(dead));
    found.extend(facts.leaves().filter_map(bloated));
    found.extend(facts.indexes.iter().filter_map(|index| unused(facts, index)));
    found.extend(outgrown(facts));
    found.extend(facts.leftovers.iter().map(leftover));
    found.extend(facts.audit.as_ref().and_then(|gist| wide(facts, gist)));
    if let Some(partman) = &facts.partman {
        for finding in &mut found {
            partman.takes_over(finding);
        }
    }
    found.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    found
}

/// Object, reason and remedy.
pub(super) type Words = (String, String, String);

pub(super) fn finding(id: &str, severity: Severity, (object, reason, remedy): Words) -> Finding {
    Finding { id: id.into(), severity, object, reason, remedy, sql: Vec::new(), safe: false }
}

fn detaching(facts: &Facts, part: &Part) -> Finding {
    let sql = format!("ALTER TABLE {} DETACH PARTITION {} FINALIZE", facts.table.name, part.name);
    let words = (
        part.name.plain(),
        "a DETACH … CONCURRENTLY of it was interrupted: it is no partition to queries, and still one to the table"
            .into(),
        "finish it; that waits for every query that still sees it".into(),
    );
    Finding { sql: vec![sql], ..finding("QD-147", Severity::Error, words) }
}

fn freezing(facts: &Facts, part: &Part) -> Option<Finding> {
    let (age, max) = (part.figures.freeze_age, facts.table.freeze_max_age);
    let severity = match () {
        () if age > max + max / 10 => Severity::Error,
        () if age > max - max / 10 => Severity::Warning,
        () => return None,
    };
    let words = (
        part.name.plain(),
        format!(
            "rows have not been frozen for {} transactions; autovacuum must do it at {}, whatever it disturbs",
            figures::count(age),
            figures::count(max)
        ),
        "freeze it now, at a time of your choice".into(),
    );
    let sql = vec![format!("VACUUM (FREEZE) {}", part.name)];
    Some(Finding { sql, safe: true, ..finding("QD-146", severity, words) })
}

fn index_of_all(facts: &Facts, index: &Index) -> Option<Finding> {
    if index.valid {
        return None;
    }
    if let Some(part) = &index.of {
        let words = (
            index.name.clone(),
            format!("invalid on {part}: kept up to date by every write, and read by no query"),
            "build it anew; drop it if another one of the same columns is there".into(),
        );
        let sql = vec![format!("REINDEX INDEX CONCURRENTLY {}", index.name)];
        return Some(Finding { sql, safe: true, ..finding("QD-143", Severity::Warning, words) });
    }
    let reason = match &index.missing[..] {
        [] => "invalid though every partition has its part: one of those is invalid".to_owned(),
        [one] => format!("lacks on {one}: there no query can use it"),
        [one, rest @ ..] => format!("lacks on {one} and {} more: there no query can use it", rest.len()),
    };
    let sql = index.missing.iter().flat_map(|part| attach(index, part)).collect();
    let words = (
        index.name.clone(),
        format!("{reason} (on {})", facts.table.name.plain()),
        "build it there, and attach it".into(),
    );
    Some(Finding { sql, ..finding("QD-143", Severity::Warning, words) })
}

/// The part of an index that a partition lacks.
fn attach(index: &Index, part: &str) -> Vec<String> {
    let Some((head, how)) = index.definition.split_once(" USING ") else { return Vec::new() };
    let unique = if head.starts_with("CREATE UNIQUE") { "UNIQUE " } else { "" };
    let bare = |name: &str| name.rsplit('.').next().unwrap_or(name).trim_matches('"').replace("\"\"", "\"");
    let name =
        crate::model::ident::Ident::new(bare(part)).join(&crate::model::ident::Ident::new(bare(&index.name)));
    let schema = part.rsplit_once('.').map_or_else(String::new, |(schema, _)| format!("{schema}."));
    vec![
        format!("CREATE {unique}INDEX CONCURRENTLY {name} ON {part} USING {how}"),
        format!("ALTER INDEX {} ATTACH PARTITION {schema}{name}", index.name),
    ]
}

fn odd(part: &str, what: &str) -> Finding {
    let words = (
        part.to_owned(),
        format!("{what}, unlike its table"),
        "make it like the others, or know that it is meant".into(),
    );
    finding("QD-144", Severity::Info, words)
}

fn analyzed(facts: &Facts) -> Option<Finding> {
    let has_rows = facts.leaves().any(Part::may_have_rows);
    if facts.table.analyzed || !has_rows {
        return None;
    }
    let words = (
        facts.table.name.plain(),
        "the planner knows nothing of all partitions together; autovacuum never analyzes a partitioned table"
            .into(),
        "analyze it, and again whenever a new partition has filled".into(),
    );
    let sql = vec![format!("ANALYZE {}", facts.table.name)];
    Some(Finding { sql, safe: true, ..finding("QD-145", Severity::Warning, words) })
}

fn never_analyzed(part: &Part) -> Option<Finding> {
    let Figures { analyzed, heap_bytes, .. } = part.figures;
    if analyzed || !part.may_have_rows() {
        return None;
    }
    let words = (
        part.name.plain(),
        format!("{} of rows were never analyzed: the planner guesses", figures::bytes(heap_bytes)),
        "analyze it".into(),
    );
    let sql = vec![format!("ANALYZE {}", part.name)];
    Some(Finding { sql, safe: true, ..finding("QD-145", Severity::Warning, words) })
}

fn dead(part: &Part) -> Option<Finding> {
    let Figures { live, dead, .. } = part.figures;
    let share = figures::share(dead, live + dead);
    if dead < DEAD_ROWS || share < DEAD_SHARE {
        return None;
    }
    let words = (
        part.name.plain(),
        format!(
            "{} dead rows, {} of all: autovacuum does not keep up",
            figures::count(dead),
            figures::percent(share)
        ),
        "vacuum it; if that does not help, see who has been open for long".into(),
    );
    let sql = vec![format!("VACUUM (ANALYZE) {}", part.name)];
    Some(Finding { sql, safe: true, ..finding("QD-149", Severity::Warning, words) })
}

fn bloated(part: &Part) -> Option<Finding> {
    let Figures { heap_bytes, needed_bytes, .. } = part.figures;
    let free = heap_bytes - needed_bytes?;
    if heap_bytes < BLOAT_BYTES || figures::share(free, heap_bytes) < BLOAT_SHARE {
        return None;
    }
    let words = (
        part.name.plain(),
        format!(
            "an estimated {} of {} are free room, which new rows may fill but nothing else gets",
            figures::bytes(free),
            figures::bytes(heap_bytes)
        ),
        "leave it where rows still come; else rewrite it in a quiet hour: VACUUM FULL locks everybody out of it".into(),
    );
    Some(Finding {
        sql: vec![format!("VACUUM (FULL, ANALYZE) {}", part.name)],
        ..finding("QD-149", Severity::Info, words)
    })
}

fn unused(facts: &Facts, index: &Index) -> Option<Finding> {
    let counted = facts.table.counted_s.filter(|counted| *counted >= UNUSED_S)?;
    if index.of.is_some() || index.rules || index.scans > 0 || index.bytes < UNUSED_BYTES {
        return None;
    }
    let words = (
        index.name.clone(),
        format!(
            "no query has read it for {} ({}): every write pays for it",
            figures::span(figures::float(counted)),
            figures::bytes(index.bytes)
        ),
        "drop it, if standbys and rare jobs do not need it either".into(),
    );
    Some(Finding {
        sql: vec![format!("DROP INDEX {}", index.name)],
        ..finding("QD-150", Severity::Info, words)
    })
}

fn outgrown(facts: &Facts) -> Option<Finding> {
    let Growth { periods, bytes, most_bytes, now, .. } = Growth::of(facts)?;
    let now = now?;
    let at_end = now.bytes_at_end.filter(|bytes| *bytes >= OUTGROWN_BYTES)?;
    if periods < 2 || now.share < OUTGROWN_FROM || at_end <= most_bytes.max(bytes * OUTGROWN_TIMES) {
        return None;
    }
    let words = (
        now.part.plain(),
        format!(
            "on course for ≈ {}, where the last {periods} have {} on average and {} at most",
            figures::bytes(at_end),
            figures::bytes(bytes),
            figures::bytes(most_bytes)
        ),
        "see what writes more than before; if it is to stay so, give the next partitions shorter periods: `quarterdeck maintain --every`".into(),
    );
    Some(finding("QD-171", Severity::Info, words))
}

fn leftover(one: &super::Leftover) -> Finding {
    let words = (
        one.name.plain(),
        format!(
            "looks like a partition that was detached: {} rows, {}",
            figures::count(one.rows),
            figures::bytes(one.bytes)
        ),
        "archive and drop it, or attach it again; `quarterdeck maintain --on-expiry archive` does the former with the next ones".into(),
    );
    Finding { sql: vec![format!("DROP TABLE {}", one.name)], ..finding("QD-151", Severity::Info, words) }
}

fn wide(facts: &Facts, gist: &Gist) -> Option<Finding> {
    let much = gist.failing > 0 || gist.wide_time.is_some_and(|share| share >= WIDE_TIME);
    let severity = if much { Severity::Warning } else { Severity::Info };
    let first = gist.first.as_deref().map(on_one_line);
    let first = first.map(|sql| format!("; the dearest: {}", sql.chars().take(120).collect::<String>()));
    let name = facts.table.name.plain();
    let words = (
        name.clone(),
        format!("{}{}", gist.trouble()?, first.unwrap_or_default()),
        format!("`quarterdeck audit {name}` names them, and how to write them instead"),
    );
    Some(finding("QD-162", severity, words))
}

impl Health {
    /// How many findings are of each severity: errors, warnings, hints.
    pub fn counts(&self) -> [usize; 3] {
        let of = |severity| self.findings.iter().filter(|finding| finding.severity == severity).count();
        [of(Severity::Error), of(Severity::Warning), of(Severity::Info)]
    }
}
