import { Session, type Profiler } from 'node:inspector/promises'

/** What one batch reached of the parser's own code. */
export interface Reached {
  /** Characters of code that nothing before had reached. */
  readonly fresh: number
  /** From now on these are no longer fresh. */
  keep(): void
}

/** Which code of the parser has run, as V8 counts it, by characters of its source. */
export interface Coverage {
  /** What has run since the last call. */
  take(): Promise<Reached>
  /** Of the characters of all functions those that have run, in percent. */
  percent(): number
  forgetAll(): void
}

interface Script {
  /** 1 for each character that has run. */
  readonly seen: Uint8Array
  /** 1 for each that lies in a function. */
  readonly inFunctions: Uint8Array
}

/**
 * Starts to count, in this thread, before the parser is loaded. Counts rather than yes and no: with these V8 says
 * of a function only once that it ran. It costs a parser about half of its speed, and each `take()` some
 * milliseconds, which is why it is called for a batch and not for an input.
 *
 * @param isOwn whether a module's code counts
 * @see https://v8.dev/blog/javascript-code-coverage
 */
export async function startCoverage(isOwn: (url: string) => boolean): Promise<Coverage> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  const scripts = new Map<string, Script>()
  return {
    async take() {
      const { result } = await session.post('Profiler.takePreciseCoverage')
      const fresh = result.filter(({ url }) => isOwn(url)).map((script) => freshOf(script, scripts))
      return {
        fresh: fresh.reduce((sum, { count }) => sum + count, 0),
        keep: () => fresh.forEach(({ keep }) => keep()),
      }
    },
    percent() {
      let [all, reached] = [0, 0]
      for (const { seen, inFunctions } of scripts.values()) {
        for (let i = 0; i < seen.length; i += 1) {
          all += inFunctions[i] ?? 0
          reached += (inFunctions[i] ?? 0) & (seen[i] ?? 0)
        }
      }
      return all === 0 ? 0 : (100 * reached) / all
    },
    forgetAll: () => scripts.forEach(({ seen }) => seen.fill(0)),
  }
}

function freshOf(
  { url, functions }: Profiler.ScriptCoverage,
  scripts: Map<string, Script>,
): { readonly count: number; keep(): void } {
  const length = Math.max(...functions.flatMap(({ ranges }) => ranges.map((one) => one.endOffset)))
  const script = grown(scripts.get(url), length)
  scripts.set(url, script)
  const ran = new Uint8Array(script.seen.length)
  for (const { ranges, functionName } of functions) {
    // The first range is all of the function; those in it follow, and say better.
    for (const { startOffset, endOffset, count } of ranges)
      ran.fill(count > 0 ? 1 : 0, startOffset, endOffset)
    const [whole] = ranges
    const isModule = functionName === '' && whole?.startOffset === 0
    if (whole !== undefined && !isModule)
      script.inFunctions.fill(1, whole.startOffset, whole.endOffset)
  }
  let count = 0
  const { seen } = script
  for (let i = 0; i < ran.length; i += 1) count += (ran[i] ?? 0) & ~(seen[i] ?? 0)
  return {
    count,
    keep: () => {
      for (let i = 0; i < ran.length; i += 1) seen[i] = (seen[i] ?? 0) | (ran[i] ?? 0)
    },
  }
}

/** Functions of a module are told as they run: its length may be known late. */
function grown(script: Script | undefined, length: number): Script {
  if (script !== undefined && script.seen.length >= length) return script
  const [seen, inFunctions] = [new Uint8Array(length), new Uint8Array(length)]
  if (script !== undefined) {
    seen.set(script.seen)
    inFunctions.set(script.inFunctions)
  }
  return { seen, inFunctions }
}
