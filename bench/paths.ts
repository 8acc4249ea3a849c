/** Where the benchmark's own files lie. */
import { ROOT } from "../test/support/paths.js";

export const RESULTS = `${ROOT}bench/results/`;

/** A C program of `bench/native/`, compiled by `run.sh`. */
export function native(name: string): string {
  return `${ROOT}bench/dist/native/${name}`;
}

/** A script that `run.sh` has made one module of, as the build does with the worker (`build:bundle`). */
export function bundled(name: string): string {
  return `${ROOT}bench/dist/${name}.cjs`;
}

/** A module of the shipped `dist/`, so that what is measured is what users run. `T`: `typeof import("../src/…")`. */
export async function shipped<T>(module: string): Promise<T> {
  return (await import(`${ROOT}dist/${module}`)) as T;
}
