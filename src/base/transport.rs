//! `Transport`: how RTP travels.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How RTP travels from the camera to us.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Transport {
    /// Interleaved in the RTSP connection: nothing is lost.
    #[default]
    Tcp,
    /// In datagrams, for cameras that cannot do better.
    Udp,
}

impl Transport {
    /// Its word in the database and on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }

    /// The transport of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Tcp, Self::Udp].into_iter().find(|t| t.word() == word)
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
        })
    }
}
