//! `Text`: Prometheus' text format 0.0.4.

use std::fmt::{Display, Write};

/// Figures, one kind after another.
#[derive(Debug, Default)]
pub(super) struct Text(String);

/// What a kind of figure does over time.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// It goes up and down.
    Gauge,
    /// It counts from the start of the process.
    Counter,
}

impl Text {
    /// A kind of figure: its name, what it is in one line, and its values with their labels. Without a value it is left
    /// out.
    pub(super) fn add<'a, V: Display>(
        &mut self,
        kind: Kind,
        name: &str,
        help: &str,
        values: impl IntoIterator<Item = (Vec<(&'a str, &'a str)>, V)>,
    ) {
        let mut values = values.into_iter().peekable();
        if values.peek().is_none() {
            return;
        }
        let kind = match kind {
            Kind::Gauge => "gauge",
            Kind::Counter => "counter",
        };
        self.push(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n{name}"));
        for (n, (labels, value)) in values.enumerate() {
            if n > 0 {
                self.0.push_str(name);
            }
            for (n, (label, text)) in labels.iter().enumerate() {
                self.push(format_args!("{}{label}=\"{}\"", if n == 0 { "{" } else { "," }, escaped(text)));
            }
            self.push(format_args!("{} {value}\n", if labels.is_empty() { "" } else { "}" }));
        }
    }

    /// One figure without labels.
    pub(super) fn one(&mut self, kind: Kind, name: &str, help: &str, value: impl Display) {
        self.add(kind, name, help, [(Vec::new(), value)]);
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0.into_bytes()
    }

    fn push(&mut self, what: std::fmt::Arguments<'_>) {
        self.0.write_fmt(what).expect("a string takes all that is written to it");
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_cameras_cannot_break_the_format() {
        let mut text = Text::default();
        text.one(Kind::Gauge, "a_bytes", "How many.", 18_000_000_000_000u64);
        let labels = |name| vec![("camera", name), ("stream", "main")];
        text.add(Kind::Counter, "b_total", "How often.", [(labels("the \"old\"\n\\ one"), 1.5), (labels("b"), 2.0)]);
        text.add(Kind::Gauge, "c", "Nothing.", Vec::<(Vec<(&str, &str)>, u64)>::new());
        assert_eq!(
            String::from_utf8(text.into_bytes()).unwrap(),
            "# HELP a_bytes How many.\n# TYPE a_bytes gauge\na_bytes 18000000000000\n\
             # HELP b_total How often.\n# TYPE b_total counter\n\
             b_total{camera=\"the \\\"old\\\"\\n\\\\ one\",stream=\"main\"} 1.5\nb_total{camera=\"b\",stream=\"main\"} 2\n"
        );
    }
}
