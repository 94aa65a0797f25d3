//! The plots of the report, as SVG.

use super::super::Failure;
use super::super::live;
use super::super::outcome::Outcome;
use plotters::coord::Shift;
use plotters::prelude::*;

const SIZE: (u32, u32) = (860, 420);
const FONT: (&str, u32) = ("sans-serif", 13);
/// One for each line of a plot.
const COLOURS: [RGBColor; 6] = [
    RGBColor(0x1B, 0x4F, 0x72),
    RGBColor(0xC0, 0x39, 0x2B),
    RGBColor(0x1E, 0x84, 0x49),
    RGBColor(0x8E, 0x44, 0xAD),
    RGBColor(0xD6, 0x89, 0x10),
    RGBColor(0x56, 0x65, 0x73),
];

/// A line: its name and its points.
type Series = (String, Vec<(f64, f64)>);
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Fixes a second of each scenario and of its baselines, on a scale of powers of ten.
pub fn throughput(outcomes: &[Outcome]) -> Result<String, Failure> {
    let shown: Vec<_> = outcomes.iter().filter(|o| !o.scenario.starts_with("by_")).collect();
    let ours = shown.iter().map(|outcome| outcome.fixes_per_s);
    let mut series = vec![("wardline".to_owned(), numbered(ours))];
    for name in
        ["gather_limit", "list_geo_contains", "geo_index_geo_contains", "rstar_geo_contains"]
    {
        let rates = shown.iter().map(|o| o.baselines.get(name).copied().unwrap_or(0.0));
        series.push((name.to_owned(), numbered(rates)));
    }
    drawn(|area| {
        let y_max = series.iter().flat_map(|(_, points)| points).map(|p| p.1).fold(10.0, f64::max);
        let mut chart = ChartBuilder::on(area);
        let mut chart = chart
            .margin(10)
            .x_label_area_size(70)
            .y_label_area_size(60)
            .build_cartesian_2d(-0.5..shown.len() as f64 - 0.5, (10.0..y_max * 3.0).log_scale())?;
        let name = |x: &f64| {
            let is_whole = (x - x.round()).abs() < 0.01;
            let outcome = shown.get(x.round() as usize).filter(|_| is_whole && *x > -0.1);
            outcome.map_or(String::new(), |outcome| outcome.scenario.clone())
        };
        chart
            .configure_mesh()
            .disable_x_mesh()
            .x_labels(2 * shown.len() + 1)
            .x_label_formatter(&name)
            .x_label_style(("sans-serif", 11).into_font())
            .y_desc("fixes per second")
            .y_label_formatter(&|y| power(*y))
            .draw()?;
        let width = 0.8 / series.len() as f64;
        for ((number, (name, points)), colour) in series.iter().enumerate().zip(COLOURS) {
            let left = number as f64 * width - 0.4;
            let bars = points.iter().filter(|(_, rate)| *rate > 10.0).map(|(x, rate)| {
                let corners = [(x + left, 10.0), (x + left + width * 0.9, *rate)];
                Rectangle::new(corners, colour.filled())
            });
            chart.draw_series(bars)?.label(name.clone()).legend(move |(x, y)| {
                Rectangle::new([(x, y - 4), (x + 10, y + 4)], colour.filled())
            });
        }
        legend(&mut chart, SeriesLabelPosition::UpperRight)
    })
}

/// Nanoseconds of each fix against the number of zones, and against that of people.
pub fn cost(outcomes: &[Outcome]) -> Result<String, Failure> {
    let of = |name: &str, size: fn(&Outcome) -> u64| {
        let chosen = outcomes.iter().filter(|outcome| outcome.scenario == name);
        chosen.map(|o| (size(o) as f64, 1e9 / o.fixes_per_s)).collect::<Vec<_>>()
    };
    let series = [
        ("people fixed, more zones".to_owned(), of("by_zones", |outcome| outcome.zones)),
        ("more people, four zones each".to_owned(), of("by_people", |outcome| outcome.people)),
    ];
    lines(&series, "number of zones or people", "nanoseconds per fix")
}

/// Fixes a second against the number of shards.
pub fn shards(outcomes: &[Outcome]) -> Result<String, Failure> {
    let chosen: Vec<_> = outcomes.iter().filter(|o| o.scenario == "by_shards").collect();
    let measured: Vec<_> = chosen.iter().map(|o| (o.shards as f64, o.fixes_per_s / 1e6)).collect();
    let one = measured.first().map_or(0.0, |(_, rate)| *rate);
    let ideal = measured.iter().map(|(shards, _)| (*shards, one * shards)).collect();
    let series = [("measured".to_owned(), measured), ("proportional".to_owned(), ideal)];
    plotted(&series, "shards", "million fixes per second", false)
}

/// Microseconds below which so many of the latencies are.
pub fn latency(outcomes: &[Outcome]) -> Result<String, Failure> {
    let mut series = Vec::new();
    for outcome in outcomes {
        let Some(latency_us) = &outcome.latency_us else { continue };
        let point = |(name, us): (&String, &f64)| {
            let above = 100.0 - live::percent(name)?;
            // One in so many is slower; the slowest has no place on this scale.
            (above > 0.0).then(|| (100.0 / above, *us))
        };
        let mut points: Vec<_> = latency_us.iter().filter_map(point).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        series.push((outcome.scenario.clone(), points));
    }
    lines(&series, "one in so many is slower", "microseconds")
}

fn lines(series: &[Series], x: &str, y: &str) -> Result<String, Failure> {
    plotted(series, x, y, true)
}

fn plotted(series: &[Series], x_name: &str, y_name: &str, is_log: bool) -> Result<String, Failure> {
    let points = || series.iter().flat_map(|(_, points)| points);
    let x_min = points().map(|point| point.0).fold(f64::INFINITY, f64::min);
    let x_max = points().map(|point| point.0).fold(0.0, f64::max);
    let y_max = points().map(|point| point.1).fold(0.0, f64::max) * 1.15;
    if !x_min.is_finite() || y_max <= 0.0 {
        return Ok("<p>Not measured.</p>".to_owned());
    }
    drawn(|area| {
        let mut chart = ChartBuilder::on(area);
        let chart = chart.margin(10).x_label_area_size(45).y_label_area_size(60);
        macro_rules! draw {
            ($x:expr, $y:expr) => {{
                let mut chart = chart.build_cartesian_2d($x, $y)?;
                chart
                    .configure_mesh()
                    .x_desc(x_name)
                    .y_desc(y_name)
                    .x_label_formatter(&|x| power(*x))
                    .y_label_formatter(&|y| power(*y))
                    .axis_desc_style(FONT.into_font())
                    .draw()?;
                for ((name, points), colour) in series.iter().zip(COLOURS) {
                    chart
                        .draw_series(LineSeries::new(points.clone(), colour.stroke_width(2)))?
                        .label(name.clone())
                        .legend(move |(x, y)| {
                            PathElement::new([(x, y), (x + 12, y)], colour.stroke_width(2))
                        });
                    chart.draw_series(
                        points.iter().map(|point| Circle::new(*point, 3, colour.filled())),
                    )?;
                }
                legend(&mut chart, SeriesLabelPosition::UpperLeft)
            }};
        }
        if is_log {
            let y_min = points().map(|point| point.1).fold(f64::INFINITY, f64::min).max(0.1);
            let y_min = if y_max / y_min > 30.0 { y_min / 2.0 } else { 1.0 };
            if y_max / y_min > 300.0 {
                return draw!((x_min..x_max * 1.1).log_scale(), (y_min..y_max).log_scale());
            }
            return draw!((x_min..x_max * 1.1).log_scale(), 0.0..y_max);
        }
        draw!(0.0..x_max + 0.5, 0.0..y_max)
    })
}

fn drawn(draw: impl FnOnce(&Area<'_>) -> Result<(), Failure>) -> Result<String, Failure> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        draw(&area)?;
        area.present()?;
    }
    Ok(svg)
}

fn legend<'a, X, Y>(
    chart: &mut ChartContext<'a, SVGBackend<'a>, Cartesian2d<X, Y>>,
    position: SeriesLabelPosition,
) -> Result<(), Failure>
where
    X: Ranged<ValueType = f64> + plotters::coord::ranged1d::ValueFormatter<f64>,
    Y: Ranged<ValueType = f64> + plotters::coord::ranged1d::ValueFormatter<f64>,
{
    chart
        .configure_series_labels()
        .position(position)
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK.mix(0.3))
        .label_font(FONT.into_font())
        .draw()
        .map_err(|error| error.to_string().into())
}

fn numbered(values: impl Iterator<Item = f64>) -> Vec<(f64, f64)> {
    (0..).map(f64::from).zip(values).collect()
}

/// A number of any size in few characters.
fn power(value: f64) -> String {
    match value {
        v if v >= 1e9 => format!("{} G", v / 1e9),
        v if v >= 1e6 => format!("{} M", v / 1e6),
        v if v >= 1e3 => format!("{} k", v / 1e3),
        v => format!("{}", (v * 10.0).round() / 10.0),
    }
}
