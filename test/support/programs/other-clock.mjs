/** Preloaded by `node --import`: the clock of the process is TEST_CLOCK_HOURS away from the host's. */
const HOURS = Number(process.env.TEST_CLOCK_HOURS) * 3_600_000;
const Real = Date;

globalThis.Date = class extends Real {
  constructor(...parts) {
    if (parts.length === 0) super(Real.now() + HOURS);
    else super(...parts);
  }

  static now() {
    return Real.now() + HOURS;
  }
};
