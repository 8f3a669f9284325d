#!/bin/bash
# parallel.sh FILE.toml DIR HOST…: GNU parallel trains a share of a sweep on each of the hosts, which share the working directory.
set -euo pipefail
file=$1 out=$2
shift 2
seq $# | parallel --jobs 1 --sshlogin "$(IFS=, && echo "$*")" --workdir . wgvae sweep "$file" --out "$out" --shard "{}/$#"
