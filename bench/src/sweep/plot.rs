//! Curves as SVG: one for each way, over the points of an axis.

use std::fmt::Write as _;

use super::{Against, WAYS};

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 60.0;
const RIGHT: f64 = 160.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 50.0;

const COLOURS: [&str; 10] = [
    "#888888", "#444444", "#e6a000", "#d62728", "#9467bd", "#1f77b4", "#ffcc66", "#ff7f7f",
    "#c5b0d5", "#7fb8e6",
];

/// Draws nanoseconds per row, with equal steps for equal factors. `curves` has for each point the cost of each way.
pub fn svg(title: &str, labels: &[String], points: &[Vec<f64>]) -> String {
    let all = points.iter().flatten();
    let least = all.clone().copied().fold(f64::MAX, f64::min);
    let most = all.copied().fold(0.0, f64::max);
    // Whole decades.
    let (low, high) = (least.log10().floor(), most.log10().ceil().max(least.log10().floor() + 1.0));
    let x = |i: usize| LEFT + (WIDTH - LEFT - RIGHT) * i as f64 / (labels.len().max(2) - 1) as f64;
    let y = |ns: f64| TOP + (HEIGHT - TOP - BOTTOM) * (high - ns.log10()) / (high - low);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"{LEFT}\" y=\"22\" font-size=\"15\">{title}: ns per row</text>\n"
    );
    for decade in low as i32..=high as i32 {
        let (at, right) = (y(10f64.powi(decade)), WIDTH - RIGHT);
        let _ = writeln!(
            out,
            "<path d=\"M{LEFT} {at:.1}H{right}\" stroke=\"#ddd\"/><text x=\"{}\" y=\"{:.1}\" \
             text-anchor=\"end\">{}</text>",
            LEFT - 6.0,
            at + 4.0,
            10f64.powi(decade)
        );
    }
    for (i, label) in labels.iter().enumerate() {
        let _ = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{label}</text>",
            x(i),
            HEIGHT - BOTTOM + 20.0
        );
    }
    for (way, ((name, against), colour)) in WAYS.iter().zip(COLOURS).enumerate() {
        let mut path = String::new();
        for (i, costs) in points.iter().enumerate() {
            let letter = if i == 0 { 'M' } else { 'L' };
            let _ = write!(path, "{letter}{:.1} {:.1}", x(i), y(costs[way]));
        }
        let dashes = if *against == Against::Itself { " stroke-dasharray=\"6 4\"" } else { "" };
        let (legend, right) = (TOP + 10.0 + 20.0 * way as f64, WIDTH - RIGHT + 20.0);
        let _ = writeln!(
            out,
            "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"{dashes}/>\
             <path d=\"M{right} {legend}h24\" stroke=\"{colour}\" stroke-width=\"2\"{dashes}/>\
             <text x=\"{}\" y=\"{}\">{name}</text>",
            right + 30.0,
            legend + 4.0
        );
    }
    out + "</svg>\n"
}
