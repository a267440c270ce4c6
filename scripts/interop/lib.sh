# What the interop scripts share: foreign programs installed once into a cache, servers on free ports that
# die with the script. To be sourced by bash from a script that has set -euo pipefail.
#
#   INTEROP_CACHE    where they are installed (default: target/interop); an upgrade of a version below
#                    makes a new directory
#   INTEROP_SERVER   an `embedded` that is already built, INTEROP_CLIENT an `interop_client`; by default
#                    both are built here
#
# Needs python3 (3.11 or later, with venv) and node (20 or later, with npm), and their registries on the
# first run.

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
interop=$PWD/scripts/interop
cache=${INTEROP_CACHE:-$PWD/target/interop}
scratch=$(mktemp -d)
pids=()

finish() {
    local pid
    for pid in "${pids[@]}"; do
        kill "$pid" 2>/dev/null || true
    done
    rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT TERM

# Prints the directory of a virtual environment with exactly these packages.
python_with() {
    local venv
    venv=$cache/python-$(printf '%s\n' "$@" | cksum | cut -d' ' -f1)
    if [ ! -e "$venv/complete" ]; then
        rm -rf "$venv"
        python3 -m venv "$venv" >&2
        "$venv/bin/pip" install --quiet --disable-pip-version-check "$@" >&2
        touch "$venv/complete"
    fi
    echo "$venv"
}

# Prints a directory whose node_modules has exactly these packages.
node_with() {
    local prefix
    prefix=$cache/node-$(printf '%s\n' "$@" | cksum | cut -d' ' -f1)
    if [ ! -e "$prefix/complete" ]; then
        rm -rf "$prefix"
        mkdir -p "$prefix"
        npm install --silent --no-audit --no-fund --prefix "$prefix" "$@" >&2
        touch "$prefix/complete"
    fi
    echo "$prefix"
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Waits until something listens on that port; ends the script if the server's process ends first.
await_port() {
    local port=$1 pid=$2 tries
    for ((tries = 0; tries < 300; tries++)); do
        if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            return
        fi
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    echo "no server on port $port" >&2
    return 1
}

# The servers below set `url`; all of them take the token `$token`.
token=interop-token

# Our provider: `embedded -- scim`, which chooses its token itself; sets `token` as well.
start_embedded() {
    local server=("${INTEROP_SERVER:-}")
    if [ -z "${server[0]}" ]; then
        cargo build --locked --quiet --release -p examples --example embedded
        # `cargo run` and not the path: another checkout may share the target directory.
        server=(cargo run --locked --quiet --release -p examples --example embedded --)
    fi
    "${server[@]}" scim "$@" >"$scratch/embedded" &
    local pid=$! tries
    pids+=("$pid")
    for ((tries = 0; tries < 6000; tries++)); do
        [ ! -s "$scratch/embedded" ] || break
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    read -r url token < <(python3 -c '
import json, sys
line = json.loads(sys.stdin.readline())
print(line["base_url"], line["token"])' <"$scratch/embedded")
}

# scim2-server (PyPI), the reference implementation of the scim2 family.
start_scim2_server() {
    local venv port
    venv=$(python_with 'scim2-server==0.8.3')
    port=$(free_port)
    token=interop-token
    "$venv/bin/scim2-server" --port "$port" --bearer-token "$token" >"$scratch/scim2-server" 2>&1 &
    pids+=($!)
    await_port "$port" $!
    url=http://127.0.0.1:$port/v2
}

# scimmy-routers (npm) over a store of ours, since the library has none.
start_scimmy() {
    local prefix port
    prefix=$(node_with scimmy@1.3.5 scimmy-routers@1.3.2 express@4.22.3)
    port=$(free_port)
    token=interop-token
    # Modules are looked up from where a file lies.
    cp "$interop/scimmy-server.mjs" "$prefix/"
    node "$prefix/scimmy-server.mjs" "$port" "$token" >"$scratch/scimmy" 2>&1 &
    pids+=($!)
    await_port "$port" $!
    url=http://127.0.0.1:$port/scim/v2
}

client=("${INTEROP_CLIENT:-}")
build_client() {
    [ -z "${client[0]}" ] || return 0
    cargo build --locked --quiet --release -p scim-core --features reqwest --example interop_client
    client=(cargo run --locked --quiet --release -p scim-core --features reqwest --example interop_client --)
}
