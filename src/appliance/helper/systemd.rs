//! `Systemd`: who ends the system in good order.

use super::bus;
use crate::base::{Error, Kind, Result};
use zbus::OwnedObjectPath;

/// The service manager.
pub(super) struct Systemd(ManagerProxy<'static>);

#[zbus::proxy(
    interface = "org.freedesktop.systemd1.Manager",
    default_service = "org.freedesktop.systemd1",
    default_path = "/org/freedesktop/systemd1"
)]
trait Manager {
    async fn start_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;
}

impl Systemd {
    pub(super) async fn connect() -> Result<Self> {
        Ok(Self(ManagerProxy::new(&bus().await?).await.map_err(|e| failed(&e))?))
    }

    /// Goes there, as `systemctl reboot` does: services stop in their order, and nothing comes between.
    pub(super) async fn start(&self, target: &str) -> Result<()> {
        self.0.start_unit(target, "replace-irreversibly").await.map_err(|e| failed(&e))?;
        Ok(())
    }
}

fn failed(e: &zbus::Error) -> Error {
    Error::new(Kind::Internal, format!("systemd: {e}"))
}
