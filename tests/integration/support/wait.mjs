/**
 * Waits until `probe` gives something true (or resolves to it) and gives that back. What it threw last, or
 * what `describe` says, is in the error after the deadline.
 */
export async function eventually(what, probe, { seconds = 20, describe = () => '' } = {}) {
  const deadline = Date.now() + seconds * 1000;
  let problem = '';
  for (;;) {
    try {
      const found = await probe();
      if (found) return found;
      problem = describe();
    } catch (error) {
      problem = error.message;
    }
    if (Date.now() > deadline) throw new Error(`not within ${seconds} s: ${what}. ${problem}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
