//! One page that needs nothing else.

use super::super::outcome::Outcome;
use super::super::{Failure, machine};
use super::{markdown, plots};

const STYLE: &str = "body { font: 15px/1.45 sans-serif; max-width: 60em; margin: 2em auto; \
                     padding: 0 1em; color: #222 } table { border-collapse: collapse } \
                     td, th { border: 1px solid #ccc; padding: 2px 7px; text-align: right } \
                     td:first-child, th:first-child { text-align: left } svg { max-width: 100% }";

/// The page.
pub fn html(outcomes: &[Outcome], remark: &str) -> Result<String, Failure> {
    let item = |(name, value): (&str, String)| format!("<li>{name}: {}</li>", text(&value));
    let facts = machine::facts().map(item);
    let sections = [
        ("Throughput, baselines and the limit of the memory", plots::throughput(outcomes)?),
        ("Cost of a fix by the number of zones and of people", plots::cost(outcomes)?),
        ("Latency at a million fixes a second", plots::latency(outcomes)?),
        ("Shards", plots::shards(outcomes)?),
    ];
    let sections = sections.map(|(title, body)| format!("<h2>{title}</h2>\n{body}\n"));
    Ok(format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>wardline: \
         benchmarks</title>\n<style>{STYLE}</style>\n<h1>wardline: benchmarks</h1>\n<ul>{}\
         <li>remark: {}</li></ul>\n{}<h2>Figures</h2>\n{}\n</html>\n",
        facts.concat(),
        text(remark),
        sections.concat(),
        table(&markdown::rows(outcomes)),
    ))
}

fn table(rows: &[Vec<String>]) -> String {
    let mut html = "<table>\n".to_owned();
    for (number, row) in rows.iter().enumerate() {
        let tag = if number == 0 { "th" } else { "td" };
        let cells: String =
            row.iter().map(|cell| format!("<{tag}>{}</{tag}>", text(cell))).collect();
        html += &format!("<tr>{cells}</tr>\n");
    }
    html + "</table>"
}

fn text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
