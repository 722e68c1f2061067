//! What is on the disk, what each stream has of it, and how often it has to work.

use super::text::{Kind, Text};
use crate::media::retention::{Holding, forecast};
use crate::store::Camera;
use crate::web::State;

pub(super) fn write(state: &State, cameras: &[Camera], text: &mut Text) {
    let help = "Times that film was made durable.";
    text.one(Kind::Counter, "lunette_syncs_total", help, state.store.syncs());
    let help = "Transactions that wrote to the database.";
    text.one(Kind::Counter, "lunette_transactions_total", help, state.store.transactions());
    let uuids: Vec<String> = cameras.iter().map(|camera| camera.uuid.to_string()).collect();
    let streams = || {
        cameras.iter().zip(&uuids).flat_map(|(camera, uuid)| {
            camera.streams.iter().map(move |stream| {
                let labels = vec![
                    ("camera", camera.name.as_str()),
                    ("camera_uuid", uuid.as_str()),
                    ("stream", stream.kind.word()),
                ];
                (labels, stream)
            })
        })
    };
    let recorded = streams().map(|(labels, s)| (labels, state.store.stream_stats(s.id).duration().as_secs_f64()));
    text.add(Kind::Gauge, "lunette_stream_recorded_seconds", "Film that is there.", recorded);
    let Some(seen) = state.store.storage() else { return };
    let seen = &*seen;
    let disk: [(&str, &str, u64); 7] = [
        ("lunette_disk_size_bytes", "The file system that film is on.", seen.file_system_bytes),
        ("lunette_disk_free_bytes", "What may still be written to it.", seen.free_bytes),
        ("lunette_disk_reserve_bytes", "What is to stay free of it.", seen.reserve_bytes),
        ("lunette_disk_taken_by_others_bytes", "What others have taken of the reserve.", seen.taken_bytes),
        ("lunette_film_capacity_bytes", "What the sample directory may weigh.", seen.capacity_bytes),
        ("lunette_film_used_bytes", "What the sample directory weighs, by stat.", seen.used_bytes),
        ("lunette_film_lingering_bytes", "Deleted film that somebody still has open.", seen.lingering_bytes),
    ];
    for (name, help, bytes) in disk {
        text.one(Kind::Gauge, name, help, bytes);
    }
    text.one(
        Kind::Gauge,
        "lunette_film_trouble",
        "1: its disk wants an owner's look.",
        u8::from(seen.trouble.is_some()),
    );
    text.one(
        Kind::Counter,
        "lunette_deleted_recordings_total",
        "Sample files that made room.",
        seen.deleted_recordings,
    );
    text.one(Kind::Counter, "lunette_deleted_bytes_total", "What they weighed.", seen.deleted_bytes);
    let holdings: Vec<Holding> = seen.streams.iter().map(|s| s.holding).collect();
    let outlook = forecast(seen.film_capacity(), &holdings);
    if let Some(days) = outlook.full_in_days {
        let help = "When the disk is full at the present rate, and the oldest film goes; 0: it does.";
        text.one(Kind::Gauge, "lunette_film_full_in_seconds", help, days * DAY);
    }
    let each = |value: fn(&Holding) -> u64| {
        streams()
            .filter_map(move |(labels, stream)| {
                let holding = seen.streams.iter().find(|s| s.stream == stream.id)?.holding;
                Some((labels, value(&holding)))
            })
            .collect::<Vec<_>>()
    };
    text.add(Kind::Gauge, "lunette_stream_bytes", "What its film weighs.", each(|h| h.share.used));
    text.add(Kind::Gauge, "lunette_stream_protected_bytes", "Of that: kept whatever its age.", each(|h| h.protected));
    let written = each(|h| (h.bytes_per_day / DAY) as u64);
    text.add(Kind::Gauge, "lunette_stream_bytes_per_second", "What it writes in the long run.", written);
    let stays = streams().filter_map(|(labels, stream)| {
        let at = seen.streams.iter().position(|s| s.stream == stream.id)?;
        Some((labels, outlook.streams[at].days? * DAY))
    });
    text.add(Kind::Gauge, "lunette_stream_retention_seconds", "How long film stays once the oldest goes.", stays);
}

/// In seconds.
const DAY: f64 = 86_400.0;
