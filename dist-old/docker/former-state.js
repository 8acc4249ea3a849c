/** Version 0.1.0 kept networks in `docker.json`. */
import { existsSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
/** Where there is no `file` yet, what version 0.1.0 left becomes it: its format is the same. */
export function adoptFormerState(file) {
    const former = join(dirname(file), "docker.json");
    if (!existsSync(file) && existsSync(former))
        renameSync(former, file);
}
//# sourceMappingURL=former-state.js.map