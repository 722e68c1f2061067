//! `Session`: the pictures of one camera by RTSP, through retina.

mod clock_offset;
mod fault;
mod stale;
mod video;

pub use stale::StaleSessions;

use self::fault::{Fault, Request};
use self::video::Video;
use super::clock::Anchor;
use super::silence::Silence;
use super::source::RtspSource;
use super::{Login, Options, Report};
use crate::base::Transport;
use crate::base::WallDuration;
use crate::media::Frame;
use crate::media::recording::{Cause, EndReason};
use futures::StreamExt;
use retina::client::{self, Demuxed, Described, InitialSequenceNumberPolicy, PlayOptions, SetupOptions};
use retina::codec::{CodecItem, FrameFormat, VideoFrame};
use retina::rtcp::ReceivedCompoundPacket;
use std::fmt;
use std::time::Duration;
use tokio::time::timeout;

/// A camera that plays.
pub(super) struct Session {
    demuxed: Demuxed,
    video: Video,
    silence: Silence,
    anchor: Anchor,
    transport: Transport,
    stale: StaleSessions,
    farewell_limit: Duration,
    clock_offset: Option<WallDuration>,
    lost_packets: u64,
    /// Those of [`Self::lost_packets`] that no frame has told yet.
    untold_lost_packets: u32,
    broken: Broken,
}

/// RTP packets that made no sense.
#[derive(Debug, Default)]
struct Broken {
    since_key_frame: u32,
    newest: Option<String>,
    /// Nothing but the end of the stream came after the newest: it is why the stream ended.
    is_last: bool,
}

impl Session {
    /// DESCRIBE, SETUP of the first video stream that can be recorded, PLAY.
    pub(super) async fn open(source: &RtspSource, login: &Login, options: &Options) -> Result<Self, EndReason> {
        options.stale.torn_down(options.answer_limit).await;
        let anchor = Anchor::now();
        let mut described = answered(Request::Describe, options, describe(source, login, options)).await?;
        let (stream, codec) = video::choose(described.streams())?;
        let setup = SetupOptions::default().transport(source.transport.into()).frame_format(FrameFormat::MP4);
        answered(Request::Setup, options, described.setup(stream, setup)).await?;
        let play = PlayOptions::default().initial_seq(InitialSequenceNumberPolicy::Ignore);
        let demuxed = answered(Request::Play, options, async { described.play(play).await?.demuxed() }).await?;
        Ok(Self {
            demuxed,
            video: Video::new(stream, codec),
            silence: Silence::new(options.silence_limit),
            anchor,
            transport: source.transport,
            stale: options.stale.clone(),
            farewell_limit: options.farewell_limit,
            clock_offset: None,
            lost_packets: 0,
            untold_lost_packets: 0,
            broken: Broken::default(),
        })
    }

    pub(super) async fn next(&mut self) -> Result<Frame, EndReason> {
        loop {
            let item = tokio::select! {
                biased;
                item = self.demuxed.next() => item,
                () = self.silence.is_too_long() => return Err(silent(self.silence.limit())),
            };
            match item {
                Some(Ok(CodecItem::VideoFrame(frame))) => {
                    if let Some(frame) = self.take(frame)? {
                        return Ok(frame);
                    }
                }
                Some(Ok(CodecItem::Rtcp(packet))) => self.take_report(&packet),
                Some(Ok(_)) => {}
                Some(Err(e)) => match fault::of_stream(&e) {
                    Fault::End(reason) => return Err(reason),
                    Fault::Packet(complaint) => self.complain(complaint)?,
                },
                None => return Err(self.broken.end()),
            }
            if self.silence.is_over() {
                return Err(silent(self.silence.limit()));
            }
        }
    }

    pub(super) fn report(&self) -> Report {
        Report {
            codec: self.video.codec(),
            video: self.video.sample_entry().cloned(),
            clock_offset: self.clock_offset,
            lost_packets: self.lost_packets,
            complaint: self.broken.newest.clone(),
            server: self.demuxed.tool().map(|tool| tool.to_string()),
            transport: Some(self.transport),
        }
    }

    /// Retina sends the TEARDOWN when its session is dropped.
    pub(super) async fn close(self) {
        let Self { demuxed, stale, farewell_limit, .. } = self;
        drop(demuxed);
        stale.torn_down(farewell_limit).await;
    }

    /// A timestamp is handed on as it is: the run judges it.
    fn take(&mut self, frame: VideoFrame) -> Result<Option<Frame>, EndReason> {
        let received = frame.end_ctx().received();
        self.silence.heard(received.into());
        self.broken.is_last = false;
        self.count_lost(u32::from(frame.loss()));
        let pts_90k = frame.timestamp().timestamp();
        let sample = match self.video.sample(frame, self.demuxed.streams()) {
            Ok(Some(sample)) => sample,
            Ok(None) if self.anchor.until(received) > PARAMETER_SETS_LIMIT => {
                return Err(EndReason::new(Cause::NoKeyFrame, "no parameter sets came with the pictures"));
            }
            Ok(None) => return Ok(None),
            Err(e) => return self.complain(e.to_string()).map(|()| None),
        };
        if sample.picture.is_key {
            self.broken.since_key_frame = 0;
        }
        Ok(Some(Frame {
            pts_90k,
            arrived: self.anchor.time_of(received),
            is_key: sample.picture.is_key,
            is_skipped_leading: sample.picture.is_skipped_leading,
            is_bidirectional: sample.picture.is_bidirectional,
            data: sample.data,
            sample_entry: sample.entry,
            lost_packets: std::mem::take(&mut self.untold_lost_packets),
        }))
    }

    fn take_report(&mut self, packet: &ReceivedCompoundPacket) {
        if let Some(offset) = clock_offset::of(packet) {
            self.clock_offset = Some(offset);
        }
    }

    fn count_lost(&mut self, packets: u32) {
        self.lost_packets += u64::from(packets);
        self.untold_lost_packets = self.untold_lost_packets.saturating_add(packets);
    }

    /// One broken packet costs a picture, many cost the session.
    fn complain(&mut self, complaint: String) -> Result<(), EndReason> {
        self.count_lost(1);
        log::debug!("RTP packet left out: {complaint}");
        self.broken.since_key_frame += 1;
        self.broken.newest = Some(complaint);
        self.broken.is_last = true;
        if self.broken.since_key_frame < MAX_BROKEN_PACKETS { Ok(()) } else { Err(self.broken.end()) }
    }
}

/// Parameter sets come with a key frame at the latest, and a run waits as long for one.
const PARAMETER_SETS_LIMIT: Duration = Duration::from_secs(240);

/// A stream with as many broken packets between two key frames is not worth going on with.
const MAX_BROKEN_PACKETS: u32 = 32;

impl Broken {
    /// Retina ends the stream after some kinds of broken packets.
    fn end(&self) -> EndReason {
        match &self.newest {
            Some(complaint) if self.is_last => EndReason::new(Cause::BadVideo, complaint.as_str()),
            _ => EndReason::new(Cause::Closed, ""),
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("report", &self.report()).finish_non_exhaustive()
    }
}

impl From<Transport> for client::Transport {
    fn from(transport: Transport) -> Self {
        match transport {
            Transport::Tcp => Self::Tcp(client::TcpTransportOptions::default()),
            Transport::Udp => Self::Udp(client::UdpTransportOptions::default()),
        }
    }
}

async fn describe(
    source: &RtspSource,
    login: &Login,
    options: &Options,
) -> Result<client::Session<Described>, retina::Error> {
    let credentials =
        client::Credentials { username: login.username.clone(), password: login.password.reveal().to_owned() };
    let session_options = client::SessionOptions::default()
        .creds(Some(credentials).filter(|c| !c.username.is_empty()))
        .user_agent(options.user_agent.clone())
        .session_group(options.stale.group());
    client::Session::describe(source.url.clone(), session_options).await
}

/// Waits for the answer to a request as long as the camera may take.
async fn answered<T>(
    request: Request,
    options: &Options,
    answer: impl Future<Output = Result<T, retina::Error>>,
) -> Result<T, EndReason> {
    match timeout(options.answer_limit, answer).await {
        Ok(answer) => answer.map_err(|e| fault::of_request(request, &e)),
        Err(_) => Err(fault::unanswered(request, options.answer_limit)),
    }
}

/// Nothing that can be recorded came for this long.
fn silent(limit: Duration) -> EndReason {
    EndReason::new(Cause::Silent, format!("no picture for {} s", limit.as_secs_f64()))
}
