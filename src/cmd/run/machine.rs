//! The machine that the daemon runs on, and its service manager.

use crate::appliance::Appliance;
use crate::appliance::notify::{self, Notify};
use crate::cmd::config::Config;
use std::sync::Arc;
use tokio::sync::watch;

/// The machine that this is.
pub(super) fn this(config: &Config) -> Arc<Appliance> {
    let image = config.appliance.as_ref();
    Arc::new(image.map_or_else(Appliance::none, |image| Appliance::image(image.helper.clone(), image.state.clone())))
}

/// Tells systemd that the page is there, and from then on that we live: by the runtime's own thread, which no disk that
/// hangs holds up.
pub(super) fn tell_systemd(stopped: &watch::Receiver<bool>) {
    let (notify, mut stopped) = (Notify::from_env(), stopped.clone());
    notify.ready();
    let Some(every) = notify::watchdog() else { return };
    tokio::spawn(async move {
        while tokio::time::timeout(every, stopped.wait_for(|stop| *stop)).await.is_err() {
            notify.alive();
        }
        notify.stopping();
    });
}
