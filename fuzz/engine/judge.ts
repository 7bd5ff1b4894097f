import { threadCpuUsage } from 'node:process'

import type { Target } from '../target.ts'
import type { CurrentInput } from './current-input.ts'

/** How one input went. */
export type Verdict =
  | { readonly outcome: string; readonly fault: undefined }
  | { readonly outcome: undefined; readonly fault: Fault }

/** Something that does not hold. */
export interface Fault {
  /** The same for the same fault, whatever the input: without its numbers and texts. */
  readonly key: string
  readonly message: string
  readonly stack: string
}

/** CPU time one input may take, in milliseconds: a parser in linear time needs a hundredth for the longest. */
const maxInputCpuMs = 500
/** Times that what took too long is read again: the machine, or a collection of garbage, may have been slow. */
const slowTrials = 3
const stackLines = 12

/** Runs one input and catches what it throws. An input longer than `slow` is measured again before it is a fault. */
export async function judge(
  target: Target,
  input: Buffer,
  current: CurrentInput,
): Promise<Verdict> {
  const startedMs = performance.now()
  const verdict = await runOnce(target, input, current)
  if (verdict.fault !== undefined || performance.now() - startedMs < maxInputCpuMs) return verdict
  let leastMs = Infinity
  for (let trial = 0; trial < slowTrials && leastMs >= maxInputCpuMs; trial += 1) {
    const before = threadCpuUsage()
    await runOnce(target, input, current)
    const { user, system } = threadCpuUsage(before)
    leastMs = Math.min(leastMs, (user + system) / 1_000)
  }
  if (leastMs < maxInputCpuMs) return verdict
  const took = `takes ${Math.round(leastMs)} ms for ${input.length} bytes, more than ${maxInputCpuMs}`
  return { outcome: undefined, fault: { key: 'slow', message: took, stack: '' } }
}

async function runOnce(target: Target, input: Buffer, current: CurrentInput): Promise<Verdict> {
  current.set(input)
  try {
    // A copy: the same input may be read again.
    const answer = target.run(Buffer.from(input))
    return { outcome: typeof answer === 'string' ? answer : await answer, fault: undefined }
  } catch (error) {
    return { outcome: undefined, fault: faultOf(await withStack(target, input, error)) }
  } finally {
    current.clear()
  }
}

/** Errors are made without their stacks, which cost more than most parsers; what is a fault is made once more. */
async function withStack(target: Target, input: Buffer, error: unknown): Promise<unknown> {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = stackLines
  try {
    await target.run(Buffer.from(input))
    return error
  } catch (again) {
    return again
  } finally {
    Error.stackTraceLimit = limit
  }
}

function faultOf(error: unknown): Fault {
  if (!(error instanceof Error))
    return { key: `throws ${typeof error}`, message: `throws ${String(error)}`, stack: '' }
  const [first = ''] = error.message.split('\n')
  const place = /\((?:file:\/\/)?\S*?\/((?:src|fuzz\/targets)\/[^:)]+)/.exec(error.stack ?? '')?.[1]
  const plain = first.replaceAll(/"[^"]*"|'[^']*'|\d+/g, '#').slice(0, 80)
  return {
    key: `${error.name}: ${plain} (${place ?? ''})`,
    message: `${error.name}: ${error.message}`,
    stack: error.stack ?? '',
  }
}
