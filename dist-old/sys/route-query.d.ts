export declare class RouteQuery {
    /** Interface index that the last answer led out of. */
    device: number;
    /** Source of the last answer about IPv6. */
    readonly source6: Int32Array<ArrayBuffer>;
    private hasGateway;
    private hasPrefSrc;
    private readonly gateway;
    private readonly prefSrc;
    private readonly ends;
    private sequence;
    private readonly fd;
    private readonly answer;
    private readonly view;
    private readonly ipv4;
    private readonly ipv6;
    /** The source of a packet from `src` (0: the host's own) to `dst` that comes in at device `ingress`, or a REFUSED_*. */
    ask(src: number, dst: number, proto: number, ports: number, ingress: number): number;
    /** The same of IPv6, source and destination in `ends`: FOUND, and the answer is in `source6`, or a REFUSED_*. */
    ask6(ends: Int32Array, proto: number, ports: number, ingress: number): number;
    /** FOUND, and the source is in `prefSrc`; or a REFUSED_*. */
    private askFor;
    /** Whether the host has a source of its own by the way out of `device`. `gateway` is that way's. */
    private findOwn;
    close(): void;
    /** 0 and the way in `device`, `gateway` and `prefSrc`; or an errno. */
    private look;
    private parse;
    private read;
}
