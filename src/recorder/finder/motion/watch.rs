//! `Watch`: one camera's events, fetched as long as it is there.

use super::{Link, Notebook, lock};
use crate::base::{Obstacle, Trouble};
use crate::camera::clock::wall_now;
use crate::camera::onvif::{Subscription, host_of};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;
use uuid::Uuid;

/// Fetches what one camera notices.
pub(super) struct Watch {
    camera: Uuid,
    link: Link,
    notebook: Arc<Mutex<Notebook>>,
    /// What went wrong last, so that it is told once.
    told: Option<Trouble>,
}

/// Before the first try after a failure, doubled with each that fails too.
const FIRST_WAIT: Duration = Duration::from_secs(5);
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// A device that refuses the login is not asked often: it may lock us out.
const REFUSED_WAIT: Duration = Duration::from_secs(900);

impl Watch {
    pub(super) fn new(camera: Uuid, link: Link, notebook: Arc<Mutex<Notebook>>) -> Self {
        Self { camera, link, notebook, told: None }
    }

    /// Until told to stop.
    pub(super) async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        let mut wait = FIRST_WAIT;
        loop {
            let trouble = match self.listen(&mut stopped, &mut wait).await {
                Ok(()) => return,
                Err(trouble) => trouble,
            };
            lock(&self.notebook).lose(self.camera, wall_now());
            let refused = matches!(trouble.obstacle, Obstacle::NeedsLogin | Obstacle::WrongLogin | Obstacle::LockedOut);
            if self.told.as_ref().map(|told| told.obstacle) != Some(trouble.obstacle) {
                log::info!("{}: its events are not heard: {trouble}; trying again", self.link.name);
            }
            self.told = Some(trouble);
            let pause = if refused { REFUSED_WAIT } else { wait };
            wait = (wait * 2).min(LONGEST_WAIT);
            if timeout(pause, stopped.wait_for(|&stopped| stopped)).await.is_ok() {
                return;
            }
        }
    }

    /// Until told to stop, or until the device does not answer any more.
    async fn listen(&mut self, stopped: &mut watch::Receiver<bool>, wait: &mut Duration) -> Result<(), Trouble> {
        let Link { source, device, events, login, .. } = &self.link;
        let begun = async {
            let unknown = || Trouble::new(Obstacle::Unreachable, "its host is not known");
            let host = host_of(source).await.ok_or_else(unknown)?;
            Subscription::begin(events, device, host, login).await
        };
        let mut subscription = tokio::select! {
            biased;
            _ = stopped.wait_for(|&stopped| stopped) => return Ok(()),
            begun = begun => begun?,
        };
        if self.told.take().is_some() {
            log::info!("{}: its events are heard again", self.link.name);
        }
        loop {
            let pulled = tokio::select! {
                biased;
                _ = stopped.wait_for(|&stopped| stopped) => None,
                pulled = subscription.pull() => Some(pulled?),
            };
            let Some(motions) = pulled else {
                lock(&self.notebook).lose(self.camera, wall_now());
                subscription.end().await;
                return Ok(());
            };
            *wait = FIRST_WAIT;
            let now = wall_now();
            let mut notebook = lock(&self.notebook);
            motions.into_iter().for_each(|motion| notebook.hear(self.camera, motion, now));
        }
    }
}
