-- Lunette's database, version 2. docs/reference/storage.md explains it.
--
-- Times and durations (…_90k) are integers of 1/90 000 s, absolute ones since 1970-01-01 UTC; "wall" is by the
-- recorder's clock, "media" by the camera's. A composite id is stream id << 32 | number.
-- A uuid is its 16 bytes. Truth values are 0 and 1.

-- 'Lune'; user_version is the version of this schema.
PRAGMA application_id = 0x4c756e65;
PRAGMA user_version = 2;

-- How this database came to its version: a row when it was made and one for each upgrade.
CREATE TABLE version (
  id INTEGER PRIMARY KEY CHECK (id >= 0),
  unix_time INTEGER NOT NULL DEFAULT (unixepoch()),
  notes TEXT NOT NULL
) STRICT;

-- Exactly one row.
CREATE TABLE meta (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  database_uuid BLOB NOT NULL CHECK (length(database_uuid) = 16),
  -- What the sample directory's `lunette-dir` must say; null before there was a directory.
  directory_uuid BLOB CHECK (length(directory_uuid) = 16)
) STRICT;

-- Each opening of the database to record. Its id tells two recordings of the same composite id apart.
CREATE TABLE open (
  id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id BETWEEN 1 AND 0xffffffff),
  boot_id BLOB NOT NULL CHECK (length(boot_id) = 16),
  -- Null for an opening that is only known from the trailers of its recordings.
  start_90k INTEGER,
  -- The version of the program; null where it is not known.
  software TEXT CHECK (software <> ''),
  -- Both null until it ends in good order; the duration is by the monotonic clock.
  end_90k INTEGER,
  duration_90k INTEGER CHECK (duration_90k >= 0),
  CHECK ((end_90k IS NULL) = (duration_90k IS NULL))
) STRICT;

-- Boots whose clock was known to be right from some moment on, with realtime - monotonic then. Film of such a boot that
-- its file calls unproven is moved when it gets its row.
CREATE TABLE clock_proof (
  boot_id BLOB PRIMARY KEY CHECK (length(boot_id) = 16),
  clock_offset_90k INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE camera (
  id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id BETWEEN 1 AND 0x7fffffff),
  uuid BLOB NOT NULL UNIQUE CHECK (length(uuid) = 16),
  name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 64 AND name = trim(name)),
  username TEXT NOT NULL,
  -- As it is: RTSP's digest needs it. The file is readable by its owner only.
  password TEXT NOT NULL,
  -- Taken away by the owner, who kept its film.
  removed INTEGER NOT NULL DEFAULT 0 CHECK (removed IN (0, 1))
) STRICT;

CREATE UNIQUE INDEX camera_name ON camera (name) WHERE removed = 0;

-- What ONVIF tells of a camera; one that was typed in has none.
CREATE TABLE onvif (
  camera_id INTEGER PRIMARY KEY REFERENCES camera (id) ON DELETE CASCADE,
  -- What the device calls itself for good, wherever it is.
  endpoint TEXT NOT NULL CHECK (endpoint <> ''),
  serial TEXT NOT NULL,
  -- URLs on the device; their host is not looked at, but that of the camera's source.
  service TEXT NOT NULL CHECK (service <> ''),
  snapshot TEXT CHECK (snapshot <> ''),
  events TEXT CHECK (events <> ''),
  -- Nobody asked for it: it was found open and recorded at once.
  by_itself INTEGER NOT NULL CHECK (by_itself IN (0, 1))
) STRICT;

-- Devices that were taken away by the owner: they are not recorded unasked again.
CREATE TABLE declined_device (
  endpoint TEXT PRIMARY KEY CHECK (endpoint <> '')
) STRICT, WITHOUT ROWID;

-- What cameras noticed by themselves.
CREATE TABLE event (
  camera_id INTEGER NOT NULL REFERENCES camera (id) ON DELETE CASCADE,
  start_90k INTEGER NOT NULL,
  -- Null while it lasts.
  end_90k INTEGER CHECK (end_90k >= start_90k),
  kind TEXT NOT NULL CHECK (kind <> ''),
  -- Which of the camera's sensors or rules, in its words.
  source TEXT NOT NULL,
  PRIMARY KEY (camera_id, start_90k, kind, source)
) STRICT, WITHOUT ROWID;

-- AUTOINCREMENT: the ids are in the names of files, so they are never used again.
CREATE TABLE stream (
  id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id BETWEEN 1 AND 0x7fffffff),
  camera_id INTEGER NOT NULL REFERENCES camera (id),
  kind TEXT NOT NULL CHECK (kind IN ('main', 'sub')),
  source TEXT NOT NULL CHECK (source <> ''),
  transport TEXT NOT NULL CHECK (transport IN ('tcp', 'udp')),
  record INTEGER NOT NULL CHECK (record IN (0, 1)),
  -- Null: it shares the pool.
  retain_bytes INTEGER CHECK (retain_bytes >= 0),
  UNIQUE (camera_id, kind)
) STRICT;

-- What a decoder must know, once for all recordings that need it; it goes with the last of them.
CREATE TABLE video_sample_entry (
  id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id BETWEEN 1 AND 0x7fffffff),
  -- The whole avc1 or hvc1 box: two entries are the same if these bytes are.
  data BLOB NOT NULL UNIQUE CHECK (length(data) > 0),
  width INTEGER NOT NULL CHECK (width BETWEEN 1 AND 0xffff),
  height INTEGER NOT NULL CHECK (height BETWEEN 1 AND 0xffff),
  pixel_aspect_h INTEGER NOT NULL CHECK (pixel_aspect_h BETWEEN 1 AND 0xffff),
  pixel_aspect_v INTEGER NOT NULL CHECK (pixel_aspect_v BETWEEN 1 AND 0xffff),
  rfc6381_codec TEXT NOT NULL CHECK (rfc6381_codec <> '')
) STRICT;

-- An unbroken session with a camera, as long as one of its recordings is there. Everything below the line is the
-- sum over those, kept in the transaction that adds or takes a recording.
CREATE TABLE run (
  -- The composite id of its first recording, be it deleted by now.
  id INTEGER PRIMARY KEY,
  stream_id INTEGER NOT NULL REFERENCES stream (id),
  open_id INTEGER NOT NULL REFERENCES open (id),
  -- Realtime - monotonic at its start.
  clock_offset_90k INTEGER NOT NULL,
  -- The system's clock was not known to be right at its start.
  unproven INTEGER NOT NULL CHECK (unproven IN (0, 1)),
  --
  first_id INTEGER NOT NULL,
  last_id INTEGER NOT NULL,
  start_90k INTEGER NOT NULL,
  recordings INTEGER NOT NULL,
  wall_duration_90k INTEGER NOT NULL CHECK (wall_duration_90k >= 0),
  media_duration_90k INTEGER NOT NULL CHECK (media_duration_90k >= 0),
  sample_file_bytes INTEGER NOT NULL CHECK (sample_file_bytes > 0),
  video_samples INTEGER NOT NULL CHECK (video_samples > 0),
  video_sync_samples INTEGER NOT NULL CHECK (video_sync_samples > 0),
  -- Of all its recordings; null when they were not all alike.
  video_sample_entry_id INTEGER REFERENCES video_sample_entry (id),
  CHECK (id >> 32 = stream_id AND last_id >> 32 = stream_id AND id & 0xffffffff > 0),
  CHECK (id <= first_id AND first_id <= last_id),
  CHECK (recordings BETWEEN 1 AND last_id - first_id + 1)
) STRICT;

-- About a minute of one stream. Small numbers are short in SQLite: durations rather than ends, differences rather
-- than sums, ids rather than hashes.
CREATE TABLE recording (
  composite_id INTEGER PRIMARY KEY,
  stream_id INTEGER NOT NULL REFERENCES stream (id),
  open_id INTEGER NOT NULL REFERENCES open (id),
  -- Its number less that of the first recording of its run.
  run_offset INTEGER NOT NULL CHECK (run_offset >= 0),
  -- The order of opening over all streams.
  sequence INTEGER NOT NULL CHECK (sequence >= 1),
  -- Within the years that a calendar knows.
  start_90k INTEGER NOT NULL CHECK (start_90k BETWEEN -20000000000000000 AND 20000000000000000),
  -- Less than 5 minutes: the listing relies on it.
  wall_duration_90k INTEGER NOT NULL CHECK (wall_duration_90k BETWEEN 0 AND 26999999),
  -- Media duration - wall duration.
  media_duration_delta_90k INTEGER NOT NULL,
  -- Media duration of the run before it.
  media_offset_90k INTEGER NOT NULL CHECK (media_offset_90k >= 0),
  -- Bytes of film and frames of the run before it. Of two that follow each other it is exactly so, whatever was deleted
  -- before them: what a part of a run sums up to is the difference of its ends.
  bytes_offset INTEGER NOT NULL CHECK (bytes_offset >= 0),
  samples_offset INTEGER NOT NULL CHECK (samples_offset >= 0),
  local_delta_90k INTEGER NOT NULL,
  sample_file_bytes INTEGER NOT NULL CHECK (sample_file_bytes > 0),
  video_samples INTEGER NOT NULL CHECK (video_samples BETWEEN 1 AND 0xffffffff),
  video_sync_samples INTEGER NOT NULL CHECK (video_sync_samples BETWEEN 1 AND video_samples),
  video_sample_entry_id INTEGER NOT NULL REFERENCES video_sample_entry (id),
  index_format INTEGER NOT NULL CHECK (index_format BETWEEN 1 AND 255),
  -- 1: the last frame's duration is 0. 2: unproven time. 4: cut after a power cut. 8: frames change places. 16: imported.
  flags INTEGER NOT NULL CHECK (flags BETWEEN 0 AND 0xffffffff),
  -- Why the run ended with it; null where it went on.
  end_reason TEXT CHECK (end_reason <> ''),
  CHECK (composite_id >> 32 = stream_id),
  CHECK (composite_id & 0xffffffff > run_offset),
  CHECK (wall_duration_90k + media_duration_delta_90k BETWEEN 0 AND 26999999)
) STRICT;

-- All that a listing of single recordings needs, in its order: it touches neither the table nor a blob.
CREATE INDEX recording_cover ON recording (
  stream_id,
  start_90k,
  sequence,
  wall_duration_90k,
  media_duration_delta_90k,
  media_offset_90k,
  local_delta_90k,
  sample_file_bytes,
  video_samples,
  video_sync_samples,
  video_sample_entry_id,
  open_id,
  run_offset,
  index_format,
  flags,
  end_reason
);

-- What only playing and checking need, apart so that a listing reads none of it.
CREATE TABLE recording_index (
  composite_id INTEGER PRIMARY KEY REFERENCES recording (composite_id),
  -- BLAKE3 of the film; null where there is an old_file, which has SHA-1.
  blake3 BLOB CHECK (length(blake3) = 32),
  -- Sizes, durations and keys of its samples.
  video_index BLOB NOT NULL CHECK (length(video_index) >= 2)
) STRICT;

-- Recordings whose film was read again and was not what was recorded. It is still played.
CREATE TABLE damage (
  composite_id INTEGER PRIMARY KEY REFERENCES recording (composite_id) ON DELETE CASCADE,
  -- When that was found.
  found_90k INTEGER NOT NULL,
  what TEXT NOT NULL CHECK (what <> '')
) STRICT;

-- How far the film has been read again in the background; no row before that began.
CREATE TABLE verification (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  -- How many times all film was read.
  rounds INTEGER NOT NULL CHECK (rounds >= 0),
  -- When this round began.
  began_90k INTEGER NOT NULL,
  -- Every recording of this sequence and below is done in this round.
  done_sequence INTEGER NOT NULL CHECK (done_sequence >= 0)
) STRICT;

-- What the original system recorded, by `lunette upgrade`: the sample file keeps its name, a uuid, and has no trailer.
-- The row goes when the file is unlinked.
CREATE TABLE old_file (
  composite_id INTEGER PRIMARY KEY CHECK (composite_id >> 32 BETWEEN 1 AND 0x7fffffff),
  uuid BLOB NOT NULL CHECK (length(uuid) = 16),
  -- Of the whole file.
  sha1 BLOB NOT NULL CHECK (length(sha1) = 20)
) STRICT;

-- Sample files that are to be unlinked, or may have been.
CREATE TABLE garbage (
  composite_id INTEGER PRIMARY KEY CHECK (composite_id >> 32 BETWEEN 1 AND 0x7fffffff)
) STRICT;

-- Holes in a stream, with their cause.
CREATE TABLE gap (
  stream_id INTEGER NOT NULL REFERENCES stream (id),
  start_90k INTEGER NOT NULL,
  -- Null while it lasts.
  end_90k INTEGER CHECK (end_90k >= start_90k),
  cause TEXT NOT NULL CHECK (cause <> ''),
  detail TEXT NOT NULL,
  PRIMARY KEY (stream_id, start_90k)
) STRICT, WITHOUT ROWID;

-- Film that the owner wants kept.
CREATE TABLE protected_span (
  stream_id INTEGER NOT NULL REFERENCES stream (id),
  start_90k INTEGER NOT NULL,
  end_90k INTEGER NOT NULL CHECK (end_90k > start_90k),
  PRIMARY KEY (stream_id, start_90k)
) STRICT, WITHOUT ROWID;

-- Who may log in. There is an owner from the first boot on: the last one cannot go.
CREATE TABLE user (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE COLLATE NOCASE CHECK (length(name) BETWEEN 1 AND 64 AND name = trim(name)),
  -- Argon2id in the PHC text form.
  password_hash TEXT NOT NULL CHECK (password_hash LIKE '$%'),
  role TEXT NOT NULL CHECK (role IN ('owner', 'viewer')),
  -- 1: sees only the cameras that user_camera names.
  limited INTEGER NOT NULL CHECK (limited IN (0, role = 'viewer'))
) STRICT;

CREATE TABLE user_camera (
  user_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
  camera_id INTEGER NOT NULL REFERENCES camera (id) ON DELETE CASCADE,
  PRIMARY KEY (user_id, camera_id)
) STRICT, WITHOUT ROWID;

-- Browsers that are logged in.
CREATE TABLE session (
  -- BLAKE3 of what the cookie says; that itself is nowhere.
  secret_hash BLOB PRIMARY KEY CHECK (length(secret_hash) = 32),
  user_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
  created_90k INTEGER NOT NULL,
  -- To a day or so. It ends some time after.
  used_90k INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX session_by_user ON session (user_id);

-- What programs are let in with, until it is taken back.
CREATE TABLE token (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE COLLATE NOCASE CHECK (length(name) BETWEEN 1 AND 64 AND name = trim(name)),
  -- BLAKE3 of the token; that itself is nowhere.
  secret_hash BLOB NOT NULL CHECK (length(secret_hash) = 32),
  created_90k INTEGER NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('owner', 'viewer')),
  limited INTEGER NOT NULL CHECK (limited IN (0, role = 'viewer'))
) STRICT;

CREATE TABLE token_camera (
  token_id INTEGER NOT NULL REFERENCES token (id) ON DELETE CASCADE,
  camera_id INTEGER NOT NULL REFERENCES camera (id) ON DELETE CASCADE,
  PRIMARY KEY (token_id, camera_id)
) STRICT, WITHOUT ROWID;
