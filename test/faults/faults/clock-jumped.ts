import { globSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { untouched, type Fault, type Trial } from '../fault.ts'

/** Of Debian's package libfaketime: it tells a program another time than the system does, and another one while it runs. */
const library = globSync('/usr/lib/*/faketime/libfaketimeMT.so.1')[0]
const restMs = 5_000
/** Between the two, less what a file is late. */
const leastMoveMs = 7_000_000

export const clockJumped: Fault = {
  name: 'clock-jumped',
  done: "the gateway's clock jumps an hour on, two back, and to where it was",
  holds:
    'everything comes out whole: neither the session of 14 hours nor a limit of a tunnel is over',
  cannotBeTried: () => (library === undefined ? 'missing: libfaketime' : undefined),
  setUp(scope) {
    const file = offsetFile(scope.directory)
    writeFileSync(file, '+0')
    const env = [
      `LD_PRELOAD=${library}`,
      `FAKETIME_TIMESTAMP_FILE=${file}`,
      'FAKETIME_NO_CACHE=1',
      // What nothing but the wall clock does: intervals are measured by another one.
      'FAKETIME_DONT_FAKE_MONOTONIC=1',
    ]
    return { launcher: ['env', ...env], route: { idle_timeout: '30m', timeout: '10h' } }
  },
  terms: untouched,
  async run({ stage, start }: Trial) {
    // The clocks of a gateway and its connector may be a minute apart: beyond that its streams are refused.
    const ways = stage.ways.filter(({ name }) => name !== 'connector')
    const jumps = ['+3600', '-3600', '+0']
    const file = offsetFile(stage.scope.directory)
    try {
      for (const offset of jumps) {
        writeFileSync(file, offset)
        await wait(restMs)
        for (const way of ways) await start(way, { expected: 'whole' })
      }
    } finally {
      writeFileSync(file, '+0')
    }
    const times = stage.rig.lines.all(({ time }) => time !== undefined).map(timeOf)
    const movedMs = Math.max(...times) - Math.min(...times)
    if (movedMs < leastMoveMs) throw new Error(`the clock moved by ${movedMs} ms alone`)
    return { jumps: jumps.length, opened: jumps.length * ways.length }
  },
}

function offsetFile(directory: string): string {
  return join(directory, 'clock')
}

function timeOf({ time }: Readonly<Record<string, unknown>>): number {
  return typeof time === 'number' ? time : Date.parse(String(time))
}
