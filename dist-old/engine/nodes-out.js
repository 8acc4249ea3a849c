/**
 * Sends frames of overlay networks that do not leave as one datagram: to several nodes, or as segments that are to be made. Each datagram's headers are
 * written before the frame where it lies, sent, and the frame is as it was.
 */
import { needsSegments, wrap } from "../dataplane/encapsulate.js";
import { HEADER_SIZE as VNET } from "../wire/vnet.js";
import { sendInSegments } from "./segments-out.js";
/** `send` takes frame `i`, by then a datagram, to the tunnels' port, and has it sent before it returns. */
export function nodesOut(batch, state, send) {
    const { at, len, ingress } = batch;
    const { halves } = batch.memory;
    const header = new Uint16Array(VNET / 2); // the frame's own, which the datagram's is written over
    let frame = 0;
    let receivers = [];
    let sender = -1;
    function sendToAll() {
        for (let k = 0; k < receivers.length; k++)
            sendTo(receivers[k]);
    }
    function sendTo(node) {
        const start = at[frame];
        const length = len[frame];
        for (let k = 0; k < header.length; k++)
            header[k] = halves[(start >> 1) + k];
        wrap(batch, frame, state, state.ports.network[ingress[frame]], node);
        send(frame, sender);
        at[frame] = start;
        len[frame] = length;
        for (let k = 0; k < header.length; k++)
            halves[(start >> 1) + k] = header[k];
    }
    return (i, nodes, from) => {
        frame = i;
        receivers = nodes;
        sender = from;
        if (needsSegments(batch, i, state))
            return sendInSegments(batch, i, sendToAll);
        sendToAll();
        return true;
    };
}
//# sourceMappingURL=nodes-out.js.map