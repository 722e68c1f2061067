//! A database that cannot be read any more: film is there, and goes on.

use crate::stage::Stage;
use crate::support::daemon::Home;
use crate::support::wait::{secs, wait_until};
use crate::told::{Id, Listing, Place, Told};
use std::collections::BTreeMap;
use std::fs;
use std::time::SystemTime;

#[test]
fn a_damaged_database_is_built_anew_and_film_goes_on() {
    let home = Home::with_store("db_dir = 'db'\nsample_dir = 'sample'\nsync_interval = '500ms'\nflush_interval = '1s'");
    let film = home.path("sample");
    let mut stage = Stage::new();
    let daemon = home.start();
    let look = |server| Listing::get(Place { server, film: &film }, &BTreeMap::new()).unwrap();
    assert!(stage.fill(daemon.address()));
    // A camera of the stage keeps next to nothing.
    let before = wait_until("film of the others", secs(60), || {
        let listing = look(daemon.address());
        let stays = |(_, told): &(&Id, &Told)| !stage.is_small(&told.camera);
        (listing.recordings.iter().filter(stays).count() >= 4).then_some(listing.recordings)
    });
    daemon.stop();

    let file = home.path("db/db");
    let mut bytes = fs::read(&file).unwrap();
    let half = bytes.len() / 2;
    bytes[..half].fill(0);
    fs::write(&file, &bytes).unwrap();
    let told = home.lunette(&["check"]);
    assert_eq!(told.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&told.stderr).contains("`lunette adopt`"), "{told:?}");

    let daemon = home.start();
    let found = look(daemon.address());
    let (held, _) = found.holds(&before, &film, &stage, SystemTime::now());
    assert!(held >= 4, "{held} of {}", before.len());
    stage.was_as_told(&found, SystemTime::now(), SystemTime::now());
    let newest = |listing: &Listing| listing.recordings.keys().map(|id| id.1).max();
    wait_until("it records again", secs(60), || (newest(&look(daemon.address())) > newest(&found)).then_some(()));
    let said = daemon.stop();
    assert!(said.iter().any(|line| line.contains("built anew")), "{said:?}");
    assert_eq!(fs::read(home.path("db/db.aside.1")).unwrap(), bytes, "nothing is thrown away");
    home.expect(&["check", "--hash"]);
}
