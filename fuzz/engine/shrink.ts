/** Smallest number of trials that a shrinking may take, and then some for long inputs. */
const maxTrials = 2_000

/**
 * Makes an input smaller as long as it still shows the same: parts left out, from large ones to single bytes, then
 * bytes made plain.
 *
 * @param maxRuns how often `shows` may be asked
 */
export async function shrink(
  input: Buffer,
  shows: (input: Buffer) => Promise<boolean>,
  maxRuns = maxTrials,
): Promise<Buffer> {
  let runs = 0
  const holds = async (candidate: Buffer): Promise<boolean> =>
    (runs += 1) <= maxRuns && (await shows(candidate))
  const short = await withoutParts(input, holds)
  return plainer(short, holds)
}

async function withoutParts(
  input: Buffer,
  holds: (candidate: Buffer) => Promise<boolean>,
): Promise<Buffer> {
  let best = input
  for (let size = Math.ceil(best.length / 2); size >= 1; size = Math.floor(size / 2)) {
    let at = 0
    while (at < best.length) {
      const candidate = Buffer.concat([best.subarray(0, at), best.subarray(at + size)])
      if (candidate.length < best.length && (await holds(candidate))) best = candidate
      else at += size
    }
  }
  return best
}

async function plainer(
  input: Buffer,
  holds: (candidate: Buffer) => Promise<boolean>,
): Promise<Buffer> {
  const best = Buffer.from(input)
  for (let at = 0; at < best.length; at += 1) {
    const was = best[at] ?? 0
    for (const plain of [0x61, 0x30, 0]) {
      if (was === plain || was === 0x61) break
      best[at] = plain
      if (await holds(Buffer.from(best))) break
      best[at] = was
    }
  }
  return best
}
