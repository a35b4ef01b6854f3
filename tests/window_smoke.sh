#!/usr/bin/env bash
# Drives the real program in a real X window with mouse and keyboard, and keeps screenshots.
#   tests/window_smoke.sh PROGRAM OUTPUT_FOLDER
# Needs Xvfb, xdotool and ImageMagick; no window manager, no GPU.
set -euo pipefail
program=$(realpath "$1")
mkdir -p "$2"
out=$(realpath "$2")
export PINFLOW_HOME="$out/home" XDG_RUNTIME_DIR="$out/xdg"
rm -rf "$PINFLOW_HOME"; mkdir -p "$PINFLOW_HOME"
mkdir -p -m 700 "$XDG_RUNTIME_DIR"
unset WAYLAND_DISPLAY DBUS_SESSION_BUS_ADDRESS
rm -f "$out/display"
pids=()
trap 'for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done' EXIT
trap 'echo "FAILED: line $LINENO: $BASH_COMMAND"' ERR

Xvfb -displayfd 3 -screen 0 1280x800x24 -nolisten tcp 3>"$out/display" 2>"$out/xvfb.log" &
pids+=($!)
for _ in $(seq 200); do [ -s "$out/display" ] && break; sleep 0.05; done
DISPLAY=":$(cat "$out/display")"
export DISPLAY

start() { # start NAME [FILE]: opens the program and waits for its window
    "$program" "${@:2}" >"$out/$1.log" 2>&1 &
    app=$!
    pids+=("$app")
    window=$(timeout 60 xdotool search --sync --onlyvisible --all --pid "$app" --name 'Pinflow' | head -1)
    xdotool windowsize --sync "$window" 1280 800 2>/dev/null || true
    xdotool windowmove "$window" 0 0
    sleep 2
    # Without a window manager no key arrives before this.
    xdotool windowfocus --sync "$window"
}
shot() { sleep 0.7; import -window "$window" "$out/$1.png"; }
click() { xdotool mousemove "$1" "$2" sleep 0.15 click "${3:-1}" sleep 0.15; }
changed() { # changed A B: fails unless the pictures differ
    local pixels
    pixels=$(compare -metric AE "$out/$1.png" "$out/$2.png" null: 2>&1) || true
    echo "$1 -> $2: $pixels pixels differ"
    # Large counts come as 1.024e+06.
    awk -v pixels="${pixels%% *}" 'BEGIN { exit !(pixels + 0 > 50) }' || { echo "FAILED: nothing changed"; exit 1; }
}
# Pixels in the colour that frames a pinned node in the dark theme.
framed() { convert "$out/$1.png" -depth 8 txt:- | grep -c '#5AAAFF' || true; }
alive() {
    kill -0 "$app" 2>/dev/null || { echo "FAILED: the program ended"; cat "$out/$1.log"; exit 1; }
    if grep -i panic "$out/$1.log"; then echo "FAILED: it panicked"; exit 1; fi
}

start first
shot 1_welcome
click 328 380; sleep 2; shot 2_penguins;                  changed 1_welcome 2_penguins
xdotool key ctrl+Return; sleep 1.5; shot 3_running;       changed 2_penguins 3_running
sleep 5; shot 4_done;                                     changed 3_running 4_done
click 857 129; shot 5_pinned;                             changed 4_done 5_pinned
click 790 135 3; shot 6_menu;                             changed 5_pinned 6_menu
xdotool key Escape; sleep 0.3
xdotool mousemove 560 500 sleep 0.2 key Tab sleep 0.3 type --delay 60 'merge'
shot 7_search;                                            changed 5_pinned 7_search
xdotool key Return; sleep 0.5; shot 8_added;              changed 7_search 8_added
xdotool key shift+Return; sleep 2; shot 9_resumed;        changed 8_added 9_resumed
xdotool key ctrl+s; sleep 1
xdotool windowsize "$window" 760 520; sleep 1; shot 10_small; changed 9_resumed 10_small
alive first
flow=$(find "$PINFLOW_HOME" -name 'penguins.flow.ron')
if grep -q 'Pinned\|Hold\|Follow' "$flow"; then echo "FAILED: the workflow's file holds marks"; exit 1; fi
grep -q '"merge' "$flow" || { echo "FAILED: what was added was not saved"; exit 1; }
kill -9 "$app"
wait "$app" 2>/dev/null || true
sleep 1

# The session, which holds results, is on the disk as nobody can read it.
for session in "$PINFLOW_HOME"/state/sessions/*.ron; do
    grep -q '^Pinflow sealed session' "$session" || { echo "FAILED: $session is not sealed"; exit 1; }
    if grep -q 'Follow\|Penguins' "$session"; then echo "FAILED: $session can be read"; exit 1; fi
done

# Killed, not closed: the session is offered back, and its pin is there again.
start second "$flow"
shot 11_offered
click 1110 88; sleep 1; shot 12_continued;                changed 11_offered 12_continued
before=$(framed 11_offered)
after=$(framed 12_continued)
[ "$before" -lt "$after" ] || { echo "FAILED: $after pixels in the colour of pins, $before before"; exit 1; }
alive second
echo "1 passed, 0 failed"
