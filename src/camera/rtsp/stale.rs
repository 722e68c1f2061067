//! `StaleSessions`: what a camera may still be sending to a session of ours that is over.

use retina::client::SessionGroup;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// Sessions with one camera that are over for us and may not be for it. Small cameras have room for few, and old
/// live555 servers go on sending into connections that are long others'.
#[derive(Clone, Default)]
pub struct StaleSessions(Arc<SessionGroup>);

impl StaleSessions {
    /// Where retina notes them.
    pub(super) fn group(&self) -> Arc<SessionGroup> {
        self.0.clone()
    }

    /// Waits until each has been asked to end, whatever came of it, but not longer than the limit.
    pub(super) async fn torn_down(&self, limit: Duration) {
        match timeout(limit, self.0.await_teardown()).await {
            Ok(Ok(())) => {}
            Ok(Err(e)) => log::debug!("TEARDOWN: {}", e.to_string().lines().next().unwrap_or_default()),
            Err(_) => log::debug!("TEARDOWN: no answer within {limit:?}"),
        }
    }
}

impl fmt::Debug for StaleSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StaleSessions({})", self.0.stale_sessions().num_sessions)
    }
}
