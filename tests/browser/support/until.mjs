// Waits for a condition, never for a time.

/** Resolves with what `holds` gives once that is true; fails after the deadline with the last error. */
export async function until(what, holds, seconds = 20) {
  const deadline = Date.now() + seconds * 1000;
  let last;
  for (;;) {
    try {
      const result = await holds();
      if (result) return result;
    } catch (error) {
      if (/^the gateway ended/u.test(error.message)) throw error;
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`not within ${seconds} s: ${what}`, { cause: last });
    await new Promise((next) => setTimeout(next, 25));
  }
}
