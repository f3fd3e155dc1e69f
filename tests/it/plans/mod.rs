//! How the server runs the tool's own statements: the plans that auto_explain wrote while the operations ran.
//!
//! A table is converted, swapped and written meanwhile, with an empty log and with one that has more keys than the table
//! has rows. A plan is judged by what it is and by the rows that it looked at.

#[cfg(test)]
mod copying;
mod explained;
#[cfg(test)]
mod mirroring;
#[cfg(test)]
mod replaying;
mod stage;
#[cfg(test)]
mod verifying;

#[cfg(test)]
use quarterdeck::model::{carry::Carry, clock::Clock};
#[cfg(test)]
use stage::{Log, Stage, Statistics};

#[tokio::test(flavor = "multi_thread")]
async fn without_statistics() {
    conversion(Statistics::None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_fresh_statistics() {
    conversion(Statistics::Fresh).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_statistics_of_a_log_that_was_empty() {
    conversion(Statistics::SinceTheLogWasEmpty).await;
}

/// The id is key and partition column at once.
#[tokio::test(flavor = "multi_thread")]
async fn by_ids_that_tell_their_time() {
    crate::support::on_each_server(async |server| {
        let mut stage = Stage::by(server, Statistics::SinceTheLogWasEmpty, Clock::UuidV7).await;
        let chunks = copying::census(&mut stage).await;
        let (some, others) = chunks.split_at(chunks.len() / 2);
        copying::copy(&mut stage, some).await;
        stage.fill_log(Log::Large).await;
        copying::copy(&mut stage, others).await;
        stage.seal().await;
        replaying::forward(&stage, Log::Large).await;
        stage.drain().await;
        verifying::pass(&stage).await;
        stage.fill_log(Log::Small).await;
        replaying::forward(&stage, Log::Small).await;
        stage.drain().await;
        mirroring::mirrored(&stage, Carry::MirrorToTwin).await;
        stage.swap().await;
        mirroring::mirrored(&stage, Carry::MirrorToOld).await;
        stage.fill_log(Log::Small).await;
        replaying::reverse(&stage, Log::Small).await;
    })
    .await;
}

/// A whole conversion, each operation beside an empty log and beside a large one.
#[cfg(test)]
async fn conversion(statistics: Statistics) {
    crate::support::on_each_server(async |server| {
        let mut stage = Stage::captured(server, statistics).await;
        let chunks = copying::census(&mut stage).await;
        let (some, others) = chunks.split_at(chunks.len() / 2);
        copying::copy(&mut stage, some).await;
        stage.fill_log(Log::Large).await;
        copying::copy(&mut stage, others).await;
        stage.seal().await;

        verifying::pass(&stage).await;
        verifying::repair(&stage).await;
        verifying::differences(&stage).await;
        replaying::forward(&stage, Log::Large).await;
        stage.drain().await;
        verifying::pass(&stage).await;
        verifying::repair(&stage).await;
        verifying::differences(&stage).await;
        stage.fill_log(Log::Small).await;
        replaying::forward(&stage, Log::Small).await;
        replaying::passed_over(&stage).await;

        mirroring::mirrored(&stage, Carry::MirrorToTwin).await;
        stage.swap().await;
        mirroring::mirrored(&stage, Carry::MirrorToOld).await;
        stage.fill_log(Log::Small).await;
        replaying::reverse(&stage, Log::Small).await;
        stage.fill_log(Log::Large).await;
        replaying::reverse(&stage, Log::Large).await;
    })
    .await;
}
