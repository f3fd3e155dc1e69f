//! A panic hook that knows its thread: the console's own panic gives the terminal back first, any other
//! thread's becomes a message, and the console goes on and shows it.

use std::{
    panic::{self, PanicHookInfo},
    sync::Arc,
    thread,
};

use tokio::sync::mpsc::UnboundedSender;

use crate::tui::{app::msg::PanicReport, terminal::give_back};

type Hook = dyn Fn(&PanicHookInfo<'_>) + Send + Sync;

/// The hook is in place while this lives.
pub struct Watch {
    before: Arc<Hook>,
}

/// Watches for panics. Must be called on the thread that draws: `block_on` keeps the runner there.
pub fn watch(reports: UnboundedSender<PanicReport>) -> Watch {
    let before: Arc<Hook> = Arc::from(panic::take_hook());
    let (drawing, hook) = (thread::current().id(), Arc::clone(&before));
    panic::set_hook(Box::new(move |info| {
        let own = thread::current().id() == drawing;
        if own || reports.send(report(info)).is_err() {
            give_back();
            hook(info);
        }
    }));
    Watch { before }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // Setting a hook is itself a panic in a thread that panics.
        if !thread::panicking() {
            let before = Arc::clone(&self.before);
            panic::set_hook(Box::new(move |info| before(info)));
        }
    }
}

fn report(info: &PanicHookInfo<'_>) -> PanicReport {
    PanicReport {
        thread: thread::current().name().unwrap_or("unnamed").to_owned(),
        message: info.payload_as_str().unwrap_or("no message").to_owned(),
        place: info.location().map(|at| format!("{}:{}", at.file(), at.line())).unwrap_or_default(),
    }
}
