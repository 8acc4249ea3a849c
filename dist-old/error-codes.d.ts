/**
 * Every error code: of which kinds it comes, what it means, what the user can do. The one place where a code is made known: a code that is not
 * here does not compile, and docs/errors.md is made from this table (`npm run docs`).
 */
/** Picks the exit code, and the HTTP status of the API: see `api/error-body.ts`. */
export type ErrorKind = "invalid" | "not-found" | "conflict" | "permission" | "unavailable" | "internal";
export declare const ERROR_CODES: {
    readonly TSP_ERR_ADDON: {
        readonly kinds: readonly ["unavailable"];
        readonly meaning: "there is no compiled addon for this platform, or it cannot be loaded";
        readonly todo: "Run the command that the line names: it compiles the addon. It needs a C compiler.";
    };
    readonly TSP_ERR_ADDRESS: {
        readonly kinds: readonly ["invalid"];
        readonly meaning: "a word is not an IP address, or not a MAC address";
        readonly todo: "Write it like `172.17.0.4`, or `02:42:ac:11:00:02`.";
    };
    readonly TSP_ERR_API_REQUEST: {
        readonly kinds: readonly ["invalid", "not-found"];
        readonly meaning: "the API does not know the path, or the request has a wrong method, parameter or body";
        readonly todo: "See docs/api.md. The answer names the field that is wrong.";
    };
    readonly TSP_ERR_API_SOCKET: {
        readonly kinds: readonly ["invalid", "conflict", "permission", "unavailable"];
        readonly meaning: "the API's unix socket cannot be made";
        readonly todo: "Set `TSPROXY_RUN_DIR` to a folder that this user may write to.";
    };
    readonly TSP_ERR_BPF: {
        readonly kinds: readonly ["permission", "unavailable"];
        readonly meaning: "the kernel does not let this process use BPF";
        readonly todo: "Run as root, or grant CAP_BPF and CAP_NET_ADMIN. The main command falls back to the socket relay by itself.";
    };
    readonly TSP_ERR_BPF_REJECTED: {
        readonly kinds: readonly ["unavailable"];
        readonly meaning: "the kernel refuses a steering program";
        readonly todo: "Use Linux 5.10 or later. If it is, please report the verifier's words.";
    };
    readonly TSP_ERR_DAEMON: {
        readonly kinds: readonly ["invalid", "conflict", "permission", "unavailable"];
        readonly meaning: "the daemon cannot serve docker-proxy launchers, mostly since another daemon does";
        readonly todo: "Stop the other daemon: one serves the whole host.";
    };
    readonly TSP_ERR_DEVICE: {
        readonly kinds: readonly ["conflict"];
        readonly meaning: "a network device cannot be made, since there is one of that name, or cannot be taken up, since another process holds it";
        readonly todo: "Choose another name, or remove the device that is in the way: `ip link`.";
    };
    readonly TSP_ERR_DOCKER: {
        readonly kinds: readonly ["permission", "unavailable"];
        readonly meaning: "dockerd does not answer, or does not let this user ask";
        readonly todo: "Start docker, set `DOCKER_HOST`, or run as root or as a member of the group `docker`.";
    };
    readonly TSP_ERR_DOCTOR: {
        readonly kinds: readonly ["unavailable"];
        readonly meaning: "this host lacks something that tsproxy cannot do without";
        readonly todo: "`tsproxy doctor` names it, and what to do.";
    };
    readonly TSP_ERR_DRIVER_OPTION: {
        readonly kinds: readonly ["invalid"];
        readonly meaning: "a network option is not supported, or its value is not";
        readonly todo: "Leave it out. docs/docker.md lists the options that there are.";
    };
    readonly TSP_ERR_ENDPOINT: {
        readonly kinds: readonly ["invalid", "not-found", "conflict", "unavailable"];
        readonly meaning: "an endpoint cannot be made, or is not there: its address or MAC address is another's, its namespace is used already, there are too many, or no endpoint has that name";
        readonly todo: "The message names what is in the way. `tsproxy ps` lists endpoints; one that a killed dockerd left behind goes with its container.";
    };
    readonly TSP_ERR_GROUP: {
        readonly kinds: readonly ["not-found"];
        readonly meaning: "`--group` names a group that does not exist";
        readonly todo: "Make it with `groupadd`.";
    };
    readonly TSP_ERR_HOST_ADDRESS: {
        readonly kinds: readonly ["not-found"];
        readonly meaning: "the host address in `-p` is not an address of this host, or is of IPv6 where the host has none";
        readonly todo: "See `ip address`, or leave the address out.";
    };
    readonly TSP_ERR_INSTALL: {
        readonly kinds: readonly ["invalid", "permission", "unavailable"];
        readonly meaning: "`tsproxy install` cannot write a file";
        readonly todo: "Run it as root. Is there space on the disk?";
    };
    readonly TSP_ERR_INSTANCE: {
        readonly kinds: readonly ["not-found", "conflict", "permission", "unavailable"];
        readonly meaning: "no instance runs; or several run and `--pid` is missing; or the one asked does not answer, or belongs to another user";
        readonly todo: "Start one, choose one with `--pid`, or run as the user who started it.";
    };
    readonly TSP_ERR_INTERNAL: {
        readonly kinds: readonly ["internal"];
        readonly meaning: "tsproxy has a fault";
        readonly todo: "Please report it. Run the same command with `TSPROXY_DEBUG=1` to see where it happened.";
    };
    readonly TSP_ERR_LAUNCHER: {
        readonly kinds: readonly ["invalid"];
        readonly meaning: "the daemon does not understand a docker-proxy launcher";
        readonly todo: "Use a launcher and a daemon of the same version.";
    };
    readonly TSP_ERR_MESSAGE: {
        readonly kinds: readonly ["invalid"];
        readonly meaning: "a message from Docker lacks a field, or has one of the wrong type";
        readonly todo: "The message names the field. Please report it with Docker's version.";
    };
    readonly TSP_ERR_NETNS: {
        readonly kinds: readonly ["invalid", "not-found", "permission"];
        readonly meaning: "a word does not name a network namespace, or this user may not open it";
        readonly todo: "Use a name from `ip netns`, a process id, or a path.";
    };
    readonly TSP_ERR_NETWORK: {
        readonly kinds: readonly ["invalid", "not-found", "conflict", "unavailable"];
        readonly meaning: "a network cannot be made, or is not there: its range of addresses is reserved or used already, the host has no IPv6 for it, it is in use, there are too many, or no network has that id";
        readonly todo: "The message names what is in the way: choose another range, or see `tsproxy network ls`.";
    };
    readonly TSP_ERR_NO_DEVICE: {
        readonly kinds: readonly ["not-found"];
        readonly meaning: "a network device is gone";
        readonly todo: "See `ip link`. Its namespace has probably ended.";
    };
    readonly TSP_ERR_OFFLOAD: {
        readonly kinds: readonly ["unavailable"];
        readonly meaning: "the kernel refuses the steering program that `--offload` needs";
        readonly todo: "Start without `--offload`, or use Linux 5.11 or later.";
    };
    readonly TSP_ERR_OPTION: {
        readonly kinds: readonly ["invalid"];
        readonly meaning: "an option has a value that it cannot have";
        readonly todo: "The message says which values it takes.";
    };
    readonly TSP_ERR_OUTPUT: {
        readonly kinds: readonly ["unavailable"];
        readonly meaning: "standard output cannot be written to";
        readonly todo: "Is the disk full?";
    };
    readonly TSP_ERR_PLUGIN_SOCKET: {
        readonly kinds: readonly ["invalid", "conflict", "permission", "unavailable"];
        readonly meaning: "the socket of Docker's network plugin cannot be made";
        readonly todo: "Stop the process that serves it, or give `--plugin-socket` another path. Run as root.";
    };
    readonly TSP_ERR_PORT_BIND: {
        readonly kinds: readonly ["permission", "unavailable"];
        readonly meaning: "a host port cannot be bound";
        readonly todo: "Ports below 1024 need CAP_NET_BIND_SERVICE. Many ports need a higher `ulimit -n`.";
    };
    readonly TSP_ERR_PORT_SPEC: {
        readonly kinds: readonly ["invalid"];
        readonly meaning: "the value of `-p` is not a mapping";
        readonly todo: "Write `[HOST_IP:]HOST_PORT:TARGET_IP:TARGET_PORT[/tcp|udp|sctp]`, IPv6 addresses in brackets.";
    };
    readonly TSP_ERR_PORT_TAKEN: {
        readonly kinds: readonly ["conflict"];
        readonly meaning: "another program holds the host port; the message names it where that can be found out";
        readonly todo: "Stop that program, or publish another host port.";
    };
    readonly TSP_ERR_READY_FD: {
        readonly kinds: readonly ["invalid"];
        readonly meaning: "the descriptor of `--ready-fd` is not open";
        readonly todo: "Open it in the shell: `--ready-fd 3 3>file`.";
    };
    readonly TSP_ERR_RELAY: {
        readonly kinds: readonly ["invalid", "unavailable"];
        readonly meaning: "`--relay` cannot do what was asked";
        readonly todo: "The message names what to leave out.";
    };
    readonly TSP_ERR_SANDBOX: {
        readonly kinds: readonly ["invalid", "not-found", "conflict", "unavailable"];
        readonly meaning: "there is no such sandbox, or what was asked of it cannot be done";
        readonly todo: "See `tsproxy ps -a` for what there is. The line names the option or the name that is wrong.";
    };
    readonly TSP_ERR_STATE: {
        readonly kinds: readonly ["permission", "unavailable"];
        readonly meaning: "the daemon's state cannot be read or written";
        readonly todo: "Run as root. Is there space on the disk?";
    };
    readonly TSP_ERR_STEER_DEVICE: {
        readonly kinds: readonly ["invalid"];
        readonly meaning: "packets of a device of this type cannot be steered";
        readonly todo: "The other devices are served. Please report the type.";
    };
    readonly TSP_ERR_STORE: {
        readonly kinds: readonly ["invalid", "not-found", "conflict", "permission", "unavailable"];
        readonly meaning: "the store of the cluster (`--store`) is not reached, refuses this user, is too old, or another node has this node's name; what runs goes on as it was, and nothing is changed";
        readonly todo: "The message says which. Start etcd, or mend the way to it; give each node another `--node`.";
    };
    readonly TSP_ERR_SYSCALL: {
        readonly kinds: readonly ["not-found", "conflict", "permission", "unavailable"];
        readonly meaning: "a system call failed";
        readonly todo: "The message names the call and its error, and says what to do.";
    };
    readonly TSP_ERR_TARGET: {
        readonly kinds: readonly ["invalid", "not-found", "unavailable"];
        readonly meaning: "the host has no route to the target, or no IPv6 where the target has nothing else; or the target is the host itself; or none of several is called so";
        readonly todo: "Does the container run? For a port of the host itself use `--relay`.";
    };
    readonly TSP_ERR_USAGE: {
        readonly kinds: readonly ["invalid"];
        readonly meaning: "the command line is wrong";
        readonly todo: "See `tsproxy --help`.";
    };
    readonly TSP_ERR_WORKER: {
        readonly kinds: readonly ["internal"];
        readonly meaning: "the thread that moves packets ended by itself";
        readonly todo: "This is a fault of tsproxy: please report it.";
    };
};
export type ErrorCode = keyof typeof ERROR_CODES;
/** The kinds that errors of this code can have. */
export type KindOf<Code extends ErrorCode> = (typeof ERROR_CODES)[Code]["kinds"][number];
