import { isMeant, parseFlowFilter } from "./flow-filter.js";
import { drainTargets, resumeTargets, targetViews } from "./target-views.js";
async function stats(controller, served, startedAt) {
    const ports = controller?.portStats() ?? [];
    const drops = {};
    for (const port of ports)
        for (const [name, n] of Object.entries(port.drops))
            drops[name] = (drops[name] ?? 0) + n;
    return {
        pid: process.pid,
        version: served.version,
        uptimeSec: Math.floor((Date.now() - startedAt) / 1000),
        mappings: served.mappings(),
        ports,
        drops,
        flows: (await controller?.summary()) ?? served.relayed(),
        holders: (await controller?.holders()) ?? [],
        steering: controller?.steeringStats() ?? {},
    };
}
export function views(controller, served) {
    const startedAt = Date.now();
    return {
        stats: () => stats(controller, served, startedAt),
        flows: async ({ query }) => {
            const filter = parseFlowFilter(query);
            return ((await controller?.flows()) ?? []).filter((row) => isMeant(filter, row));
        },
        endFlows: async ({ query }) => {
            const filter = parseFlowFilter(query);
            return { ended: (await controller?.endFlows(filter)) ?? 0 };
        },
        targets: async () => targetViews(served.balanced(), (await controller?.flows()) ?? []),
        drainTargets: ({ body }) => ({ changed: drainTargets(served.balanced(), body.target, body.timeSec) }),
        resumeTargets: ({ body }) => ({ changed: resumeTargets(served.balanced(), body.target) }),
        fdb: () => controller?.fdb() ?? [],
    };
}
//# sourceMappingURL=views.js.map