#!/usr/bin/env bash
# A real Slurm of one node for the tests: controller, node daemon and munge, without systemd, cgroups or a database.
#
#   one_node.sh start FOLDER [CPUS] [MEMORY_MB]    starts it; its files are in FOLDER, among them slurm.conf
#   one_node.sh stop FOLDER                        ends the daemons that `start` began there, and no other
#
# To talk to it: export SLURM_CONF=FOLDER/slurm.conf PATH=FOLDER/bin:$PATH. It leaves /etc/slurm and a Slurm that runs here alone: its files,
# ports and munge are its own. Needs root, and slurmctld, slurmd and munged (Debian, Ubuntu: slurm-wlm, munge).
set -euo pipefail

ACTION=${1:?start or stop}
FOLDER=$(realpath -m "${2:?the folder of this Slurm}")
CPUS=${3:-$(nproc)}
MEMORY=${4:-$(awk '/MemTotal/ {print int($2 / 1024 * 0.9)}' /proc/meminfo)}
NODE=$(hostname -s)
# Jobs are bound to the cores they asked for, unless these tests may not use all of the machine's.
TASKS=$([ "$(nproc)" = "$(nproc --all)" ] && echo affinity || echo none)
export SLURM_CONF=$FOLDER/slurm.conf PATH=$PATH:/usr/sbin:/sbin

running() { # pid file: whether its process is alive
  [ -s "$1" ] && kill -0 "$(cat "$1")" 2>/dev/null
}

patiently() { # seconds, command...: repeats the command until it succeeds
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    if [ "$SECONDS" -ge "$end" ]; then
      echo "one_node.sh: gave up waiting for: $*" >&2
      tail -n 20 "$FOLDER"/log/* >&2 || true
      return 1
    fi
    sleep 0.2
  done
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

configure() {
  mkdir -p "$FOLDER"/{state,spool,log,munge,bin}
  chmod 755 "$FOLDER" "$FOLDER/munge"
  chmod 700 "$FOLDER"/{state,spool,log}
  (umask 077 && head -c 128 /dev/urandom >"$FOLDER/munge.key")
  # Memory is enforced by looking at /proc each second and killing what exceeds its request, which needs no cgroups.
  # A cluster without accounting shows its finished jobs for MinJobAge seconds, and forgets them.
  cat >"$SLURM_CONF" <<CONF
ClusterName=hetflow-test
SlurmctldHost=$NODE(127.0.0.1)
SlurmctldPort=$(free_port)
SlurmdPort=$(free_port)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$FOLDER/munge/socket
CredType=cred/munge
StateSaveLocation=$FOLDER/state
SlurmdSpoolDir=$FOLDER/spool
SlurmctldPidFile=$FOLDER/slurmctld.pid
SlurmdPidFile=$FOLDER/slurmd.pid
SlurmctldLogFile=$FOLDER/log/slurmctld
SlurmdLogFile=$FOLDER/log/slurmd
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/$TASKS
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=2
EnforcePartLimits=ALL
MinJobAge=600
ReturnToService=2
KillWait=2
NodeName=$NODE NodeAddr=127.0.0.1 CPUs=$CPUS RealMemory=$MEMORY State=UNKNOWN
PartitionName=short Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
  # Snakemake's job step drops SLURM_CONF before it calls srun; this srun finds it again.
  printf '#!/bin/sh\nexec env SLURM_CONF=%q %q "$@"\n' "$SLURM_CONF" "$(command -v srun)" >"$FOLDER/bin/srun"
  chmod 755 "$FOLDER/bin/srun"
  case $(slurmd -V) in # from 24.05 on the node daemon looks for cgroups unless told not to
    *\ 2[4-9].*) echo "CgroupPlugin=disabled" >"$FOLDER/cgroup.conf" ;;
    *\ 23.*) echo "IgnoreSystemd=yes" >"$FOLDER/cgroup.conf" ;;
  esac
}

start() {
  configure
  munged --force --key-file="$FOLDER/munge.key" --socket="$FOLDER/munge/socket" --pid-file="$FOLDER/munged.pid" \
    --log-file="$FOLDER/log/munged" --seed-file="$FOLDER/munge/seed"
  patiently 10 munge --socket="$FOLDER/munge/socket" --no-input
  slurmctld -f "$SLURM_CONF"
  patiently 20 sh -c 'scontrol ping | grep -q UP'
  slurmd -f "$SLURM_CONF" -N "$NODE"
  patiently 30 sh -c 'sinfo --noheader --format=%T | grep -Eq "idle|mixed|allocated"'
}

stop() {
  if running "$FOLDER/slurmctld.pid"; then # what still runs is cancelled, and given a moment to end
    squeue --noheader --format=%A | xargs -r scancel --signal=KILL || true
    squeue --noheader --format=%A | xargs -r scancel || true
    patiently 10 sh -c '[ -z "$(squeue --noheader)" ]' || true
  fi
  for daemon in slurmd slurmctld munged; do
    pid_file=$FOLDER/$daemon.pid
    running "$pid_file" || continue
    pid=$(cat "$pid_file")
    kill "$pid"
    patiently 15 sh -c "! kill -0 $pid" || kill -KILL "$pid"
  done
}

"$ACTION"
