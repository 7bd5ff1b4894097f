import { threadCpuUsage } from 'node:process'

import type { Target } from '../target.ts'

const kept: Buffer[] = []

/** A parser that does whatever parsers should not, as its input says. */
export const target: Target = {
  reads: 'nothing',
  covers: [],
  maxBytes: 64,
  run(input) {
    const text = input.toString('latin1')
    if (text.includes('hang')) for (;;);
    if (text.includes('throw')) throw new TypeError(`cannot read "${text}" at 17`)
    if (text.includes('slow')) busy(600)
    if (text.includes('fill')) fill([])
    if (text.includes('later')) setImmediate(() => throwLater())
    if (text.includes('leak')) kept.push(Buffer.alloc(2 ** 20))
    return text.length === 0 ? 'empty' : 'read'
  },
}

function busy(ms: number): void {
  const before = threadCpuUsage()
  while (threadCpuUsage(before).user < ms * 1_000);
}

function fill(objects: object[]): never {
  for (;;) objects.push({ more: objects.length })
}

function throwLater(): never {
  throw new RangeError('later')
}
