/** Names for sandboxes that were given none, as Docker makes them: an adjective and somebody who mattered to networks. */
import { randomInt } from "node:crypto";
const HOW = "bold brave bright calm clever eager gentle happy keen kind lucid merry nimble patient proud quick quiet steady swift wise".split(" ");
const WHO = ("baran bertsekas cerf clark davies dijkstra engelbart estrin floyd hopper jacobson kahn kleinrock lamarr mockapetris perlman " +
    "postel pouzin reynolds shannon").split(" ");
/** One that is not `taken`. */
export function makeName(taken) {
    for (let tries = 0;; tries++) {
        const name = `${HOW[randomInt(HOW.length)]}_${WHO[randomInt(WHO.length)]}${tries < 3 ? "" : randomInt(10 ** Math.min(tries, 9))}`;
        if (!taken(name))
            return name;
    }
}
//# sourceMappingURL=names.js.map