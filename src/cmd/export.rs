//! `lunette export`: a span of a stream as an mp4 file, the same bytes as `view.mp4`.

use super::config::Config;
use super::opening::Access;
use super::{Outcome, api, camera, output};
use crate::base::{Error, Kind, Result, ResultExt, WallTime};
use crate::store::StreamKind;
use http::Method;
use http_body_util::BodyExt;
use jiff::tz::TimeZone;
use std::fs::{self, File};
use std::io::Write;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

/// Writes what a camera recorded between two times into an mp4 file
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Name or uuid of the camera
    #[arg(long, value_name = "NAME")]
    camera: String,
    /// main or sub
    #[arg(long, default_value = "main", value_parser = camera::stream_kind)]
    stream: StreamKind,
    /// Where to begin: text or a 90 kHz number, see `lunette ts`
    #[arg(long, value_name = "TIME")]
    start: String,
    /// Where to end
    #[arg(long, value_name = "TIME")]
    end: String,
    /// What becomes of holes: skip goes on at once with what comes after, hold shows the last picture for as long
    #[arg(long, value_name = "HOW", default_value = "skip", value_parser = ["skip", "hold"])]
    gaps: String,
    /// With the time as subtitles, a line a second
    #[arg(long)]
    subtitles: bool,
    /// The file to write, which must not exist; - is standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

pub(super) fn run(config: &Config, args: &Args) -> Result<Outcome> {
    let zone = TimeZone::system();
    let start = WallTime::parse(&args.start, &zone).map_err(|e| e.on("--start"))?;
    let end = WallTime::parse(&args.end, &zone).map_err(|e| e.on("--end"))?;
    if start >= end {
        return Err(Error::new(Kind::BadInput, "--end: must be after --start"));
    }
    let part = Target::open(&args.output)?;
    let bytes = api::with(config, Access::Read, async |api| {
        let found = camera::find(api, &args.camera).await?;
        let (path, stream) = (camera::path(&found), args.stream);
        let span = format!("start90k={}&end90k={}", start.0, end.0);
        let path = format!("{path}/{stream}/view.mp4?{span}&gaps={}&ts={}", args.gaps, args.subtitles);
        let mut film = api.call(Method::GET, &path, None).await?.into_body();
        let mut bytes = 0;
        while let Some(frame) = film.frame().await {
            let frame = frame.or_fail(Kind::Busy, || "read the film")?;
            let data = frame.into_data().unwrap_or_default();
            bytes += data.len() as u64;
            // Straight into the kernel: a mapped window must not be touched by us, see `store::Window`.
            part.write(&data)?;
        }
        Ok(bytes)
    })?;
    if part.finish()? {
        output::say(&format!("{}: {bytes} bytes", args.output.display()))?;
    }
    Ok(Outcome::Done)
}

/// Where the film goes.
enum Target {
    File(Part),
    /// Standard output, without a buffer of ours before it.
    Output(File),
}

impl Target {
    fn open(path: &Path) -> Result<Self> {
        if path != Path::new("-") {
            return Part::create(path).map(Self::File);
        }
        let output = std::io::stdout().as_fd().try_clone_to_owned();
        Ok(Self::Output(File::from(output.or_fail(Kind::Disk, || "open standard output")?)))
    }

    fn write(&self, data: &[u8]) -> Result<()> {
        match self {
            Self::File(part) => part.write(data),
            Self::Output(output) => {
                let mut output = output;
                output.write_all(data).or_fail(Kind::Disk, || "write to standard output")
            }
        }
    }

    /// Says whether there is a name to be told.
    fn finish(self) -> Result<bool> {
        match self {
            Self::File(part) => part.finish().map(|()| true),
            Self::Output(_) => Ok(false),
        }
    }
}

/// A file that has its name only once it is whole, and goes away if it never is.
struct Part {
    file: File,
    path: PathBuf,
    whole: PathBuf,
}

impl Part {
    fn create(whole: &Path) -> Result<Self> {
        if whole.exists() {
            return Err(Error::new(Kind::Conflict, format!("{}: it exists; name another file", whole.display())));
        }
        let mut name = whole.file_name().unwrap_or_default().to_owned();
        name.push(".part");
        let path = whole.with_file_name(name);
        let file = File::create(&path).or_fail(Kind::Disk, || format!("create {}", path.display()))?;
        Ok(Self { file, path, whole: whole.to_owned() })
    }

    fn write(&self, data: &[u8]) -> Result<()> {
        (&self.file).write_all(data).or_fail(Kind::Disk, || format!("write {}", self.path.display()))
    }

    fn finish(self) -> Result<()> {
        let done = self.file.sync_all().and_then(|()| fs::rename(&self.path, &self.whole));
        done.or_fail(Kind::Disk, || format!("write {}", self.whole.display()))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // After `finish` there is nothing of that name.
        let _ = fs::remove_file(&self.path);
    }
}
