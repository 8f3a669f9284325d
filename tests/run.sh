#!/usr/bin/env bash
# Installs what the tests need and runs them in release mode: the one command after cloning.
#
#   tests/run.sh                        every test
#   tests/run.sh NAME…                  those of tests/NAME.rs
#   tests/run.sh web                    those of the pages, in Chromium too, which no other line does
#   tests/run.sh dawn                   every portable kernel by Chrome's compiler, which no other line does
#   tests/run.sh packaging              what packages hold, and a wheel, which no other line builds
#   tests/run.sh mpi                    training on several processes, in a build with the feature mpi, which no other line makes
#   tests/run.sh --driver swiftshader   those that use a GPU, on Chromium's software driver instead of this system's
#   tests/run.sh --driver mesa          likewise on Debian testing's lavapipe, which has cooperative matrices
#
# Nothing is installed but Debian and Ubuntu packages (as root or with sudo that asks no password); elsewhere what is
# missing is named. Python and Node packages and other drivers go to target/. A GPU test without an adapter fails.
# The status is 75 where another driver cannot be fetched.
set -euo pipefail
cd "$(dirname "$0")/.."

target=$PWD/target
driver= runner= names=()
while (($#)); do
    case $1 in
    --driver)
        driver=${2-}
        [[ $driver =~ ^(swiftshader|mesa)$ ]] || { echo "error: --driver takes swiftshader or mesa, not '$driver'" >&2; exit 2; }
        shift
        ;;
    -h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "$0" && exit ;;
    -*) echo "error: no option $1; see $0 --help" >&2; exit 2 ;;
    *)
        [ -f "tests/$1.rs" ] || { echo "error: there is no tests/$1.rs" >&2; exit 2; }
        names+=("$1")
        ;;
    esac
    shift
done

say() { printf 'tests/run.sh: %s\n' "$*"; }

command -v cargo >/dev/null || { say "cargo is not here; https://rustup.rs installs it" >&2; exit 1; }

# --- what the tests need ---------------------------------------------------------------------------------------------

as_root=
if command -v apt-get >/dev/null; then
    if [ "$(id -u)" = 0 ]; then as_root=env; elif sudo -n true 2>/dev/null; then as_root='sudo -n env'; fi
fi

has_loader() { PATH=$PATH:/sbin:/usr/sbin ldconfig -p | grep -F libvulkan.so.1 >/dev/null; }

has_driver() {
    [ -n "${VK_DRIVER_FILES-}${VK_ICD_FILENAMES-}" ] && return
    compgen -G '/usr/share/vulkan/icd.d/*.json' >/dev/null || compgen -G '/usr/local/share/vulkan/icd.d/*.json' >/dev/null ||
        compgen -G '/etc/vulkan/icd.d/*.json' >/dev/null
}

# Whether a test file was asked for by its name.
asked_for() { [[ " ${names[*]-} " = *" $1 "* ]]; }

# Sets the array `missing` to the Debian packages this system lacks.
list_missing() {
    missing=()
    command -v cc >/dev/null || missing+=(gcc libc6-dev) # Rust links with it
    has_loader || missing+=(libvulkan1)
    [ -n "$driver" ] || has_driver || missing+=(mesa-vulkan-drivers)
    [ -n "$driver" ] || command -v spirv-val >/dev/null || missing+=(spirv-tools)
    [ -n "$driver" ] || [ -n "${WGVAE_PYTHON-}" ] || python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
    ! asked_for web || command -v chromium >/dev/null || missing+=(chromium)
    if asked_for mpi; then
        command -v mpirun >/dev/null || missing+=(openmpi-bin)
        command -v mpicc >/dev/null || missing+=(libopenmpi-dev)
        compgen -G '/usr/lib/llvm-*/lib/libclang*.so*' >/dev/null || missing+=(libclang-dev) # reads MPI's headers
    fi
    if asked_for web || asked_for dawn; then
        command -v node >/dev/null || missing+=(nodejs)
        command -v npm >/dev/null || missing+=(npm)
    fi
}

install_packages() {
    list_missing
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ -n "$as_root" ]; then
        say "installing ${missing[*]}"
        local log=$target/packages.log
        if ! { $as_root apt-get -qq update &&
            $as_root DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install "${missing[@]}"; } \
            >"$log" 2>&1 </dev/null; then
            tail -n 5 "$log" >&2
            say "could not install ${missing[*]}; the tests that need them will say so"
        fi
        return 0
    fi
    say "not found: ${missing[*]} (the names of Debian's packages). The tests that need them fail or say so. Install:
    Debian, Ubuntu   apt-get install ${missing[*]}
    Fedora           dnf install gcc vulkan-loader mesa-vulkan-drivers spirv-tools python3
    Arch             pacman -S gcc vulkan-icd-loader vulkan-swrast spirv-tools python"
}

# Python with the packages of those tests that ask others to read our files.
make_python() {
    [ -z "${WGVAE_PYTHON-}" ] || return 0
    local venv=$target/venv packages='numpy onnxruntime tensorboard' found python log=$target/python.log
    python=$(command -v python3 || command -v python) || { say "no Python; the tests that ask it say so" && return 0; }
    if [ "$(cat "$venv/complete" 2>/dev/null)" != "$packages" ]; then
        say "making a Python environment in target/venv"
        if ! { "$python" -m venv --clear "$venv" &&
            PATH=$venv/bin:$venv/Scripts:$PATH python -m pip --disable-pip-version-check install $packages &&
            echo "$packages" >"$venv/complete"; } >"$log" 2>&1 </dev/null; then
            say "no Python with $packages ($(tail -n 1 "$log")); the tests that ask them say so"
            return 0
        fi
    fi
    for found in "$venv/bin/python" "$venv/Scripts/python.exe"; do
        [ ! -e "$found" ] || export WGVAE_PYTHON=$found
    done
}

# Fetches Node packages, NAME@VERSION each, those not there yet.
fetch_node_packages() {
    local folder=$target/node log=$target/node.log package lacking=()
    for package; do [ -e "$folder/node_modules/${package%@*}" ] || lacking+=("$package"); done
    if [ ${#lacking[@]} -gt 0 ]; then
        say "fetching ${lacking[*]} from npm"
        mkdir -p "$folder"
        npm install --prefix "$folder" --no-audit --no-fund --ignore-scripts "${lacking[@]}" >"$log" 2>&1 </dev/null ||
            { tail -n 5 "$log" >&2; exit 1; }
    fi
    export WGVAE_NODE=$folder
}

# Takes Microsoft's shader compiler out of the source package of compushady, for the test that asks it.
fetch_dxc() {
    local folder=$target/dxc package=compushady version=0.17.5 library log=$target/dxc.log # tests/dxc knows this version
    [ ! -e "$folder/libdxcompiler.so" ] || return 0
    say "fetching Microsoft's shader compiler from PyPI's $package"
    rm -rf "$folder" && mkdir -p "$folder"
    library=$package-$version/$package/backends/libdxcompiler_$(uname -m).so.3.7
    if {
        "${WGVAE_PYTHON-python3}" -m pip --disable-pip-version-check download --no-binary "$package" --no-deps \
            --dest "$folder" "$package==$version" &&
            tar -xzf "$folder/$package-$version.tar.gz" -C "$folder" "$library" &&
            mv "$folder/$library" "$folder/libdxcompiler.so"
    } >"$log" 2>&1 </dev/null; then
        rm -rf "$folder/$package"*
    else
        say "none fetched ($(tail -n 1 "$log")); the test that asks it says so"
    fi
}

# Takes SwiftShader out of Debian's package of Chromium, without installing it.
fetch_swiftshader() {
    local folder=$target/swiftshader library
    if [ ! -e "$folder/icd.json" ]; then
        command -v apt-get >/dev/null || { say "SwiftShader is fetched with apt-get, which is not here" >&2; exit 75; }
        say "fetching SwiftShader from Debian's chromium-common"
        rm -rf "$folder" && mkdir -p "$folder"
        (
            cd "$folder"
            get() { apt-get -q -o APT::Sandbox::User=root download chromium-common; }
            get || { [ -n "$as_root" ] && $as_root apt-get -qq update && get; }
            dpkg -x chromium-common_*.deb .
        ) >"$target/swiftshader.log" 2>&1 </dev/null || { tail -n 5 "$target/swiftshader.log" >&2; exit 75; }
        library=$(find "$folder" -name libvk_swiftshader.so)
        [ -n "$library" ] || { say "chromium-common has no libvk_swiftshader.so" >&2; exit 1; }
        mv "$library" "$folder/"
        rm -rf "$folder"/usr "$folder"/etc "$folder"/*.deb
        printf '{"file_format_version": "1.0.0", "ICD": {"library_path": "%s", "api_version": "1.3.0"}}\n' \
            "$folder/libvk_swiftshader.so" >"$folder/icd.json"
    fi
    export VK_DRIVER_FILES=$folder/icd.json VK_ICD_FILENAMES=$folder/icd.json
}

# Unpacks Debian testing's lavapipe with all that it is linked with, its C library too, so that programs run by its loader.
fetch_mesa() {
    local folder=$target/mesa library
    if [ ! -e "$folder/icd.json" ]; then
        local keys=/usr/share/keyrings/debian-archive-keyring.gpg
        if ! command -v apt-get >/dev/null || [ ! -e "$keys" ]; then
            say "Mesa is fetched with apt-get and Debian's keys ($keys), which are not here" >&2
            exit 75
        fi
        say "fetching lavapipe from Debian testing"
        rm -rf "$folder" && mkdir -p "$folder/apt/lists/partial" "$folder/apt/archives/partial"
        (
            cd "$folder" || exit
            : >apt/status
            echo "deb [signed-by=$keys] http://deb.debian.org/debian testing main" >apt/sources.list
            get() { # a world of its own, in which nothing is installed
                apt-get -qq -y -o Dir::State="$folder/apt" -o Dir::State::status="$folder/apt/status" \
                    -o Dir::Cache="$folder/apt" -o Dir::Etc::SourceList="$folder/apt/sources.list" \
                    -o Dir::Etc::SourceParts=/dev/null -o Dir::Etc::PreferencesParts=/dev/null -o Debug::NoLocking=1 \
                    -o APT::Sandbox::User=root -o APT::Install-Recommends=0 "$@"
            }
            get update && get --download-only install mesa-vulkan-drivers libvulkan1 libgcc-s1 &&
                for package in apt/archives/*.deb; do dpkg -x "$package" . || exit; done
        ) >"$target/mesa.log" 2>&1 </dev/null || { tail -n 5 "$target/mesa.log" >&2; exit 75; }
        rm -rf "$folder/apt"
        library=$(find "$folder" -name libvulkan_lvp.so)
        [ -n "$library" ] || { say "Debian testing's mesa-vulkan-drivers has no libvulkan_lvp.so" >&2; exit 1; }
        printf '#!/bin/sh\nexec "%s" --library-path "%s" "$@"\n' \
            "$(find "$(dirname "$library")" -name 'ld-linux*.so*')" "$(dirname "$library")" >"$folder/run"
        chmod +x "$folder/run"
        printf '{"file_format_version": "1.0.0", "ICD": {"library_path": "%s", "api_version": "1.3.0"}}\n' \
            "$library" >"$folder/icd.json"
    fi
    runner=target/mesa/run # no absolute path: cargo cuts it at spaces
    local host
    host=$(rustc -vV | sed -n 's/^host: //p' | tr 'a-z-' 'A-Z_')
    export "CARGO_TARGET_${host}_RUNNER=$runner" VK_DRIVER_FILES=$folder/icd.json VK_ICD_FILENAMES=$folder/icd.json
}

mkdir -p "$target"
case $(uname -s) in
Linux)
    install_packages
    [ -z "$driver" ] || "fetch_$driver"
    ;;
Darwin | MINGW* | MSYS*) # Metal, and DX12 with the software adapter WARP, come with the system
    [ -z "$driver" ] || { say "--driver $driver works on Linux alone" >&2; exit 2; }
    ;;
*) say "unknown system $(uname -s): the GPU tests need a Vulkan driver and its loader" ;;
esac
[ -n "$driver" ] || make_python
if [ -z "$driver" ] && [ "$(uname -s)" = Linux ] && [[ -z ${names[*]-} || " ${names[*]} " = *' compilers '* ]]; then
    fetch_dxc
fi
if asked_for packaging && [ -n "${WGVAE_PYTHON-}" ]; then
    "$WGVAE_PYTHON" -m maturin --version >/dev/null 2>&1 ||
        "$WGVAE_PYTHON" -m pip --quiet --disable-pip-version-check install 'maturin>=1.9,<2'
fi
! asked_for web || fetch_node_packages puppeteer-core@24.43.1 typescript@7.0.2 @webgpu/types@0.1.74
if asked_for dawn; then
    fetch_node_packages webgpu@0.6.2
    fetch_swiftshader
fi
if [ -z "${XDG_RUNTIME_DIR-}" ]; then # without it Mesa prints an error
    XDG_RUNTIME_DIR=$(mktemp -d) && export XDG_RUNTIME_DIR
    trap 'rm -rf "$XDG_RUNTIME_DIR"' EXIT
fi

# --- the tests -------------------------------------------------------------------------------------------------------

# On a second driver: what runs our shaders and compares the outcome with the oracle. (Mutants killed by one driver are dead.) On
# SwiftShader, the slowest, kernels and recorded runs stand for the rest. The variants of a hundred steps are minutes elsewhere too,
# and wide subgroups are lavapipe's.
skipped=()
if [ -n "$driver" ] && [ ${#names[@]} = 0 ]; then
    names=(kernels replay)
    [ "$driver" = swiftshader ] || names+=(codec training)
    skipped=(-- --skip each_of_a_hundred_steps_is_the_oracles_with --skip kernels_by_subgroups)
    say "on $driver: ${names[*]}"
fi
if asked_for web || asked_for dawn || asked_for packaging; then skipped=(-- --include-ignored --nocapture); fi
selected=()
! asked_for mpi || selected+=(--features mpi)
for name in ${names[@]+"${names[@]}"}; do selected+=(--test "$name"); done
cargo test --locked --release --no-run ${selected[@]+"${selected[@]}"}
# not `cargo run`: without the tests' features of naga it would build most crates a second time
devices=$($runner "${CARGO_TARGET_DIR:-target}/release/wgvae" devices) || true
adapter=$(sed -n '/^[0-9]*\*/p' <<<"$devices")
say "adapter: ${adapter:-none; the GPU tests will fail. Debian, Ubuntu: apt-get install mesa-vulkan-drivers}"
case $driver-$devices in
-* | swiftshader-*SwiftShader* | mesa-*"by cooperative matrices"*) ;;
*) say "the adapter is not $driver's" >&2 && exit 1 ;;
esac
cargo test --locked --release ${selected[@]+"${selected[@]}"} ${skipped[@]+"${skipped[@]}"}
