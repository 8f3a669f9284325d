#!/bin/bash
# tests/slurm.sh: runs examples/cluster/slurm.sbatch on a Slurm of this machine's own, as root on Debian or Ubuntu, and checks that every
# run of its sweep is there and is what `wgvae sweep` alone makes. Takes a few minutes; the daemons end with it.
set -euo pipefail
cd "$(dirname "$0")/.."

[ "$(id -u)" = 0 ] || { echo "tests/slurm.sh starts Slurm's daemons and needs root" >&2; exit 1; }
if ! command -v slurmctld slurmd munged >/dev/null; then
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install slurm-wlm munge >/dev/null
fi
cargo build --locked --release
program=$PWD/target/release/wgvae
folder=$(mktemp -d)
host=$(hostname -s)

stop() {
    pkill -f "slurmctld.*$folder" || true
    pkill -f "slurmd.*$folder" || true
    [ -z "${own_munge-}" ] || pkill -x munged || true
    rm -rf "$folder"
}
trap stop EXIT

mkdir -p "$folder"/{state,spool,bin} /run/munge
ln -s "$program" "$folder/bin/wgvae"
if ! pgrep -x munged >/dev/null; then
    [ -e /etc/munge/munge.key ] || mungekey --create
    chown -R munge: /etc/munge /run/munge /var/lib/munge /var/log/munge
    runuser -u munge -- munged
    own_munge=yes
fi
cat >"$folder/slurm.conf" <<CONF
ClusterName=here
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
MpiDefault=none
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=here Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF=$folder/slurm.conf
slurmctld -f "$SLURM_CONF"
slurmd -f "$SLURM_CONF"
for _ in $(seq 60); do
    [ "$(sinfo --noheader --format=%T 2>/dev/null)" != idle ] || break
    sleep 1
done
sinfo

# the tasks of the array, with this program, on the processor
work=$folder/work
mkdir "$work"
cp examples/cluster/slurm.sbatch "$work"
sed 's/^epochs = .*/epochs = 1/; s/^train-limit = .*/train-limit = 320\ndevice = "cpu"/' examples/cluster/sweep.toml >"$work/sweep.toml"
cd "$work"
PATH=$folder/bin:$PATH sbatch --wait --export=ALL slurm.sbatch sweep.toml runs/array || { cat ./*.log; exit 1; }
cat ./*.log

# the same sweep without Slurm
"$program" sweep sweep.toml --out runs/alone 2>/dev/null
runs=0
for run in runs/alone/*/; do
    cmp "$run/model.safetensors" "runs/array/$(basename "$run")/model.safetensors"
    runs=$((runs + 1))
done
[ "$runs" = 12 ] || { echo "$runs runs, expected 12" >&2; exit 1; }
echo "12 runs of a job array on $(sinfo --version), each the bytes of a run without Slurm"
