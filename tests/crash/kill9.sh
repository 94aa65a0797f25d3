#!/usr/bin/env bash
# Kills a server by SIGKILL at random moments while devices send to it, starts it again on its
# journal each time, and then looks whether all that was acknowledged is in the journal once, and
# each breach that was walked once in the evidence. The last line is a tally; exit 1 on any loss.
#
#   tests/crash/kill9.sh ROUNDS [PROFILE]        PROFILE: release (default) or dev
set -euo pipefail
rounds=${1:?usage: kill9.sh ROUNDS [PROFILE]}
profile=${2:-release}
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

cargo build -q --profile "$profile" -p wardline-examples --example udp_ingest --example load_gen
target=${CARGO_TARGET_DIR:-target}
bin=$target/$([ "$profile" = dev ] && echo debug || echo "$profile")/examples

work=$(mktemp -d)
server=0 sender=0
finish() {
    for pid in "$server" "$sender"; do
        [ "$pid" = 0 ] || kill -9 "$pid" 2>/dev/null || true
    done
    rm -rf "$work"
}
trap finish EXIT

# Fixes come at least until the last round; then there is time to send again what is left.
seconds=$((rounds + rounds / 4 + 3))
world=(--devices 200 --seconds "$seconds" --seed 7)
"$bin/load_gen" "${world[@]}" --keys-out "$work/keys.jsonl" --inputs-out "$work/orders.jsonl"

# Starts a server and waits until it listens; the first draws its port.
address=127.0.0.1:0
start() {
    : >"$work/server.log"
    "$bin/udp_ingest" --listen "$address" --inputs "$work/orders.jsonl" \
        --keys "$work/keys.jsonl" --journal "$work/journal" --snapshot-inputs 1500 \
        >"$work/server.log" 2>&1 &
    server=$!
    for _ in $(seq 1 600); do
        if grep -q 'listening on' "$work/server.log"; then
            address=$(sed -n 's/.*listening on \([^,]*\),.*/\1/p' "$work/server.log")
            return
        fi
        kill -0 "$server" 2>/dev/null || break
        sleep 0.05
    done
    echo "the server did not start:" >&2
    cat "$work/server.log" >&2
    exit 1
}

start
"$bin/load_gen" "${world[@]}" --to "$address" --rate 1000 --lost-share 0.01 \
    --patience 60 --acked "$work/acked.txt" >"$work/sender.log" 2>&1 &
sender=$!
resumed=0
for round in $(seq 1 "$rounds"); do
    sleep "0.$((RANDOM % 8 + 1))$((RANDOM % 10))"
    kill -9 "$server"
    wait "$server" 2>/dev/null || true
    start
    if grep -q 'inputs, .* to be judged again' "$work/server.log"; then
        resumed=$((resumed + 1))
    fi
done
wait "$sender" || { echo "not all was acknowledged at the end:" >&2; cat "$work/sender.log" >&2; exit 1; }
sender=0
kill -TERM "$server"
wait "$server" || { echo "the server did not end in order:" >&2; cat "$work/server.log" >&2; exit 1; }
server=0

if tally=$("$bin/load_gen" "${world[@]}" --check "$work/journal" --acked "$work/acked.txt"); then
    echo "$rounds rounds, $resumed goings-on: $tally"
else
    echo "LOST: $rounds rounds: $tally"
    exit 1
fi
