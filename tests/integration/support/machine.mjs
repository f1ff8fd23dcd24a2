// What the rest of the machine takes from a measurement.
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

const ticksPerSecond = 100; // USER_HZ, whatever the kernel's own clock is

/** CPU seconds of all cores together since boot, those that a hypervisor took included. */
function busySeconds() {
  const [user, nice, system, , , irq, softirq, steal] = readFileSync('/proc/stat', 'utf8').split('\n')[0].match(/\d+/g).map(Number);
  return (user + nice + system + irq + softirq + steal) / ticksPerSecond;
}

/** Counts what others use while it is on: `ours()` resolves to the CPU seconds of everything that belongs to the test. */
export class OthersCpu {
  constructor(ours) {
    this.ours = ours;
    this.seconds = 0;
    this.cpu = 0;
    this.ourCpu = 0;
  }

  async during(work) {
    const [at, busy, ours] = [performance.now(), busySeconds(), await this.ours()];
    const result = await work();
    const used = (await this.ours()) - ours;
    this.seconds += (performance.now() - at) / 1000;
    this.ourCpu += used;
    this.cpu += Math.max(0, busySeconds() - busy - used);
    return result;
  }

  /** How many cores the others kept busy, and we, on average. */
  get cores() { return this.cpu / this.seconds; }

  get ourCores() { return this.ourCpu / this.seconds; }
}
