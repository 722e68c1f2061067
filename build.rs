//! Puts the page into the binary: what `scripts/page` made in `ui/dist`, or else one that says how to make it.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    for path in ["build.rs", "ui/dist", "ui/missing.html", "ui/public"] {
        println!("cargo:rerun-if-changed={path}");
    }
    let dist = root.join("ui/dist");
    let is_built = dist.join("index.html").is_file();
    let (folder, index) = if is_built { (dist, "index.html") } else { (root.join("ui"), "missing.html") };
    let mut files =
        vec![(folder.join(index), "/".to_owned()), (root.join("ui/public/icon.svg"), "/icon.svg".to_owned())];
    if is_built {
        let assets = list(&folder.join("assets")).expect("ui/dist has no assets: run scripts/page again");
        files.extend(assets.into_iter().map(|name| (folder.join("assets").join(&name), format!("/assets/{name}"))));
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let mut code = "[".to_owned();
    for (file, path) in files {
        let zipped = PathBuf::from(format!("{}.gz", file.display()));
        let zipped = if zipped.is_file() { format!("Some({})", included(&zipped, &out)) } else { "None".to_owned() };
        let (bytes, media_type, is_forever) = (included(&file, &out), media_type(&file), path.starts_with("/assets/"));
        writeln!(
            code,
            "Asset {{ path: {path:?}, media_type: {media_type:?}, bytes: {bytes}, zipped: {zipped}, is_forever: {is_forever} }},"
        )
        .expect("text takes all");
    }
    code.push(']');
    fs::write(out.join("page.rs"), code).expect("write page.rs");
}

/// The files of a folder that are not compressed twins, in an order that stays.
fn list(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().into_string().map_err(|_| io::ErrorKind::InvalidData)?;
        if !name.ends_with(".gz") {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// A copy, so that what is compiled stays what it is while `scripts/page` makes another.
fn included(file: &Path, out: &Path) -> String {
    let name = file.file_name().and_then(|name| name.to_str()).expect("names are text");
    fs::copy(file, out.join(name)).unwrap_or_else(|e| panic!("copy {}: {e}", file.display()));
    format!("include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}\"))")
}

fn media_type(file: &Path) -> &'static str {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        other => panic!("ui/dist has a file of a kind that is not known: {other:?}"),
    }
}
