//! The tables: ours, the official client and a plain socket side by side, and whether the marks were reached.

use crate::artifact::Artifact;

/// One measurement of each; `bare` is that of a plain socket, where that makes sense.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    pub ours: f64,
    pub official: f64,
    pub bare: Option<f64>,
}

impl Figures {
    /// Measures all three.
    pub fn of(mut figure: impl FnMut(usize) -> f64) -> Figures {
        Figures { ours: figure(0), official: figure(1), bare: Some(figure(2)) }
    }
}

/// Which figures are better.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Better {
    Less,
    More,
}

/// What has to be reached.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Mark {
    None,
    /// This many times better than the official client.
    Times(f64),
    /// Not more than this, whatever the official client does.
    AtMost(f64),
}

/// Prints lines as they are measured, and remembers the marks.
#[derive(Default)]
pub struct Report {
    shown: Artifact,
    placement: String,
    reached: usize,
    missed: Vec<String>,
}

impl Report {
    /// Begins a table. Figures of different placements must not be compared with each other.
    pub fn begin(&mut self, placement: &str) {
        self.placement = placement.to_owned();
        let (ours, official) = ("ours", "official");
        self.shown.line(&format!("\n{placement}"));
        self.shown.line(&format!(
            "  {:<56}{ours:>10}{official:>10}{:>10}{:>9}  at least",
            "", "bare", ""
        ));
    }

    pub fn line(&mut self, what: &str, figures: Figures, better: Better, mark: Mark) {
        let Figures { ours, official, .. } = figures;
        let ratio = if better == Better::Less { official / ours } else { ours / official };
        self.line_with_ratio(what, figures, ratio, mark);
    }

    /// Prints a line whose ratio was not computed from the figures that are shown.
    pub fn line_with_ratio(&mut self, what: &str, figures: Figures, ratio: f64, mark: Mark) {
        let Figures { ours, official, bare } = figures;
        let bare = bare.map_or("-".into(), short);
        let known = ours != 0.0 && ratio.is_finite();
        let ratio_text = if known { format!("{}x", short(ratio)) } else { "-".into() };
        let figures = format!(
            "  {what:<56}{:>10}{:>10}{bare:>10}{ratio_text:>9}",
            short(ours),
            short(official)
        );
        let (reached, mark) = match mark {
            Mark::None => return self.shown.line(&figures),
            Mark::Times(times) => (ratio >= times, format!("{times}x")),
            Mark::AtMost(most) => (ours <= most, format!("<= {most}")),
        };
        let verdict = if reached { "reached" } else { "NOT REACHED" };
        self.shown.line(&format!("{figures}  {mark} {verdict}"));
        if reached {
            self.reached += 1;
        } else {
            let (ours, placement) = (short(ours), &self.placement);
            self.missed.push(format!("{what}: {ours}, {ratio:.2}x; mark {mark} ({placement})"));
        }
    }

    /// Prints whether all marks were reached, and keeps everything under this name.
    pub fn end(&mut self, name: &str) {
        let (reached, missed) = (self.reached, self.missed.len());
        self.shown.line(&format!("\nmarks: {reached} reached, {missed} NOT REACHED"));
        self.missed.iter().for_each(|missed| self.shown.line(&format!("  {missed}")));
        self.shown.write(name);
    }
}

fn short(value: f64) -> String {
    match value {
        v if v.is_nan() => "-".into(),
        v if v < 10.0 => format!("{v:.2}"),
        v if v < 1000.0 => format!("{v:.1}"),
        v => format!("{v:.0}"),
    }
}
