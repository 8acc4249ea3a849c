# bash completion for tsproxy
_tsproxy() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command="" words="" i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
    flows | targets | fdb | stats | run | exec | attach | detach | stop | rm | logs | rename | wait | inspect | network | node | ps | port | daemon | install | doctor | cleanup) command=${COMP_WORDS[i]} && break ;;
    esac
  done
  case "$command $prev" in
    "daemon --plugin-socket" | "daemon --store-ca" | "daemon --store-cert" | "daemon --store-key" | "daemon --store-password-file" | "install --prefix") compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$cur") && return ;;
    " -p" | " --publish" | " --network" | " --endpoint" | " --mtu" | " --allow-from" | " --masquerade-ports" | " --conntrack-max" | " --timeout" | " --workers" | " --firewall" | " --max-flows" | " --max-new-flows" | " --affinity" | " --health-check" | " --ready-fd" | "flows --pid" | "flows --client" | "flows --port" | "targets --pid" | "targets --drain" | "targets --time" | "targets --resume" | "fdb --pid" | "stats --pid" | "run --network" | "run --name" | "run --hostname" | "run --ip" | "run --ip6" | "run --mac-address" | "run --link" | "run --network-alias" | "run --bandwidth" | "run --dns" | "run --dns-search" | "run --dns-option" | "run --add-host" | "run -p" | "run --publish" | "run --affinity" | "run --health-check" | "run --expose" | "attach --network" | "attach --name" | "attach --hostname" | "attach --ip" | "attach --ip6" | "attach --mac-address" | "attach --link" | "attach --network-alias" | "attach --bandwidth" | "attach --dns" | "attach --dns-search" | "attach --dns-option" | "attach --add-host" | "attach -p" | "attach --publish" | "attach --affinity" | "attach --health-check" | "attach --expose" | "attach --netns" | "stop -t" | "stop --time" | "ps --pid" | "port --pid" | "daemon --allow-from" | "daemon --masquerade-ports" | "daemon --conntrack-max" | "daemon --timeout" | "daemon --workers" | "daemon --firewall" | "daemon --max-flows" | "daemon --max-new-flows" | "daemon --group" | "daemon --store" | "daemon --store-user" | "daemon --node" | "daemon --advertise" | "daemon --node-ttl") return ;;
  esac
  case $command in
    "") words="flows targets fdb stats run exec attach detach stop rm logs rename wait inspect network node ps port daemon install doctor cleanup -p --publish --network --endpoint --mtu --promiscuous --allow-from --masquerade-ports --conntrack-max --timeout --workers --offload --firewall --max-flows --max-new-flows --affinity --health-check --relay --probe --ready-fd --json -v --version -h --help" ;;
    "flows") words="--json --pid --client --port --delete -h --help" ;;
    "targets") words="--json --pid --drain --time --resume -h --help" ;;
    "fdb") words="--json --pid -h --help" ;;
    "stats") words="--json --pid -h --help" ;;
    "run") words="--network --name --hostname --ip --ip6 --mac-address --link --network-alias --bandwidth --dns --dns-search --dns-option --add-host -p --publish --affinity --health-check --expose --rm -d --detach -h --help" ;;
    "exec") words="-h --help" ;;
    "attach") words="--network --name --hostname --ip --ip6 --mac-address --link --network-alias --bandwidth --dns --dns-search --dns-option --add-host -p --publish --affinity --health-check --expose --netns -h --help" ;;
    "detach") words="-h --help" ;;
    "stop") words="-t --time -h --help" ;;
    "rm") words="-f --force -h --help" ;;
    "logs") words="-h --help" ;;
    "rename") words="-h --help" ;;
    "wait") words="-h --help" ;;
    "inspect") words="-h --help" ;;
    "network") words="create ls inspect connect disconnect rm prune -h --help" ;;
    "node") words="ls rm -h --help" ;;
    "ps") words="--json --pid -a --all -q --quiet -h --help" ;;
    "port") words="--json --pid -h --help" ;;
    "daemon") words="--allow-from --masquerade-ports --conntrack-max --timeout --workers --offload --firewall --max-flows --max-new-flows --group --plugin-socket --store --store-ca --store-cert --store-key --store-user --store-password-file --node --advertise --node-ttl --json -h --help" ;;
    "install") words="--prefix --remove -h --help" ;;
    "doctor") words="--json -h --help" ;;
    "cleanup") words="--json -h --help" ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -F _tsproxy tsproxy
