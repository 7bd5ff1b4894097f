import { setFlagsFromString } from 'node:v8'

/**
 * A relay makes and drops buffers all the time. V8 counts these with the heap and answers each few
 * megabytes of them with a full collection, the longer the larger the program is: in the benchmark,
 * 66 of them where a bare relay had 25. With these flags the buffers of a busy gateway may grow to a
 * few times those of an idle one before that; its peak memory stayed the same (263 and 268 MB).
 *
 * Both are V8's own and may go: on a release that does not know them nothing changes.
 */
const flags = [
  '--external-memory-accounted-in-global-limit',
  '--external-memory-max-growing-factor=4',
]

/** The release whose V8 these flags were measured with. */
const knownMajor = 26

/** Tunes the collector for a process that copies bytes; to be called before it has work. */
export function tuneMemory(): void {
  if (Number(process.versions.node.split('.')[0]) < knownMajor) return
  for (const flag of flags) setFlagsFromString(flag)
}
