import { type PassedSocket } from "../api/unix-socket.js";
/** Descriptors; undefined: not passed. */
export interface PassedToDocker {
    launcher: number | undefined;
    plugin: number | undefined;
}
/** Which is whose: by its name, else by where it is bound; what is not the launchers' is the plugin's. */
export declare function passedToDocker(sockets?: readonly PassedSocket[]): PassedToDocker;
