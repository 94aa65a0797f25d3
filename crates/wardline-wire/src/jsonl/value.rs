//! Readers of single values.

use super::fault::Fault;
use super::tree::{Object, Tree};
use super::{INTERVALS_MAX, TEXT_BYTES_MAX};
use std::ops::RangeInclusive;
use wardline_core::time::{Interval, Timestamp};

pub(super) fn wrong_type(tree: &Tree<'_>) -> Fault {
    Fault::new("wrong_type", tree)
}

pub(super) fn unsigned(tree: &Tree<'_>) -> Result<u64, Fault> {
    match tree {
        Tree::Unsigned(value) => Ok(*value),
        Tree::Negative(_) => Err(Fault::new("out_of_range", tree)),
        _ => Err(wrong_type(tree)),
    }
}

pub(super) fn unsigned_in(range: RangeInclusive<u32>) -> impl Fn(&Tree<'_>) -> Result<u32, Fault> {
    move |tree| {
        let value = u32::try_from(unsigned(tree)?).ok();
        let value = value.filter(|value| range.contains(value));
        value.ok_or_else(|| Fault::new("out_of_range", tree))
    }
}

/// An id: a number from 1.
pub(super) fn id<T>(new: fn(u64) -> Option<T>) -> impl Fn(&Tree<'_>) -> Result<T, Fault> {
    move |tree| new(unsigned(tree)?).ok_or_else(|| Fault::new("out_of_range", tree))
}

/// A number that is finite and in the range; -0 is 0.
pub(super) fn number_in(range: RangeInclusive<f64>) -> impl Fn(&Tree<'_>) -> Result<f64, Fault> {
    move |tree| {
        let value = number(tree)?;
        let valid = value.is_finite() && range.contains(&value);
        valid.then_some(value + 0.0).ok_or_else(|| Fault::new("out_of_range", tree))
    }
}

/// A coordinate in degrees that, rounded to 1e-7 degree, is within ±limit.
pub(super) fn degrees_within(limit: f64) -> impl Fn(&Tree<'_>) -> Result<f64, Fault> {
    move |tree| {
        let value = number(tree)?;
        let valid = (value * 1e7).round_ties_even().abs() <= limit * 1e7;
        valid.then_some(value).ok_or_else(|| Fault::new("out_of_range", tree))
    }
}

pub(super) fn number(tree: &Tree<'_>) -> Result<f64, Fault> {
    match tree {
        Tree::Unsigned(value) => Ok(*value as f64),
        Tree::Negative(value) => Ok(*value as f64),
        Tree::Float(value) => Ok(*value),
        _ => Err(wrong_type(tree)),
    }
}

pub(super) fn text<'t>(tree: &'t Tree<'_>) -> Result<&'t str, Fault> {
    match tree {
        Tree::Text(text) if text.len() > TEXT_BYTES_MAX => {
            Err(Fault::new("text_too_long", format_args!("{} bytes", text.len())))
        }
        Tree::Text(text) => Ok(text),
        _ => Err(wrong_type(tree)),
    }
}

/// One of a closed set of words; `reason` is given for any other.
pub(super) fn word<T: Copy>(
    reason: &'static str,
    words: &[(&str, T)],
) -> impl Fn(&Tree<'_>) -> Result<T, Fault> {
    move |tree| {
        let text = text(tree)?;
        let known = words.iter().find(|(word, _)| *word == text);
        known.map(|(_, meaning)| *meaning).ok_or_else(|| Fault::new(reason, text))
    }
}

pub(super) fn object<'t, 'l>(tree: &'t Tree<'l>) -> Result<&'t Object<'l>, Fault> {
    match tree {
        Tree::Object(object) => Ok(object),
        _ => Err(wrong_type(tree)),
    }
}

pub(super) fn elements<'t, 'l>(tree: &'t Tree<'l>) -> Result<&'t [Tree<'l>], Fault> {
    match tree {
        Tree::List(list) => Ok(list),
        _ => Err(wrong_type(tree)),
    }
}

/// A list of at most `count_max` elements.
pub(super) fn list<T>(
    count_max: usize,
    read: impl Fn(&Tree<'_>) -> Result<T, Fault>,
) -> impl Fn(&Tree<'_>) -> Result<Vec<T>, Fault> {
    move |tree| {
        let list = elements(tree)?;
        if list.len() > count_max {
            return Err(Fault::new("too_many_elements", list.len()));
        }
        let read = |(index, tree)| read(tree).map_err(|fault| fault.within_list(index));
        list.iter().enumerate().map(read).collect()
    }
}

pub(super) fn instant(tree: &Tree<'_>) -> Result<Timestamp, Fault> {
    let text = text(tree)?;
    super::instant::parse(text).ok_or_else(|| Fault::new("bad_time", text))
}

/// The intervals of a rule or permit.
pub(super) fn intervals(tree: &Tree<'_>) -> Result<Vec<Interval>, Fault> {
    list(INTERVALS_MAX, |tree| match elements(tree)? {
        [from, until] => interval(instant(from)?, instant(until)?),
        list => Err(Fault::new("not_two_times", list.len())),
    })(tree)
}

/// An interval that is not empty.
pub(super) fn interval(from: Timestamp, until: Timestamp) -> Result<Interval, Fault> {
    if from >= until {
        return Err(Fault::new("until_not_after_from", super::instant::format(until)));
    }
    Ok(Interval { from, until })
}
