/**
 * Devices that were just made, and that somebody may delete while they are set up: an endpoint's namespace is its owner's, who may empty it at any moment. What
 * the kernel says then depends on which step it was, so it is said in words of its own.
 */
import { TsproxyError } from "../errors.js";
import type { RouteSocket } from "./rtnetlink.js";
import type { Link } from "./rtnetlink-entries.js";

/** Carries out `steps`, which set up device `name`. Throws TSP_ERR_NO_DEVICE (not-found) in place of what fails when the device is gone by then. */
export function settingUp<T>(name: string, isThere: () => boolean, steps: () => T): T {
  try {
    return steps();
  } catch (error) {
    throw isThere() ? error : deleted(name, error);
  }
}

/** The link of a device that was just made. Throws TSP_ERR_NO_DEVICE (not-found) when it is gone. */
export function linkThere(socket: Pick<RouteSocket, "link">, name: string): Link {
  const link = socket.link(name);
  if (link === null) throw deleted(name);
  return link;
}

export function isDeleted(error: unknown): boolean {
  return error instanceof TsproxyError && error.code === "TSP_ERR_NO_DEVICE";
}

export function deleted(name: string, cause?: unknown): TsproxyError {
  const message = `${name}: the device was deleted by somebody else while it was set up`;
  return new TsproxyError("TSP_ERR_NO_DEVICE", "not-found", message, "try again", cause);
}
