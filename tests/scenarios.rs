//! Scenarios: inputs as JSON Lines in, events as JSON Lines out.
//!
//! Each `scenarios/NAME.jsonl` is replayed and compared with `scenarios/NAME.events.jsonl`, line by
//! line, with and without the slack test. To write the expected files anew, and then to read what
//! became different: `UPDATE_SCENARIOS=1 cargo test -p wardline-tests --test scenarios`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use wardline_core::{Config, Engine};
use wardline_sim::compare::compare;
use wardline_wire::jsonl;

#[path = "scenarios/counters.rs"]
mod counters;
#[path = "scenarios/evidence.rs"]
mod evidence;

macro_rules! scenarios {
    ($($(#[$comment:meta])* $name:ident),* $(,)?) => {
        const NAMES: &[&str] = &[$(stringify!($name)),*];
        $($(#[$comment])* #[test] fn $name() { check(stringify!($name)); })*
    };
}

// The rules that a scenario shows are cited above it.
scenarios! {
    // J-PERMIT-1: also between fixes at which both could rest but for the permit
    away_out_of_the_permit_while_near_her,
    // J-PROX-1, J-LATE-2
    away_his_late_fix_is_no_reference_of_what_came_before_it,
    // J-PROX-1, J-BREACH-1, J-BREACH-3, J-BREACH-5: trust and doubt are of both
    away_coarse_and_doubtful_fixes_of_either,
    // J-PROX-1, J-PAIR-1: what the first judgement rests on becomes another fix, less accurate
    away_her_fixes_from_before_the_order_while_it_is_broken,
    // J-SILENCE-1
    silence_put_off_by_his_fixes_at_rest,
    // J-SILENCE-2
    no_fix_while_his_words_put_silence_off,
    // J-SILENCE-1, J-SILENCE-3
    silence_of_a_device_assigned_while_he_rests,
    // J-SILENCE-1
    silence_of_an_order_put_while_he_rests,
    // J-SILENCE-1, J-TIME-4
    silence_of_one_of_two_devices_at_rest,
    // J-LATE-1, J-TIME-5
    late_fix_in_the_zone_of_the_version_before,
    // J-SILENCE-1, J-STALE-1
    away_his_silence_told_at_her_fix,
    // J-STALE-1, J-PROX-1
    away_both_her_devices_fall_silent_while_he_rests,
    // J-STALE-1, J-PROX-1
    away_the_second_of_two_falls_silent_while_he_rests,
    // C25: what an outage kept back says that it is late, J-LATE-1, J-SILENCE-1
    c25_backlog_after_an_outage,
    // J-SCHED-1
    c01_order_starts_while_inside,
    // J-SCHED-1, J-SCHED-4
    c01_zone_put_over_a_standing_person,
    // J-SCHED-2, J-TIME-4
    c02_order_expires_inside,
    // J-SCHED-2, J-SCHED-5
    c02_zone_removed_inside,
    // J-FIX-2, J-FIX-6, J-TIME-3
    c07_same_fix_twice_equal_times_and_copied_coordinates,
    // J-CROSS-1, J-CROSS-2
    c08_straight_through_a_small_zone,
    // J-GEO-3
    c09_antimeridian_jump,
    // J-GEO-1, J-GEO-3
    c10_corridor_centre_line,
    // J-BREACH-2, J-BREACH-3, J-FIX-5
    c11_wrong_accuracy,
    // J-BREACH-1, J-BREACH-3
    c12_jitter_at_the_boundary,
    // J-REFUSE-1
    c14_bad_numbers,
    // J-ORDER-1, J-BREACH-1
    c15_exit_and_enter_on_one_fix,
    // J-TIME-5
    time_order_put_at_the_time_of_a_fix,
    // J-TIME-4, J-TIME-6, J-ORDER-1
    time_boundaries_before_the_input_that_reaches_them,
    // J-REFUSE-2, J-REFUSE-3, J-REFUSE-4, J-REFUSE-5, J-REFUSE-6
    refusals_and_what_they_reach,
    // J-SCHED-3, J-SCHED-4, J-SCHED-5, J-PAIR-2
    versions_causes_and_ends,
    // J-SCHED-6, J-BREACH-2, J-FIX-7
    sched_coarse_reference_fix_at_a_start,
    // J-BREACH-4, J-BREACH-6, J-BREACH-7, J-BREACH-8
    breach_confirm_fixes_in_a_row,
    // J-BREACH-3, J-BREACH-5, J-TIME-2, J-FIX-3, J-FIX-4
    breach_opening_certainty_and_closing,
    // J-PERMIT-1, J-PERMIT-2
    permit_given_and_lost,
    // J-FIX-5, J-FIX-8, J-FIX-9, J-FIX-10
    fix_implausible_chain,
    // J-FIX-11
    fix_copied_coordinates_by_event_time,
    // J-FIX-1, J-FIX-12, J-FIX-13, J-FIX-14, J-FIX-15, J-STATUS-3
    fix_repeats_strangers_and_assignments,
    // J-LATE-1, J-LATE-4, J-PAIR-3, J-PAIR-4, J-PAIR-5
    late_fixes_amend_and_withdraw,
    // J-LATE-2, J-LATE-5, J-LATE-6
    late_beyond_the_history,
    // J-PROX-1, J-PROX-2, J-EVENT-3
    c03_she_walks_up_to_him,
    // J-STALE-1, J-STALE-2, J-BREACH-5
    c04_her_position_is_hours_old,
    // J-PROX-1
    c05_corner_of_the_box,
    // J-PROX-5
    away_from_himself,
    // J-ORDER-1, J-ORDER-2
    order_ties_by_the_number_of_the_zone,
    // J-LATE-1
    c06_backlog_in_any_order,
    // J-DESK-1, J-DESK-2, J-DESK-3, J-DESK-4, J-SILENCE-1, J-SILENCE-4
    c24_one_incident_per_episode,
    // J-ABSENCE-1, J-ABSENCE-3, J-SCHED-1
    c26_friday_evening_to_sunday_afternoon,
    // J-SILENCE-3, J-FIX-1
    c27_never_heard_no_order_order_over,
    // J-DESK-2, J-DESK-5, J-STATUS-1, J-STATUS-3
    c28_strap_cleared_while_open,
    // J-STATUS-2, J-STATUS-5, J-DESK-4
    c29_panic_of_anyone,
    // J-SILENCE-2, J-SILENCE-5, J-STATUS-1
    c30_four_kinds_of_lost,
    // J-STATUS-1, J-STATUS-4, J-TIME-3
    status_late_and_over_orders,
    // J-ABSENCE-1, J-ABSENCE-2, J-ABSENCE-3
    absence_grace_edits_and_zones,
    // J-PERMIT-1, J-PROX-3, J-PROX-4, J-STALE-1, J-SCHED-2
    away_permits_and_releases,
    // J-PROX-1, J-LATE-1
    away_late_fix_of_hers,
    // J-SCHED-4
    sched_zone_change_judges_its_own_machines_only,
    // J-BREACH-1, J-BREACH-3, J-PERMIT-2
    breach_left_from_the_line,
    // J-LATE-6
    late_beyond_the_history_covered,
    // J-SCHED-1
    sched_boundary_judges_what_starts,
    // J-LATE-5
    late_beyond_a_history_just_full,
    // J-FIX-2, J-FIX-12
    fix_again_beyond_the_memory_of_repeats,
    // J-BREACH-1
    breach_far_fixes_and_the_first_near_one,
    // J-CROSS-1
    c08_across_a_narrow_zone,
    // J-PAIR-4
    late_withdrawn_after_its_end_was_told,
    // J-FIX-2, J-FIX-12
    fix_repeats_to_the_end_of_the_memory,
    // J-LATE-5, J-FIX-5
    late_fix_after_a_jump_left_the_history,
    // J-LATE-5
    late_with_the_key_of_the_oldest,
    // J-LATE-5, J-FIX-10
    late_fix_after_a_jump_left_the_history_afar,
    // J-FIX-7
    fix_reference_before_a_history_of_coarse_ones,
    // J-FIX-9
    fix_chain_begins_anew,
    // J-TIME-5, J-SCHED-2
    time_order_ended_at_the_time_of_a_fix,
    // J-LATE-2, J-BREACH-2
    late_beyond_the_history_coarse,
    // J-PAIR-4, J-EVENT-1
    late_amended_under_new_versions,
    // J-BREACH-1
    breach_by_a_step_of_less_than_a_metre,
    // J-TIME-1, J-TIME-2, J-TIME-4, J-REFUSE-1
    time_of_receipt_goes_back_or_is_none,
    // J-PERMIT-1, J-SCHED-1, J-SCHED-4
    permit_ends_while_he_stays,
    // J-STATUS-4
    status_words_to_the_end_of_the_history,
    // J-DESK-4, J-DESK-5, J-STATUS-2, J-FIX-2
    desk_panics_of_strangers_and_unknown_episodes,
    // J-ORDER-2
    order_ends_by_the_number_of_the_zone,
    // J-ABSENCE-1
    absence_by_a_step_beyond_the_margin,
    // J-ABSENCE-2, J-ABSENCE-3
    absence_grace_of_one_rule_begins_anew,
    // J-PROX-2, J-BREACH-2, J-BREACH-5
    away_doubts_of_both_parties_add_up,
    // J-PROX-4
    away_too_late_to_be_a_reference,
    // J-SCHED-5
    sched_zone_leaves_its_layer_at_once,
    // J-SCHED-1, J-SCHED-4, J-ABSENCE-3
    sched_order_edited_while_he_stands_still,
    // J-TIME-3, J-STATUS-1
    time_order_put_at_the_time_of_a_word,
    // J-TIME-2, J-FIX-3, J-SCHED-2, J-REFUSE-1
    time_until_the_end_of_the_calendar,
    // J-SILENCE-1, J-TIME-4, J-DESK-3
    silence_again_told_by_a_tick,
    // J-SILENCE-2, J-TIME-4
    silence_ends_when_no_fix_is_due,
    // J-SILENCE-3, J-SCHED-2
    silence_of_no_device_and_another_person,
    // J-STALE-1
    stale_at_180_seconds_sharp,
    // J-TIME-4, J-DESK-3
    desk_escalation_told_by_a_party_at_rest,
    // J-PROX-1, J-PROX-4, J-LATE-5
    away_late_fix_becomes_the_oldest,
    // J-PROX-4
    away_two_too_late_to_be_references,
    // J-LATE-2, J-BREACH-5
    late_beyond_the_history_probable,
    // J-CROSS-1: what the way met is not among what is near
    c08_across_a_zone_of_a_layer_far_behind,
    // J-CROSS-1, J-GEO-2
    c09_across_a_thin_zone_at_the_antimeridian,
    // J-BREACH-1: from farther than boxes tell
    warning_of_a_layer_from_farther_than_boxes_tell,
    // J-BREACH-1
    warning_of_a_zone_beyond_what_is_known_round_him,
    // J-BREACH-1
    breach_of_a_zone_of_a_layer_from_afar,
    // J-BREACH-1
    breach_of_a_long_zone_of_a_layer,
    // J-BREACH-1
    warning_of_layers_after_a_long_step,
    // J-PROX-4, J-LATE-5
    away_her_fix_too_late_while_she_rests,
    // J-SCHED-2, J-TIME-4
    sched_end_is_exclusive,
    // J-SCHED-2: overlapping and unsorted ones too
    sched_intervals_that_touch_are_one,
    // J-SCHED-1
    sched_reference_of_180_seconds_is_judged,
    // J-CROSS-1
    cross_within_300_seconds_only,
    // J-CROSS-1, J-SCHED-3
    cross_from_the_first_instant_of_the_rule,
    // J-CROSS-1, J-GEO-1: zone 6 begins 1e-7 degree farther
    cross_by_the_touch_of_a_vertex,
    // J-CROSS-1, J-CROSS-2, J-SCHED-3
    cross_not_over_a_new_version,
    // J-CROSS-1, J-PERMIT-1
    cross_permitted_only_if_both_are,
    // J-CROSS-2, J-PAIR-4
    cross_withdrawn_by_the_way_round,
    // J-CROSS-1, J-BREACH-3
    cross_starts_at_the_fix_that_closed,
    // J-ABSENCE-1, J-SCHED-1
    absence_grace_ends_over_a_reference_of_180_seconds,
    // J-ABSENCE-3: one goes over midnight
    absence_grace_counts_in_each_interval,
    // J-ABSENCE-1, J-SCHED-2: never absent
    absence_grace_as_long_as_the_interval,
    // J-ABSENCE-1, J-PAIR-4
    absence_parted_by_a_late_fix,
    // J-SILENCE-2, J-SILENCE-5
    silence_wins_over_no_fix,
    // J-SILENCE-1
    silence_not_before_the_put_of_its_limit,
    // J-SILENCE-3, J-SILENCE-4
    silence_of_no_device_after_a_release,
    // J-SILENCE-4: what comes late is heard
    silence_counts_from_receipt,
    // J-STALE-1: hers is 180 s old at his next
    stale_until_both_are_younger,
    // J-PROX-1: his fix comes before hers
    away_equal_times_by_device,
    // J-PROX-1
    away_newest_of_her_devices,
    // J-SCHED-1: a put closes
    away_distance_made_shorter,
    // J-ORDER-1: one step
    order_timer_and_boundary_at_one_instant,
    // J-ORDER-1
    order_ends_of_all_orders_before_starts,
    // J-PERMIT-1
    permit_of_another_zone_takes_over,
    // J-SCHED-2, J-PERMIT-1: nothing starts
    permit_and_rule_end_together,
    // J-PAIR-4
    late_fix_ends_what_the_rule_had_ended,
    // J-PAIR-4, J-FIX-10: what closed it is implausible now
    late_fix_opens_an_ended_breach_again,
    // J-LATE-1, J-SCHED-1
    late_fix_is_the_reference_of_a_boundary,
    // J-TIME-3
    late_fix_judged_by_the_rule_of_its_time,
    // J-PERMIT-1, J-PAIR-4
    late_fix_moves_the_end_of_a_permission,
    // J-GEO-1
    breach_in_a_hole_and_on_its_edge,
    // J-STATUS-1
    status_words_of_equal_times_by_seq,
    // J-FIX-5
    fix_chain_of_60_seconds_sharp,
    // J-REFUSE-1, J-FIX-6: to the pole, to the date line, to the place before
    fix_rounded_before_anything_else_is_asked,
    // J-BREACH-7
    breach_confirmed_by_fewer_after_a_put,
    // J-TIME-5, J-PAIR-1
    time_device_released_at_the_time_of_a_fix,
    // J-DESK-4
    desk_acts_fire_no_timers,
    // J-TIME-5, J-PROX-4: his fix comes after the release, and closes nothing
    away_her_device_released_at_the_time_of_a_fix,
    // J-PAIR-5, J-ORDER-2
    pair_numbers_by_start_whatever_the_rule_demanded,
    // J-SILENCE-1, J-SCHED-4: until then both waited for each other only
    away_report_asked_for_while_both_rest,
    // J-SILENCE-1, J-TIME-4: his rest is not hers
    away_her_own_silence_while_he_rests,
    // J-PROX-4, J-LATE-5
    away_his_fixes_crowd_while_both_rest,
    // J-DESK-3, J-TIME-4
    desk_escalation_while_each_waits_for_the_other,
    // J-SILENCE-1, J-TIME-4
    away_his_new_order_while_each_waits_for_the_other,
    // J-SILENCE-1, J-SILENCE-4
    late_fix_ends_the_silence_just_told,
    // J-SILENCE-1, J-TIME-4: told by a fix that changes nothing else, near and far
    silence_ends_a_millisecond_after_it_started,
    // J-SCHED-1, J-TIME-4
    late_fix_received_as_the_rule_starts,
    // J-PROX-1, J-FIX-7: her newest is coarse
    away_late_fix_becomes_her_reference,
    // J-FIX-2, J-SILENCE-1
    fix_again_while_he_rests_is_not_heard,
    // J-FIX-5, J-FIX-10
    fix_implausible_far_from_all,
    // J-CROSS-1, J-TIME-3: what comes after the late fix is no longer between two near ones
    cross_from_a_late_fix_that_passed_afar,
    // J-CROSS-1, J-TIME-3
    cross_to_the_fix_after_a_late_one,
    // J-LATE-2, J-BREACH-1
    late_beyond_the_history_on_the_edge,
    // J-LATE-5, J-PROX-4: not of what came before he was a party
    away_unjudged_from_the_assignment_on,
    // J-PAIR-3, J-PAIR-4: what starts as another ends overlaps it
    cross_replaced_by_a_breach_that_starts_at_its_end,
    // J-SCHED-2
    sched_warning_dropped_by_a_new_version,
    // J-BREACH-3
    breach_goes_on_just_outside_the_line,
    // J-ABSENCE-2, J-SCHED-5
    absence_the_only_place_removed_and_put_again,
    // J-SCHED-4
    away_rule_names_another_person_who_is_near,
    // J-SCHED-1, J-ABSENCE-1
    absence_place_moved_while_he_stays,
    // J-ABSENCE-1
    absence_ends_on_the_line,
    // J-PROX-4, J-TIME-5
    away_her_device_released_at_the_time_of_her_fix,
    // J-PROX-4
    away_two_of_hers_too_late_stay_hidden,
    // J-LATE-6
    late_beyond_the_history_at_the_end_of_a_breach,
    // J-LATE-6
    late_beyond_a_history_whose_oldest_fix_ended_a_breach,
    // J-SILENCE-2, J-SCHED-2
    silence_no_fix_goes_on_over_a_new_version,
    // J-SILENCE-1
    silence_of_one_of_two_devices,
    // J-TIME-4: a boundary is reached at its instant, a timer passed after it
    time_timer_not_yet_passed_at_a_boundary,
    // J-STALE-1, J-TIME-4
    stale_not_yet_passed_at_a_boundary,
    // J-FIX-2, J-SILENCE-1
    fix_with_the_time_and_seq_of_a_status,
    // J-STALE-2
    stale_at_the_very_start_of_the_rule,
    // J-ABSENCE-3
    absence_grace_goes_on_as_a_zone_is_put_again,
    // J-FIX-1
    fix_no_order_once_the_order_names_another,
    // J-SCHED-1, J-SCHED-4
    away_rules_that_start_while_they_are_near,
    // J-SCHED-1
    away_rule_starts_by_its_hours_while_they_are_near,
    // J-SCHED-3, J-SCHED-4
    away_rule_of_an_order_put_again_after_its_end,
    // J-LATE-1, J-SCHED-3
    late_fix_before_a_new_version,
    // J-LATE-1, J-SCHED-2
    late_fix_before_the_end_of_an_order,
    // J-ABSENCE-3
    absence_grace_anew_when_the_old_places_were_gone,
    // J-ABSENCE-2, J-ABSENCE-3
    absence_grace_after_returns_goes_on_over_a_put,
    // J-ABSENCE-3
    absence_grace_of_a_later_interval_after_a_put,
    // J-ABSENCE-2
    absence_place_removed_and_put_at_one_instant,
    // J-FIX-5
    fix_chain_broken_by_a_doubtful_or_coarse_one,
    // J-CROSS-1, J-FIX-6: a fix is no copy of itself
    cross_from_a_moving_fix_before_a_late_one,
    // J-FIX-5, J-LATE-1
    late_fix_makes_two_plausible,
    // J-FIX-2
    status_repeats_to_the_end_of_the_memory_over_fixes,
    // J-FIX-2
    fix_repeats_to_the_end_of_the_memory_over_a_status,
    // J-FIX-3, J-FIX-4, J-FIX-6
    fix_exactly_at_its_limits,
    // J-CROSS-1, J-FIX-5, J-LATE-1
    late_fix_makes_a_way_between_two_others,
    // J-FIX-1, J-REFUSE-1
    fix_of_a_device_that_was_released,
    // J-LATE-1, J-SCHED-5
    late_fix_in_a_zone_that_left_its_layer,
    // J-LATE-1, J-SCHED-1
    late_fix_before_a_zone_of_a_layer_came,
    // J-LATE-1, J-SCHED-1
    late_fix_where_a_zone_has_moved_away,
    // J-PROX-4
    away_his_fixes_from_before_her_release,
    // J-PROX-4
    away_her_late_fix_is_no_reference_of_what_came_before_it,
    // J-TIME-3, J-PROX-1
    away_her_fixes_from_before_the_distance_was_made_shorter,
    // J-TIME-3, J-SCHED-2
    away_her_fixes_from_before_the_end_of_the_order,
    // J-SILENCE-2, J-FIX-3, J-FIX-4, J-FIX-5, J-FIX-6
    silence_no_fix_while_doubtful_ones_come_to_who_rests,
    // J-SILENCE-2, J-FIX-3, J-FIX-4, J-FIX-5
    silence_no_fix_while_doubtful_ones_come_from_afar,
    // J-SILENCE-2, J-FIX-4, J-FIX-6
    silence_no_fix_while_doubtful_ones_come_late,
    // J-STALE-1, J-FIX-5
    stale_earlier_after_a_late_fix,
    // J-DESK-3, J-STATUS-2, J-TIME-4
    desk_panic_of_no_order_while_the_other_party_rests,
    // J-BREACH-1
    warning_of_a_zone_whose_box_holds_him,
    // J-LATE-1, J-FIX-5, J-FIX-6, J-SILENCE-2
    late_fixes_between_those_of_who_rests,
    // J-FIX-2, J-SILENCE-1
    late_fix_again_among_those_of_who_rests_is_not_heard,
    // J-FIX-5, J-CROSS-1
    late_fix_makes_the_next_implausible_while_he_rests,
    // J-FIX-6, J-CROSS-1
    late_fix_makes_the_next_a_copy_while_he_rests,
    // J-EVENT-1, J-FIX-3, J-FIX-4
    evidence_of_a_reference_is_as_it_was_reported,
    // J-FIX-6, J-CROSS-1
    fix_copied_after_others_came_late,
    // J-FIX-6, J-LATE-1
    late_fix_copied_from_another_late_one_while_he_rests,
    // J-LATE-1, J-LATE-5
    late_fix_within_a_history_of_late_ones,
    // J-LATE-1, J-LATE-5
    late_fix_within_a_history_of_far_ones,
    // J-PROX-1, J-LATE-1
    away_his_fixes_from_before_she_went_away,
}

#[test]
fn every_scenario_has_a_test() {
    let listed: BTreeSet<_> = NAMES.iter().map(|name| (*name).to_owned()).collect();
    let found: BTreeSet<_> = fs::read_dir(directory())
        .expect("the scenarios are there")
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| !name.ends_with(".events.jsonl"))
        .filter_map(|name| name.strip_suffix(".jsonl").map(str::to_owned))
        .collect();
    assert_eq!(listed, found);
}

/// The expected events are also what the oracle makes of the rules.
#[test]
fn the_oracle_expects_the_same() {
    for name in NAMES {
        let input = read(&path(name, "jsonl"));
        let events = replay(&input, true);
        let actual: Vec<Value> =
            events.iter().map(|e| serde_json::from_str(e).expect("an event is JSON")).collect();
        if let Err(difference) = compare(&wardline_sim::oracle::run(&input), &actual) {
            panic!("{name}: {difference}");
        }
    }
}

fn check(name: &str) {
    let input = read(&path(name, "jsonl"));
    let actual = replay(&input, true);
    assert_eq!(actual, replay(&input, false), "{name}: the slack test changes the events");

    let expected_path = path(name, "events.jsonl");
    if std::env::var_os("UPDATE_SCENARIOS").is_some() {
        let text: String = actual.iter().map(|line| format!("{line}\n")).collect();
        fs::write(&expected_path, text).expect("the expected events can be written");
        return;
    }
    let expected = read(&expected_path);
    let expected: Vec<_> = expected.lines().collect();
    for (index, pair) in expected.iter().zip(&actual).enumerate() {
        assert_eq!(*pair.0, pair.1.as_str(), "{name}: event {index}");
    }
    assert_eq!(expected.len(), actual.len(), "{name}: number of events");
}

fn replay(input: &str, slack: bool) -> Vec<String> {
    let mut config = Config::default();
    config.slack = slack;
    events_of(input, config)
}

fn events_of(input: &str, config: Config) -> Vec<String> {
    let mut engine = Engine::new(config);
    let mut lines = Vec::new();
    for (index, line) in input.lines().enumerate() {
        let record = jsonl::parse_line(line, index as u64 + 1);
        engine.apply(&record, &mut |event| lines.push(jsonl::event_value(&event).to_string()));
    }
    lines
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| {
        panic!("{}: {error}; UPDATE_SCENARIOS=1 writes expected events", path.display())
    })
}

fn path(name: &str, extension: &str) -> PathBuf {
    directory().join(format!("{name}.{extension}"))
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}
