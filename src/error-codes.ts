/**
 * Every error code: of which kinds it comes, what it means, what the user can do. The one place where a code is made known: a code that is not
 * here does not compile, and docs/errors.md is made from this table (`npm run docs`).
 */

/** Picks the exit code, and the HTTP status of the API: see `api/error-body.ts`. */
export type ErrorKind = "invalid" | "not-found" | "conflict" | "permission" | "unavailable" | "internal";

interface CodeInfo {
  kinds: readonly ErrorKind[];
  /** Completes "It means that …"; markdown. */
  meaning: string;
  /** Sentences that say what to do; markdown. */
  todo: string;
}

export const ERROR_CODES = {
  TSP_ERR_ADDON: {
    kinds: ["unavailable"],
    meaning: "there is no compiled addon for this platform, or it cannot be loaded",
    todo: "Run the command that the line names: it compiles the addon. It needs a C compiler.",
  },
  TSP_ERR_ADDRESS: {
    kinds: ["invalid"],
    meaning: "a word is not an IP address, or not a MAC address",
    todo: "Write it like `172.17.0.4`, or `02:42:ac:11:00:02`.",
  },
  TSP_ERR_API_REQUEST: {
    kinds: ["invalid", "not-found"],
    meaning: "the API does not know the path, or the request has a wrong method, parameter or body",
    todo: "See docs/api.md. The answer names the field that is wrong.",
  },
  TSP_ERR_API_SOCKET: {
    kinds: ["invalid", "conflict", "permission", "unavailable"],
    meaning: "the API's unix socket cannot be made",
    todo: "Set `TSPROXY_RUN_DIR` to a folder that this user may write to.",
  },
  TSP_ERR_BPF: {
    kinds: ["permission", "unavailable"],
    meaning: "the kernel does not let this process use BPF",
    todo: "Run as root, or grant CAP_BPF and CAP_NET_ADMIN. The main command falls back to the socket relay by itself.",
  },
  TSP_ERR_BPF_REJECTED: {
    kinds: ["unavailable"],
    meaning: "the kernel refuses a steering program",
    todo: "Use Linux 5.10 or later. If it is, please report the verifier's words.",
  },
  TSP_ERR_CAPTURE: {
    kinds: ["not-found", "conflict", "unavailable"],
    meaning:
      "packets cannot be captured: the instance relays by sockets and sees none, it has no such network, there are too many captures already, or the file cannot be written",
    todo: "Of what is relayed, `tcpdump` sees all. End a capture that nobody reads.",
  },
  TSP_ERR_DAEMON: {
    kinds: ["invalid", "conflict", "permission", "unavailable"],
    meaning: "the daemon cannot serve docker-proxy launchers, mostly since another daemon does",
    todo: "Stop the other daemon: one serves the whole host.",
  },
  TSP_ERR_DEVICE: {
    kinds: ["conflict"],
    meaning: "a network device cannot be made, since there is one of that name, or cannot be taken up, since another process holds it",
    todo: "Choose another name, or remove the device that is in the way: `ip link`.",
  },
  TSP_ERR_DOCKER: {
    kinds: ["permission", "unavailable"],
    meaning: "dockerd does not answer, or does not let this user ask",
    todo: "Start docker, set `DOCKER_HOST`, or run as root or as a member of the group `docker`.",
  },
  TSP_ERR_DOCTOR: {
    kinds: ["unavailable"],
    meaning: "this host lacks something that tsproxy cannot do without",
    todo: "`tsproxy doctor` names it, and what to do.",
  },
  TSP_ERR_DRIVER_OPTION: {
    kinds: ["invalid"],
    meaning: "a network option is not supported, or its value is not",
    todo: "Leave it out. docs/docker.md lists the options that there are.",
  },
  TSP_ERR_ENDPOINT: {
    kinds: ["invalid", "not-found", "conflict", "unavailable"],
    meaning:
      "an endpoint cannot be made, or is not there: its address or MAC address is another's, its namespace is used already, there are too many, or no endpoint has that name",
    todo: "The message names what is in the way. `tsproxy ps` lists endpoints; one that a killed dockerd left behind goes with its container.",
  },
  TSP_ERR_GROUP: {
    kinds: ["not-found"],
    meaning: "`--group` names a group that does not exist",
    todo: "Make it with `groupadd`.",
  },
  TSP_ERR_HOST_ADDRESS: {
    kinds: ["not-found"],
    meaning: "the host address in `-p` is not an address of this host, or is of IPv6 where the host has none",
    todo: "See `ip address`, or leave the address out.",
  },
  TSP_ERR_INSTALL: {
    kinds: ["invalid", "permission", "unavailable"],
    meaning: "`tsproxy install` cannot write a file",
    todo: "Run it as root. Is there space on the disk?",
  },
  TSP_ERR_INSTANCE: {
    kinds: ["not-found", "conflict", "permission", "unavailable"],
    meaning: "no instance runs; or several run and `--pid` is missing; or the one asked does not answer, or belongs to another user",
    todo: "Start one, choose one with `--pid`, or run as the user who started it.",
  },
  TSP_ERR_INTERNAL: {
    kinds: ["internal"],
    meaning: "tsproxy has a fault",
    todo: "Please report it. Run the same command with `TSPROXY_DEBUG=1` to see where it happened.",
  },
  TSP_ERR_LAUNCHER: {
    kinds: ["invalid"],
    meaning: "the daemon does not understand a docker-proxy launcher",
    todo: "Use a launcher and a daemon of the same version.",
  },
  TSP_ERR_MESSAGE: {
    kinds: ["invalid"],
    meaning: "a message from Docker lacks a field, or has one of the wrong type",
    todo: "The message names the field. Please report it with Docker's version.",
  },
  TSP_ERR_NETNS: {
    kinds: ["invalid", "not-found", "permission"],
    meaning: "a word does not name a network namespace, or this user may not open it",
    todo: "Use a name from `ip netns`, a process id, or a path.",
  },
  TSP_ERR_NETWORK: {
    kinds: ["invalid", "not-found", "conflict", "unavailable"],
    meaning:
      "a network cannot be made, or is not there: its range of addresses is reserved or used already, the host has no IPv6 for it, it is in use, there are too many, or no network has that id",
    todo: "The message names what is in the way: choose another range, or see `tsproxy network ls`.",
  },
  TSP_ERR_NO_DEVICE: {
    kinds: ["not-found"],
    meaning: "a network device is gone",
    todo: "See `ip link`. Its namespace has probably ended.",
  },
  TSP_ERR_OFFLOAD: {
    kinds: ["unavailable"],
    meaning: "the kernel refuses the steering program that `--offload always` needs",
    todo: "Start without it, and TypeScript moves what the kernel cannot; or use Linux 5.11 or later.",
  },
  TSP_ERR_OPTION: {
    kinds: ["invalid"],
    meaning: "an option has a value that it cannot have",
    todo: "The message says which values it takes.",
  },
  TSP_ERR_OUTPUT: {
    kinds: ["unavailable"],
    meaning: "standard output cannot be written to",
    todo: "Is the disk full?",
  },
  TSP_ERR_PLUGIN_SOCKET: {
    kinds: ["invalid", "conflict", "permission", "unavailable"],
    meaning: "the socket of Docker's network plugin cannot be made",
    todo: "Stop the process that serves it, or give `--plugin-socket` another path. Run as root.",
  },
  TSP_ERR_PORT_BIND: {
    kinds: ["permission", "unavailable"],
    meaning: "a host port cannot be bound",
    todo: "Ports below 1024 need CAP_NET_BIND_SERVICE. Many ports need a higher `ulimit -n`.",
  },
  TSP_ERR_PORT_SPEC: {
    kinds: ["invalid"],
    meaning: "the value of `-p` is not a mapping",
    todo: "Write `[HOST_IP:]HOST_PORT:TARGET_IP:TARGET_PORT[/tcp|udp|sctp]`, IPv6 addresses in brackets.",
  },
  TSP_ERR_PORT_TAKEN: {
    kinds: ["conflict"],
    meaning: "another program holds the host port; the message names it where that can be found out",
    todo: "Stop that program, or publish another host port.",
  },
  TSP_ERR_READY_FD: {
    kinds: ["invalid"],
    meaning: "the descriptor of `--ready-fd` is not open",
    todo: "Open it in the shell: `--ready-fd 3 3>file`.",
  },
  TSP_ERR_RELAY: {
    kinds: ["invalid", "unavailable"],
    meaning: "`--relay` cannot do what was asked",
    todo: "The message names what to leave out.",
  },
  TSP_ERR_SANDBOX: {
    kinds: ["invalid", "not-found", "conflict", "unavailable"],
    meaning: "there is no such sandbox, or what was asked of it cannot be done",
    todo: "See `tsproxy ps -a` for what there is. The line names the option or the name that is wrong.",
  },
  TSP_ERR_STATE: {
    kinds: ["permission", "unavailable"],
    meaning: "the daemon's state cannot be read or written",
    todo: "Run as root. Is there space on the disk?",
  },
  TSP_ERR_STEER_DEVICE: {
    kinds: ["invalid"],
    meaning: "packets of a device of this type cannot be steered",
    todo: "The other devices are served. Please report the type.",
  },
  TSP_ERR_STORE: {
    kinds: ["invalid", "not-found", "conflict", "permission", "unavailable"],
    meaning:
      "the store of the cluster (`--store`) is not reached, refuses this user, is too old, or another node has this node's name; what runs goes on as it was, and nothing is changed",
    todo: "The message says which. Start etcd, or mend the way to it; give each node another `--node`.",
  },
  TSP_ERR_SYSCALL: {
    kinds: ["not-found", "conflict", "permission", "unavailable"],
    meaning: "a system call failed",
    todo: "The message names the call and its error, and says what to do.",
  },
  TSP_ERR_TARGET: {
    kinds: ["invalid", "not-found", "unavailable"],
    meaning:
      "the host has no route to the target, or no IPv6 where the target has nothing else; or the target is the host itself; or none of several is called so",
    todo: "Does the container run? For a port of the host itself use `--relay`.",
  },
  TSP_ERR_USAGE: {
    kinds: ["invalid"],
    meaning: "the command line is wrong",
    todo: "See `tsproxy --help`.",
  },
  TSP_ERR_WORKER: {
    kinds: ["internal"],
    meaning: "the thread that moves packets ended by itself",
    todo: "This is a fault of tsproxy: please report it.",
  },
} as const satisfies Record<string, CodeInfo>;

export type ErrorCode = keyof typeof ERROR_CODES;
/** The kinds that errors of this code can have. */
export type KindOf<Code extends ErrorCode> = (typeof ERROR_CODES)[Code]["kinds"][number];
