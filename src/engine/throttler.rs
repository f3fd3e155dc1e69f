//! Measures what the signals need, on a session of its own: if that hangs or fails, the signals become stale, which slows
//! the work, and nothing else is held up.

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use crate::{
    engine::{context::Context, meter::Meter},
    error::Result,
    model::throttle::{Kind, Reading, Speeds, governor::Value},
    pg::signals::Watched,
};

/// Between two looks.
pub const EVERY: Duration = Duration::from_secs(1);
/// How long a look may take; then its session is given up.
pub const PATIENCE: Duration = Duration::from_secs(3);

/// Seconds of a clock that only goes forward, the same for all readings.
pub fn now_s() -> f64 {
    static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
    BEGAN.elapsed().as_secs_f64()
}

/// Judges the signals anew; how fast the work may go from now on.
pub fn judge(ctx: &Context) -> Speeds {
    let speeds = ctx.live().governor.judge(now_s(), ctx.term.now());
    if ctx.gate.set_speeds(speeds) {
        ctx.changed.notify_waiters();
    }
    speeds
}

/// Measures as long as it is polled.
pub async fn run(ctx: &Context) {
    let mut meter = Meter::default();
    let scheme = &ctx.scheme;
    let of =
        Watched { oid: scheme.table.oid, names: [scheme.source().to_string(), scheme.twin().to_string()] };
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let looked = tokio::time::timeout(PATIENCE, look(ctx, &mut meter, &of)).await;
        match looked {
            Ok(Ok(())) => drop(judge(ctx)),
            Ok(Err(error)) => {
                tracing::debug!(%error, "measuring signals");
                blind(ctx, &mut meter, &error.to_string());
            }
            Err(_) => blind(ctx, &mut meter, "the server does not answer"),
        }
    }
}

async fn look(ctx: &Context, meter: &mut Meter, of: &Watched) -> Result<()> {
    let probe = ctx.live().governor.limits.probe().map(str::to_owned);
    let readings = meter.look(async || ctx.session("signals").await, of, probe.as_deref()).await?;
    for (kind, reading) in readings {
        ctx.live().governor.read(kind, reading);
    }
    Ok(())
}

/// Nothing could be measured; what was read before becomes stale in its time.
fn blind(ctx: &Context, meter: &mut Meter, why: &str) {
    meter.blind();
    let mut live = ctx.live();
    if live.governor.limits.of(Kind::Probe).is_some() {
        let value = Value::Unread(why.to_owned());
        live.governor.read(Kind::Probe, Reading { at_s: now_s(), of: String::new(), value });
    }
}
