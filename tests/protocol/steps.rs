//! What may happen next, and what is so afterwards.

use crate::state::{
    Batch, Copied, Counted, DOUBLED, FENCED, IDS, LEAVES, Logged, Owner, Row, Stage, State, Work, Write,
};

/// One rule broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mutant {
    /// Dequeued is all up to the highest number seen, when the batch commits (TRAPS 6).
    DequeueBySeq,
    /// The source's rows are read in one snapshot, the log in a later one (TRAPS 47).
    ReadBeforeDequeue,
    /// The copier takes a row wherever it belongs now, not only into the leaves that the census listed.
    CopyIntoSealed,
    /// The drain passes over what another batch holds, and takes it for done (TRAPS 47).
    SkipLocked,
    /// The epoch is read without a lock (TRAPS 48).
    UnlockedEpoch,
    /// After a death all is discarded and copied again that is above the first chunk that is not done.
    Watermark,
}

impl Mutant {
    pub(crate) const ALL: [Self; 6] = [
        Self::DequeueBySeq,
        Self::ReadBeforeDequeue,
        Self::CopyIntoSealed,
        Self::SkipLocked,
        Self::UnlockedEpoch,
        Self::Watermark,
    ];
}

/// One thing that the server does at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The application writes one id: the row's new leaf, or none.
    Write(usize, Option<usize>),
    /// Its transaction commits.
    Commit(usize),
    /// Or does not.
    Rollback(usize),
    Count(usize),
    Copy(usize),
    CommitCopy(usize),
    Seal(usize),
    Replay,
    /// The second snapshot of a mutant.
    Dequeue,
    CommitReplay,
    FailReplay,
    MirrorOn,
    Drain,
    Swap,
    /// The tool dies; its sessions may live on for a while.
    Die,
    /// One of them ends.
    EndCopy,
    RaiseEpoch,
}

type Steps = Vec<(Step, State)>;

/// Every step from here.
pub(crate) fn next(state: &State, mutant: Option<Mutant>) -> Steps {
    let mut steps = Vec::new();
    if state.stage == Stage::Swapped {
        return steps;
    }
    application(state, &mut steps);
    copier(state, mutant, &mut steps);
    replayer(state, mutant, &mut steps);
    owner(state, mutant, &mut steps);
    death(state, mutant, &mut steps);
    steps
}

fn application(state: &State, steps: &mut Steps) {
    for id in
        (0..IDS).filter(|id| state.app.left > 0 && !state.app.writes.iter().any(|write| write.id == *id))
    {
        let there = state.source[id].is_some();
        for leaf in [Some(0), Some(1), None].into_iter().filter(|leaf| there || leaf.is_some()) {
            steps.push((Step::Write(id, leaf), written(state, id, leaf)));
        }
    }
    for (at, write) in state.app.writes.iter().enumerate() {
        let mut rolled_back = state.clone();
        rolled_back.app.writes.remove(at);
        let mut committed = rolled_back.clone();
        committed.source[write.id] = write.row;
        committed.log.extend(&write.log);
        committed.log.sort_unstable();
        for (leaf, version) in &write.twin {
            committed.twin[*leaf][write.id] = *version;
        }
        steps.extend([(Step::Commit(write.id), committed), (Step::Rollback(write.id), rolled_back)]);
    }
}

/// The statement, its capture, and its mirror: what cannot be mirrored exactly leaves both keys in the log.
fn written(state: &State, id: usize, leaf: Option<usize>) -> State {
    let mut after = state.clone();
    after.app.left -= 1;
    after.app.version += 1;
    let row = leaf.map(|leaf| Row { leaf, version: state.app.version });
    let old = state.source[id].map(|row| row.leaf);
    let held = state.batches.iter().any(|batch| batch.what.taken.iter().any(|logged| logged.id == id));
    let there = |leaf: usize| state.twin[leaf][id].is_some();
    let fits = old.is_none_or(there) && leaf.is_none_or(|leaf| Some(leaf) == old || !there(leaf));
    let mut write = Write { id, row, log: Vec::new(), twin: Vec::new() };
    if state.stage == Stage::Mirrored && !held && fits {
        write.twin.extend(old.map(|leaf| (leaf, None)));
        write.twin.extend(row.map(|row| (row.leaf, Some(row.version))));
    } else {
        for leaf in old.into_iter().chain(leaf) {
            write.log.push(Logged { seq: after.app.seq, id, leaf });
            after.app.seq += 1;
        }
    }
    after.app.writes.push(write);
    after.app.writes.sort_unstable();
    after
}

fn copier(state: &State, mutant: Option<Mutant>, steps: &mut Steps) {
    for chunk in (0..IDS).filter(|_| state.owner != Owner::Nobody) {
        if state.journal.counted[chunk] == Counted::NotYet {
            let mut after = state.clone();
            after.journal.counted[chunk] =
                state.source[chunk].map_or(Counted::Empty, |row| Counted::Row(row.leaf));
            after.journal.done[chunk] = after.journal.counted[chunk] == Counted::Empty;
            steps.push((Step::Count(chunk), after));
        }
        // The journal's row is claimed: nobody else has it in hand.
        let in_hand = state.copies.iter().any(|copy| copy.what.chunk == chunk);
        let all_counted = !state.journal.counted.contains(&Counted::NotYet);
        if all_counted && !state.journal.done[chunk] && !in_hand {
            let mut after = state.clone();
            after.copies.push(Work { epoch: state.epoch, what: copied(state, mutant, chunk) });
            steps.push((Step::Copy(chunk), after));
        }
    }
    for (at, copy) in state.copies.iter().enumerate() {
        let mut after = state.clone();
        after.copies.remove(at);
        after.wrong = (copy.epoch != state.epoch).then_some(FENCED);
        if let Some(row) = copy.what.row {
            let place = &mut after.twin[row.leaf][copy.what.chunk];
            if place.replace(row.version).is_some() {
                after.wrong = Some(DOUBLED);
            }
        }
        after.journal.done[copy.what.chunk] = true;
        steps.push((Step::CommitCopy(copy.what.chunk), after));
    }
}

fn copied(state: &State, mutant: Option<Mutant>, chunk: usize) -> Copied {
    let logged = |row: &Row| state.log.iter().any(|one| (one.id, one.leaf) == (chunk, row.leaf));
    let wanted = |row: &Row| {
        mutant == Some(Mutant::CopyIntoSealed) || state.journal.counted[chunk] == Counted::Row(row.leaf)
    };
    Copied { chunk, row: state.source[chunk].filter(|row| wanted(row) && !logged(row)) }
}

fn replayer(state: &State, mutant: Option<Mutant>, steps: &mut Steps) {
    let own = state.batches.iter().any(|batch| batch.epoch == state.epoch);
    if !own && state.owner != Owner::Nobody {
        let mut after = state.clone();
        let what = Batch { source: state.source, taken: takes(state), twin: state.twin };
        if !what.taken.is_empty() || (mutant == Some(Mutant::ReadBeforeDequeue) && state.app.left > 0) {
            after.batches.push(Work { epoch: state.epoch, what });
            steps.push((Step::Replay, after));
        }
    }
    for (at, batch) in state.batches.iter().enumerate() {
        let mut failed = state.clone();
        failed.batches.remove(at);
        if let Some(after) = replayed(&failed, mutant, batch) {
            steps.push((Step::CommitReplay, after));
        }
        steps.push((Step::FailReplay, failed));
        let later = takes(state);
        if mutant == Some(Mutant::ReadBeforeDequeue) && batch.what.taken != later {
            let mut after = state.clone();
            after.batches[at].what.taken = later;
            after.batches[at].what.twin = state.twin;
            steps.push((Step::Dequeue, after));
        }
    }
}

/// The log's rows of sealed leaves. What another holds is waited for, so not taken at the same time; or passed over.
fn takes(state: &State) -> Vec<Logged> {
    let held = |logged: &Logged| {
        state.batches.iter().any(|batch| batch.epoch != state.epoch && batch.what.taken.contains(logged))
    };
    state.log.iter().copied().filter(|logged| state.journal.sealed[logged.leaf] && !held(logged)).collect()
}

/// The batch's COMMIT; nothing where it fails, since another has written what it writes.
fn replayed(without: &State, mutant: Option<Mutant>, batch: &Work<Batch>) -> Option<State> {
    let Batch { source, taken, twin } = &batch.what;
    let mut after = without.clone();
    after.wrong = (batch.epoch != without.epoch).then_some(FENCED);
    let gone = |logged: &Logged| !without.log.contains(logged);
    let written = |logged: &Logged| without.twin[logged.leaf][logged.id] != twin[logged.leaf][logged.id];
    let in_hand = |logged: &Logged| in_hand(without, logged);
    if taken.iter().any(|logged| gone(logged) || written(logged) || in_hand(logged)) {
        return None;
    }
    let last = taken.iter().map(|logged| logged.seq).max();
    after.log.retain(|logged| match mutant {
        Some(Mutant::DequeueBySeq) => {
            !without.journal.sealed[logged.leaf] || last.is_none_or(|last| logged.seq > last)
        }
        _ => !taken.contains(logged),
    });
    for Logged { id, leaf, .. } in taken {
        after.twin[*leaf][*id] = source[*id].filter(|row| row.leaf == *leaf).map(|row| row.version);
    }
    Some(after)
}

/// A writer that mirrors holds the twin's row.
fn in_hand(state: &State, logged: &Logged) -> bool {
    state
        .app
        .writes
        .iter()
        .any(|write| write.id == logged.id && write.twin.iter().any(|(leaf, _)| *leaf == logged.leaf))
}

fn owner(state: &State, mutant: Option<Mutant>, steps: &mut Steps) {
    if state.owner == Owner::Nobody {
        return;
    }
    for leaf in (0..LEAVES).filter(|leaf| !state.journal.sealed[*leaf]) {
        let full = |chunk: usize| match state.journal.counted[chunk] {
            Counted::NotYet => false,
            Counted::Empty => true,
            Counted::Row(listed) => listed != leaf || state.journal.done[chunk],
        };
        if (0..IDS).all(full) {
            let mut after = state.clone();
            after.journal.sealed[leaf] = true;
            steps.push((Step::Seal(leaf), after));
        }
    }
    let built =
        state.journal.sealed.iter().all(|sealed| *sealed) && state.journal.done.iter().all(|done| *done);
    if built && state.stage == Stage::Built {
        steps.push((Step::MirrorOn, State { stage: Stage::Mirrored, ..state.clone() }));
    }
    let held = |logged: &Logged| state.batches.iter().any(|batch| batch.what.taken.contains(logged));
    let passes_over = |logged: &&Logged| mutant == Some(Mutant::SkipLocked) && held(logged);
    let (over, left): (Vec<_>, Vec<_>) = state.log.iter().partition(passes_over);
    if state.stage == Stage::Mirrored && state.drained.is_none() && left.is_empty() {
        steps.push((Step::Drain, State { drained: Some(over), ..state.clone() }));
    }
    // The exclusive lock: nobody else is in a transaction that has the table. Under it the log is looked at once more.
    let alone = state.app.writes.is_empty() && state.batches.is_empty() && state.copies.is_empty();
    let empty = |over: &Vec<Logged>| state.log.iter().all(|logged| over.contains(logged));
    if alone && state.drained.as_ref().is_some_and(empty) {
        steps.push((Step::Swap, State { stage: Stage::Swapped, ..state.clone() }));
    }
}

fn death(state: &State, mutant: Option<Mutant>, steps: &mut Steps) {
    if state.owner == Owner::First {
        let died = State { owner: Owner::Nobody, drained: None, ..state.clone() };
        steps.push((Step::Die, died));
    }
    // What it left open ends some time.
    for at in (0..state.copies.len()).filter(|_| state.owner != Owner::First) {
        let mut after = state.clone();
        after.copies.remove(at);
        steps.push((Step::EndCopy, after));
    }
    let holds_fence = !state.copies.is_empty() || !state.batches.is_empty();
    // Raising it waits for whoever has locked the fence; one that only read it does not hold anybody up.
    let reads_only = mutant == Some(Mutant::UnlockedEpoch);
    if state.owner == Owner::Nobody && (!holds_fence || reads_only) {
        let mut after = State { owner: Owner::Second, epoch: state.epoch + 1, ..state.clone() };
        if mutant == Some(Mutant::Watermark) {
            discard(&mut after);
        }
        steps.push((Step::RaiseEpoch, after));
    }
}

/// All that is above the first chunk that is not done.
fn discard(state: &mut State) {
    let first = state.journal.done.iter().position(|done| !done).unwrap_or(IDS);
    for id in first..IDS {
        state.journal.done[id] = state.journal.counted[id] == Counted::Empty;
        if !state.journal.done[id] {
            state.twin.iter_mut().for_each(|leaf| leaf[id] = None);
        }
    }
}
