//! `Tls`: HTTPS, with a certificate of the owner's or one of our making.

mod made;

use crate::base::{Error, Kind, Result, ResultExt};
use crate::camera::clock;
use crate::web::accept::told;
use log::{error, info, warn};
use made::Made;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert, ServerConfig};
use rustls::sign::CertifiedKey;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Where the certificate comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The owner's: two files in PEM, read anew when they change.
    Own {
        /// The certificate, and those between it and its authority.
        certificate: PathBuf,
        /// Its key.
        key: PathBuf,
    },
    /// Made by us, signed by nobody else, and made anew before it ends.
    Made {
        /// A file of mode 0600 with both.
        file: PathBuf,
        /// The names that it is for.
        names: Vec<String>,
    },
}

/// What greets browsers over TLS.
#[derive(Debug)]
pub struct Tls {
    source: Source,
    config: Arc<ServerConfig>,
    current: Arc<Current>,
}

/// The certificate that is shown now; without one nobody is greeted.
#[derive(Debug)]
struct Current(RwLock<Option<Shown>>);

#[derive(Clone, Debug)]
struct Shown {
    key: Arc<CertifiedKey>,
    /// What it was read from, to be known again.
    stamp: Stamp,
}

/// When it is to be looked for anew.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stamp {
    /// The files have changed since.
    Changed([Option<SystemTime>; 2]),
    /// This one ends.
    Made(Made),
}

impl Tls {
    /// Reads the certificate, or makes it. Blocks on the disk. One that is not what it should be is told in the log and
    /// looked for again ([`Self::keep_fresh`]): nothing about browsers keeps a recorder from recording.
    pub fn open(source: Source) -> Result<Arc<Self>> {
        let shown = read(&source).inspect_err(|e| error!("web: no HTTPS until this is mended: {e}")).ok();
        let current = Arc::new(Current(RwLock::new(shown)));
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = builder.or_fail(Kind::Internal, || "TLS")?;
        let mut config = builder.with_no_client_auth().with_cert_resolver(current.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(Self { source, config: Arc::new(config), current }))
    }

    /// The certificate is the owner's, so that browsers can be told to insist on it.
    pub(super) fn is_own(&self) -> bool {
        matches!(self.source, Source::Own { .. })
    }

    /// Greets whoever connected, in time or not at all.
    pub(super) async fn greet(&self, stream: TcpStream) -> std::io::Result<TlsStream<TcpStream>> {
        let greeting = TlsAcceptor::from(self.config.clone()).accept(stream);
        timeout(GREETING, greeting).await.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()))
    }

    /// Reads or makes the certificate anew whenever that is due, until `stop` says so. What fails leaves the one that is
    /// there.
    pub async fn keep_fresh(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut has_failed = self.current.get().is_none();
        loop {
            tokio::select! {
                biased;
                () = told(&mut stop) => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            let this = self.clone();
            let renewed = tokio::task::spawn_blocking(move || this.renew()).await;
            let failed = renewed.unwrap_or_else(|e| Err(Error::caused(Kind::Internal, "a worker thread", e))).err();
            if let Some(e) = &failed
                && !has_failed
            {
                warn!("web: the certificate stays as it was: {e}");
            }
            has_failed = failed.is_some();
        }
    }

    /// Blocks on the disk when it is due.
    fn renew(&self) -> Result<()> {
        let is_good = self.current.get().is_some_and(|shown| match (&shown.stamp, &self.source) {
            (Stamp::Changed(_), Source::Own { certificate, key }) => shown.stamp == changed(certificate, key),
            (Stamp::Made(made), Source::Made { names, .. }) => made.is_good(names, clock::wall_now()),
            _ => false,
        });
        if !is_good {
            let shown = read(&self.source)?;
            *self.current.0.write().unwrap_or_else(PoisonError::into_inner) = Some(shown);
            info!("web: another certificate from now on");
        }
        Ok(())
    }
}

impl Current {
    fn get(&self) -> Option<Shown> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.get().map(|shown| shown.key)
    }
}

/// How long a greeting may take.
const GREETING: Duration = Duration::from_secs(10);

/// Costs two stats at most. A clock that is set makes a certificate of ours wrong from one moment to the next.
const LOOK_EVERY: Duration = Duration::from_secs(10);

fn read(source: &Source) -> Result<Shown> {
    match source {
        Source::Own { certificate, key } => {
            // Before they are read: what changes meanwhile is read again.
            let stamp = changed(certificate, key);
            let text = |path: &Path| std::fs::read(path).or_fail(Kind::BadInput, || path.display().to_string());
            let key = parse(&text(certificate)?, &text(key)?);
            let key = key.map_err(|e| e.on(format!("[web.tls] {}", certificate.display())))?;
            Ok(Shown { key: Arc::new(key), stamp })
        }
        Source::Made { file, names } => {
            let (made, pem) = Made::open(file, names, clock::wall_now())?;
            let key = parse(pem.as_bytes(), pem.as_bytes()).map_err(|e| e.on(file.display()))?;
            Ok(Shown { key: Arc::new(key), stamp: Stamp::Made(made) })
        }
    }
}

fn changed(certificate: &Path, key: &Path) -> Stamp {
    Stamp::Changed([certificate, key].map(|path| path.metadata().and_then(|meta| meta.modified()).ok()))
}

fn parse(certificates: &[u8], key: &[u8]) -> Result<CertifiedKey> {
    let bad = |what: &str, e: &dyn std::fmt::Display| Error::new(Kind::BadInput, format!("{what}: {e}"));
    let chain: Result<Vec<CertificateDer<'static>>, _> = CertificateDer::pem_slice_iter(certificates).collect();
    let chain = chain.map_err(|e| bad("the certificate", &e))?;
    if chain.is_empty() {
        return Err(Error::new(Kind::BadInput, "there is no certificate in it"));
    }
    // Its words name no part of the key.
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|e| bad("the key", &e))?;
    let key = ring::sign::any_supported_type(&key).map_err(|e| bad("the key", &e))?;
    let certified = CertifiedKey::new(chain, key);
    certified.keys_match().map_err(|e| bad("the key is not that of the certificate", &e))?;
    Ok(certified)
}

#[cfg(test)]
mod tests;
