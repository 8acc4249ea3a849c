/**
 * Changes the state of a flow, with all that goes with it. A flow that is CLOSED holds nothing: its port mapping, its share of the ports to its
 * target and its place in the limits are given back at once, though its entry stays for late packets. One that comes back to life takes them up again.
 */
import { CLOSED, CLOSING, PHASES } from "../table/conntrack.js";
import type { State } from "./state.js";

/** `when`: second of the packet that is the reason. */
export function turn(state: State, id: number, next: number, when: number): void {
  const { conntrack } = state;
  const before = conntrack.state(id);
  const wasClosed = PHASES[before] === CLOSED;
  const isClosed = PHASES[next] === CLOSED;
  conntrack.setState(id, next, when);
  if (before === CLOSING) conntrack.dropTimestamp(id); // a new connection has begun, or a reset has had its target forget
  if (wasClosed && !isClosed) takeUp(state, id);
  if (isClosed && !wasClosed) letGo(state, id);
}

/** Gives back all that the flow holds, before it is taken out. */
export function end(state: State, id: number): void {
  if (PHASES[state.conntrack.state(id)] !== CLOSED) letGo(state, id);
}

function letGo({ conntrack, pool, limits }: State, id: number): void {
  const mapping = conntrack.mapping(id);
  if (mapping !== -1) pool.release(mapping, conntrack.tuple(id, 0, 0), conntrack.tuple(id, 0, 2) & 0xffff);
  conntrack.close(id);
  limits.release(id);
}

/** The flow has its port still, which is unique to its target; its mapping only if nobody got the port in the meantime. */
function takeUp({ conntrack, pool, limits }: State, id: number): void {
  conntrack.setMapping(id, -1);
  limits.hold(id);
  if (conntrack.isPublished(id) || !conntrack.hasOtherSource(id)) return; // without a mapping
  const inside = conntrack.tuple(id, 0, 0);
  const port = conntrack.tuple(id, 0, 2) & 0xffff;
  const outsidePort = conntrack.newPorts(id, 0) & 0xffff;
  conntrack.setMapping(id, pool.reacquire(conntrack.protocol(id), inside, port, conntrack.newSrc(id, 0), outsidePort));
}
