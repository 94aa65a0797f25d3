//! Inputs, one object each.

use super::fault::Fault;
use super::tree::{Object, Tree};
use super::value::{degrees_within, id, instant, list, number_in, text, unsigned, word};
use super::{geometry, order};
use std::sync::Arc;
use wardline_core::geometry::Position;
use wardline_core::ids::{DeviceId, LayerId, OrderId, PersonId, ZoneId};
use wardline_core::input::{
    Action, AssignDevice, Assurance, DeviceKind, Fix, Input, OperatorAct, PutZone, Source, Status,
    StatusReport,
};

const DEVICE_KINDS: &[(&str, DeviceKind)] = &[
    ("bracelet", DeviceKind::Bracelet),
    ("phone", DeviceKind::Phone),
    ("other", DeviceKind::Other),
];

const SOURCES: &[(&str, Source)] = &[
    ("gnss", Source::Gnss),
    ("wifi", Source::Wifi),
    ("cell", Source::Cell),
    ("ble", Source::Ble),
    ("unknown", Source::Unknown),
];

const ASSURANCES: &[(&str, Assurance)] =
    &[("device", Assurance::Device), ("channel", Assurance::Channel), ("none", Assurance::None)];

const FIX_MEMBERS: &[&str] = &[
    "type",
    "at",
    "device",
    "seq",
    "time",
    "lat",
    "lon",
    "accuracy_m",
    "speed_mps",
    "course_deg",
    "source",
    "assurance",
    "flags",
];

/// The most flags of a fix: each of the four once.
const FLAGS_MAX: usize = 4;

pub(super) fn read(object: &Object<'_>) -> Result<Input, Fault> {
    match object.need("type", text)? {
        "fix" => fix(object).map(Input::Fix),
        "status" => status(object).map(Input::Status),
        "tick" => object.only(&["type", "at"]).map(|()| Input::Tick),
        "put_zone" => put_zone(object).map(Input::PutZone),
        "remove_zone" => {
            object.only(&["type", "at", "zone"])?;
            object.need("zone", id(ZoneId::new)).map(Input::RemoveZone)
        }
        "put_order" => order::put_order(object).map(|put| Input::PutOrder(Arc::new(put))),
        "end_order" => {
            object.only(&["type", "at", "order", "reason"])?;
            object.take("reason", text)?;
            object.need("order", id(OrderId::new)).map(Input::EndOrder)
        }
        "assign_device" => assign_device(object).map(Input::AssignDevice),
        "release_device" => {
            object.only(&["type", "at", "device"])?;
            object.need("device", id(DeviceId::new)).map(Input::ReleaseDevice)
        }
        "operator" => operator(object).map(Input::Operator),
        other => Err(Fault::new("unknown_type", other)),
    }
}

fn put_zone(object: &Object<'_>) -> Result<PutZone, Fault> {
    object.only(&["type", "at", "zone", "layer", "name", "geometry"])?;
    object.take("name", text)?;
    Ok(PutZone {
        zone: object.need("zone", id(ZoneId::new))?,
        layer: object.take("layer", id(LayerId::new))?,
        shape: Arc::new(object.need("geometry", geometry::shape)?),
    })
}

fn assign_device(object: &Object<'_>) -> Result<AssignDevice, Fault> {
    object.only(&["type", "at", "device", "person", "kind"])?;
    Ok(AssignDevice {
        device: object.need("device", id(DeviceId::new))?,
        person: object.need("person", id(PersonId::new))?,
        kind: object.need("kind", word("unknown_kind", DEVICE_KINDS))?,
    })
}

fn fix(object: &Object<'_>) -> Result<Fix, Fault> {
    object.only(FIX_MEMBERS)?;
    let lat = object.need("lat", degrees_within(90.0))?;
    let lon = object.need("lon", degrees_within(180.0))?;
    let position = Position::from_degrees(lat, lon);
    let flags = object.take("flags", list(FLAGS_MAX, flag))?.unwrap_or_default();
    let source = object.take("source", word("unknown_source", SOURCES))?;
    let assurance = object.take("assurance", word("unknown_assurance", ASSURANCES))?;
    Ok(Fix {
        device: object.need("device", id(DeviceId::new))?,
        seq: object.need("seq", unsigned)?,
        time: object.need("time", instant)?,
        position: position.map_err(|error| Fault::new("out_of_range", error))?,
        accuracy_m: object.take("accuracy_m", not_negative)?,
        speed_mps: object.take("speed_mps", not_negative)?,
        course_deg: object.take("course_deg", number_in(0.0..=360.0))?,
        source: source.unwrap_or_default(),
        assurance: assurance.unwrap_or_default(),
        mock: flags.contains(&Flag::Mock),
        clock_unsynced: flags.contains(&Flag::ClockUnsynced),
        moving: flags.contains(&Flag::Moving),
        backlog: flags.contains(&Flag::Backlog),
    })
}

#[derive(Clone, Copy, PartialEq)]
enum Flag {
    Mock,
    ClockUnsynced,
    Moving,
    Backlog,
}

fn flag(tree: &Tree<'_>) -> Result<Flag, Fault> {
    let words = &[
        ("mock", Flag::Mock),
        ("clock_unsynced", Flag::ClockUnsynced),
        ("moving", Flag::Moving),
        ("backlog", Flag::Backlog),
    ];
    word("unknown_flag", words)(tree)
}

fn not_negative(tree: &Tree<'_>) -> Result<f64, Fault> {
    number_in(0.0..=f64::MAX)(tree)
}

fn status(object: &Object<'_>) -> Result<StatusReport, Fault> {
    object.only(&["type", "at", "device", "seq", "time", "status"])?;
    let status = |tree| {
        let word = text(tree)?;
        Status::from_word(word).ok_or_else(|| Fault::new("unknown_status", word))
    };
    Ok(StatusReport {
        device: object.need("device", id(DeviceId::new))?,
        seq: object.need("seq", unsigned)?,
        time: object.need("time", instant)?,
        status: object.need("status", status)?,
    })
}

fn operator(object: &Object<'_>) -> Result<OperatorAct, Fault> {
    object.only(&["type", "at", "episode", "action", "by", "note"])?;
    let action = |tree| {
        let word = text(tree)?;
        Action::from_word(word).ok_or_else(|| Fault::new("unknown_action", word))
    };
    Ok(OperatorAct {
        episode: object.need("episode", text)?.to_owned(),
        action: object.need("action", action)?,
        by: object.need("by", text)?.to_owned(),
        note: object.take("note", text)?.map(str::to_owned),
    })
}
