/** Waits for what another process will do: asks again and again, and gives up with a sentence. */

/** Milliseconds between two looks. */
const every = 20

/** Resolves as soon as `holds` answers true; throws after `timeoutMs`. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  timeoutMs = 30_000, // a machine that does ten things at once
  what = 'what the test waits for',
): Promise<void> {
  const end = Date.now() + timeoutMs
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`${what} did not come within ${timeoutMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, every))
  }
}
