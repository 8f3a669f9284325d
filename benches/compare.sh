#!/usr/bin/env bash
# Times a training step of the article's VAE in this program and in what else one would use (PyTorch, JAX, the article's own
# loop), one after the other in rounds, and prints the times and their ratios.
#
#   benches/compare.sh [--device cpu|cuda] [--rounds N] [--batch 32,128,…] [--hidden N] [--latent N]
#
#   --device   what the peers run on [default: cpu]; ours runs on the best adapter and on the processor in any case
#   --rounds   [default: 3]
#   --batch    images per step [default: 32,128,1024]
#   --hidden   width of the hidden layer [default: 256]
#   --latent   width of the latent space [default: 8]
#
# It builds wgvae, and installs the peers with pip into target/peers-venv: up to 6 GB, because PyTorch as PyPI has it comes with
# CUDA; for the processor alone, PyTorch's own index is asked first. A peer that cannot be installed is named and left out. All
# measurements stay in target/compare. The images are random but for the article's loop, which takes MNIST from the folder that
# WGVAE_DATA names; a step costs the same.
set -euo pipefail
cd "$(dirname "$0")/.."

device=cpu rounds=3 batch=32,128,1024 hidden=256 latent=8
while (($#)); do
    case $1 in
    -h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "$0" && exit ;;
    --device | --rounds | --batch | --hidden | --latent)
        [ -n "${2-}" ] || { echo "error: $1 takes a value; see $0 --help" >&2; exit 2; }
        declare "${1#--}=$2"
        shift
        ;;
    *) echo "error: no option $1; see $0 --help" >&2; exit 2 ;;
    esac
    shift
done
[[ $device =~ ^(cpu|cuda)$ ]] || { echo "error: --device takes cpu or cuda, not '$device'" >&2; exit 2; }
for option in rounds hidden latent; do
    [[ ${!option} =~ ^[1-9][0-9]*$ ]] || { echo "error: --$option takes a number from 1 on, not '${!option}'" >&2; exit 2; }
done
[[ $batch =~ ^[1-9][0-9]*(,[1-9][0-9]*)*$ ]] || { echo "error: --batch takes numbers such as 32,128, not '$batch'" >&2; exit 2; }

say() { printf 'benches/compare.sh: %s\n' "$*" >&2; }

command -v cargo >/dev/null || { say "cargo is not here; https://rustup.rs installs it"; exit 1; }
base=$(command -v python3 || command -v python) || { say "the peers and the table need Python 3.9 or later, which is not here"; exit 1; }
target=$PWD/target
mkdir -p "$target"

# --- the peers -------------------------------------------------------------------------------------------------------

venv=$target/peers-venv log=$target/peers.log
: >"$log"
if [ ! -e "$venv/bin/python" ] && ! "$base" -m venv --clear "$venv" >>"$log" 2>&1; then
    say "no environment for the peers ($(tail -n 1 "$log")); Debian and Ubuntu have it in python3-venv"
    exit 1
fi
python=$venv/bin/python

# What requirements.txt says of a package, with an extra where one is given.
pinned() { sed -n "s/^$1==/$1${2-}==/p" benches/peers/requirements.txt; }

install() { "$python" -m pip --disable-pip-version-check install "$@" >>"$log" 2>&1 </dev/null; }

# Installs a package unless the version that requirements.txt names is there. The status tells whether it is there then.
ensure() { # PACKAGE [EXTRA]
    local wanted
    wanted=$(pinned "$1" "${2-}")
    # --no-index: what is there already, extras included, is found without a network
    install --no-index "$wanted" && return
    say "installing $wanted into target/peers-venv"
    if [ "$1-$device" = torch-cpu ]; then # its own index has a build without CUDA, a tenth of the size of PyPI's
        install --retries 0 --timeout 10 --index-url https://download.pytorch.org/whl/cpu "$wanted" && return
    fi
    install "$wanted" && return
    say "left out, because pip could not install it: $wanted ($(grep -i '^error' "$log" | tail -n 1)); target/peers.log has the rest"
    return 1
}

peers=()
ensure numpy && ensure safetensors || true
if ensure torch; then
    peers+=(torch)
    [[ ,$batch, != *,32,* ]] || peers+=(article) # whose batches are of 32
fi
if [ "$device" = cuda ]; then jax_extra='[cuda13]'; else jax_extra=; fi
if ensure jax "$jax_extra"; then
    peers+=(jax)
fi
"$python" benches/peers/check_loss.py >&2 || { say "a peer does not compute the loss that was recorded: its times mean nothing"; exit 1; }

# --- ours ------------------------------------------------------------------------------------------------------------

say "building wgvae"
cargo build --locked --release --quiet
wgvae=${CARGO_TARGET_DIR:-target}/release/wgvae

# --- rounds ----------------------------------------------------------------------------------------------------------

out=$target/compare
rm -rf "$out"
sizes=(--batch "$batch" --hidden "$hidden" --latent "$latent")

# Runs one program, its standard output to NAME.json of this round. One that fails is named, and the rest goes on.
measure() { # NAME COMMAND…
    local name=$1
    shift
    if ! "$@" >"$folder/$name.json" 2>"$folder/$name.log"; then
        rm "$folder/$name.json"
        say "$name failed: $(tail -n 1 "$folder/$name.log")"
    fi
}

export XLA_PYTHON_CLIENT_PREALLOCATE=false JAX_PLATFORMS=$device
for ((round = 1; round <= rounds; round++)); do
    say "round $round of $rounds"
    folder=$out/round-$round
    mkdir -p "$folder"
    measure ours-gpu "$wgvae" bench --quick --json --device gpu "${sizes[@]}"
    measure ours-cpu "$wgvae" bench --quick --json --device cpu "${sizes[@]}"
    for peer in ${peers[@]+"${peers[@]}"}; do
        case $peer in
        torch)
            modes=(eager)
            [ "$device" = cpu ] || modes+=(graph compile)
            measure torch "$python" benches/peers/torch_vae.py --device "$device" --modes "${modes[@]}" "${sizes[@]}"
            ;;
        jax) measure jax "$python" benches/peers/jax_vae.py "${sizes[@]}" ;;
        article)
            mnist=()
            [ ! -f "${WGVAE_DATA-}/train-images-idx3-ubyte.gz" ] || mnist=(--mnist "$WGVAE_DATA")
            measure article "$python" benches/peers/article_loop.py --device "$device" --hidden "$hidden" --latent "$latent" \
                ${mnist[@]+"${mnist[@]}"}
            ;;
        esac
    done
done
"$python" benches/peers/table.py "$out"
