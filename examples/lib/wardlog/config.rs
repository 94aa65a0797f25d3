//! The numbers that the engine judges with, as a JSON object: members as in `Config`.

use crate::files::Failure;
use serde_json::{Map, Value};
use std::fs;
use std::io;
use std::path::Path;
use wardline_core::Config;

/// The file of a journal that says which numbers are not the defaults.
pub const NAME: &str = "config.json";

/// The numbers in a file.
///
/// # Errors
///
/// If it cannot be read or is no such object.
pub fn read(file: &Path) -> Result<Config, Failure> {
    let failed = |error: String| Failure::new("cannot use", file, error);
    let text = fs::read_to_string(file).map_err(|e| Failure::new("cannot read", file, e))?;
    let object = serde_json::from_str(&text).map_err(|e| failed(e.to_string()))?;
    parse(object).map_err(failed)
}

/// The numbers of a journal or case: those in `given`, or in the folder, or the defaults.
///
/// # Errors
///
/// As [`read`].
pub fn of_folder(folder: &Path, given: Option<&Path>) -> Result<Config, Failure> {
    let stored = folder.join(NAME);
    match given {
        Some(file) => read(file),
        None if stored.exists() => read(&stored),
        None => Ok(Config::default()),
    }
}

/// Copies the file with the numbers from one folder to another, if there is one.
///
/// # Errors
///
/// If it cannot be copied.
pub fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    match fs::copy(from.join(NAME), to.join(NAME)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Failure::new("cannot copy", &from.join(NAME), error))
        }
        _ => Ok(()),
    }
}

fn parse(object: Map<String, Value>) -> Result<Config, String> {
    let mut config = Config::default();
    for (name, value) in object {
        set(&mut config, &name, value).map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(config)
}

macro_rules! members {
    ($config:ident, $name:ident, $value:ident: $($member:ident)*) => {
        match $name {
            $(stringify!($member) => $config.$member = from($value)?,)*
            _ => return Err("there is no such number".to_owned()),
        }
    };
}

fn set(config: &mut Config, name: &str, value: Value) -> Result<(), String> {
    fn from<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }
    members!(config, name, value:
        first_input accuracy_default_m accuracy_min_m accuracy_coarse_m exit_margin_m
        clock_ahead_max_ms speed_max_mps copied_speed_mps chain_fixes chain_span_ms
        reference_age_max_ms crossing_gap_max_ms history_fixes repeat_memory history_words
        escalation_ms escalation_grave_ms strangers_max ids_max versions_max incidents_max slack
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn members_are_taken_and_others_refused() {
        let object = |value: Value| value.as_object().cloned().expect("an object");
        let config = parse(object(json!({"exit_margin_m": 30.5, "slack": false})));
        let config = config.expect("numbers");
        assert!(config.exit_margin_m == 30.5 && !config.slack && config.chain_fixes == 3);
        assert!(parse(object(json!({"margin": 1}))).is_err_and(|e| e.contains("no such number")));
        assert!(parse(object(json!({"chain_fixes": -1}))).is_err());
    }
}
