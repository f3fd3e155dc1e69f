//! An engine that only pretends: it moves the made-up migration on, ten times a second, and obeys commands.

use std::{sync::Arc, time::Duration};

use chrono::Utc;
use quarterdeck::{
    engine::{
        command::{Asked, Command},
        event::{Body, Event},
        status::{ChunkState, Condition, Status},
    },
    model::phase::{LeafState, Phase, State},
};

use super::fixture::{
    chunks,
    desk::Engine,
    scene::{self, Scene},
};

const STEP: Duration = Duration::from_millis(100);

/// The pretence.
struct Pretence {
    engine: Engine,
    status: Status,
    seq: i64,
    over: bool,
}

/// Runs until it is stopped or the console has left.
pub(crate) async fn simulate(engine: Engine) {
    let mut pretence = Pretence { engine, status: scene::status(Scene::Copying), seq: 1_000, over: false };
    let mut time = tokio::time::interval(STEP);
    while !pretence.over {
        tokio::select! {
            _ = time.tick() => pretence.step().await,
            asked = pretence.engine.commands.recv() => match asked {
                Some(asked) => pretence.obey(asked).await,
                None => return,
            },
        }
        pretence.status.at = Utc::now();
        pretence.engine.status.send_replace(Arc::new(pretence.status.clone()));
    }
}

impl Pretence {
    async fn say(&mut self, body: Body) {
        self.seq += 1;
        self.engine.say(Event { seq: self.seq, at: Utc::now(), body }).await;
    }

    async fn enter(&mut self, to: Phase) {
        let from = std::mem::replace(&mut self.status.migration.phase, to);
        self.say(Body::Phase { from, to }).await;
    }

    async fn step(&mut self) {
        if self.status.migration.pausing {
            self.pause().await;
        }
        if self.status.migration.state != State::Running {
            return;
        }
        match self.status.migration.phase {
            Phase::Copying => self.copy().await,
            Phase::Verifying => self.compare().await,
            Phase::Planned
            | Phase::Capturing
            | Phase::Census
            | Phase::Replaying
            | Phase::Ready
            | Phase::Swapping
            | Phase::ReverseWindow
            | Phase::Reversing
            | Phase::Finished
            | Phase::Reversed
            | Phase::Aborting
            | Phase::Aborted
            | Phase::Renaming
            | Phase::Filling
            | Phase::Widening
            | Phase::Adopting
            | Phase::Adopted
            | Phase::Releasing => {}
        }
    }

    async fn copy(&mut self) {
        let mut all = (*self.status.chunks).clone();
        let pending: Vec<usize> = chunks::order(&all)
            .into_iter()
            .filter(|at| matches!(all[*at].state, ChunkState::Pending | ChunkState::Copying))
            .collect();
        for at in pending.iter().take(2) {
            chunks::finish(&mut all[*at]);
        }
        let in_hand = pending.iter().skip(2).take(2);
        for (lane, at) in self.status.lanes.iter_mut().zip(in_hand) {
            all[*at].state = ChunkState::Copying;
            lane.chunk = Some((all[*at].id, Utc::now()));
        }
        let sealed = |status: &Status| status.periods.iter().filter(|p| p.state.is_sealed()).count();
        let before = sealed(&self.status);
        self.status.chunks = Arc::new(all);
        scene::refresh(&mut self.status);
        self.status.pace.active_s += STEP.as_secs_f64();
        if sealed(&self.status) > before {
            let leaf = "chat_messages".into();
            self.say(Body::LeafSealed { leaf, rows: self.status.rows.copied, took_ms: 2_140 }).await;
        }
        if pending.len() <= 2 {
            self.status.lanes.clear();
            self.enter(Phase::Verifying).await;
            self.status.verification.running = Some((0, self.status.rows.source));
        }
    }

    async fn compare(&mut self) {
        let of = self.status.rows.source;
        let read = self.status.verification.running.map_or(0, |(read, _)| read) + of / 40;
        self.status.verification.running = Some((read, of));
        if read < of {
            return;
        }
        for period in &mut self.status.periods {
            (period.state, period.diffs, period.verified_at) =
                (LeafState::Verified, Some(0), Some(Utc::now()));
        }
        self.status.verification.running = None;
        self.status.verification.verified_at = Some(Utc::now());
        let holds =
            |name: &str, detail: &str| Condition { name: name.into(), holds: true, detail: detail.into() };
        self.status.readiness.conditions =
            vec![holds("verified", "43,102,940 rows equal"), holds("log", "0 rows")];
        self.say(Body::Verified { rows: of, in_log: 318, diffs: 0, took_ms: 4_000 }).await;
        self.enter(Phase::Ready).await;
    }

    async fn pause(&mut self) {
        let migration = &mut self.status.migration;
        (migration.pausing, migration.state) = (false, State::Paused);
        let message = format!("paused by ana@laptop {}", Utc::now().format("%H:%M"));
        migration.waiting = Some(message.clone());
        self.say(Body::Paused { message }).await;
    }

    async fn obey(&mut self, asked: Asked) {
        self.say(Body::Accepted { asked: asked.clone() }).await;
        match asked.command {
            Command::Pause => self.status.migration.pausing = true,
            Command::Resume => {
                (self.status.migration.state, self.status.migration.waiting) = (State::Running, None);
            }
            Command::Workers { workers } => self.status.pace.workers = workers,
            Command::Verify => self.enter(Phase::Verifying).await,
            Command::Rehearse => self.enter(Phase::Ready).await,
            Command::Swap => self.enter(Phase::ReverseWindow).await,
            Command::Reverse { .. } => self.enter(Phase::Reversed).await,
            Command::Finish { .. } => self.enter(Phase::Finished).await,
            Command::Abort => self.enter(Phase::Aborted).await,
            Command::Stop => {
                self.over = true;
                return self.say(Body::Closed { end: "stopped".into(), exit_code: 5 }).await;
            }
            Command::Repair
            | Command::EndBlocker { .. }
            | Command::Tune { .. }
            | Command::CancelChunk { .. }
            | Command::RetryChunk { .. }
            | Command::Reorder { .. } => {}
        }
        self.say(Body::Done { asked }).await;
    }
}
