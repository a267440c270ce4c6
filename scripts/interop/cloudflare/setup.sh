# Sourced by `run` and `compare`: both official SDKs at fixed versions, in a cache that survives.
#
#   INTEROP_CACHE   where they are installed (default: target/interop)

cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
here=$PWD/scripts/interop/cloudflare
cache=${INTEROP_CACHE:-$PWD/target/interop}
node_sdk=7.3.0
python_sdk=5.9.0

# A missing tool fails a CI; elsewhere it is said aloud and skipped. Where apt-get may install it, it does.
need() {
    local tool=$1 packages=$2
    "$tool" --version >/dev/null 2>&1 && return
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "installing $packages with apt-get" >&2
        # shellcheck disable=SC2086 # several packages
        { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $packages; } >/dev/null 2>&1 || true
        "$tool" --version >/dev/null 2>&1 && return
    fi
    if [ "${CI:-}" = true ]; then
        echo "FAILED: $tool is missing (Debian: $packages); without it Cloudflare's official SDKs are not run" >&2
        exit 1
    fi
    echo "SKIPPED, NOT PASSED: $tool is missing (Debian: $packages): Cloudflare's official SDKs were not run" >&2
    exit 0
}

# A directory is complete or is made anew.
install_once() {
    local at=$1
    shift
    [ -e "$at/complete" ] && return
    rm -rf "$at"
    mkdir -p "$at"
    "$@"
    touch "$at/complete"
}

need node "nodejs npm"
need npm "npm"
need python3 "python3 python3-venv"
node_dir=$cache/cloudflare-node-$node_sdk
python_dir=$cache/cloudflare-python-$python_sdk
node_install() { npm install --silent --no-audit --no-fund --prefix "$node_dir" "cloudflare@$node_sdk" >&2; }
python_install() {
    python3 -m venv "$python_dir/venv" >&2
    "$python_dir/venv/bin/pip" install --quiet --disable-pip-version-check "cloudflare==$python_sdk" >&2
}
install_once "$node_dir" node_install
install_once "$python_dir" python_install
# Node looks modules up from where a file lies.
cp "$here"/*.mjs "$node_dir/"
