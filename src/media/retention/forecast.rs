//! How long film stays, at the present rate and under any settings.

use super::Share;

/// What a stream has and writes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Holding {
    /// Its quota and what it weighs; `need` is what it will have written before the keeper acts again.
    pub share: Share,
    /// How much of it is protected.
    pub protected: u64,
    /// What it writes, in bytes a day.
    pub bytes_per_day: f64,
}

/// What settings come to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Forecast {
    /// In the order of the holdings.
    pub streams: Vec<StreamForecast>,
    /// When the disk will be full and its oldest film begins to go; `None`: never at this rate. 0: it does.
    pub full_in_days: Option<f64>,
    /// The quotas are more than the disk holds.
    pub overcommitted: bool,
}

/// What settings come to for one stream.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StreamForecast {
    /// How many days of film it will hold once its oldest goes; `None` while it writes nothing.
    pub days: Option<f64>,
    /// What that will weigh.
    pub bytes: u64,
}

/// What becomes of these streams on a disk where film may weigh `capacity`.
pub fn forecast(capacity: u64, holdings: &[Holding]) -> Forecast {
    let promised = holdings.iter().map(|h| h.share.retain_bytes.unwrap_or(h.share.need));
    let overcommitted = promised.fold(0, u64::saturating_add) > capacity;
    let quota = |h: &Holding| h.share.retain_bytes.filter(|_| !overcommitted);
    // Film of the pool that will not go: what is protected.
    let kept: u64 = sum(holdings, |h| if quota(h).is_none() { h.protected } else { 0 });
    let need = sum(holdings, |h| h.share.need);
    let given = sum(holdings, |h| quota(h).map_or(0, |quota| reached(h, quota)));
    let pool = capacity.saturating_sub(given).saturating_sub(kept).saturating_sub(need);
    let pool_rate: f64 = holdings.iter().filter(|h| quota(h).is_none()).map(|h| h.bytes_per_day).sum();
    let of_stream = |h: &Holding| {
        // What writes nothing stays as it is in its quota, and goes from the pool as that goes round.
        let days = match quota(h) {
            _ if h.bytes_per_day <= 0.0 => None,
            Some(quota) => {
                Some(quota.saturating_sub(h.protected).saturating_sub(h.share.need) as f64 / h.bytes_per_day)
            }
            None => Some(pool as f64 / pool_rate),
        };
        let bytes = match (days, quota(h)) {
            (Some(days), _) => ((days * h.bytes_per_day) as u64).saturating_add(h.protected),
            (None, Some(quota)) => reached(h, quota),
            (None, None) => h.protected,
        };
        StreamForecast { days, bytes }
    };
    Forecast {
        streams: holdings.iter().map(of_stream).collect(),
        full_in_days: full_in(capacity.saturating_sub(need), holdings, quota),
        overcommitted,
    }
}

/// A stream that writes nothing does not fill its quota.
fn reached(h: &Holding, quota: u64) -> u64 {
    if h.bytes_per_day > 0.0 { quota } else { quota.min(h.share.used) }
}

/// Each stream grows until its quota is full.
fn full_in(capacity: u64, holdings: &[Holding], quota: impl Fn(&Holding) -> Option<u64>) -> Option<f64> {
    let used = sum(holdings, |h| h.share.used);
    let mut left = capacity.saturating_sub(used) as f64;
    let mut growing: Vec<(f64, f64)> = holdings
        .iter()
        .filter(|h| h.bytes_per_day > 0.0)
        .map(|h| {
            let until = quota(h).map_or(f64::INFINITY, |q| q.saturating_sub(h.share.used) as f64 / h.bytes_per_day);
            (until, h.bytes_per_day)
        })
        .collect();
    growing.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut rate: f64 = growing.iter().map(|g| g.1).sum();
    let mut day = 0.0;
    for (until, of_it) in growing {
        if left <= (until - day) * rate {
            return Some(day + left / rate);
        }
        left -= (until - day) * rate;
        (day, rate) = (until, rate - of_it);
    }
    None
}

fn sum(holdings: &[Holding], of: impl Fn(&Holding) -> u64) -> u64 {
    holdings.iter().map(of).fold(0, u64::saturating_add)
}
